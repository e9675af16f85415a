"""The names that `import metajudge` gives."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import metajudge


def test_every_public_name_is_there_and_listed_once() -> None:
    """What a type checker reads, what is imported on first use, and `__all__` are the same names."""
    tree = ast.parse(Path(metajudge.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.name for line in block.body if isinstance(line, ast.ImportFrom) for alias in line.names}
    assert (
        typed | {"__version__"} == set(metajudge.__all__) == set(dir(metajudge)) == {*metajudge._ROOM_OF, "__version__"}
    )
    for name in typed:
        assert getattr(metajudge, name).__name__ == name if name != "EMBEDDED" else metajudge.EMBEDDED == "embedded"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = metajudge.nothing  # type: ignore[attr-defined]


def test_a_type_checker_sees_their_types(tmp_path: Path) -> None:
    """A user's strict script is checked: the right call passes, a wrong one does not."""
    (tmp_path / "right.py").write_text(
        "from metajudge import InferConfig, JudgeConfig, infer, reference_metrics\n"
        "config: JudgeConfig = JudgeConfig(model='m')\n"
        "recall: float = reference_metrics([], n_human=1, n_model=1).recall\n"
        "run = infer\n"
    )
    (tmp_path / "wrong.py").write_text("from metajudge import JudgeConfig\nJudgeConfig(modell='m')\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental"]
    right, wrong = (
        subprocess.run([*command, name], cwd=tmp_path, capture_output=True, text=True, check=False, env=_PATH)
        for name in ("right.py", "wrong.py")
    )
    assert right.returncode == 0, right.stdout
    assert wrong.returncode == 1 and "modell" in wrong.stdout


_PATH = {"PATH": "/usr/bin:/bin", "MYPYPATH": str(Path(metajudge.__file__).parents[1])}
