"""Picture of classes and flaws: what is drawn, and the command."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from metajudge.reports.flaws.figures import flaw_figures
from metajudge.reports.flaws.tables import read_flaw_tables
from metajudge.reports.plots.flaws import draw
from tests.unit.reports.flaws.files import flaw_file
from tests.unit.result_rows import Run

ROWS = [["EG", "EG F4", "CG F4", "GS F1 F4"]] * 12


def figure(*paths: Path) -> Figure:
    made = draw(flaw_figures(read_flaw_tables(paths)).models)
    FigureCanvasAgg(made).draw()
    return made


def test_bars_are_the_classes_and_marks_the_flaws(tmp_path: Path) -> None:
    """Two models; the bars of one model add up to 1, with what is unread."""
    other = [["EG", "?EG", "GS", "GS ?F4"]] * 12
    files = [flaw_file(tmp_path / "m.jsonl", ROWS), flaw_file(tmp_path / "n.jsonl", other, "N")]
    upper, lower = figure(*files).axes
    widths = [[bar.get_width() for bar in bars] for bars in upper.containers]
    assert widths == [[0.5, 0.25], [0.25, 0.0], [0.25, 0.5], [0.0, 0.25]]
    assert [label.get_text() for label in upper.get_yticklabels()] == ["M", "N"]
    assert [label.get_text().split()[0] for label in lower.get_yticklabels()] == [f"F{n}" for n in range(1, 8)]
    marks = {
        marker: [
            round(float(np.asarray(line.get_xdata())[0]), 3) for line in lower.lines if line.get_marker() == marker
        ]
        for marker in "os"
    }
    assert marks == {"o": [0.25, 0, 0, 0.75, 0, 0, 0], "s": [0, 0, 0, 0.125, 0, 0, 0]}


def test_the_figures_are_in_words_and_names_stay_inside(tmp_path: Path) -> None:
    """For those who cannot see the picture; long names are broken."""
    name = "a-model-with-a-very-long-name-that-goes-on-and-on-and-on"
    made = figure(*(flaw_file(tmp_path / f"{n}.jsonl", ROWS, f"{name}-{n}") for n in range(12)))
    assert f"{name}-0: EG 0.500, CG 0.250" in str(made.get_label())
    width, height = made.canvas.get_width_height()
    for axes in made.axes:
        box = axes.get_tightbbox()
        assert box is not None and box.x0 >= 0 and box.x1 <= width + 1 and box.y0 >= 0 and box.y1 <= height


def test_the_command_draws_the_files_of_a_directory(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The word flaws comes first; without a name the picture has its own."""
    monkeypatch.chdir(tmp_path)
    flaw_file(tmp_path / "m.jsonl", ROWS)
    code, _, err = run("plot", "flaws", tmp_path, "--title", "Kinds")
    assert code == 0 and "flaws_compare.png written" in err
    assert (tmp_path / "flaws_compare.png").read_bytes().startswith(b"\x89PNG")
    code, _, _ = run("plot", "flaws", "m.jsonl", "--output-file", "x.svg", "--theme", "dark")
    assert code == 0 and "Classes and flaws of reasons" in (tmp_path / "x.svg").read_text()


def test_judges_are_not_mixed_in_a_picture(tmp_path: Path, run: Run) -> None:
    """Shares of two judges cannot be compared; one can be chosen."""
    files = [flaw_file(tmp_path / f"{judge}.jsonl", ROWS, judge=judge) for judge in ("one", "two")]
    output = ("--output-file", tmp_path / "x.png")
    code, _, err = run("plot", "flaws", *files, *output)
    assert code == 2 and "flaws by several judges or prompts (one, two)" in err
    assert run("plot", "flaws", *files, *output, "--eval-model", "two")[0] == 0
    assert run("plot", "flaws", *files, *output, "--eval-model", "three")[0] == 1
    code, _, err = run("plot", "flaws", *files, *output, "--oa-zone", "0.5")
    assert code == 2 and "plot flaws has no groups and zones" in err
