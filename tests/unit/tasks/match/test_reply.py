"""Reply grammar: accepted, repaired and rejected texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.metrics.matching import Match
from metajudge.records.reference_reading import reference_reading
from metajudge.tasks.match.reply import ParsedReply, matches_reference_reading, read_reply
from metajudge.text.reading import ParseFailure
from metajudge.text.result_block import plain_block
from tests.unit.tasks.replies import END, START, accepted, block, rejected

SCORES = st.floats(0, 1, allow_nan=False)


def scores(text: str, n_human: int = 1, n_model: int = 5, model_item: int | None = None) -> list[tuple[float, ...]]:
    """Return the marks of a reply that must be accepted, as plain tuples."""
    return [tuple(mark) for mark in accepted(read_reply(text, n_human, n_model, model_item=model_item)).marks]


def reason(text: str, n_human: int = 1, n_model: int = 5, model_item: int | None = None) -> str:
    return rejected(read_reply(text, n_human, n_model, model_item=model_item))


# ------------------------------------------------------------------ the reference reading


def test_the_reference_reading_takes_the_first_block_literally() -> None:
    """Marks anywhere in the first block count in text order; the second block and loose spellings do not."""
    text = f"so {START}x - R2@S1: 0.5, - R1@S0: 1\n* R3@S1: 1\n- R4@S1:1{END} then {block('- R1@S1: 1')}"
    assert reference_reading(text) == [Match(2, 1, 0.5), Match(1, 0, 1.0)]


def test_the_reference_reading_goes_from_the_first_opening_to_the_next_closing_tag() -> None:
    """A closing tag before the block is ignored, an opening tag inside it is text."""
    assert reference_reading(f"{END}{START}- R1@S1: 1{START}- R2@S2: 0{END}") == [Match(1, 1, 1.0), Match(2, 2, 0.0)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- R1@S1: 1",
        f"{START}- R1@S1: 1",
        f"{END}- R1@S1: 1{START}",
        block("nothing"),
        block("- R1@S1: 1", "- R2@S1: 1.01"),
        block("- R1@S1: -0.5"),
        block(f"- R{'9' * 5000}@S1: 1"),
        block("- R1@S1: " + "9" * 5000),
    ],
)
def test_the_reference_reading_is_none_where_the_reference_counts_an_error(text: str) -> None:
    """No block, no mark, a score above 1 and numbers that Python refuses are unreadable, never an exception."""
    assert reference_reading(text) is None


def test_digits_of_other_scripts_are_digits_to_the_reference() -> None:
    """`\\d` of a text pattern matches them and int and float read them."""
    assert reference_reading(block("- R١@S２: ٠.５")) == [Match(1, 2, 0.5)]


# ------------------------------------------------------------------ repairs


@pytest.mark.parametrize(
    "line",
    [
        "- R1@S2: 0.75",
        "* **R1@S2:** 0.75",
        "• R1@S2: 0.75",
        "R1@S2: 0.75",
        "1. R1@S2: 0.75",
        "`R1@S2: 0.75`",
        "- **R1**@**S2**: **0.75** (the same point)",
        "- __R1@S2__: 0.75",
        "- R1 @ S2 : 0.75",
        "- R1@S2:0.75",
        "R1 @ S2 ： 0.75",
        "－ R１＠S２：０．７５",
        "- R1@S2: 0.75.",
        "- R1@S2: 0.75, as S2 says so",
        "- R1@S2: 0.75/1",
        "- R1@S2: 0.75 / 1.0",
    ],
)
def test_a_mark_is_repaired_where_nothing_is_in_doubt(line: str) -> None:
    """Bullets, bold and code marks, spaces and full-width characters do not change what is said."""
    assert scores(block(line)) == [(1, 2, 0.75)]


@pytest.mark.parametrize(
    "line",
    ["0,75", "0，75", "3/4", "1 / 2", "50%", "1 %", "0.5-0.75", "0.5–1", "1e-3", "0.5.1", "0.75/10", "1/1.5"],
)
def test_a_number_that_may_mean_something_else_is_asked_again(line: str) -> None:
    """A decimal comma, a fraction, a percentage or a range must not be cut to the digits before it."""
    assert reason(block(f"- R1@S2: {line}")) == "the score of R1 is not a plain decimal number"


def test_a_thought_is_not_the_answer() -> None:
    """Text up to the last closing tag is dropped; a thought that never ends, or has the only block, is a failure."""
    thought = f"<think>{block('- R1@S1: 1')}</think>"
    assert scores(f"{thought}{block('- R1@S2: 0.5')}") == [(1, 2, 0.5)]
    assert scores(f"a</think>{thought}{block('- R1@S2: 0.5')}") == [(1, 2, 0.5)]
    assert reason(thought) == "no <RESULT_START> block"
    assert reason(f"<think>{block('- R1@S1: 1')}") == "unclosed <think>"
    assert reason(f"{thought}<think>{block('- R1@S1: 1')}") == "unclosed <think>"


def test_a_missing_closing_tag_is_forgiven_when_every_human_item_is_there() -> None:
    """Complete without its last line is complete; incomplete or cut within a number is not."""
    assert scores(f"{START}\n- R1@S1: 1\n- R2@S0: 0\n", 2) == [(1, 1, 1.0), (2, 0, 0.0)]
    assert reason(f"{START}\n- R1@S1: 1\n- R2@S", 2) == "R2 is missing"
    for number in ("0", "0.", "0.7", "1"):
        why = "the score of R2 may be cut off at the end of the text"
        assert rejected(read_reply(f"{START}\n- R1@S1: 1\n- R2@S2: {number}", 2, 5, any_score=True)) == why
    assert scores(f"{START}- R1@S1: 1.{END}") == [(1, 1, 1.0)]


def test_the_last_complete_block_counts() -> None:
    """A later draft supersedes an earlier one; a later fragment does not."""
    first, second = block("- R1@S1: 1", "- R2@S2: 1"), block("- R1@S3: 0.5", "- R2@S0: 0")
    assert scores(first + second, 2) == [(1, 3, 0.5), (2, 0, 0.0)]
    assert scores(f"I shall write {START} first. {first}", 2) == [(1, 1, 1.0), (2, 2, 1.0)]
    assert scores(first + block("- R1@S3: 0.5"), 2) == [(1, 1, 1.0), (2, 2, 1.0)]


# ------------------------------------------------------------------ acceptance


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["- R1@S1: 1"], "R2 and R3 are missing"),
        (["- R1@S1: 1", "- R3@S1: 1"], "R2 is missing"),
        ([], "R1, R2 and R3 are missing"),
        (["- R1@S1: 1", "- R1@S2: 0.5"], "two different marks for R1"),
        (["- R1@S1: 1", "- R1@S1: 0.5"], "two different marks for R1"),
        (["- R1@S1: 1", "- R2@S1: 1", "- R3@S0: 0", "- R2@S1: 1"], "R2 occurs twice"),
        (["- R0@S1: 1"], "R0 does not exist (3 human items)"),
        (["- R4@S1: 1"], "R4 does not exist (3 human items)"),
        (["- R1@S6: 1"], "S6 does not exist (5 model items)"),
        (["- R1@S1: 1.5"], "score 1.5 of R1 is not within 0..1"),
        (["- R1@S1: 75"], "score 75 of R1 is not within 0..1"),
        (["- R1@S1: " + "9" * 400], "score inf of R1 is not within 0..1"),
        ([f"- R{'1' * 5000}@S1: 1"], "an item number with too many digits"),
        ([f"- R{'1' * 50}@S1: 1"], "R111111… does not exist (3 human items)"),
        (["- R1@S1,S2: 1", "- R2@S1:", "- R3@S1"], "R1, R2 and R3 are missing"),
        (["- R1@S1: 1", "- R2@S1: -0.5", "- R3@S1: 1"], "the score of R2 is not a plain decimal number"),
        (["- R1@S1: 1", "- R2@S1: 1", "- R3@S1: high"], "the score of R3 is not a plain decimal number"),
        (["- R1@S1: 1", "- R2@S1: 0.6", "- R3@S1: 1"], "score 0.6 of R2 is not one of 0, 0.25, 0.5, 0.75, 1"),
        (["- XR1@S1: 1", "- R2@S1: 1", "- R3@S1: 1"], "R1 is missing"),
    ],
)
def test_a_block_that_is_incomplete_or_contradicts_itself_is_rejected_with_its_reason(
    lines: list[str], why: str
) -> None:
    """Nothing is guessed: the reason says which item is at fault."""
    assert reason(block(*lines), 3) == why


def test_many_missing_items_are_counted_not_listed() -> None:
    """A reason stays a few words for a long checklist."""
    assert reason(block("nothing"), 40) == "R1, R2, R3 and 37 more are missing"


def test_no_match_scores_nothing_whatever_its_score_says() -> None:
    """S0 is no model item, so its score is read as 0."""
    assert scores(block("- R1@S0: 0.9")) == [(1, 0, 0.0)]


def test_marks_are_sorted_and_their_order_is_remembered() -> None:
    """Figures need no order; the record says whether the judge kept it."""
    answer = read_reply(block("- R2@S1: 0.5", "- R1@S2: 1"), 2, 2)
    assert answer == ParsedReply((Match(1, 2, 1.0), Match(2, 1, 0.5)), is_ordered=False)
    assert read_reply(block("- R1@S2: 1", "- R2@S1: 0.5"), 2, 2) == ParsedReply(answer.marks, is_ordered=True)


def test_a_question_about_one_model_item_wants_marks_of_that_item() -> None:
    """S0 means score 0 for the item asked; any other number is a mistake."""
    assert scores(block("- R1@S3: 0.5", "- R2@S0: 0.7"), 2, 5, model_item=3) == [(1, 3, 0.5), (2, 3, 0.0)]
    assert reason(block("- R1@S3: 0.5", "- R2@S1: 1"), 2, 5, model_item=3) == "R2 names S1 where S3 was asked"


# ------------------------------------------------------------------ writing and faithfulness


def test_the_plain_block_follows_the_grammar() -> None:
    """Whole numbers have no point, small ones no exponent."""
    marks = [Match(1, 2, 0.75), Match(2, 0, 0.0), Match(3, 1, 1.0), Match(4, 1, 1e-07)]
    expected = block("- R1@S2: 0.75", "- R2@S0: 0", "- R3@S1: 1", "- R4@S1: 0.0000001")
    assert plain_block(marks) == expected


def test_a_reply_is_faithful_when_the_reference_reads_the_same_scores() -> None:
    """The order is free; a repaired, corrected or thought-over reply is not faithful."""
    marks = [Match(1, 2, 0.75), Match(2, 0, 0.0)]
    assert matches_reference_reading(block("- R2@S0: 0.0", "- R1@S2: 0.75"), marks)
    assert not matches_reference_reading(block("* R1@S2: 0.75", "- R2@S0: 0"), marks)
    assert not matches_reference_reading(block("- R1@S2: 0.75", "- R2@S0: 0.5"), marks)
    assert not matches_reference_reading(f"<think>{block('- R1@S1: 1')}</think>{plain_block(marks)}", marks)
    assert not matches_reference_reading("", [])


@given(st.lists(st.tuples(st.integers(0, 9), SCORES), min_size=1, max_size=12))
def test_a_plain_block_is_read_back(pairs: list[tuple[int, float]]) -> None:
    """Any accepted marks survive the plain block, to the last bit, in both readings."""
    marks = tuple(Match(r, s, score if s else 0.0) for r, (s, score) in enumerate(pairs, 1))
    text = plain_block(marks)
    assert read_reply(text, len(marks), 9, any_score=True) == ParsedReply(marks, is_ordered=True)
    assert matches_reference_reading(text, marks)


PIECES = st.sampled_from(
    (START, END, "<think>", "</think>", "- R1@S1: 0.5", "- R2@S2: 1", "R2 @ S0:", "* **R1@S", "２", "：", "9" * 4400)
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=20).map("\n".join), st.integers(1, 3))
def test_no_text_raises_and_what_is_accepted_is_complete(text: str, n_human: int) -> None:
    """Any text gives a reason or one mark for every human item within the bounds."""
    reference_reading(text)
    answer = read_reply(text, n_human, 2)
    if isinstance(answer, ParseFailure):
        assert answer.reason
        return
    assert [mark.human_item for mark in answer.marks] == list(range(1, n_human + 1))
    assert all(0 <= mark.model_item <= 2 and 0 <= mark.score <= 1 for mark in answer.marks)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["0", "0.25", "0.5", "1.0"])), min_size=1, max_size=6))
def test_a_literal_reply_means_the_same_to_both_readings(pairs: list[tuple[int, str]]) -> None:
    """Repair never changes a score that the reference can read."""
    text = "Reasons first.\n" + block(*(f"- R{r}@S{s}: {score}" for r, (s, score) in enumerate(pairs, 1)))
    literal = reference_reading(text)
    assert literal is not None
    assert scores(text, len(pairs)) == [(r, s, v if s else 0.0) for r, s, v in literal]


LINES = st.builds(
    "- R{}@S{}: {}".format,
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from(["0", "0.25", "1", "1.0", "1.5", "00.50"]),
)


@given(
    st.one_of(st.permutations(["- R1@S1: 0.5", "- R2@S0: 0.25", "- R3@S2: 1"]), st.lists(LINES, max_size=4)),
    st.sampled_from([None, 1, 2]),
    st.booleans(),
)
def test_a_reply_of_the_block_alone_is_read_as_one_with_words_before_it(
    lines: list[str], model_item: int | None, complete: bool
) -> None:
    """The quick reading of plain blocks agrees with the full one."""
    text = block(*lines)
    answers = [
        read_reply(one, 3, 3, model_item=model_item, complete=complete) for one in (text, f"So: {text}", f"{text}\n")
    ]
    assert answers[0] == answers[1] == answers[2]


def test_a_reply_that_is_not_known_to_be_complete_needs_its_closing_tag() -> None:
    """0 may have been the beginning of 0.75; a block closed before the cut counts."""
    open_block = f"{START}\n- R1@S1: 0\n"
    assert scores(open_block) == [(1, 1, 0.0)]
    assert rejected(read_reply(open_block, 1, 5, complete=False)) == "a result block that does not end"
    assert isinstance(read_reply(block("- R1@S1: 0.75") + "\nAnd so", 1, 5, complete=False), ParsedReply)


# ------------------------------------------------------------------ granularity `pairs`


def pairs(*lines: str, n_human: int = 2, n_model: int = 3) -> ParsedReply | ParseFailure:
    return read_reply(block(*lines), n_human, n_model, pairs=True)


def test_every_pair_that_is_not_named_scores_0() -> None:
    """A mark for each pair, by human and model item; S0 stands for none of them."""
    reply = accepted(pairs("- R1@S3: 0.25", "- R1@S1: 0.75", "- R2@S0: 0.5"))
    scores = {(mark.human_item, mark.model_item): mark.score for mark in reply.marks}
    assert scores == {(1, 1): 0.75, (1, 2): 0, (1, 3): 0.25, (2, 1): 0, (2, 2): 0, (2, 3): 0}
    assert [*scores] == sorted(scores) and reply.is_ordered


def test_a_pair_may_be_named_with_score_0() -> None:
    """It means the same as leaving it out."""
    assert accepted(pairs("- R1@S1: 0", "- R2@S2: 1")) == accepted(pairs("- R1@S0: 0", "- R2@S2: 1"))


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("- R1@S1: 1",), "R2 is missing"),
        (("- R1@S1: 1", "- R1@S1: 1", "- R2@S0: 0"), "R1@S1 occurs twice"),
        (("- R1@S1: 1", "- R1@S1: 0.5", "- R2@S0: 0"), "two different marks for R1"),
        (("- R1@S1: 1", "- R1@S0: 0", "- R2@S0: 0"), "R1 names S0 beside another item"),
        (("- R1@S0: 0", "- R1@S1: 0", "- R2@S0: 0"), "R1 names S0 beside another item"),
        (("- R1@S0: 0", "- R1@S0: 0", "- R2@S0: 0"), "R1@S0 occurs twice"),
        (("- R1@S4: 1", "- R2@S0: 0"), "S4 does not exist (3 model items)"),
        (("- R1@S1: 0.3", "- R2@S0: 0"), "score 0.3 of R1 is not one of 0, 0.25, 0.5, 0.75, 1"),
    ],
)
def test_what_contradicts_itself_is_asked_again(lines: tuple[str, ...], why: str) -> None:
    assert rejected(pairs(*lines)) == why


def test_human_items_in_another_order_are_noted() -> None:
    assert not accepted(pairs("- R2@S1: 1", "- R1@S1: 1")).is_ordered
    assert not accepted(pairs("- R1@S1: 1", "- R2@S1: 1", "- R1@S2: 1")).is_ordered


@given(st.lists(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=3, max_size=3), min_size=1, max_size=4))
def test_any_matrix_survives_its_reply(matrix: list[list[float]]) -> None:
    """Only the pairs above 0 are written."""
    marks = [Match(r, s, score) for r, row in enumerate(matrix, 1) for s, score in enumerate(row, 1)]
    written = [mark for mark in marks if mark.score]
    written += [Match(r, 0, 0.0) for r, row in enumerate(matrix, 1) if not any(row)]
    assert accepted(read_reply(plain_block(written), len(matrix), 3, pairs=True)).marks == tuple(marks)
