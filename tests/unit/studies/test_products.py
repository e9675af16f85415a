"""Products of a study: what is written, and what is said of a product that cannot be made."""

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.studies import run_study, write_products
from tests.unit.studies.files import GOOD, study_of

FEW = "[report]\nresamples = 200\n"


def test_without_results_there_is_no_report(tmp_path: Path) -> None:
    """Nothing is written."""
    study = study_of(tmp_path)
    assert write_products(study) is None and not study.folder.exists()


def test_without_labels_there_is_no_picture_and_a_note_says_why(tmp_path: Path) -> None:
    """The report and the page are there."""
    study = study_of(tmp_path, GOOD + FEW, **{"m-label": None})
    run_study(study)
    products = write_products(study)
    assert products is not None
    assert [path.name for path in products.written] == ["report.json", "report.txt", "page.html"]
    assert "no picture: no model has both outcome accuracy and rationale consistency" in products.notes


def test_without_matplotlib_there_is_no_picture_and_a_note_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an optional extra."""
    study = study_of(tmp_path, GOOD + FEW)
    run_study(study)
    importing = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "metajudge.reports.plots" and rest[2] and "models" in rest[2]:
            raise ImportError("No module named 'matplotlib'")
        return importing(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    products = write_products(study)
    assert products is not None and any("it needs matplotlib" in note for note in products.notes)


def test_a_model_that_the_file_no_longer_names_is_not_in_the_report(tmp_path: Path) -> None:
    """Its results stay in the folder."""
    both = GOOD + '[[models]]\nname = "n"\n' + FEW
    run_study(study_of(tmp_path, both, models=("m", "n")))
    study = study_of(tmp_path, GOOD + FEW, models=("m", "n"))
    products = write_products(study)
    assert products is not None and list(products.report.models) == ["m"]
    rows = json.loads((study.folder / "report.json").read_text())
    assert [row["model"] for row in rows] == ["m"] and len(rows[0]["row_values"]["ids"]) == 30
    assert len(list(study.folder.glob("judges/*/n.jsonl"))) == 1


def test_a_critic_of_another_model_needs_another_name(tmp_path: Path) -> None:
    """The line says so, in place of flags that a study does not have."""
    critic = '[[models]]\nname = "c"\nmodel = "new"\napi_base = "http://127.0.0.1:9/v1"\noutage_timeout = 0.1\n'
    study = study_of(tmp_path, GOOD + critic)
    records = study.folder / "models" / "c" / "critic.jsonl.records"
    records.parent.mkdir(parents=True)
    records.write_text('{"id": "1", "question_id": "2", "judge": {"model": "old"}, "samples": []}\n')
    (end,) = [one for one in run_study(study).ends if one.stage.title == "critic c"]
    assert end.error is not None and end.exit_code == 2
    assert "critic.jsonl is by model old, not new: give this one another name" in str(end.error)
