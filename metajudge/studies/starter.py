"""A study to start from: a commented file and the example rows."""

import importlib.resources
from pathlib import Path

from metajudge.errors import UsageError


def write_starter(file: Path) -> Path:
    """Write a study's file, and the example rows beside it; return the path of the rows.

    Raises `UsageError` if one of them exists.
    """
    rows = file.parent / "rows.jsonl"
    if file.suffix.lower() != ".toml":
        raise UsageError(f"{file}: the name must end in .toml, as in study.toml")
    for path in (file, rows):
        if path.exists():
            raise UsageError(f"{path} exists already; name a file in another directory")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        rows.write_bytes(_resource("metajudge.data", "example_rows.jsonl"))
        file.write_bytes(_resource("metajudge.studies", "assets", "study.toml"))
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}; name another directory") from None
    return rows


def _resource(package: str, *parts: str) -> bytes:
    return importlib.resources.files(package).joinpath(*parts).read_bytes()
