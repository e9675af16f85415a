"""The anchor: judged once in each run, compared with the earlier runs, and no trend over a judge that has changed."""

import json
from pathlib import Path

import pytest

from metajudge.studies import Products, Study, read_study, run_study, write_products
from metajudge.studies.files import StudyFiles
from tests.unit.studies.files import GOOD, study_of, write_rows

ANCHOR = '[anchor]\nfile = "anchor.jsonl"\nmargin = 0.1\n[report]\nresamples = 200\n'


def begin(folder: Path) -> Study:
    write_rows(folder / "anchor.jsonl", count=20)
    return study_of(folder, GOOD + ANCHOR)


def run(study: Study) -> Products:
    assert run_study(study).exit_code == 0
    products = write_products(study)
    assert products is not None and products.drift is not None
    return products


def judged(study: Study) -> list[str]:
    """Return the folders of the anchor."""
    return sorted(path.name for path in StudyFiles(study).anchors.iterdir())


def make_the_judge_blind(folder: Path) -> None:
    """Let the judge find nothing in the anchor any more, as if it had changed; the rows keep their ids."""
    rows = [json.loads(line) for line in (folder / "anchor.jsonl").read_text().splitlines()]
    (folder / "anchor.jsonl").write_text("".join(json.dumps(row | {"m-checklist": ["Zzz."]}) + "\n" for row in rows))


def test_each_run_judges_the_anchor_anew_and_a_stopped_one_goes_on(tmp_path: Path) -> None:
    """Only a whole run closes its anchor: what was stopped is not asked again."""
    study = begin(tmp_path)
    assert run_study(study).exit_code == 0
    write_products(study, is_complete=False)
    again = run_study(study)
    assert judged(study) == ["001"]
    assert [end.result.stats.requests for end in again.ends if end.result and end.result.stats] == [0, 0]
    write_products(study)
    third = run_study(study)
    asked = {end.stage.title: end.result.stats.requests for end in third.ends if end.result and end.result.stats}
    assert asked == {"anchor": 40, "judge m": 0} and judged(study) == ["001", "002"]


def test_a_judge_that_stays_has_a_trend(tmp_path: Path) -> None:
    """The first run has nothing to compare with; the second one shows both."""
    study = begin(tmp_path)
    first = run(study)
    assert "Anchor: RC 0.500. It is the first run" in first.text
    second = run(study)
    assert "within the margin 0.1. RC by run:" in second.text
    assert [line.split()[2:] for line in second.text.splitlines()[-2:]] == [["0.500", "0.500"]] * 2


def test_a_judge_that_has_changed_is_named_and_no_trend_is_drawn(tmp_path: Path) -> None:
    """The trend begins anew with the first run of the changed judge."""
    study = begin(tmp_path)
    run(study)
    run(study)
    make_the_judge_blind(tmp_path)
    drifted = run(study)
    assert drifted.drift is not None and drifted.drift.has_drifted
    said = " ".join(drifted.text.split())
    assert "The judge has drifted: the anchor's RC moved by -0.500" in said and "no trend is drawn" in said
    assert "against 2 earlier runs" in said and "RC by run" not in said
    after = run(study)
    assert after.drift is not None and not after.drift.has_drifted
    assert [run.number for run in after.drift.runs] == [3, 4] and "RC by run" in after.text


def test_another_judge_has_its_own_folder_and_anchor(tmp_path: Path) -> None:
    """Results of two judges never mix; the first one's stay."""
    study = begin(tmp_path)
    run(study)
    path = tmp_path / "study.toml"
    path.write_text(path.read_text().replace('"embedded"', '"embedded"\ngranularity = "row"'))
    other = read_study(path)
    products = run(other)
    assert StudyFiles(other).judge != StudyFiles(study).judge and StudyFiles(study).judge.is_dir()
    assert products.drift is not None and len(products.drift.runs) == 1


@pytest.mark.parametrize("key", ["temperature = 0.1", "requests_per_minute = 1000000"])
def test_what_does_not_make_another_judge_keeps_the_folder(tmp_path: Path, key: str) -> None:
    """As a resumed inference does."""
    study = begin(tmp_path)
    path = tmp_path / "study.toml"
    path.write_text(path.read_text().replace('"embedded"', f'"embedded"\n{key}'))
    assert StudyFiles(read_study(path)).judge == StudyFiles(study).judge
