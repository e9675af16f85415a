"""A model that repeats itself without end, as one in training may. Its text is read in a moment.

The reward reads generations on the event loop of all requests, where a backtracking pattern would take seconds.
"""

import time
from collections.abc import Callable

import pytest

from metajudge.data.labels import parse_verdict
from metajudge.embedded.features import look
from metajudge.reports.dataset_stats import vague
from metajudge.tasks.critic.existing import read_existing
from metajudge.tasks.critic.reply import read_critique
from metajudge.tasks.decompose.lint import lint_checklist
from metajudge.tasks.decompose.reply import read_claims
from metajudge.tasks.flaws.reply import read_flaws
from metajudge.tasks.match.reply import read_reply
from metajudge.text.balance import favoured_response
from metajudge.text.near_duplicates import is_near_duplicate

LENGTH, SECONDS = 20_000, 2.0
PIECES = (
    "Response A ", "Response 1", "Model A", "@Response B ", "回复A ", "response ", "response#", "response" + " " * 40,
    "@", "@ ", "A ", "B's ", "not ", "'", '"', "x_", "a.b", "1,", "- ", "*", "[[", "[[A", "{", "\\boxed{", "<", "A>B",
    "\\text{", "better ", "first ", "第", "`", "# ", "1. ", "**", ": ", "=", "~", "-=", "_a ", "*_", "(a) ",
    "A gives ", "Response [", " ", "\n", "\n-", "(", ")", "\\", "> ", "_ ", "**a", "Reason:", "C1", "**C",
    "List of reasons (", "<think>", "</think>", "[THINK]", "&lt;", "- R1@S1: 0.5 ", "R1 ", "0.5 (", "or ", "</li>",
    "Reasons:\n", "Response A:\n- ", "[[A]]",
)  # fmt: skip
_POINTS = "<RESULT_START>\nCLAIM_COUNT=1\nCLAIMS:\n- C1: x"
_CLAIMS = "<RESULT_START>\nCLASS=GS\nFLAWS=F1\n- F1@REASON:"
_SOURCES = {"A": "word " * 10_000, "B": "字" * 10_000, "REASON": "A is short", "VERDICT": "Response A is better."}
READERS: dict[str, Callable[[str], object]] = {
    "reply": read_critique,
    "a reason": lambda text: read_critique(f"- x\n- {text}\n\\boxed{{A>B}}"),
    "lines": lambda text: read_critique(f"- x\n{text[:2000]}\n".join("-" * 10) + "\\boxed{A>B}"),
    "verdict": lambda text: read_critique(f"- x\nFinal assessment result: \\boxed{{A>B{text}}}"),
    "a verdict line": lambda text: read_critique(f"- x\nFinal assessment result: {text}"),
    "existing text": read_existing,
    "existing verdicts": lambda text: read_existing(f"{text}\n- x\n[[A>B]]\n{text}", "x"),
    "a list of reasons": lambda text: read_critique(f"<RESULT_START>\nList of reasons:\n{text}\n\\boxed{{A>B}}"),
    "a point": lambda text: read_claims(f"{_POINTS} {text} y\nIGNORED_SUMMARY:\n- none\n<RESULT_END>"),
    "an ignored text": lambda text: read_claims(f"{_POINTS}\nIGNORED_SUMMARY:\n- a {text} (Reason: b)\n<RESULT_END>"),
    "a heading": lambda text: read_claims(f"<RESULT_START>\nCLAIM_COUNT{text}"),
    "a judge's reply": lambda text: read_reply(text, 1, 1),
    "behind a score": lambda text: read_reply(f"<RESULT_START>\n- R1@S1: 0.5{text}\n<RESULT_END>", 1, 1),
    "the line after a score": lambda text: read_reply(f"<RESULT_START>\n- R1@S1: 0.5\n{text}\n<RESULT_END>", 1, 1),
    "a remark": lambda text: read_reply(f"<RESULT_START>\n- R1@S1: 0.5 ({text})\n<RESULT_END>", 1, 1),
    "a line about a reason": lambda text: read_flaws(f"<RESULT_START>\nCLASS=EG\nFLAWS=F1\n{text}", 1, _SOURCES),
    "quotes of a reason": lambda text: read_flaws(f"{_CLAIMS}\n".join([text[:40]] * 400), 1, _SOURCES, partly=True),
    "a quote of a reason": lambda text: read_flaws(f"{_CLAIMS} {text}", 1, _SOURCES, partly=True),
    "flaws of a reason": lambda text: read_flaws(f"<RESULT_START>\nCLASS=EG\nFLAWS={text}", 1, _SOURCES),
    "label": parse_verdict,
    "repeats": lambda text: is_near_duplicate(f"{text} x", f"{text} y"),
    "contains": lambda text: is_near_duplicate(f"{text} x", f"{text} x z"),
    "claims": lambda text: lint_checklist([text, f"{text} x"], [text], [text]),
    "side": favoured_response,
    "look": look,
    "vague": vague,
}


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("reader", READERS)
def test_a_repetition_is_read_in_a_moment(reader: str, piece: str) -> None:
    """Twenty thousand letters take less than two seconds."""
    text = piece * (LENGTH // len(piece))
    started = time.process_time()
    READERS[reader](text)
    assert time.process_time() - started < SECONDS
