"""`metajudge init` gives an installed package something to try."""

import os
import sys
from pathlib import Path

import pytest

from metajudge.cli import main
from tests.e2e.driver import run

EXAMPLE = Path(__file__).parents[3] / "example" / "infer_input_10samples.jsonl"


def test_the_quick_start_prints_the_table_of_the_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its two lines run with nothing but the command."""
    assert main(["init", str(tmp_path / "new" / "folder")]) == 0
    assert capsys.readouterr().out.endswith(f"\n\ncd {tmp_path}/new/folder\nbash quickstart.sh\n")
    assert (tmp_path / "new" / "folder" / "rows.jsonl").read_bytes() == EXAMPLE.read_bytes()
    command = tmp_path / "metajudge"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m metajudge "$@"\n')
    command.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(EXAMPLE.parents[1])}
    ran = run("bash", "quickstart.sh", cwd=tmp_path / "new" / "folder", **path)
    assert ran.returncode == 0, ran.stderr
    assert "model-low_deceptive_alignment                 0.3100       0.3708       0.3343 " in ran.stdout


@pytest.mark.parametrize("name", ["rows.jsonl", "quickstart.sh"])
def test_an_existing_file_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Nothing is written beside it."""
    (tmp_path / name).write_text("mine")
    assert main(["init", str(tmp_path)]) == 2
    assert f"{tmp_path / name} exists already; name another directory" in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
