"""A user's script outside the checkout: the type checker sees the public names, and the script runs."""

import shutil
from pathlib import Path

import pytest

from metajudge.version import __version__
from tests.e2e.driver import run
from tests.servers import ROOT

pytestmark = pytest.mark.slow


def test_a_script_with_every_public_name_passes_mypy_and_runs(tmp_path: Path) -> None:
    """mypy takes the folders of PYTHONPATH for installed packages: without `py.typed` it would see no types."""
    packages, project = tmp_path / "packages", tmp_path / "project"
    shutil.copytree(ROOT / "metajudge", packages / "metajudge", ignore=shutil.ignore_patterns("__pycache__"))
    project.mkdir()
    script = shutil.copy(ROOT / "tests" / "typed_use.py", project)
    checked = run("python", "-m", "mypy", "--strict", script, cwd=project, timeout=300, PYTHONPATH=str(packages))
    assert checked.stdout == "Success: no issues found in 1 source file\n", checked.stdout + checked.stderr
    ended = run("python", script, project, cwd=project, PYTHONPATH=str(packages))
    assert ended.returncode == 0 and ended.stdout == f"{__version__} 0.5\n", ended.stderr
