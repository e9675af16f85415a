"""Which evaluated models an inference judges, and into which files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from metajudge.data import InputFile, InvalidRow
from metajudge.errors import UsageError
from metajudge.records import matches_path, side_file

MODEL_PLACEHOLDER = "{model}"
# Bytes; a folder's entry may have 255, and the user's part and the side files' endings come behind.
_LONGEST_NAME = 150
_UNFIT = re.compile(r"[^\w.+-]")


def check_format(source: InputFile, limit: int | None) -> None:
    """Raise `UsageError` where the first `limit` lines are there and none is a row: it is no JSONL, or no UTF-8."""
    first: InvalidRow | None = None
    for row in islice(source.rows(), limit):
        if not isinstance(row, InvalidRow):
            return
        first = first or row
    if first is not None:
        raise UsageError(
            f"no line of {source.path} is a row (line {first.line} {first.reason}); it takes JSON objects in UTF-8, "
            "one a line"
        )


def output_paths(output: str, models: Sequence[str], source: Path) -> dict[str, Path]:
    """One results file a model: `{model}` replaced, else the name in front of the file's when there are several."""
    paths: dict[str, Path] = {}
    if not Path(output).name or output.endswith("/") or Path(output).is_dir():
        raise UsageError(f"--output-file {output or repr(output)} is a directory; name a file in it")
    for model in models:
        name = safe_filename(model)
        if MODEL_PLACEHOLDER in output:
            paths[model] = Path(output.replace(MODEL_PLACEHOLDER, name))
        else:
            path = Path(output)
            paths[model] = path if len(models) == 1 else path.with_name(f"{name}-{path.name}")
    taken = [owned.resolve() for path in paths.values() for owned in _side_files(path)]
    if len(set(taken)) < len(taken):
        way_out = "judge them one by one" if MODEL_PLACEHOLDER in output else f"put {MODEL_PLACEHOLDER} into it"
        raise UsageError(f"--output-file {output} gives two of {', '.join(models)} the same file; {way_out}")
    for path in paths.values():
        for owned in _side_files(path):
            if owned.exists() and source.exists() and owned.samefile(source):
                beside = "" if owned == path else f" writes {owned.name}, too, which"
                raise UsageError(f"--output-file {path}{beside} is the input file; name another one")
    return paths


def _side_files(results: Path) -> list[Path]:
    """Every file that a run may write for these results: another model's results must be none of them."""
    return [results, matches_path(results), *(side_file(results, end) for end in (".journal", ".torn", ".rescued"))]


def safe_filename(name: str) -> str:
    """`name` with the characters that do not fit a file name replaced by `_`, cut where it is too long for one."""
    fit = _UNFIT.sub("_", name)
    if len(fit.encode()) > _LONGEST_NAME:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        fit = f"{fit.encode()[: _LONGEST_NAME - 9].decode('utf-8', 'ignore')}-{digest}"
    return f"_{fit[1:]}" if fit.startswith((".", "-")) else fit
