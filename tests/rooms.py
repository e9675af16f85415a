"""Import graph of the package by room: `python -m tests.rooms [--prove]`.

Prints each room, the highest first, with the rooms that it imports; exits 1 where an import points upward or sideways.
The order is the `layers` contract of `pyproject.toml`. `--prove` breaks a copy of the package on purpose and exits 1
where `lint-imports` does not refuse that.
"""

import ast
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "metajudge"


def layers() -> list[list[str]]:
    """Return the rooms by layer, the highest first. Rooms of one layer do not import each other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    return [[room.strip() for room in layer.split("|")] for layer in contract["layers"]]


def imported(path: Path) -> Iterator[str]:
    """Yield the names of the modules that a file of the package imports, at any place."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "metajudge":
            yield from (f"metajudge.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def graph(rooms: list[str]) -> dict[str, set[str]]:
    """Return the other rooms that each room imports."""
    found: dict[str, set[str]] = {}
    for room in rooms:
        names = {name for path in (PACKAGE / room).rglob("*.py") for name in imported(path)}
        parts = {tuple(name.split(".")[:2]) for name in names}
        found[room] = {other for other in rooms if other != room and ("metajudge", other) in parts}
    return found


def show() -> int:
    """Print the ladder. Return 1 if an import does not point to a lower layer."""
    ladder = layers()
    height = {room: -number for number, layer in enumerate(ladder) for room in layer}
    held = True
    for room, others in graph(list(height)).items():
        ordered = sorted(others, key=lambda other: -height[other])
        wrong = [other for other in ordered if height[other] >= height[room]]
        print(f"{room:12} -> {' '.join(ordered) or '-'}{f'   NOT ALLOWED: {wrong}' if wrong else ''}")
        held = held and not wrong
    return 0 if held else 1


def prove() -> int:
    """Let the lowest room import the highest one in a copy. Return 1 unless `lint-imports` refuses that import."""
    highest, lowest = layers()[0][0], layers()[-1][0]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(PACKAGE, Path(folder, "metajudge"), ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        with Path(folder, "metajudge", lowest, "__init__.py").open("a", encoding="utf-8") as file:
            file.write(f"\nimport metajudge.{highest}\n")
        lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
        found = subprocess.run(lint, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode and f"metajudge.{lowest} -> metajudge.{highest}" in found.stdout:
        print(f"an import of {highest} in {lowest} is refused")
        return 0
    print(found.stdout)
    return 1


if __name__ == "__main__":
    sys.exit(prove() if "--prove" in sys.argv[1:] else show())
