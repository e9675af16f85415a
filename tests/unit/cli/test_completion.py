"""Completion by the shell, made by shtab."""

import subprocess
import sys
from pathlib import Path

import pytest

from metajudge.cli import COMMANDS

WORDS = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
_shtab_metajudge
echo "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the script as the documents say."""
    path = tmp_path_factory.mktemp("completion") / "metajudge"
    command = [sys.executable, "-m", "shtab", "--shell", "bash", "metajudge.cli.completion.parser"]
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    return path


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["inf"], "infer"),
        ([""], " ".join(COMMANDS)),
        (["infer", "--granu"], "--granularity"),
        (["infer", "--granularity", "i"], "item"),
        (["infer", "--input-file", "rows"], "rows.jsonl"),
        (["dedupe", "rows"], "rows.jsonl"),
    ],
)
def test_bash_completes_commands_flags_choices_and_files(script: Path, words: list[str], completed: str) -> None:
    """The last word is the one that Tab was pressed behind."""
    (script.parent / "rows.jsonl").touch()
    command = ["bash", "-c", WORDS, "bash", str(script), "metajudge", *words]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=script.parent).stdout
    assert set(completed.split()) <= set(shown.split())
    assert len(shown.split()) <= len(completed.split()) + 2  # "-h --help" beside the commands
