"""Sets up what the toolkit needs, with nothing but the standard library.

`python -m metajudge.bootstrap` prints the interpreter to use: this one when it has the packages, else the one of
`.venv` beside the README, which is made or remade when needed. The mark file `.venv/.metajudge` holds `building`,
then the hash of the requirement files: an environment without our mark is used if it fits and never deleted.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements.txt"
VENV = ROOT / ".venv"
MARK = ".metajudge"
BUILDING = "building"
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(?:([>=])=\s*([0-9.]+))?\s*(?:#.*)?$")


class SetupError(Exception):
    """The user must change something first. The message is one line."""


def satisfied(files: Sequence[Path]) -> bool:
    """Return whether this interpreter has every package of the requirement files, in an allowed version."""
    lines = (line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines())
    return all(_has(line) for line in lines if line and not line.startswith("#"))


def _has(requirement: str) -> bool:
    match = _REQUIREMENT.match(requirement)
    if match is None:
        return False
    try:
        installed = _release(importlib.metadata.version(match[1]))
    except importlib.metadata.PackageNotFoundError:
        return False
    wanted = _release(match[3] or "0")
    return installed == wanted if match[2] == "=" else installed >= wanted


def _release(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version without zeros at the end: 1.10.0rc1 is (1, 10)."""
    numbers = [int(number) for number in re.split(r"[^\d.]", version)[0].split(".") if number]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def mark_of(files: Sequence[Path]) -> str:
    """Return the hash that a ready environment for these files carries."""
    return hashlib.sha256(b"".join(file.read_bytes() + b"\0" for file in files)).hexdigest()


def read_mark(venv: Path) -> str | None:
    """Read our mark; None where it is missing."""
    try:
        return (venv / MARK).read_text(encoding="utf-8").strip()
    except OSError:
        return None


def python_of(venv: Path) -> Path:
    """Return the environment's interpreter."""
    return venv / "bin" / "python"


def is_ready(venv: Path, files: Sequence[Path]) -> bool:
    """Return whether `venv` is ours, whole, and made for these files."""
    return read_mark(venv) == mark_of(files) and python_of(venv).exists()


def interpreter(venv: Path, files: Sequence[Path], no_deps: Sequence[Path] = ()) -> Path:
    """Return the interpreter to use; makes or remakes `venv` when needed. Raises `SetupError`."""
    every = [*files, *no_deps]
    if not no_deps and satisfied(files):
        return Path(sys.executable)
    if is_ready(venv, every) and _fits(python_of(venv), every):  # packages may have been removed from it
        return python_of(venv)
    if venv.exists() and read_mark(venv) is None:
        if _fits(python_of(venv), every):
            return python_of(venv)
        raise SetupError(
            f"{venv} was not made by metajudge and lacks the packages of {files[0].name}; "
            f"run: {python_of(venv)} -m pip install -r {files[0]}   (or move {venv.name} away)"
        )
    _make(venv, files, no_deps)
    return python_of(venv)


def _fits(python: Path, files: Sequence[Path]) -> bool:
    command = [str(python), str(Path(__file__)), "--check", *map(str, files)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _make(venv: Path, files: Sequence[Path], no_deps: Sequence[Path]) -> None:
    base = getattr(sys, "_base_executable", None) or sys.executable
    if subprocess.run([base, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode:
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise SetupError(f"{base} has no venv module; install it (Debian, Ubuntu: apt install {name}; or set PYTHON)")
    print(f"Setting up {venv} (once, about a minute) …", file=sys.stderr, flush=True)
    shutil.rmtree(venv, ignore_errors=True)
    venv.mkdir(parents=True)
    (venv / MARK).write_text(BUILDING, encoding="utf-8")
    _call([base, "-m", "venv", str(venv)], f"{base} could not make {venv}")
    pip = [str(python_of(venv)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for flags, group in (([], files), (["--no-deps"], no_deps)):
        wanted = [part for file in group for part in ("-r", str(file))]
        if wanted:
            _call([*pip, *flags, *wanted], "the packages could not be installed; is the package index reachable?")
    (venv / MARK).write_text(mark_of([*files, *no_deps]), encoding="utf-8")


def _call(command: Sequence[str], failure: str) -> None:
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode:
        sys.stderr.write(result.stdout)
        raise SetupError(failure)


def use_ready_environment() -> None:
    """Continue in the ready `.venv` when this interpreter lacks the packages; exit with 2 if there is none."""
    if not REQUIREMENTS.exists() or satisfied([REQUIREMENTS]):
        return  # installed as a package, or nothing is missing
    here = Path(sys.prefix).resolve() == VENV.resolve()
    if is_ready(VENV, [REQUIREMENTS]) and not here and _fits(python_of(VENV), [REQUIREMENTS]):
        python = str(python_of(VENV))
        os.execv(python, [python, *sys.orig_argv[1:]])
    sys.stderr.write(
        f"metajudge: error: {sys.executable} lacks the packages of {REQUIREMENTS.name}; "
        f"run 'bash {ROOT / 'metajudge_infer.sh'}' once (it sets up .venv), or: "
        f"{sys.executable} -m pip install -r {REQUIREMENTS}\n"
    )
    sys.exit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the interpreter to use; with `--check`, exit with 0 if this one fits, else 1."""
    parser = argparse.ArgumentParser(prog="python -m metajudge.bootstrap", description=main.__doc__)
    parser.add_argument("--venv", type=Path, default=VENV, help="the environment's folder")
    parser.add_argument(
        "--no-deps", type=Path, action="append", default=[], help="requirement files without dependencies"
    )
    parser.add_argument("--check", action="store_true", help="exit 0 if this interpreter has the packages, else 1")
    parser.add_argument("files", nargs="*", type=Path, help="requirement files")
    args = parser.parse_args(argv)
    files = args.files or [REQUIREMENTS]
    if args.check:
        return 0 if satisfied(files) else 1
    try:
        print(interpreter(args.venv, files, args.no_deps))
    except SetupError as error:
        print(f"metajudge: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
