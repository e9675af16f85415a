"""Agreement of judges with people."""

import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import UsageError
from metajudge.reports.human.agreement import HumanAgreement, human_agreement
from metajudge.reports.human.agreement_text import agreement_notes, render_human_agreement, use_of
from metajudge.reports.human.labels import RATIONALES, read_human_labels
from metajudge.reports.scored_files import score_files
from tests.unit.result_rows import Matrix, Run, record, write

ROWS = 40
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


def judged(row: int) -> Matrix:
    """Return two human and two model items; the mean of the two scores varies over the rows."""
    return [[STEPS[row % 5], 0.0], [0.0, STEPS[(row // 5) % 5]]]


def results(tmp_path: Path, model: str = "A", **fields: Any) -> Path:
    rows = [record(n, judged(n), model, **fields) | {"question_id": f"{model} {n}"} for n in range(ROWS)]
    return write(tmp_path / f"{model}.jsonl", rows)


def label(row: int, matrix: Matrix, annotator: str = "anna", model: str = "A", **fields: Any) -> dict[str, Any]:
    marks = [[r, s, score] for r, line in enumerate(matrix, 1) for s, score in enumerate(line, 1) if score]
    shape = {"n_human": len(matrix), "n_model": len(matrix[0])}
    return {
        "id": f"id{row}", "question_id": f"{model} {row}", "annotator": annotator, "marks": marks, "probability": 0.5,
        "seconds": 30 + row, **shape, **fields,
    }  # fmt: skip


def lower(matrix: Matrix) -> Matrix:
    return [[max(0.0, (score or 0) - 0.25) for score in line] for line in matrix]


def found(tmp_path: Path, paths: list[Path], labels: list[dict[str, Any]]) -> HumanAgreement:
    files = score_files(paths, RATIONALES)
    return human_agreement(files, read_human_labels([write(tmp_path / "labels.jsonl", labels)], files), 300)


def test_a_judge_that_says_what_people_say(tmp_path: Path) -> None:
    """All measures are 1, and its mean may be used as it is."""
    one = found(tmp_path, [results(tmp_path)], [label(n, judged(n)) for n in range(ROWS)])
    (judge,) = one.judges
    assert judge.agreement.pairs is not None and judge.agreement.rows is not None
    assert {measure.value for measure in judge.agreement.pairs.measures.values()} == {1.0}
    assert (judge.labelled, judge.agreement.pairs.scores, judge.agreement.rows.rows) == (40, 160, 40)
    assert judge.agreement.rows.concordance.value == pytest.approx(1)
    assert (one.annotators[0].name, one.annotators[0].labels, one.annotators[0].median_seconds) == ("anna", 40, 49.5)


def test_a_judge_that_is_a_step_too_high(tmp_path: Path) -> None:
    """Every score above 0 is one step above people's: worked by hand from the shares of the steps."""
    one = found(tmp_path, [results(tmp_path)], [label(n, lower(judged(n))) for n in range(ROWS)])
    (judge,) = one.judges
    assert judge.agreement.pairs is not None and judge.agreement.rows is not None
    # 80 scores are 0 by construction. The first item has each step 8 times; the second 10, 10, 10, 5 and 5 times.
    table = judge.agreement.pairs.confusion
    assert [table[0][0], table[0][1], table[1][2], table[2][3], table[3][4]] == [98, 18, 18, 13, 13]
    assert judge.agreement.pairs.measures["exact"].value == pytest.approx(98 / 160)
    assert judge.agreement.pairs.measures["sensitivity"].value == 1
    assert judge.agreement.pairs.measures["specificity"].value == pytest.approx(116 / 134)
    assert judge.agreement.rows.bias.value == pytest.approx(62 * 0.25 / 80)
    assert "its mean RC only as `report --human` corrects it (judge - people +0.1" in use_of(one.judges)


def test_models_are_shown_apart_and_together(tmp_path: Path) -> None:
    """The judge is right about A, and too high for B: differences need the correction, too."""
    labels = [label(n, judged(n)) for n in range(ROWS)] + [label(n, lower(judged(n)), model="B") for n in range(ROWS)]
    one = found(tmp_path, [results(tmp_path, "A"), results(tmp_path, "B")], labels)
    assert [judge.model for judge in one.judges] == ["A", "B", None]
    biases = [judge.agreement.rows.bias.value for judge in one.judges if judge.agreement.rows]
    assert biases == [pytest.approx(0), pytest.approx(0.19375), pytest.approx(0.096875)]
    assert "its error differs between models, so that differences need the correction, too" in use_of(one.judges)
    assert one.judges[-1].labelled == 80


def test_the_sampling_weight_counts(tmp_path: Path) -> None:
    """Rows drawn with probability .1 stand for five times as many as those with .5."""
    labels = [
        label(n, judged(n) if n < 20 else lower(judged(n)), probability=0.5 if n < 20 else 0.1) for n in range(ROWS)
    ]
    (judge,) = found(tmp_path, [results(tmp_path)], labels).judges
    assert judge.agreement.rows is not None
    gaps = [0.125 * sum(score > 0 for line in judged(n) for score in line if score) for n in range(20, ROWS)]
    assert judge.agreement.rows.bias.value == pytest.approx(sum(gaps) * 10 / (20 * 2 + 20 * 10))


def test_a_row_counts_once_however_many_label_it(tmp_path: Path) -> None:
    """Three say that the judge is right about the first ten rows; one says that it is too high in ten others."""
    labels = [label(n, judged(n), name) for n in range(10) for name in ("anna", "bob", "cem")]
    labels += [label(n, lower(judged(n))) for n in range(10, 20)]
    (judge,) = found(tmp_path, [results(tmp_path)], labels).judges
    assert judge.agreement.pairs is not None
    lowered = sum(score > 0 for n in range(10, 20) for line in judged(n) for score in line if score)
    assert judge.agreement.pairs.measures["exact"].value == pytest.approx(1 - lowered / 80)


def test_unclear_items_and_pairs_that_were_not_asked_are_left_out(tmp_path: Path) -> None:
    rows = [record(n, [[0.5, None], [0.25, 0.0]], "A") | {"question_id": f"A {n}"} for n in range(12)]
    labels = [label(n, [[0.5, 0.0], [0.25, 0.0]], unclear=[2] if n == 0 else []) for n in range(12)]
    one = found(tmp_path, [write(tmp_path / "A.jsonl", rows)], labels)
    (judge,) = one.judges
    assert judge.agreement.pairs is not None and judge.agreement.rows is not None
    assert (judge.agreement.pairs.scores, judge.not_asked, judge.agreement.rows.rows) == (12 * 3 - 2, 12, 11)
    assert one.annotators[0].unclear == 1
    assert "j, A: 12 labelled pairs left out, which the judge was not asked about" in list(agreement_notes(one))


def test_granularity_row_has_no_single_scores(tmp_path: Path) -> None:
    rows = [record(n, judged(n), "A", row_granularity=True) | {"question_id": f"A {n}"} for n in range(ROWS)]
    one = found(tmp_path, [write(tmp_path / "A.jsonl", rows)], [label(n, judged(n)) for n in range(ROWS)])
    (judge,) = one.judges
    assert judge.agreement.pairs is None and judge.agreement.rows is not None
    assert any("single scores not available" in note for note in agreement_notes(one))
    assert "nothing is known about its single scores" in " ".join(render_human_agreement(one, "table").split())


def test_three_annotators_are_compared_and_tested(tmp_path: Path) -> None:
    """Two of them say what the judge says, and one is a step lower."""
    labels = [label(n, judged(n), name) for n in range(ROWS) for name in ("anna", "bob")]
    labels += [label(n, lower(judged(n)), "cem") for n in range(ROWS)]
    one = found(tmp_path, [results(tmp_path)], labels)
    assert [pair.annotators for pair in one.people] == [("anna", "bob"), ("anna", "cem"), ("bob", "cem")]
    first, second, _ = one.people
    assert first.agreement.pairs is not None and second.agreement.rows is not None
    assert first.agreement.pairs.measures["exact"].value == 1 and first.labelled == 40
    assert second.agreement.rows.bias.value == pytest.approx(-0.19375)
    test = one.judges[0].alternative
    assert test is not None and test.passed and len(test.opponents) == 3
    assert "it may take an annotator's place" in use_of(one.judges)


def test_two_annotators_have_no_test(tmp_path: Path) -> None:
    labels = [label(n, judged(n), name) for n in range(ROWS) for name in ("anna", "bob")]
    one = found(tmp_path, [results(tmp_path)], labels)
    assert one.judges[0].alternative is None
    assert "it needs 3 annotators with 30 rows each" in use_of(one.judges)
    assert "not available" in " ".join(render_human_agreement(one, "table").split())


def test_few_rows_cannot_tell(tmp_path: Path) -> None:
    one = found(tmp_path, [results(tmp_path)], [label(n, judged(n)) for n in range(9)])
    assert use_of(one.judges) == "Use of j here: cannot tell; label rows of at least 10 contexts."


def test_lists_of_other_lengths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="row id0 has 1 human and 2 model items, but the judge scored 2 and 2"):
        found(tmp_path, [results(tmp_path)], [label(0, [[0.5, 0.0]])])
    with pytest.raises(UsageError, match="row id0 has 2 human and 1 model items"):
        found(tmp_path, [results(tmp_path)], [label(0, [[0.5], [0.0]])])


def test_the_command_takes_one_judge(tmp_path: Path, run: Run) -> None:
    """Without --human it needs two."""
    path, output = results(tmp_path), tmp_path / "out.json"
    labels = write(tmp_path / "labels.jsonl", [label(n, judged(n), judge_shown=n == 0) for n in range(ROWS)])
    code, out, err = run("agreement", path, "--human", labels, "--output-file", output)
    assert code == 0 and "1 label made with the judge's scores in view" in err
    assert "Judge j and people" in out and "Use of j here: its mean RC may be used as it is" in out
    data = json.loads(output.read_text(encoding="utf-8"))
    assert data["judges"][0]["pairs"]["gwet_ac2"]["value"] == 1 and data["judges"][0]["model"] == "A"
    assert data["judges"][0]["alternative_annotator_test"] is None and data["judge_shown"] == 1
    assert run("agreement", path)[0] == 2
    code, out, _ = run("agreement", path, "--human", labels, "--format", "csv")
    assert code == 0 and "Annotator,Labels,Unclear,Median seconds" in out


def test_several_judges_are_shown_one_after_the_other(tmp_path: Path) -> None:
    other = [record(n, lower(judged(n)), "A", judge={"model": "k"}) | {"question_id": f"A {n}"} for n in range(ROWS)]
    paths = [results(tmp_path), write(tmp_path / "other.jsonl", other)]
    one = found(tmp_path, paths, [label(n, judged(n)) for n in range(ROWS)])
    assert [(judge.judge, judge.model) for judge in one.judges] == [("j", "A"), ("k", "A")]
    text = render_human_agreement(one, "table")
    assert text.index("Judge j and people") < text.index("Judge k and people")
