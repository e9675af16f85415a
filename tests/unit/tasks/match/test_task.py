"""Matching as a task: questions and records."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.data.samples import Sample
from metajudge.engine.question import Failed
from metajudge.llm.completion import Reply, Usage
from metajudge.metrics.matching import best_matches
from metajudge.records.reference_reading import reference_reading
from metajudge.tasks.match.prompt import Prompt
from metajudge.tasks.match.reply import ParsedReply
from metajudge.tasks.match.task import MatchTask, Matrix
from metajudge.text.reading import ParseFailure
from tests.unit.rows import JUDGE, answers_of, row, samples, task

KEYS = [
    "id", "question_id", "schema", "status", "model_be_evaluated", "n_human", "n_model", "extraction_result",
    "matches", "judge", "attempts", "latency_s", "finished_at", "prompt", "samples", "metadata",
]  # fmt: skip


def sample_of(**shape: int) -> Sample:
    (sample,) = samples([row(1, **shape)])
    assert isinstance(sample, Sample)
    return sample


def record_of(sample: Sample, texts: list[str], kind: MatchTask | None = None) -> dict[str, Any]:
    kind = kind or task()
    return kind.record(sample, answers_of(kind, sample, texts), 1.23456).as_json()


@pytest.mark.parametrize("granularity", ["row", "pairs", "item"])
def test_only_the_users_own_template_may_ask_for_scores_between_the_steps(granularity: str) -> None:
    """The instructions name five scores."""
    sample = sample_of()
    own = task(granularity)
    templated = replace(own, prompt=Prompt(granularity, "{source_list} {target_list}"))
    text = "<RESULT_START>\n- R1@S1: 0.6\n- R2@S1: 0\n<RESULT_END>"
    refused, accepted = (kind.questions(sample)[0].read(Reply(text, "stop", Usage(), 0.0)) for kind in (own, templated))
    assert refused == ParseFailure("score 0.6 of R1 is not one of 0, 0.25, 0.5, 0.75, 1")
    assert isinstance(accepted, ParsedReply) and accepted.marks[0].score == 0.6


def test_a_record_has_its_keys_in_order_and_the_row_unchanged() -> None:
    """The reply is kept as it is when the reference would read the same."""
    sample = sample_of()
    text = "Because.\n<RESULT_START>\n- R1@S2: 0.75\n- R2@S0: 0\n<RESULT_END>"
    record = record_of(sample, [text])
    assert list(record) == KEYS
    assert record["extraction_result"] == {"scores": [[1, 2, 0.75], [2, 0, 0.0]], "is_ordered": True, "errors": []}
    assert record["matches"][0] == {"human_item": 1, "model_item": 2, "score": 0.75}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    assert record["samples"] == [{"generated_text": text, "finish_reason": "stop", "usage": usage}]
    assert record["prompt"] == "S1: m1.1\nS2: m1.2\nS3: m1.3\n\nR1: h1.1\nR2: h1.2"
    assert (record["attempts"], record["latency_s"], record["n_human"], record["n_model"]) == (2, 1.235, 2, 3)
    assert record["metadata"] == row(1) and record["judge"] == JUDGE


def test_a_reply_that_the_reference_would_read_otherwise_is_kept_as_raw_text() -> None:
    """The plain block replaces it: both analyses see the accepted scores."""
    sample = sample_of()
    text = "<RESULT_START>\n- R1@S1: 1\n<RESULT_END>\nNo:\n<RESULT_START>\n**R2@S3: 0.5**\n* R1@S2: 0.25\n<RESULT_END>"
    (entry,) = record_of(sample, [text])["samples"]
    assert entry["raw_text"] == text
    assert reference_reading(entry["generated_text"]) == [(1, 2, 0.25), (2, 3, 0.5)]


def test_the_key_order_of_an_item_record_and_its_matrix() -> None:
    """Human items as rows, model items as columns."""
    sample = sample_of(human=2, model=2)
    pairs = (("R1@S1: 0.5", "R2@S1: 0"), ("R1@S2: 0.5", "R2@S2: 1"))
    texts = [f"<RESULT_START>\n- {one}\n- {two}\n<RESULT_END>" for one, two in pairs]
    record = record_of(sample, texts, task("item"))
    assert list(record) == [*KEYS[:9], "score_matrix", "item_replies", *KEYS[9:]]
    assert record["score_matrix"] == [[0.5, 0.5], [0.0, 1.0]]
    assert record["item_replies"] == texts
    assert record["extraction_result"]["scores"] == [[1, 1, 0.5], [2, 2, 1.0]]
    (entry,) = record["samples"]
    assert reference_reading(entry["generated_text"]) == [(1, 1, 0.5), (2, 2, 1.0)]
    assert entry["usage"] == {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
    assert record["prompt"] == "R1: h1.1\nR2: h1.2\n\nS1: m1.1\nS2: m1.2"


def test_a_record_of_pairs_has_the_whole_matrix_and_one_reply() -> None:
    """The reply names more pairs than the reference reads: it is raw text beside the best matches."""
    sample = sample_of(human=2, model=3)
    text = "<RESULT_START>\n- R1@S3: 1\n- R1@S2: 0.5\n- R2@S0: 0\n<RESULT_END>"
    record = record_of(sample, [text], task("pairs"))
    assert list(record) == [*KEYS[:9], "score_matrix", *KEYS[9:]]
    assert record["score_matrix"] == [[0.0, 0.5, 1.0], [0.0, 0.0, 0.0]]
    assert record["extraction_result"]["scores"] == [[1, 3, 1.0], [2, 0, 0.0]]
    (entry,) = record["samples"]
    assert entry["raw_text"] == text and reference_reading(entry["generated_text"]) == [(1, 3, 1.0), (2, 0, 0.0)]
    assert record["prompt"] == "R1: h1.1\nR2: h1.2\n\nS1: m1.1\nS2: m1.2\nS3: m1.3"


def test_a_reply_of_pairs_that_names_one_per_human_item_is_kept_as_it_is() -> None:
    text = "<RESULT_START>\n- R1@S3: 1\n- R2@S0: 0\n<RESULT_END>"
    (entry,) = record_of(sample_of(human=2, model=3), [text], task("pairs"))["samples"]
    assert entry["generated_text"] == text and "raw_text" not in entry


def test_further_samples_of_pairs_have_their_own_matrix() -> None:
    texts = [f"<RESULT_START>\n- R1@S1: {score}\n<RESULT_END>" for score in ("0.25", "1")]
    record = record_of(sample_of(human=1, model=2), texts, task("pairs", num_samples=2, top_k=1))
    assert record["score_matrix"] == [[0.25, None]]
    assert record["samples"][1]["score_matrix"] == [[1.0, None]] and "item_replies" not in record["samples"][1]


def test_every_sample_is_kept_and_the_first_one_is_the_rows_result() -> None:
    """Further samples of granularity item carry their own matrix."""
    sample = sample_of(human=1, model=1)
    texts = [f"<RESULT_START>\n- R1@S1: {score}\n<RESULT_END>" for score in ("0.25", "1")]
    plain = record_of(sample, texts, task(num_samples=2))
    assert [entry["generated_text"] for entry in plain["samples"]] == texts
    assert plain["extraction_result"]["scores"] == [[1, 1, 0.25]]
    item = record_of(sample, texts, task("item", num_samples=2))
    assert item["score_matrix"] == [[0.25]] and item["samples"][1]["score_matrix"] == [[1.0]]


def test_top_k_cuts_the_question_but_not_the_record() -> None:
    """Items beyond the cut do not exist for the judge; in the matrix they are null."""
    sample = sample_of(human=1, model=4)
    kind = task("item", top_k=2)
    assert [question.name for question in kind.questions(sample)] == ["S1/1", "S2/1"]
    assert "S3" not in task(top_k=2).questions(sample)[0].messages[1]["content"]
    texts = [f"<RESULT_START>\n- R1@S{n}: 0.5\n<RESULT_END>" for n in (1, 2)]
    record = record_of(sample, texts, kind)
    assert record["score_matrix"] == [[0.5, 0.5, None, None]] and record["n_model"] == 4


def test_an_empty_model_list_carries_a_block_of_no_matches() -> None:
    """Both analyses read it and skip the row."""
    record = task().record(sample_of(human=2, model=0), [], 0).as_json()
    assert (record["status"], record["empty"], record["prompt"]) == ("empty", "model", "")
    assert reference_reading(record["samples"][0]["generated_text"]) == [(1, 0, 0.0), (2, 0, 0.0)]
    keys = list(record)
    assert keys.index("empty") == keys.index("n_model") + 1


def test_a_failure_without_a_reply_has_no_raw_text() -> None:
    """`error_message` precedes the metadata."""
    record = task().record(sample_of(), [Failed("error", "500", "it broke", 6)], 0).as_json()
    assert record["status"] == "error" and record["error_message"] == "it broke"
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert record["samples"] == [{"generated_text": "", "finish_reason": None, "usage": usage}]
    assert list(record)[-2:] == ["error_message", "metadata"]
    assert record["matches"] == [] and record["extraction_result"]["errors"] == ["it broke"]


@given(
    st.integers(1, 4).flatmap(
        lambda m: st.lists(
            st.lists(st.sampled_from([None, 0.0, 0.25, 1.0]), min_size=m, max_size=m), min_size=1, max_size=4
        )
    )
)
def test_best_matches_agree_with_a_plain_search(matrix: Matrix) -> None:
    """The best score, its lowest model item, S0 when nothing scores."""
    for mark, scores in zip(best_matches(matrix), matrix, strict=True):
        known = [score or 0.0 for score in scores]
        assert mark.score == max(known)
        assert mark.model_item == (next(n for n, s in enumerate(known, 1) if s == mark.score) if mark.score else 0)
