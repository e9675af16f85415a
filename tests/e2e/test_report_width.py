"""The report and the comparison at a terminal of some width, and without one."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from metajudge.text import columns
from tests.e2e.driver import environment, metajudge
from tests.servers import ROOT
from tests.unit.result_rows import one_item, write


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write two models with long names, as right as each other, one with weaker reasons."""
    folder = tmp_path_factory.mktemp("results")
    for model, score in (("model-low_deceptive_alignment", 0.75), ("model-high_deceptive_alignment", 0.25)):
        rows = [one_item(n, score + n % 2 / 4, model, label="A>B" if n % 5 else "B>A") for n in range(60)]
        write(folder / f"{model}.jsonl", rows)
    return folder


def at_terminal(width: int, *arguments: str | Path) -> str:
    """Run `metajudge …` with stdout at a terminal of this width; return what it prints there."""
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    variables = {name: value for name, value in environment().items() if name != "COLUMNS"}
    words = [sys.executable, "-m", "metajudge", *map(str, arguments)]
    process = subprocess.Popen(words, stdout=its, stderr=subprocess.DEVNULL, env=variables, cwd=ROOT)
    os.close(its)
    read = b""
    while True:
        try:
            part = os.read(mine, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not part:
            break
        read += part
    os.close(mine)
    assert process.wait() == 0
    return read.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("width", "flag"), [(100, "weaker reasons\n"), (200, "weaker reasons than model-low_deceptive_alignment at equal")]
)
def test_the_report_fits_the_terminal(results: Path, width: int, flag: str) -> None:
    """A wide terminal has room for the full wording."""
    out = at_terminal(width, "report", results, "--resamples", "200")
    assert max(map(columns, out.splitlines())) <= width
    table = [line.rstrip() + "\n" for line in out.splitlines()[2:6]]
    assert table[0].split()[-3:] == ["S-Corr", "Fidelity", "Flag"] and flag in table[3]
    assert "This is the figure to cite" in " ".join(out.split()) and "Paper metrics" not in out


@pytest.mark.parametrize("width", [100, 200])
def test_the_comparison_fits_the_terminal(results: Path, width: int) -> None:
    """Two hundred columns hold the full table of these names."""
    out = at_terminal(width, "compare", results, "--resamples", "200")
    assert max(map(columns, out.splitlines())) <= width
    assert ("Detectable" in out) is (width == 200) and ("\nRC    " in out)


def test_without_a_terminal_the_report_has_a_hundred_columns(results: Path) -> None:
    """COLUMNS says otherwise; the tables of --details are as wide as they are."""
    out = {
        name: metajudge("report", results, "--resamples", "200", *more, **variables).stdout
        for name, more, variables in (
            ("pipe", (), {}),
            ("150", (), {"COLUMNS": "150"}),
            ("details", ("--details",), {}),
        )
    }
    widths = {name: max(map(columns, text.splitlines())) for name, text in out.items()}
    assert 80 < widths["pipe"] <= 100 < widths["150"] <= 150 < widths["details"]
    assert out["details"].startswith(out["pipe"].split("\n\nMore: ")[0])
    assert all(title in out["details"] for title in ("\nPaper metrics", "\nOutcome", "\nReference metrics"))


def test_the_first_pages_show_what_the_command_prints() -> None:
    page = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    shown = page.split("```text\nJudge: ")[1].split("```")[0]
    out = metajudge("report", "example/deceptive_60samples/", "--resamples", "1000", COLUMNS="100").stdout
    assert shown in "\n".join(line.rstrip() for line in out.removeprefix("Judge: ").splitlines())


def test_the_page_about_statistics_shows_what_compare_prints() -> None:
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    (command,) = (line for line in page.splitlines() if line.startswith("metajudge compare") and "--baseline" in line)
    shown = page.split("```text\nA: ")[1].split("```")[0]
    out = metajudge(*command.split()[1:], COLUMNS="100").stdout
    assert "\n".join(line.rstrip() for line in out.splitlines()).startswith(f"A: {shown}")
