"""The quick start as a notebook, executed by a kernel."""

import json
import shutil
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.servers import ROOT, unmeasured

NOTEBOOK = ROOT / "example" / "quickstart.ipynb"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Return the outputs of each cell by its id; an error in a cell fails the test."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copy(ROOT / "example" / "infer_input_10samples.jsonl", folder)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**unmeasured(), "PYTHONPATH": str(ROOT)})
    return {cell["id"]: cell.get("outputs", []) for cell in notebook.cells}


def result(outputs: list[Any], kind: str = "text/plain") -> str:
    """Return the value that a cell shows."""
    (one,) = (output["data"][kind] for output in outputs if output["output_type"] == "execute_result")
    return str(one)


def printed(outputs: list[Any]) -> str:
    return "".join(output["text"] for output in outputs if output.get("name") == "stdout")


def test_the_notebook_is_stored_without_outputs() -> None:
    """Stored ones could be those of another version."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells if cell.cell_type == "code")


def test_inference_runs_under_the_notebooks_loop_with_its_bar(outputs: dict[str, list[Any]]) -> None:
    """Both models are judged; the bar is a widget, no line of text."""
    assert printed(outputs["infer"]).startswith("20 judged, 0 empty, 0 failed, 0 unusable, 0 resumed; 100 requests, ")
    kinds = {kind for output in outputs["infer"] for kind in output.get("data", ())}
    assert "application/vnd.jupyter.widget-view+json" in kinds
    errors = [output["text"] for output in outputs["infer"] if output.get("name") == "stderr"]
    assert [text.partition(",")[0] for text in errors] == ["judge: embedded"]


def test_report_and_scores_are_shown_and_agree(outputs: dict[str, list[Any]]) -> None:
    """The mean of the rows' figures is the report's; both have their own look."""
    shown = result(outputs["report"], "text/html")
    assert shown.startswith("<pre>") and "model-low_deceptive_alignment" in shown
    figures = json.loads(result(outputs["figures"]).replace("'", '"'))
    assert set(figures) == {"model-low_deceptive_alignment", "model-high_deceptive_alignment"}
    assert all(f" {figure:.2f}".replace("0.", ".") in shown for figure in figures.values())
    assert result(outputs["scores"], "text/html").count("<tr>") == 21


def test_one_pair_of_lists_is_matched(outputs: dict[str, list[Any]]) -> None:
    """The four human items by the five reasons of the first row."""
    scores, matching, rc = eval(result(outputs["match"]), {"Match": lambda **fields: fields})
    assert [len(row) for row in scores] == [5] * 4
    assert rc == sum(pair["score"] for pair in matching) / 4 > 0
