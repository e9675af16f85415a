"""The raw example rows, and the decomposition that the rules demand of them: format and rules, not one wording."""

import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.llm.completion import Reply, Usage
from metajudge.tasks.decompose.lint import lint_checklist
from metajudge.tasks.decompose.prompt import feedback_of
from metajudge.tasks.decompose.reply import Claims, read_claims
from metajudge.tasks.decompose.step import DecomposeStep
from metajudge.text.reading import ParseFailure

RAW = Path(__file__).parents[2] / "example" / "raw_preferences_5samples.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in RAW.read_text(encoding="utf-8").splitlines()]

# What a decomposer that keeps the rules would write; by row. The point of the docstring that annotators 2 and 3
# contradict each other on, vague praise and repeated points stand among the ignored.
REPLIES = [
    """<RESULT_START>
CLAIM_COUNT=4
CLAIMS:
- C1: Response 1 returns the upper of the two middle values when the list has an even length, not the median.
- C2: Response 1 does not check for the empty list and raises IndexError instead of ValueError.
- C3: Response 1 sorts the caller's list in place and changes the caller's data.
- C4: Response 2 has its own code where statistics.median would do.
IGNORED_SUMMARY:
- Response 2 has no docstring (Reason: contradicted, annotator 3 praises its docstring)
- nice code (Reason: vague)
<RESULT_END>""",
    """<RESULT_START>
CLAIM_COUNT=5
CLAIMS:
- C1: Response 1 sends the user straight to the airport by the green line; one has to change to the red line at Alameda.
- C2: Response 1 gives 20 minutes for the metro, which is too short.
- C3: Response 1 never mentions a taxi as an alternative.
- C4: Response 2 does not say that the metro only opens at 06:30, which matters with such an early start.
- C5: Response 2 sends the user to Restauradores without saying why.
IGNORED_SUMMARY:
- the tone is friendly (Reason: no fault)
- Response 2 is too long (Reason: vague)
<RESULT_END>""",
    """<RESULT_START>
CLAIM_COUNT=5
CLAIMS:
- C1: Response 2 claims that the sky reflects the oceans, which is a myth.
- C2: Response 2 says that the sun is further away in the evening, which is false.
- C3: Response 2 names the effect refraction although it is scattering.
- C4: Response 2 brings in the fourth power of the wavelength, far too hard for a twelve-year-old.
- C5: Response 1 does not compare the scattering with something that a child knows.
IGNORED_SUMMARY:
- Rayleigh in 1871 (Reason: no fault)
- Great answer! (Reason: vague)
<RESULT_END>""",
    """<RESULT_START>
CLAIM_COUNT=5
CLAIMS:
- C1: Response 1 spricht die Chefin mit Vornamen und Du an, das ist nicht höflich; Nachname und Titel fehlen.
- C2: Response 1 hat Abkürzungen wie LG und das Wort sorry, die nicht in eine höfliche Absage passen.
- C3: Response 1 dankt nicht für die Einladung.
- C4: Response 2 nennt Samstag, die Einladung war für Freitag.
- C5: In Response 2 fehlt am Ende der Platz für den Namen.
IGNORED_SUMMARY:
- Der Brief ist zu lang (Reason: contradicted within annotator 3's own text)
- schön geschrieben (Reason: vague)
<RESULT_END>""",
    """<RESULT_START>
CLAIM_COUNT=6
CLAIMS:
- C1: Response 2 uses TOP 10 in place of LIMIT, which is SQL Server syntax and fails in PostgreSQL.
- C2: Response 2 lacks GROUP BY customer_id, so that the query is an error.
- C3: Response 2 calls YEAR(), which does not exist in PostgreSQL.
- C4: Response 2 puts a function on created_at, which prevents the use of an index.
- C5: Response 1 does not say how ties at the tenth place are treated.
- C6: Response 1 does not explain the half-open date range.
IGNORED_SUMMARY:
- the code is ugly (Reason: subjective)
<RESULT_END>""",
]


def claims(number: int) -> Claims:
    """The points of the reply to a row."""
    found = read_claims(REPLIES[number])
    assert isinstance(found, Claims), found
    return found


def test_the_example_has_three_annotators_a_row_with_vague_and_repeated_words() -> None:
    """In HelpSteer3's schema."""
    assert len(ROWS) == len(REPLIES) == 5
    for row in ROWS:
        assert set(row) == {
            "domain", "language", "context", "response1", "response2", "overall_preference", "individual_preference",
        }  # fmt: skip
        feedback = feedback_of(row)
        assert isinstance(feedback, list) and len(feedback) == 3
        assert all({"score", "reasoning", "feedback1", "feedback2"} == set(one) for one in row["individual_preference"])


@pytest.mark.parametrize("number", range(5))
def test_the_demanded_decomposition_keeps_format_and_rules(number: int) -> None:
    """Three to seven points, none doubtful, and a reason for each ignored one."""
    found, row = claims(number), ROWS[number]
    feedback = feedback_of(row)
    assert isinstance(feedback, list)
    texts = [text for one in feedback for _, text in one.texts]
    assert 3 <= len(found.items) <= 7
    assert lint_checklist(found.items, texts, [row["response1"], row["response2"]]) == []
    assert found.ignored and all(ignored.reason for ignored in found.ignored)


def test_points_that_break_the_rules_are_doubted() -> None:
    """Repeated, unsupported, a mere preference: each on the first row."""
    row = ROWS[0]
    texts = [entry[name] for entry in row["individual_preference"] for name in ("reasoning", "feedback1", "feedback2")]
    points = [
        "Response 1 sorts the caller's list in place, which changes the caller's data.",
        "Response 1 sorts the list of the caller in place and so changes the caller's data.",
        "Response 2 is much better.",
        "Response 1 leaks database passwords to attackers over unencrypted sockets.",
    ]
    found = {
        (doubt.item, doubt.reason) for doubt in lint_checklist(points, texts, [row["response1"], row["response2"]])
    }
    assert {reason for _, reason in found} == {"duplicate", "preference", "unsupported"}
    assert (3, "preference") in found and (4, "unsupported") in found


def test_a_model_that_copies_the_instructions_example_is_asked_again() -> None:
    """The worked example is a readable block; it is no decomposition of this row."""
    (question,) = DecomposeStep().questions(ROWS[0])  # type: ignore[misc]
    copied = question.messages[0]["content"]
    assert isinstance(question.read(Reply(copied, "stop", Usage(), 1.0)), ParseFailure)
    both = Reply(f"{copied}\n\nAnd now mine:\n{REPLIES[0]}", "stop", Usage(), 1.0)
    assert question.read(both) == claims(0)
