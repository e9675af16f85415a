"""Forms of replies: what is clear is read, and the refusal of anything else names its reason."""

import pytest

from metajudge.llm.completion import Reply, Usage
from metajudge.tasks.match.reply import read_reply
from tests.unit.tasks.match.clear_forms import MARKS, clear_forms
from tests.unit.tasks.match.reply_forms import FORMS, Marks
from tests.unit.tasks.replies import accepted, block, rejected


@pytest.mark.parametrize(("text", "finish_reason", "expected"), FORMS)
def test_a_reply_gives_its_marks_or_the_reason_why_not(
    text: str, finish_reason: str | None, expected: Marks | str
) -> None:
    """No number is read that the reply does not say beyond doubt."""
    complete = Reply(text, finish_reason, Usage(), 0.0).is_complete
    found = read_reply(text, 2, 5, complete=complete)
    if isinstance(expected, str):
        assert rejected(found) == expected
    else:
        assert [tuple(mark) for mark in accepted(found).marks] == expected


def test_the_table_has_enough_forms() -> None:
    """Both kinds are many, and none occurs twice."""
    assert len({(text, finish) for text, finish, _ in FORMS}) == len(FORMS) >= 150


def test_every_form_that_is_clear_to_a_person_is_read() -> None:
    """Bullets, marks, spaces, remarks, prefixes and frames, alone and combined, change no score."""
    forms = list(clear_forms())
    assert len(forms) >= 300
    for text in forms:
        assert [tuple(mark) for mark in accepted(read_reply(text, 3, 5)).marks] == MARKS, text


def test_a_users_template_may_ask_for_other_scores() -> None:
    """Only the instructions have five steps; a score is within 0 and 1 in any case."""
    text = block("- R1@S2: 0.6")
    assert accepted(read_reply(text, 1, 5, any_score=True)).marks == ((1, 2, 0.6),)
    assert rejected(read_reply(block("- R1@S2: 1.6"), 1, 5, any_score=True)) == "score 1.6 of R1 is not within 0..1"
