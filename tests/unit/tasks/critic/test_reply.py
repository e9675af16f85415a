"""Grammar of a critic's reply, and the two orders of the responses."""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.tasks.critic.existing import ExistingCritique, read_existing
from metajudge.tasks.critic.reply import LABELS, SUM, Critique, merge_orders, read_critique
from metajudge.text.reading import ParseFailure
from metajudge.text.thoughts import TAG_PIECES
from tests.unit.tasks.replies import END, HARD, START, accepted, block, folded, rejected

EXAMPLE = Path(__file__).parents[4] / "example" / "infer_input_10samples.jsonl"


def reply(*reasons: str, verdict: str = "B>A") -> str:
    """Return a reply as the instructions ask for it, its reasons unchanged."""
    lines = "\n".join(f"- {reason}" for reason in reasons)
    return f"{START}\nList of reasons:\n{lines}\nFinal assessment result: \\boxed{{{verdict}}}\n{END}"


def reasons(text: str) -> tuple[str, ...]:
    return accepted(read_critique(text)).reasons


def label(text: str) -> str:
    return accepted(read_critique(text)).label


def existing(text: str) -> Critique:
    """Return the critique of a text from elsewhere."""
    return accepted(read_existing(text)).critique


def why(text: str, *, complete: bool = True) -> str:
    return rejected(read_critique(text, complete=complete))


VERDICT = r"Final assessment result: \boxed{B>A}"
NONE = "is none of A>>B, A>B, A=B, B>A, B>>A"


def test_a_reply_as_asked_for_is_read() -> None:
    """Reasons in order, the verdict as a number and as a label."""
    text = "Let me see.\n- a draft\n" + reply("A loses the order", "B's test is slow")
    assert read_critique(text) == Critique(("A loses the order", "B's test is slow"), 1, "B>A")


@pytest.mark.parametrize("line", EXAMPLE.read_text(encoding="utf-8").splitlines())
def test_the_replies_of_the_example_rows_give_their_checklists_and_labels(line: str) -> None:
    """Rows that hold a generated text hold what it says."""
    row = json.loads(line)
    for model in ("model-low_deceptive_alignment", "model-high_deceptive_alignment"):
        text = row[f"{model}-generated_text"]
        for answer in (accepted(read_critique(text)), existing(text)):
            assert list(answer.reasons) == row[f"{model}-checklist"]
            assert answer.label == row[f"{model}-label"]


# ------------------------------------------------------------------ verdicts


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"Final assessment result: \boxed{A>>B}", "A>>B"),
        (r"Final assessment result: \boxed{A≫B}", "A>>B"),
        (r"Final assessment result: \boxed{B » A}", "B>>A"),
        (r"Final assessment result: \boxed{A>B}.", "A>B"),
        (r"Final assessment result: \boxed{A=B}", "A=B"),
        (r"Final assessment result: $\boxed{\text{B} \gg \text{A}}$", "B>>A"),
        (r"Final assessment result：\boxed{B＞A}", "B>A"),
        (r"**Final assessment result:** \boxed{Response B > Response A}", "B>A"),
        (r"## Final Assessment: \\boxed{B<A}", "A>B"),
        (r"- Final assessment result: \boxed{B>A}", "B>A"),
        ("Final assessment result:\n\\boxed{B>A}", "B>A"),
        (r"Final verdict: Response B is better, \boxed{B>A}", "B>A"),
        (r"Final verdict: \boxed{B}", "B>A"),
        ("Final verdict: [[B>>A]]", "B>>A"),
        ("Final assessment result: A &gt; B", "A>B"),
        (r"\boxed{B>A}", "B>A"),
        (r"**So it is \boxed{B>A}**", "B>A"),
        ("My final verdict is Assistant A is significantly better: [[A>>B]].", "A>>B"),
    ],
)
def test_every_spelling_of_the_verdict_has_its_label(line: str, expected: str) -> None:
    """Named or last, in a box or clear without it."""
    assert label(block("- x", line)) == expected


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["- x"], "no boxed verdict after the reasons"),
        (["- x", "Final assessment result: B is better"], "no boxed verdict after the reasons"),
        (["- x", r"So \boxed{B}"], "no boxed verdict after the reasons"),
        (["- x", r"- A says \boxed{A>B}"], "no boxed verdict after the reasons"),
        (["- x", r"Final assessment result: \boxed{A>B>C}"], f"the verdict 'A>B>C' {NONE}"),
        (["- x", r"Final assessment result: \boxed{C}"], f"the verdict 'C' {NONE}"),
        (["- x", r"Final assessment result: \boxed{1}"], f"the verdict '1' {NONE}"),
        (["- x", "Final verdict: [[2]]"], f"the verdict '2' {NONE}"),
        (["- x", r"Final assessment result: \boxed{verdict}"], f"the verdict 'verdict' {NONE}"),
        (["- x", r"Final assessment result: \boxed{!(A>B)}"], f"the verdict '!(A>B)' {NONE}"),
        (["- x", r"Final assessment result: \boxed{A>B}?"], "a boxed verdict that is only mentioned"),
        (["- x", VERDICT, VERDICT], "two verdicts"),
        (["- x", VERDICT, r"That is, \boxed{A>B}"], "two verdicts"),
        (["- x", r"Final assessment result: \boxed{A>B} or \boxed{B>A}"], "two verdicts"),
        ([VERDICT], "no reasons before the verdict"),
        (["x", VERDICT], "no reasons before the verdict"),
        ([VERDICT, "- x"], "reasons after the verdict"),
        (["List of reasons:", "- x", "List of reasons:", "- y", VERDICT], "two lists of reasons"),
    ],
)
def test_a_reply_without_one_clear_verdict_behind_its_reasons_is_rejected(lines: list[str], reason: str) -> None:
    """A letter alone may be the answer that the responses were asked for."""
    assert why(block(*lines)) == reason


def test_a_remark_behind_the_verdict_changes_nothing() -> None:
    """A remark without another verdict is ignored."""
    assert label(block("- x", VERDICT, "", r"(that is, \boxed{B>A})", "I am sure.")) == "B>A"


# ------------------------------------------------------------------ reasons


@pytest.mark.parametrize(
    "line",
    ["- the loop", "* the loop", "• the loop", "•the loop", "-the loop", "1. the loop", "1) the loop", "(1) the loop",
     "１． the loop", "– the loop", "  - the loop", "**1.** the loop", "\u200f- the loop",
     "①the loop", "② the loop", "・the loop"],
)  # fmt: skip
def test_a_reason_is_any_bulleted_or_numbered_line(line: str) -> None:
    """Any bullet or number begins a reason."""
    assert reasons(block("List of reasons:", line, "- y", VERDICT)) == ("the loop", "y")


def test_markdown_inside_a_reason_stays() -> None:
    """Emphasis that began before the number begins behind it."""
    text = block("- **Loop:** off by one", "- **short**", "2. `code` and $x$", "**3. Units:** none", VERDICT)
    assert reasons(text) == ("**Loop:** off by one", "**short**", "`code` and $x$", "**Units:** none")


def test_headings_and_titles_are_no_reasons() -> None:
    """A line above reasons is a title, with or without marks, numbered or not."""
    text = block(
        "### Response A", "- loses the order", "**Response B:**", "- is slow", "Further points:", "- has no example",
        "1. **Accuracy**", "   - A is wrong in step 2", "2. Clarity:", "- B skips step 3", "---",
        "- **Units**", "  - A has none", VERDICT,
    )  # fmt: skip
    assert reasons(text) == (
        "loses the order", "is slow", "has no example", "A is wrong in step 2", "B skips step 3", "A has none",
    )  # fmt: skip


@pytest.mark.parametrize("line", ["Note: that is all", "Conclusion: B wins", "**Summary:** B", "<!-- end -->"])
def test_closing_remarks_and_comments_are_no_part_of_a_reason(line: str) -> None:
    assert reasons(block("- A is short", "- A is slow", line, VERDICT)) == ("A is short", "A is slow")


def test_lines_that_are_indented_or_follow_at_once_continue_a_reason() -> None:
    """Sub-points, code and wrapped lines are folded in; a paragraph behind a blank line is not."""
    text = block(
        "List of reasons:", "- Response A fails in these cases:", "  - the empty list", "  - a list of lists",
        "- Response B's loop", "ends early:", "  ```py", "  # heading?", "  - 1", "  ```",
        "", "Taken together, B is better.", VERDICT,
    )  # fmt: skip
    assert reasons(text) == (
        "Response A fails in these cases: - the empty list - a list of lists",
        "Response B's loop ends early: ```py # heading? - 1 ```",
    )


def test_bullets_in_a_code_fence_are_code() -> None:
    """An unindented fence counts, too; a fence that is never closed is none."""
    assert reasons(block("- A's file:", "```yaml", "- a", "- b", "```", "- y", VERDICT)) == (
        "A's file: ```yaml - a - b ```",
        "y",
    )
    assert reasons(block("- ```x", "- y", VERDICT)) == ("```x", "y")


@pytest.mark.parametrize(
    "text", ["**Facts**: the year", "`read()` fails", '"x" is wrong', "Response A is right", "**准确**：回答A"]
)
@pytest.mark.parametrize("sign", ["-", "3."])
def test_a_sign_needs_no_space_where_it_cannot_be_another_one(sign: str, text: str) -> None:
    """A number such as -2, 3.5 or `1.x` begins no reason."""
    numbered = sign == "3." and text[0] in '`"'
    assert reasons(block("List of reasons:", "- x", sign + text, VERDICT)) == (
        (f"x {sign}{text}",) if numbered else ("x", text)
    )
    for number in ("-2 errors", "3.5 is right", "1.x is old", "---"):
        assert len(reasons(block("List of reasons:", "- x", number, VERDICT))) == 1


def test_a_list_may_be_a_quotation() -> None:
    """A list quoted as a whole is read; a quotation inside it is part of a reason."""
    assert reasons(block("> List of reasons:", "> - x", ">", ">   y", "> - z", VERDICT)) == ("x y", "z")
    assert reasons(block("List of reasons:", "- x:", "  > - y", "- z", VERDICT)) == ("x: > - y", "z")


@pytest.mark.parametrize("heading", ["**List of reasons**", "List of reasons (most to least important):"])
def test_only_reasons_under_the_list_heading_count(heading: str) -> None:
    """Thoughts inside the block are ignored."""
    assert reasons(block("- a thought", heading, "- x", VERDICT)) == ("x",)


def test_the_first_reason_may_be_on_the_line_of_the_heading() -> None:
    """A reason behind the colon counts; other words there make it no heading."""
    assert reasons(block("- a thought", "List of reasons: 1. x", "2. y", VERDICT)) == ("x", "y")
    assert reasons(block("List of reasons: * x", "* y", VERDICT)) == ("x", "y")
    assert reasons(block("List of reasons: **1. x** z", "**2. y**", VERDICT)) == ("**x** z", "**y**")
    assert reasons(block("> **List of reasons:** 1. x", "> 2. y", VERDICT)) == ("x", "y")
    for words in ("List of reasons - a summary", "List of reasons (in bold)"):
        assert reasons(block("- x", words, "- y", VERDICT)) == (f"x {words}", "y")


@pytest.mark.parametrize(
    "lines",
    [
        ["一、准确性：", "1. x", "2. y", "二、清晰度：", "1. z"],
        ["1.Accuracy:", "(1) x", "(2) y", "2.Clarity:", "(1) z"],
        ["1. Accuracy:", "① x", "② y", "2. Clarity:", "① z"],
        ["1. **Accuracy**", "- x", "- y", "2. **Clarity**", "- z"],
    ],
)
def test_the_headings_of_an_outline_are_no_reasons(lines: list[str]) -> None:
    """They are numbered otherwise than the reasons under them; a line of reasons numbered alike is a list."""
    assert reasons(block("List of reasons:", *lines, VERDICT)) == ("x", "y", "z")
    for first, second in (("1.", "2."), ("1.", "2)"), ("①", "2、")):
        found = reasons(block("List of reasons:", f"{first} Accuracy:", f"{second} **Clarity**", VERDICT))
        assert found == ("Accuracy:", "**Clarity**")


@pytest.mark.parametrize("line", [r"-**\boxed{B>A}**", r"-`\boxed{B>A}`"])
def test_a_dash_without_a_space_is_no_sign_by_the_verdict(line: str) -> None:
    """It begins neither the verdict nor a remark behind it."""
    assert label(block("- x", "Final assessment result:", line)) == label(block("- x", line)) == "B>A"
    assert label(block("- x", VERDICT, "-**Note**: this was close.")) == "B>A"


# ------------------------------------------------------------------ blocks


def test_a_missing_block_is_forgiven_when_verdict_and_reasons_are_there() -> None:
    """All tags or the last one may be missing, but not in a reply that was cut."""
    body = f"List of reasons:\n- x\n- y\n{VERDICT}"
    assert reasons(body) == reasons(f"{START}\n{body}") == reasons(f"```\n{START}\n{body}\n{END}\n```") == ("x", "y")
    assert reasons(f"{START}\n```\n{body}\n```\n{END}") == ("x", "y")
    assert why(body, complete=False) == "no <RESULT_START> block"
    assert why(f"{START}\n{body}", complete=False) == "a result block that does not end"
    assert why(f"{body}\n{END}") == "no <RESULT_START> block"


def test_thoughts_are_no_answer_and_differing_blocks_are_not_chosen_from() -> None:
    """A block that occurs twice counts once."""
    assert reasons(f"<think>{reply('draft')}</think>{reply('x')}") == ("x",)
    assert reasons(reply("x") + reply("x")) == ("x",)
    assert why(reply("x") + reply("y")) == "2 different result blocks"
    assert why(f"<think>{reply('x')}") == "unclosed <think>"
    assert why(f"<think>{reply('x')}</think>") == "no boxed verdict after the reasons"
    assert why(reply("x </think> y")) == "</think> inside a result block"
    assert why(reply("x <RESULT_END></think><RESULT_START> y")) == "</think> inside a result block"
    assert reasons(f"{reply('draft')}\n</think>\n{reply('x')}") == ("x",)
    assert reasons(f"I write {START} later.</think>{reply('x')}") == ("x",)
    assert why("") == "no boxed verdict after the reasons"


def test_texts_from_elsewhere_may_lack_either_tag_and_their_last_block_counts() -> None:
    """The rest is read as in replies."""
    body = f"- Response A is x\n{VERDICT}"
    for text in (body, f"{START}{body}", f"{body}\n{END}", f"{END}\n{START}\n{body}", reply("draft") + block(body)):
        assert existing(text) == Critique(("Response A is x",), 1, "B>A")
    assert read_existing(f"<think>{body}") == ParseFailure("unclosed <think>")
    assert read_existing("- x") == ParseFailure("no boxed verdict")


# ------------------------------------------------------------------ both orders


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        (1, 1, ("B>A", True)), (2, 2, ("B>>A", True)), (-2, -2, ("A>>B", True)), (0, 0, ("A=B", True)),
        (1, 2, ("B>A", True)), (-2, -1, ("A>B", True)), (1, -1, ("A=B", False)), (2, -2, ("A=B", False)),
        (0, 1, ("A=B", False)), (-1, 0, ("A=B", False)),
    ],
)  # fmt: skip
def test_orders_that_disagree_come_to_a_tie(first: int, second: int, merged: tuple[str, bool]) -> None:
    """The weaker of two strengths counts; the order of the two does not matter."""
    assert merge_orders(first, second) == merge_orders(second, first) == merged


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        (0, 1, ("B>A", False)), (-2, 0, ("A>B", False)), (2, -1, ("A=B", False)), (1, 2, ("B>A", True)),
        (0, 0, ("A=B", True)),
    ],
)  # fmt: skip
def test_by_the_sum_a_preference_beats_a_tie(first: int, second: int, merged: tuple[str, bool]) -> None:
    """Preferences for both still come to a tie, whatever their strength."""
    assert merge_orders(first, second, SUM) == merge_orders(second, first, SUM) == merged


# ------------------------------------------------------------------ properties

BREAKING = st.sampled_from((START, END, "<think>", "</think>", VERDICT, "＜RESULT_END＞", "Final verdict: [[A>B]]"))
REASON = (
    st.lists(st.one_of(HARD, st.text(max_size=10)), min_size=1, max_size=5)
    .map("".join)
    .filter(lambda text: bool(text.strip()) and not re.search(TAG_PIECES, text, re.IGNORECASE))
)
BROKEN = st.lists(st.one_of(HARD, BREAKING, st.text(max_size=4)), min_size=1, max_size=6).map("".join).filter(str.strip)
VERDICTS = st.sampled_from(sorted(LABELS.items()))


@given(st.lists(REASON, min_size=1, max_size=5), VERDICTS)
def test_reasons_on_a_line_each_are_read_back(given_reasons: list[str], verdict: tuple[int, str]) -> None:
    """Quotes, code, formulas, boxes, bullets, other scripts and long texts survive to the letter."""
    expected = Critique(folded(given_reasons), *verdict)
    text = reply(*folded(given_reasons), verdict=verdict[1])
    assert read_critique(text) == existing(text) == expected


@given(st.lists(REASON, min_size=1, max_size=4), VERDICTS)
def test_reasons_over_several_indented_lines_are_folded(given_reasons: list[str], verdict: tuple[int, str]) -> None:
    """Wrapped as Markdown wraps list items, what looks like a bullet or heading inside included."""
    given_reasons = [f"In its second step it says so: {reason}" for reason in given_reasons]
    wrapped = ["\n    ".join(reason.splitlines()) for reason in given_reasons]
    answer = read_critique(reply(*wrapped, verdict=verdict[1]))
    assert isinstance(answer, ParseFailure) or answer == Critique(folded(given_reasons), *verdict)


@given(st.lists(BROKEN, min_size=1, max_size=4), VERDICTS)
def test_no_content_of_a_reason_is_ever_misread(given_reasons: list[str], verdict: tuple[int, str]) -> None:
    """Tags, verdicts and headings inside reasons: read as written, or rejected."""
    answer = read_critique(reply(*folded(given_reasons), verdict=verdict[1]))
    assert isinstance(answer, ParseFailure) or answer == Critique(folded(given_reasons), *verdict)


@given(st.lists(st.one_of(HARD, BREAKING, st.text(max_size=6)), max_size=12).map("\n".join), st.booleans())
def test_no_text_raises(text: str, complete: bool) -> None:
    """Any text gives a critique with its label or a reason."""
    answer, other = read_critique(text, complete=complete), read_existing(text)
    for one in (answer, other.critique if isinstance(other, ExistingCritique) else other):
        if isinstance(one, ParseFailure):
            assert one.reason
        else:
            assert (one.reasons or one is not answer) and all(one.reasons) and LABELS[one.verdict] == one.label
    if isinstance(answer, Critique):
        assert isinstance(other, ExistingCritique) and other.critique.label == answer.label


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("body", ["- ```\n" * 20_000, "- x\n" + "  ```x\n" * 15_000 + "```\n"])
def test_fences_that_nothing_closes_are_looked_at_once(body: str) -> None:
    """They are not each looked for to the end of the text: 20,000 of them took over ten seconds."""
    started = time.process_time()
    read_critique(f"<RESULT_START>\nList of reasons:\n{body}Final assessment result: \\boxed{{A>B}}\n<RESULT_END>")
    assert time.process_time() - started < 3
