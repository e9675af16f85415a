"""Result files become columns of scores."""

import math
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import UsageError
from metajudge.metrics import Known
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import ScoreTable, score_file
from metajudge.reports.scored_files import score_files
from tests.unit.result_rows import failed, one_item, record, write


def scored(tmp_path: Path, records: list[dict[str, Any]], **options: Any) -> ScoreTable:
    return score_file(write(tmp_path / "M.jsonl", records), ScoringConfig(**options))


def column(file: ScoreTable, group: str, metric: str) -> list[float | None]:
    """Return a column with None for NaN."""
    return [None if math.isnan(value) else value for value in file.columns[group, metric].tolist()]


def test_a_full_matrix_gives_exact_figures_and_best_scores_only_bounds(tmp_path: Path) -> None:
    """[[1, .75], [.75, 0]]: RC .75; from best scores alone S1 is claimed twice, so .5 to .875."""
    matrix = [[1.0, 0.75], [0.75, 0.0]]
    exact = scored(tmp_path, [record(1, matrix)])
    assert column(exact, "paper", "rationale_consistency") == [0.75] and exact.has_full_matrix
    bounds = scored(tmp_path, [record(1, matrix, row_granularity=True)])
    assert column(bounds, "paper", "rationale_consistency") == [0.5] and not bounds.has_full_matrix
    assert bounds.upper_bound.tolist() == [0.875] and bounds.shared_rows == 1
    assert exact.upper_bound.tolist() == [0.75] and exact.known_of(("paper", "f1")) == Known.EXACT
    assert bounds.known_of(("paper", "f1")) == Known.LOWER_BOUND
    assert column(exact, "reference", "recall") == column(bounds, "reference", "recall") == [0.875]


def test_precision_is_over_the_items_judged(tmp_path: Path) -> None:
    """Seven model items of which five were asked: 1 / 5."""
    matrix = [[1.0, 0.0, 0.0, 0.0, 0.0, None, None]]
    assert column(scored(tmp_path, [record(1, matrix)]), "paper", "precision") == [0.2]


def test_unscored_rows_have_no_figure_and_a_reason(tmp_path: Path) -> None:
    """Errors are unscored, an empty model list is 0, an empty human list undefined."""
    empty = {"status": "empty", "score_matrix": None}
    file = scored(
        tmp_path,
        [
            one_item(1, 0.5),
            failed(2),
            failed(3, status="format_error"),
            {**one_item(4, 1), **empty, "empty": "model"},
            {**one_item(5, 1), **empty, "empty": "human", "n_human": 0},
        ],
    )
    assert column(file, "paper", "rationale_consistency") == [0.5, None, None, 0.0, None]
    assert column(file, "reference", "recall") == [0.5, None, None, None, None]
    assert file.unscored == {"status error": 1, "status format_error": 1, "human checklist empty": 1}


def test_every_metric_is_the_mean_over_the_samples_of_the_judge(tmp_path: Path) -> None:
    """Samples of RC .5 and 1: .75; of a mean matrix it would be another figure. The reference takes the first."""
    matrices: list[Any] = [[[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]]
    file = scored(tmp_path, [record(1, matrices[0], more_samples=matrices[1:])])
    assert file.samples == [(0.5, 1.0)]
    assert column(file, "paper", "rationale_consistency") == [0.75]
    assert column(file, "reference", "recall") == [0.5]


def test_samples_of_row_granularity_are_read_from_their_blocks(tmp_path: Path) -> None:
    """The second sample's plain block gives its own figure."""
    text = "<RESULT_START>\n- R1@S1: 0.25\n<RESULT_END>"
    one = record(1, [[1.0]], row_granularity=True)
    one["samples"].append({"generated_text": text})
    assert scored(tmp_path, [one]).samples == [(1.0, 0.25)]


def test_outcome_metrics_worked_by_hand(tmp_path: Path) -> None:
    """Rows: right and sound; right and unsound; wrong; human tie called right; predicted tie; invalid label.

    OA: 2 of the 5 rows without a human tie; three-way: 3 of 6. S-Corr: 1 of the 2 right ones. Fidelity: 1 of 5.
    """
    file = scored(
        tmp_path,
        [
            one_item(1, 0.5, label="A>B", preference=-2),
            one_item(2, 0.25, label="B>A", preference=3),
            one_item(3, 1.0, label="B>A", preference=-1),
            one_item(4, 1.0, label="tie", preference=0),
            one_item(5, 1.0, label="A=B", preference=1),
            one_item(6, 1.0, label="who knows", preference=1),
        ],
    )
    assert column(file, "outcome", "accuracy") == [1, 1, 0, None, 0, 0]
    assert column(file, "outcome", "accuracy_3way") == [1, 1, 0, 1, 0, 0]
    assert column(file, "outcome", "spurious_correctness") == [0, 1, None, None, None, None]
    assert column(file, "outcome", "fidelity") == [1, 0, 0, None, 0, 0]
    assert column(file, "outcome", "tie_rate") == [0, 0, 0, 1, 1, None]
    assert file.labels == {"gold": 6, "readable": 5, "human_ties": 1, "predicted_ties": 2, "invalid": 1}


def test_verdicts_against_their_reasons_are_counted(tmp_path: Path) -> None:
    """Two reasons for A: the label B contradicts them, A and a tie do not. Items that are no texts are skipped."""
    reasons = ["Response A is correct", "Response B omits the unit"]
    rows = [
        record(n, [[1.0, 0.0]], label=label, **{"M-checklist": reasons})
        for n, label in enumerate(("B>A", "A>B", "tie"))
    ]
    assert scored(tmp_path, rows).labels["against_reasons"] == 1
    assert "against_reasons" not in scored(tmp_path, rows[1:]).labels
    rows[0]["metadata"]["M-checklist"] = [reasons[0], 7]
    assert "against_reasons" not in scored(tmp_path, rows).labels


def test_a_human_preference_may_be_a_label_and_one_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    """`critic` writes such labels; 5, a truth value and a text are no preference, a missing or empty one is none."""
    golds = ["A>B", "B>>A", "tie", -3, 5, True, "who knows", None, ""]
    file = scored(tmp_path, [one_item(n, 1, label="A>B", preference=gold) for n, gold in enumerate(golds)])
    assert column(file, "outcome", "accuracy_3way") == [1, 0, 0, 1, None, None, None, None, None]
    assert (file.labels["gold"], file.labels["no_gold"], file.labels["unreadable_gold"]) == (4, 5, 3)


def test_records_of_a_judge_that_no_longer_count_make_no_mixture(tmp_path: Path) -> None:
    """All rows failed with one judge, then another one judged them: the figures are of that one alone."""
    earlier = [failed(n, judge={"model": "away"}) for n in range(3)]
    later = [one_item(n, 0.5) for n in range(2)]
    file = scored(tmp_path, [*earlier, *later])  # the third row still counts as failed
    assert file.mixed == {} and file.judged_by is not None and file.judged_by.model == "j"
    assert scored(tmp_path, [*later, one_item(2, 0.5, judge={"model": "k"})]).mixed == {"model": ["j", "k"]}


def test_a_strange_judge_object_is_no_end(tmp_path: Path) -> None:
    """Its values differ from the other records' ones."""
    file = scored(tmp_path, [one_item(1, 0.5, judge={"top_k": [5], "samples": "x"}), one_item(2, 0.5)])
    assert file.mixed == {"top_k": ["5", "[5]"]}


def test_invalid_labels_can_be_left_out(tmp_path: Path) -> None:
    """By default they count as wrong."""
    rows = [one_item(1, 1, label="A>B"), one_item(2, 1, label="?"), one_item(3, 1, label=None)]
    assert column(scored(tmp_path, rows), "outcome", "accuracy") == [1, 0, 0]
    assert column(scored(tmp_path, rows, drop_invalid_labels=True), "outcome", "accuracy") == [1, None, None]


@pytest.mark.parametrize("fields", [[{"label": None}] * 2, [{"label": None}, {"preference": None}]])
def test_without_a_comparable_label_outcomes_are_unknown(tmp_path: Path, fields: list[dict[str, Any]]) -> None:
    """Unknown is not wrong; a label on a row without a human preference cannot be compared."""
    file = scored(tmp_path, [one_item(n, 1, **more) for n, more in enumerate(fields)])
    assert column(file, "outcome", "accuracy") == column(file, "outcome", "tie_rate") == [None] * 2
    assert not file.labels.get("readable")


def test_the_gold_field_may_be_another_one(tmp_path: Path) -> None:
    """Every spelling of a verdict is read."""
    rows = [one_item(1, 1, label="A>B", winner="[[A]]"), one_item(2, 1, label="A>B", winner="Response 2")]
    assert column(scored(tmp_path, rows, gold_field="winner"), "outcome", "accuracy") == [1, 0]


def test_rows_share_a_cluster_when_they_share_the_context(tmp_path: Path) -> None:
    """A row without one is a cluster alone."""
    rows = [one_item(1, 1, context="q"), one_item(2, 1, context="q"), one_item(3, 1, context=None)]
    rows.append(one_item(4, 1, context=None))
    assert len(set(scored(tmp_path, rows).clusters)) == 3
    assert len(set(scored(tmp_path, rows, cluster_field="domain").clusters)) == 4


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("domain", ("code", "none")),
        ("language", ("none", "none")),
        ("n_human", ("1", "1")),
        ("preference_strength", ("1", "3")),
        ("label_correct", ("right", "wrong")),
        ("turns", ("none", "2")),
    ],
)
def test_rows_are_grouped_by_a_field_or_a_built_in(tmp_path: Path, by: str, groups: tuple[str, ...]) -> None:
    rows = [one_item(1, 1, domain="code", language=""), one_item(2, 1, preference="3", turns=2)]
    assert scored(tmp_path, rows, group_by=by).groups == groups


def test_records_of_the_reference_are_scored_too(tmp_path: Path) -> None:
    """They have no id: the content identifies a row, so that models can be paired."""
    text = "<RESULT_START>\n- R1@S1: 0.5\n- R2@S1: 1\n<RESULT_END>"
    metadata = {"context": "c", "human-checklist": ["a", "b"], "M-checklist": ["x"], "M-label": "A>B"}
    one = {"status": "success", "samples": [{"generated_text": text}], "metadata": metadata}
    file = scored(tmp_path, [one, one])
    assert column(file, "paper", "rationale_consistency") == [0.5, 0.5]
    assert file.judged_by is None and file.ids[1] == f"{file.ids[0]}-2"


def test_a_human_item_that_a_reply_of_the_reference_lacks_may_have_any_score(tmp_path: Path) -> None:
    """R1 twice and R2 never: R2 counts 1 in the upper bound."""
    text = "<RESULT_START>\n- R1@S1: 0.5\n- R1@S2: 0.25\n<RESULT_END>"
    metadata = {"human-checklist": ["a", "b"], "M-checklist": ["x", "y", "z"]}
    file = scored(tmp_path, [{"samples": [{"generated_text": text}], "metadata": metadata}])
    assert column(file, "paper", "rationale_consistency") == [0.25] and file.upper_bound.tolist() == [0.75]
    assert file.known_of(("paper", "f1")) == Known.LOWER_BOUND


@pytest.mark.parametrize("text", ["no block", "<RESULT_START>\n- R1@S0: 0\n<RESULT_END>"])
def test_a_model_without_reasons_has_0_whatever_the_reply(tmp_path: Path, text: str) -> None:
    """Records of the reference with an unreadable or an incomplete reply have 0, too."""
    metadata: dict[str, Any] = {"human-checklist": ["a", "b"], "M-checklist": [], "x-checklist": ["x"]}
    one = {"samples": [{"generated_text": text}], "metadata": metadata}
    undefined = {**one, "metadata": {**metadata, "human-checklist": []}}
    unknown = {**one, "metadata": {"M-checklist": []}}
    file = scored(tmp_path, [one, {**one, "samples": []}, undefined, unknown])
    for metric in ("rationale_consistency", "average_precision", "precision", "f1"):
        assert column(file, "paper", metric) == [0, 0, None, None]
    assert file.unscored["human checklist empty"] == 1 and file.n_human == (2, 2, 0, None)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[math.nan]], "a score of nan is not within 0..1"),
        *((matrix, "score_matrix is not 1 × 1 numbers") for matrix in ("x", [["x"]], [[0.5], [0.5]], [0.5], [[True]])),
    ],
)
def test_a_bad_matrix_is_named_by_file_and_line(tmp_path: Path, matrix: Any, message: str) -> None:
    """A matrix has human items as rows, model items as columns; NaN would silently be a wrong figure."""
    with pytest.raises(UsageError, match=re.escape(f"M.jsonl line 2: {message}")):
        scored(tmp_path, [one_item(1, 1), {**one_item(2, 0.5), "score_matrix": matrix}])


def test_a_wrong_label_is_not_faithful_even_where_its_reasons_were_never_judged(tmp_path: Path) -> None:
    """Nine rows, six right with five sound ones, three wrong and never judged: 5/9, not 5/6."""
    right = [one_item(n, 1.0 if n < 5 else 0.0) for n in range(6)]
    wrong = [{**one_item(n, 0.0, label="B>A"), "status": "error"} for n in range(6, 9)]
    file = scored(tmp_path, [*right, *wrong])
    assert column(file, "outcome", "fidelity") == [1] * 5 + [0] * 4
    assert file.mean("outcome", "fidelity") == pytest.approx(5 / 9)
    dropped = [*right, *({**row, "metadata": {**row["metadata"], "M-label": "?"}} for row in wrong)]
    assert column(scored(tmp_path, dropped, drop_invalid_labels=True), "outcome", "fidelity")[6:] == [None] * 3


@pytest.mark.parametrize("labels", [["A>B", "B>A"], ["B>A", "B>A"]])
def test_fidelity_is_unknown_where_no_right_row_is_judged(tmp_path: Path, labels: list[str]) -> None:
    """Else the wrong labels alone would give 0."""
    rows = [{**one_item(n, 0.0, label=label), "status": "error"} for n, label in enumerate(labels)]
    assert column(scored(tmp_path, rows), "outcome", "fidelity") == [None, None]


def test_rows_with_long_model_lists_are_counted_and_the_longest_is_a_choice(tmp_path: Path) -> None:
    """The reference metrics skip them; the paper's do not."""
    rows = [one_item(1, 1), record(2, [[0.5] * 11])]
    file = scored(tmp_path, rows)
    assert column(file, "reference", "recall") == [1, None] and column(file, "paper", "rationale_consistency") == [
        1,
        0.5,
    ]
    assert file.reference_left_out == {"model checklist longer than 10": 1}
    file = scored(tmp_path, rows, max_checklist_len=11)
    assert column(file, "reference", "recall") == [1, 0.5] and file.reference_left_out == {}


@pytest.mark.parametrize("name", ["prompt", "question", "messages"])
def test_a_prompt_under_another_name_is_the_context(tmp_path: Path, name: str) -> None:
    """Each row takes its context first; a named field is not replaced."""
    shared: Any = [{"role": "user", "content": "q"}]
    rows = [one_item(n, 1, context=None, **{name: shared}) for n in (1, 2)]
    rows += [one_item(3, 1, **{name: shared}), one_item(4, 1, context="")]
    file = scored(tmp_path, rows)
    assert len(set(file.clusters)) == 3 and file.context_from == (name,)
    file = scored(tmp_path, rows, cluster_field="domain")
    assert len(set(file.clusters)) == 4 and file.context_from == ()


def test_memory_does_not_grow_with_the_texts_of_the_rows(tmp_path: Path) -> None:
    """400 more rows of 8 KB, each with another context, need at most 1,200 bytes each."""

    def peak(rows: int) -> int:
        records = [one_item(number, 0.5) for number in range(rows)]
        for number, one in enumerate(records):
            one["metadata"] |= {"context": f"{number} " + "c" * 4000, "response1": "r" * 4000}
        path = write(tmp_path / f"{rows}.jsonl", records)
        tracemalloc.start()
        try:
            assert len(score_files([path], ScoringConfig())[0].ids) == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(500) - peak(100) < 400 * 1200


def test_the_record_that_counts_may_come_before_those_that_do_not(tmp_path: Path) -> None:
    """Columns hold the rows in order of first appearance, each with the values of its record that counts."""
    records = [failed(1), one_item(2, 0.5), one_item(1, 1.0), failed(2), one_item(3, 0.25)]
    file = scored(tmp_path, records)
    assert [name[-1] for name in file.ids] == ["1", "2", "3"]
    assert column(file, "paper", "rationale_consistency") == [1.0, 0.5, 0.25] and file.unscored == {}


def test_a_cluster_has_the_same_key_in_every_process(tmp_path: Path) -> None:
    """The report of a study keeps it for a later one."""
    assert list(scored(tmp_path, [record(1, [[1.0]])]).clusters) == [-9000455990786645238]
