"""Files of an inference: the format of its input and the result file of each evaluated model."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from metajudge.data import InputFile, InvalidRow, Shard
from metajudge.errors import UsageError
from metajudge.records import check_output_name, matches_path, read_first_judge, shard_path, side_file
from metajudge.tasks.messages import short_hash

MODEL_PLACEHOLDER = "{model}"
# Bytes. A file name may have 255; the user's part and the endings of side files are added.
_LONGEST_NAME = 150
_UNFIT = re.compile(r"[^\w.+-]")


def check_format(source: InputFile, limit: int | None) -> None:
    """Raise `UsageError` if none of the first `limit` lines is a row: the file is no JSONL or no UTF-8."""
    rows = islice(source.rows(), limit)
    first = next(rows, None)
    if isinstance(first, InvalidRow) and all(isinstance(row, InvalidRow) for row in rows):
        raise UsageError(
            f"no line of {source.path} is a row (line {first.line} {first.reason}); the input must be JSON objects in "
            "UTF-8, one per line"
        )


def output_paths(output: str, models: Sequence[str], source: Path, shard: Shard | None = None) -> dict[str, Path]:
    """Return one results file per model: `{model}` replaced, or the model's name as prefix if there are several.

    `shard`: adds its number to the names.
    """
    paths: dict[str, Path] = {}
    if not Path(output).name or output.endswith("/") or Path(output).is_dir():
        raise UsageError(f"`output_file` {output or repr(output)} is a directory; name a file in it")
    check_output_name(Path(output))
    for model in models:
        name = safe_filename(model)
        path = (shard or Shard()).path(Path(output.replace(MODEL_PLACEHOLDER, name)))
        is_shared = MODEL_PLACEHOLDER not in output and len(models) > 1
        paths[model] = path.with_name(f"{name}-{path.name}") if is_shared else path
    taken = [owned.resolve() for path in paths.values() for owned in _side_files(path)]
    if len(set(taken)) < len(taken):
        way_out = "judge them one by one" if MODEL_PLACEHOLDER in output else f"put {MODEL_PLACEHOLDER} into it"
        raise UsageError(f"`output_file` {output} gives two of {', '.join(models)} the same file; {way_out}")
    for path in paths.values():
        for owned in _side_files(path):
            if owned.exists() and source.exists() and owned.samefile(source):
                beside = "" if owned == path else f" writes {owned.name}, too, which"
                raise UsageError(f"`output_file` {path}{beside} is the input file; name another one")
    return paths


def recorded_granularity(outputs: Iterable[Path]) -> str | None:
    """Return the granularity of the outputs' records; None if there are none or they differ in it."""
    judges = [read_first_judge(path) for path in outputs]
    found = {judge.granularity for judge in judges if judge is not None}
    return found.pop() if len(found) == 1 else None


def _side_files(results: Path) -> list[Path]:
    """List every file that a run may write for these results; no other model's results may be one of them."""
    ends = (".journal", ".torn", ".rescued")
    return [results, matches_path(results), shard_path(results), *(side_file(results, end) for end in ends)]


def safe_filename(name: str) -> str:
    """Replace the characters of `name` that do not fit a file name by `_`, and shorten a long one."""
    fit = _UNFIT.sub("_", name)
    if len(fit.encode()) > _LONGEST_NAME:
        fit = f"{fit.encode()[: _LONGEST_NAME - 9].decode('utf-8', 'ignore')}-{short_hash(name)[:8]}"
    return f"_{fit[1:]}" if fit.startswith((".", "-")) else fit
