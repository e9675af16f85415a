"""Setting up: the choice of interpreter and environment, and folders that are never deleted."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from metajudge import bootstrap
from tests.e2e.driver import run
from tests.servers import ROOT


@pytest.fixture
def wanted(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text("# a comment\npytest>=1.0\n\nopenai[aiohttp]>=3.0  # trailing\ntqdm\n")
    return path


HAS = importlib.metadata.version("pytest")


@pytest.mark.parametrize(
    ("line", "fits"),
    [("pytest", True), ("pytest>=1", True), ("pytest[x]>=1.0.0", True), ("pytest>=9999", False),
     (f"pytest=={HAS}", True), ("pytest==1.0", False), ("no-such-package-here", False),
     ("pytest==1.0; python_version < '3'", False)],
)  # fmt: skip
def test_an_interpreter_fits_when_every_bound_holds(tmp_path: Path, line: str, fits: bool) -> None:
    """A line that is not understood does not fit: the installer decides then."""
    path = tmp_path / "r.txt"
    path.write_text(line + "\n")
    assert bootstrap.satisfied([path]) is fits


def test_versions_are_compared_as_numbers() -> None:
    """1.10 is newer than 1.9, and 2.0 equals 2.0.0."""
    assert bootstrap._release("1.10") > bootstrap._release("1.9")
    assert bootstrap._release("2.0.0") == bootstrap._release("2.0") == bootstrap._release("2")
    assert bootstrap._release("1.4rc1") == (1, 4) and bootstrap._release("1.dev3") == (1,)


def test_this_interpreter_is_used_when_it_has_the_packages(tmp_path: Path, wanted: Path) -> None:
    """No environment is made."""
    assert bootstrap.interpreter(tmp_path / "venv", [wanted]) == Path(sys.executable)
    assert not (tmp_path / "venv").exists()


@pytest.fixture
def lacking(tmp_path: Path) -> Path:
    path = tmp_path / "lacking.txt"
    path.write_text("no-such-package-here>=1\n")
    return path


FITS = 'case "$*" in *--check*) exit 0;; esac; exit 9'


def environment(path: Path, script: str, mark: str | None) -> Path:
    """Make a folder that looks like an environment with an interpreter."""
    python = path / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    if mark is not None:
        (path / bootstrap.MARK).write_text(mark + "\n")
    return python


@pytest.mark.parametrize("marked", [True, False])
def test_an_environment_that_fits_is_used(tmp_path: Path, lacking: Path, marked: bool) -> None:
    """Its mark is the hash of the requirement files, or its own interpreter reports that it has the packages."""
    python = environment(tmp_path / "venv", FITS, bootstrap.mark_of([lacking]) if marked else None)
    assert bootstrap.interpreter(tmp_path / "venv", [lacking]) == python


@pytest.mark.parametrize("script", ["exit 1", None])
def test_an_environment_without_our_mark_is_never_deleted(tmp_path: Path, lacking: Path, script: str | None) -> None:
    """One that does not fit, or has no interpreter, ends in a line that says what to do."""
    venv = tmp_path / "venv"
    if script is None:
        venv.mkdir()
    else:
        environment(venv, script, None)
    (venv / "precious").write_text("mine")
    with pytest.raises(bootstrap.SetupError, match=r"was not made by metajudge .*-m pip install -r"):
        bootstrap.interpreter(venv, [lacking])
    assert (venv / "precious").read_text() == "mine"


@pytest.mark.parametrize("mark", [bootstrap.BUILDING, "an old hash", None])
def test_an_environment_of_ours_that_is_not_ready_is_remade(
    tmp_path: Path, lacking: Path, mark: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is half-built, made for other requirements, or broken since."""
    venv = tmp_path / "venv"
    environment(venv, "exit 1", mark or bootstrap.mark_of([lacking]))
    (venv / "left-over").write_text("")
    made: list[list[str]] = []

    def call(command: list[str], failure: str) -> None:
        assert bootstrap.read_mark(venv) == bootstrap.BUILDING
        made.append(command)

    monkeypatch.setattr(bootstrap, "_call", call)
    assert bootstrap.interpreter(venv, [lacking]) == venv / "bin" / "python"
    assert made[0][1:3] == ["-m", "venv"] and made[1][-2:] == ["-r", str(lacking)]
    assert not (venv / "left-over").exists()
    assert bootstrap.read_mark(venv) == bootstrap.mark_of([lacking])
    assert "Setting up" in capsys.readouterr().err


def test_a_failed_installation_leaves_no_ready_mark(
    tmp_path: Path, lacking: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The installer's output is shown, and the next run begins anew."""
    venv = tmp_path / "venv"
    arguments = ["--venv", str(venv), str(lacking)]
    code = f"import sys; from metajudge import bootstrap; sys.exit(bootstrap.main({arguments!r}))"
    result = run("python", "-c", code, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert result.returncode == 2
    assert "no-such-package-here" in result.stderr
    last = result.stderr.splitlines()[-1]
    assert last == "metajudge: error: the packages could not be installed; is the package index reachable?"
    assert bootstrap.read_mark(venv) == bootstrap.BUILDING


def test_a_python_without_venv_gets_one_line(tmp_path: Path, lacking: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line holds the distribution's command."""
    python = environment(tmp_path / "base", "exit 1", None)
    monkeypatch.setattr(sys, "_base_executable", str(python))
    with pytest.raises(
        bootstrap.SetupError, match=r"has no venv module; install it \(Debian, Ubuntu: apt install python3\.\d+-venv"
    ):
        bootstrap.interpreter(tmp_path / "venv", [lacking])
    assert not (tmp_path / "venv").exists()


def run_bootstrap(tmp_path: Path, ready: bool, broken: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a script with an interpreter that lacks a package."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("no-such-package-here\n")
    venv = tmp_path / ".venv"
    if ready:
        script_of_it = f'case "$*" in *--check*) exit {int(broken)};; esac; echo went on with "$@"'
        environment(venv, script_of_it, bootstrap.mark_of([requirements]))
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom metajudge import bootstrap\n"
        f"bootstrap.REQUIREMENTS = Path({str(requirements)!r})\nbootstrap.VENV = Path({str(venv)!r})\n"
        "bootstrap.use_ready_environment()\nprint('not reached')\n"
    )
    return run("python", script, "a b", "--c", cwd=tmp_path)


def test_a_script_without_packages_goes_on_in_the_ready_environment(tmp_path: Path) -> None:
    """The script keeps its arguments."""
    result = run_bootstrap(tmp_path, ready=True)
    assert result.stdout == f"went on with {tmp_path / 'script.py'} a b --c\n" and result.returncode == 0


@pytest.mark.parametrize("broken", [False, True])
def test_a_script_without_packages_or_environment_says_what_to_run(tmp_path: Path, broken: bool) -> None:
    """One line and exit code 2, also if packages were removed from the environment."""
    result = run_bootstrap(tmp_path, ready=broken, broken=broken)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1 and "run 'bash" in result.stderr and "-m pip install -r" in result.stderr


def test_an_installed_package_needs_no_requirements_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only a checkout has the file."""
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", tmp_path / "none.txt")
    bootstrap.use_ready_environment()  # returns: else it would exit
    assert bootstrap.main(["--check", str(ROOT / "requirements.txt")]) == 0


@pytest.mark.parametrize("script", ["metajudge_infer.py", "metajudge_analysis.py"])
def test_a_python_too_old_gets_one_line(script: str) -> None:
    """The line comes before newer syntax is read. A real old Python is used if there is one."""
    versions = Path.home() / ".pyenv" / "versions"
    old = [path for name in ("3.8", "3.9", "3.6") for path in sorted(versions.glob(f"{name}*/bin/python"))]
    code = f"import sys; sys.version_info = (3, 8, 1); sys.argv = [{script!r}]; exec(open({script!r}).read())"
    result = run(old[0], script) if old else run("python", "-c", code)
    assert result.returncode == 2
    assert result.stderr.startswith("metajudge: error: Python 3.11 or newer is needed; this is 3.")
    assert result.stderr.count("\n") == 1
