"""Texts from elsewhere: the verdict that is kept, the items that are reasons, and those that are not."""

import pytest

from metajudge.tasks.critic.existing import ExistingCritique, read_existing
from tests.unit.tasks.replies import accepted, rejected

A, B = "Assistant A forgets the leap year", "Assistant B counts it"
VERDICT = "My final verdict is Assistant B is better: [[B>A]]"
STEPS = "1. The year has 366 days.\n2. So the sum is 732."


def read(*lines: str, after: str | None = None) -> ExistingCritique:
    return accepted(read_existing("\n".join(lines), after))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (VERDICT, "B>A"),
        (f"{A}, so I prefer the other one.\n\n{VERDICT}", "B>A"),
        (f"{VERDICT}\n\n{A}. {B}. That decides.", "B>A"),
        (f"{VERDICT}\n\n1. The year has 366 days.\n2. So it is.", "B>A"),
        (f"{VERDICT}\n{STEPS}\nOnce more, **my final verdict is: [[B>A]]**.", "B>A"),
        ("I read both.\n[[A>>B]] is where I end, since B skips a step.\nThat is all.", "A>>B"),
        ("Both are short, but the first is right.\n\n[[A]]", "A>B"),
        ("Both are right.\n\n[[C]]", "A=B"),
        ("Final verdict: [[C]]", "A=B"),
        ("Final verdict: \\boxed{A}\n- a remark", "A>B"),
        ("Both err. So, the final decision is Response 1.", "A>B"),
        ("**Final verdict:** Assistant B is better\nThanks.", "B>A"),
        ("Feedback: the second one is whole. [RESULT] B", "B>A"),
        ("Winner: Assistant 2", "B>A"),
        ("I say one of [[A>B]], [[A=B]], [[B>A]].\nIt is short.\nMy choice: [[B>A]]", "B>A"),
        (f"I would rate it better than mine: [[A>B]]\n\n{VERDICT}", "B>A"),
    ],
)
def test_a_clear_verdict_is_kept_wherever_it_is_and_without_reasons(text: str, label: str) -> None:
    """Prose, lists and the same verdict again may follow it; there need be no list at all."""
    found = read(text)
    assert (found.critique.label, found.critique.reasons) == (label, ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{VERDICT}\n\nOr rather [[A>B]].", "two verdicts"),
        (f"{VERDICT}\n{A}.\nFinal verdict: [[A>B]]", "two verdicts"),
        ("It is [[A>B]], and then again [[B>A]].\nWho knows.", "two verdicts"),
        ("I would write e.g. [[A>B]] here.\nBut I do not.", "no boxed verdict"),
        ("My verdict: A is better. [[A>>B]]\n\nMy verdict: B is slightly better. [[B>A]]", "two verdicts"),
        ("The final decision is Response 1.\nThe final decision is Response 2.", "two verdicts"),
        ("The final verdict is Response A or not", "no boxed verdict"),
        ("Final verdict: A", "no boxed verdict"),
        ("It says [[A]] on one line.\nIt says [[B]] on the next.", "two verdicts"),
        ("The answer is \\boxed{A}", "no boxed verdict"),
        (f"- {A}\n- {B}", "no boxed verdict"),
        (f"<think>{VERDICT}", "unclosed <think>"),
    ],
)
def test_a_verdict_that_is_not_clear_is_refused(text: str, reason: str) -> None:
    """Nothing is guessed from verdicts that differ or are only mentioned, nor from the answer to the task."""
    assert rejected(read_existing(text)) == reason


def test_items_that_speak_of_neither_response_are_counted_and_left_out() -> None:
    """A solution is no list of reasons, before the comparison or after it."""
    found = read(
        "My solution:",
        STEPS,
        "",
        "Comparison:",
        f"- {A}",
        f"- {B}",
        "- The task is easy",
        VERDICT,
        "- Leap years have 366 days",
    )
    assert found.critique.reasons == (A, B)
    assert found.left_out == 4


def test_reasons_may_follow_the_verdict() -> None:
    """Some judges give the verdict first; a bullet that repeats it is none of the reasons."""
    found = read(VERDICT, "", f"- {A}", f"- {B}", f"- {VERDICT}")
    assert (found.critique.reasons, found.left_out) == ((A, B), 0)


def test_an_item_under_a_title_that_names_a_response_is_a_reason_about_it() -> None:
    """The title's name is put before the item, which could not be understood without it."""
    found = read(
        "**Evaluation of Assistant A's answer:**",
        "- Off by two", "- Worse than Assistant B", "- Assistant A is short", "",
        "### Assistant B", "Strengths:", "- Shows each step", "", "Weaknesses:", "- Slow", "",
        "1. **Style**", "   - **Assistant A:**", "     - Dry", "   - Both assistants are polite",
        "# My solution", "1. First, add", VERDICT,
    )  # fmt: skip
    assert found.critique.reasons == (
        "Assistant A: Off by two",
        "Assistant A: Worse than Assistant B",
        "Assistant A is short",
        "Assistant B (strengths): Shows each step",
        "Assistant B (weaknesses): Slow",
        "Assistant A: Dry",
        "Both assistants are polite",
    )
    assert found.left_out == 1


def test_a_title_of_reasons_or_a_given_text_says_where_the_reasons_begin() -> None:
    """What comes before is left out and counted, even if it speaks of a response."""
    draft = "- Assistant A seems long"
    for title in ("Reasons:", "## Key reasons", "**Reasons for my verdict:**"):
        found = read(draft, title, f"- {A}", f"- {B}", VERDICT)
        assert (found.critique.reasons, found.left_out) == ((A, B), 1), title
    lines = (draft, "**Evaluation of both:**", f"- {A}", "- Tidy", VERDICT)
    found = read(*lines, after="evaluation of")
    assert (found.critique.reasons, found.left_out) == ((A,), 2)
    assert read(*lines, after="no such line") == read(*lines)
    assert read(*lines).critique.reasons == ("Assistant A seems long", A)
    assert read(draft, f"WHY: - {A}", VERDICT, after="why").critique.reasons == (A,)


def test_prose_behind_the_word_reasons_hides_no_list() -> None:
    """The title counts only if a list follows."""
    found = read(f"- {A}", "", "Reasons:", "They are above.", VERDICT)
    assert found.critique.reasons == (A,)


def test_in_a_list_of_reasons_every_item_is_one() -> None:
    """It is the form that `critic` asks for: a vague reason is a reason, and the list ends at the verdict."""
    found = read("- a draft", "List of reasons:", "- Clearer", f"- {A}", VERDICT, "- Assistant B is late")
    assert (found.critique.reasons, found.left_out) == (("Clearer", A), 2)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (f"{A}. So it is [[B>A]].", f"{A}. So it is ."),
        (f"Final verdict: [[B>A]], for {B}.", f"Final verdict: , for {B}."),
        ("The sum is \\boxed{33}.\n[[B>A]]", "The sum is \\boxed{33}."),
        ("**My final verdict is that both are equally good: [[A=B]]**", ""),
        ("[[A]]", ""),
    ],
)
def test_words_beside_the_verdict_belong_to_the_rest(text: str, rest: str) -> None:
    """A judge may write its reasons and its verdict on one line."""
    assert read(text).rest == rest


def test_the_rest_is_the_text_without_its_verdict() -> None:
    """A text that only says a verdict has no rest."""
    assert read(VERDICT).rest == "" == read("<think>long</think>\n\n**Final Verdict:** [[A=B]]\n").rest
    assert read(f"{A}.", "", VERDICT, "", f"{B}.").rest.split() == f"{A}. {B}.".split()
