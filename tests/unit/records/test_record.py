"""The record: reading, writing, scores."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.data.rows import InvalidRow
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.records.record import Record, ScoredLists, Unscored, encode
from tests.unit.rows import JUDGE, answers_of, row, samples, task

KEYS = st.sampled_from(["id", "status", "n_human", "judge", "samples", "metadata", "prompt", "unknown", "extra"])
VALUES = (
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())
)


def read(line: bytes) -> Record:
    """Return the record of a line."""
    record = Record.from_line(line)
    assert isinstance(record, Record)
    return record


def item_record() -> Record:
    """Return two human and two model items, as the program writes them: R1 with S1 .5, R2 with S2 1."""
    (sample,) = samples([row(1, 2, 2)])
    texts = [f"<RESULT_START>\n- R1@S{n}: {a}\n- R2@S{n}: {b}\n<RESULT_END>" for n, a, b in ((1, 0.5, 0), (2, 0.25, 1))]
    return task("item").record(sample, answers_of(task("item"), sample, texts), 0.1)  # type: ignore[arg-type]


@given(st.dictionaries(KEYS, VALUES))
def test_every_key_of_a_line_is_carried_through(data: dict[str, Any]) -> None:
    """Unknown keys and unexpected types are kept; an id becomes text, and null is an absent key of ours."""
    kept = {key: value for key, value in data.items() if value is not None or key in ("unknown", "extra")}
    expected = kept | ({"id": str(kept["id"])} if "id" in kept else {})
    assert json.loads(read(encode(data)).to_line()) == expected


def test_a_record_that_is_read_and_written_is_the_same_line() -> None:
    """The keys keep their order; a lone surrogate stays an escape."""
    line = item_record().to_line().replace(b'"prompt": "', b'"prompt": "\\ud800 \xc3\xa9')
    assert read(line).to_line() == line


@given(st.dictionaries(st.text(), st.text() | st.floats(allow_nan=False) | st.lists(st.integers())))
def test_any_json_survives_as_one_line(data: dict[str, Any]) -> None:
    line = encode({"metadata": data, "half": "\ud800"})
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert json.loads(line)["metadata"] == data


@pytest.mark.parametrize("line", [b"{", b"[1]", b'{"a": "\xff"}', b"\n"])
def test_a_line_that_is_no_object_is_no_record(line: bytes) -> None:
    assert isinstance(Record.from_line(line, 3), InvalidRow)


def test_values_of_another_type_are_as_if_they_were_not_there() -> None:
    """A record with an id of any type is ours, not the reference's."""
    record = read(b'{"id": 7, "status": 1, "n_human": true, "judge": [], "samples": {}, "metadata": "x"}')
    assert (record.id, record.status, record.n_human, record.judge, record.samples) == ("7", None, None, None, None)
    assert record.scores() == Unscored("status unknown") and record.judged_by is None and record.judge_model == ""


def test_the_scores_of_a_record_of_ours() -> None:
    """A record has the best score of each human item, and the whole matrix."""
    record = item_record()
    assert record.scored_lists("m") == ScoredLists(((1, 1, 0.5), (2, 2, 1.0)), 2, 2)  # type: ignore[arg-type]
    assert record.score_matrices(2, 2) == [[[0.5, 0.25], [0.0, 1.0]]]
    assert record.scored_lists("M", 1) == Unscored("model checklist longer than 1", skipped=True)


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (b"[0, 1, 0.5]", "extraction_result unreadable"),
        (b"[1, -1, 0.5]", "extraction_result unreadable"),
        (b"[1, 1]", "extraction_result unreadable"),
        (b"[1, true, 0.5]", "extraction_result unreadable"),
        (b'[1, 1, "0.5"]', "extraction_result unreadable"),
        (b"[1, 1, 1.5]", "extraction_result has a score that is not within 0..1"),
        (b"[1, 1, %d]" % 10**400, "extraction_result has a score that is not within 0..1"),
        (b"[1, 1, NaN]", "extraction_result has a score that is not within 0..1"),
        (b"[2, 1, 0.5]", "extraction_result does not name every human item"),
        (b"[3, 1, 0.5]", "extraction_result does not name every human item"),
        (b"[1, 1, 1e-05]", ""),
        (b"[1, 99, 1]", ""),
    ],
)
def test_a_score_that_is_none_leaves_the_record_unscored(score: bytes, reason: str) -> None:
    scores = read(item_record().to_line().replace(b"[1, 1, 0.5]", score, 1)).scores()
    assert (scores.reason if isinstance(scores, Unscored) else "") == reason


SHAPE, SCORE = "score_matrix is not 2 × 2 numbers", "a score of .* is not within"


@pytest.mark.parametrize(
    ("matrix", "message"),
    [(one, SHAPE) for one in ("x", [], [[0.5, 0.25]], [[0.5, 0.25], [0]], [[0.5, 0.25], [0, True]])]
    + [([[None, 0.25], [0, score]], SCORE) for score in (1.5, -0.5, float("nan"))],
)
def test_a_matrix_of_another_shape_or_with_a_bad_score_is_an_error(matrix: Any, message: str) -> None:
    """Every matrix of ours is whole; None means that a pair was not asked."""
    record = Record.from_json(item_record().as_json() | {"score_matrix": matrix})
    with pytest.raises(ValueError, match=message):
        record.score_matrices(2, 2)


def test_a_judge_is_written_as_it_is_read() -> None:
    """The keys keep their order; `settings` and `guard` are optional."""
    for judge in (JUDGE, JUDGE | {"settings": {"model_name": "X"}, "guard": "zero"}):
        assert list(JudgeIdentity.from_json(judge).as_json().items()) == list(judge.items())


def test_judges_differ_in_the_named_fields_alone() -> None:
    """A critic's name counts without regard to case; the temperature does not count."""
    judge = JudgeIdentity(model="a", top_k=5, temperature=0.6, settings={"model_name": "X"})
    other = JudgeIdentity(model="b", temperature=0.0, settings={"model_name": "y"})
    assert judge.differences(other) == {"model": ("a", "b"), "top_k": (5, None), "critic_name": ("x", "y")}
    assert judge.differences(other, ("model",)) == {"model": ("a", "b")}
    assert not judge.differences(JudgeIdentity(model="a", top_k=5, settings={"model_name": "x"}))
