"""Result files: their evaluated model, and those of a directory that are analysed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.data import (
    CHECKLIST_SUFFIX,
    HUMAN_KEY,
    METADATA_KEY,
    InputFile,
    InvalidRow,
    Row,
    UnreadableForm,
    check_spelling,
    evaluated_models,
)
from metajudge.errors import UsageError
from metajudge.records.record import Record

_CHECKLISTS = (CHECKLIST_SUFFIX, CHECKLIST_SUFFIX.replace("-", "_"))
_RECORD_KEYS = frozenset({"samples", "metadata", "status", "extraction_result"})
FLAWS_STEP = "flaws"
"""Name of the step in the stamp of a row with flaws of reasons."""
_ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")

Paths = str | Path | Sequence[str | Path]
"""A path, or several."""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result file to be read, with its first readable record."""

    path: Path
    model: str
    """The evaluated model."""
    first: Mapping[str, Any]
    source: InputFile


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file of a directory that holds no results."""

    path: Path
    reason: str


def read_first(path: Path, parameter: str = "") -> tuple[Mapping[str, Any] | None, InputFile]:
    """Return the first readable record of a file, if any, and the file; `parameter` as in `InputFile`."""
    source = InputFile(path, parameter)
    return next((row.data for row in source.rows() if isinstance(row, Row)), None), source


def guess_kind(record: Mapping[str, Any]) -> str:
    """Name the kind of a record that has no `samples`; empty if it may be a result."""
    if "samples" in record:
        return ""
    if "matched_human_item" in record:
        return "per-item matches"
    if {"arm", "seed", "step"} <= record.keys():
        return "the steps of a training run"
    # A row, too, may have a field "metadata"; a record has the lists in it, never beside it.
    if "response1" in record or any(key.lower().endswith(_CHECKLISTS) for key in record):
        return "input rows"
    return ""


def file_model(path: Path, first: Mapping[str, Any], asked: str | None) -> str:
    """Return the evaluated model of a result file whose first readable record is `first`; `asked` by the user."""
    own = first.get("model_be_evaluated")
    if isinstance(own, str) and own:
        if asked and asked.lower() != own.lower():
            raise UsageError(f"`model_be_evaluated` {asked}: {path} holds results of {own}; leave the flag out")
        return own
    if asked:
        return asked
    candidates = candidates_in(first)
    named = [name for name in candidates if path.name.lower().startswith(name.lower())]
    if len(candidates) == 1:
        return candidates[0]
    if named:
        return max(named, key=len)
    there, remedy = "its metadata has no checklist", "remove that record"
    if candidates:
        there = f"its metadata has checklists of {', '.join(candidates)}"
        remedy = "let the file's name begin with the model's"
    raise UsageError(
        f"{path} does not say which model was evaluated ({there}); {remedy}, or, for the analysis and show, "
        f"name it with `model_be_evaluated`"
    )


def candidates_in(first: Mapping[str, Any]) -> list[str]:
    """Return the models that have a checklist in a record's metadata."""
    metadata = first.get("metadata")
    return evaluated_models(metadata) if isinstance(metadata, dict) else []


def open_results(path: Path, asked: str | None, parameter: str = "") -> ResultFile:
    """Open the result file of the evaluated model `asked`; raise `UsageError` if `path` holds no results."""
    first, source = read_first(path, parameter)
    first = check_results(path, first, source)
    return ResultFile(path, file_model(path, first, asked), first, source)


def check_results(path: Path, first: Mapping[str, Any] | None, source: InputFile) -> Mapping[str, Any]:
    """Return the first readable record from `read_first`; raise `UsageError` if there is none or it is no result."""
    if first is None:
        bad = (f": line {row.line} {row.reason}" for row in source.rows() if isinstance(row, InvalidRow))
        wrong = next(bad, "; it is empty")
        raise UsageError(f"{path} has no readable record{wrong}; name a file that the inference has written")
    kind = guess_kind(first)
    if kind == "input rows":
        raise UsageError(f"{path} holds input rows, no results; {_next_step(path, first)}")
    if kind == "per-item matches":
        raise UsageError(f"{path} holds {kind}; name the result file beside it, whose name lacks .matches")
    if kind:
        raise UsageError(f"{path} holds {kind}, no results; draw them with: python3 -m metajudge plot-training {path}")
    if not _RECORD_KEYS & first.keys():
        raise UsageError(
            f"{path} holds no results (its first line has: {', '.join(first) or 'nothing'}); "
            "if these are input rows, judge them first: python3 -m metajudge infer"
        )
    return first


def _next_step(path: Path, row: Mapping[str, Any]) -> str:
    """Name the next command for input rows like this one."""
    try:
        check_spelling(InputFile(path))
    except UsageError as error:
        return str(error).removeprefix(f"{path} ")
    files = f"--input-file {path} --output-file"
    if not any(key.lower() == HUMAN_KEY for key in row):
        return f"they lack {HUMAN_KEY}, make it first: python3 -m metajudge decompose {files} rows.jsonl"
    if not evaluated_models(dict(row)):
        return (
            f"they lack a model's checklist, make it first: python3 -m metajudge critic {files} rows.jsonl --name MODEL"
        )
    first = f"judge them first: python3 -m metajudge infer {files} results.jsonl --model-be-evaluated all"
    labelled = any(key.lower().endswith("-label") for key in row)
    return first + (f"; their labels alone: python3 -m metajudge report {path} --metrics outcome" if labelled else "")


def open_directory(directory: Path, asked: str | None, eval_model: str | None) -> Iterator[ResultFile | SkippedFile]:
    """Yield the result files of `directory` of the models `asked` and of the judge `eval_model`, and skipped ones.

    Raises `UsageError` if there is nothing to analyse.
    """
    selected = 0
    models: dict[str, str] = {}
    for path in _jsonl_files(directory, "`input_dir` "):
        try:
            first, source = read_first(path)
        except UnreadableForm as error:
            yield SkippedFile(path, error.reason)
            continue
        if first is None or "samples" not in first:
            yield SkippedFile(path, _why_skipped(first))
            continue
        model = _selected_model(path, first, asked)
        judged = not eval_model or eval_model in path.name or Record.from_json(first).judge_model == eval_model
        if model is None or not judged:
            models.update({name.lower(): name for name in _owners(path, first)})
            continue
        selected += 1
        yield ResultFile(path, model, first, source)
    if not selected:
        raise UsageError(_nothing_selected(directory, asked, eval_model, list(models.values())))


def result_paths(paths: Paths) -> list[Path]:
    """Return `paths` with each directory replaced by its result files. Raises `UsageError` if it has none."""
    found: list[Path] = []
    for path in map(Path, [paths] if isinstance(paths, str | Path) else paths):
        inside = [path]
        if path.is_dir():
            inside = [file for file in _jsonl_files(path) if _holds_results(file)]
        if not inside:
            raise UsageError(f"{path} has no result file; name the directory that the inference has written to")
        found += [file for file in inside if file not in found]
    return found


def split_controls(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the files of ordinary records, and those of control records, by the first record of each."""
    controls = [path for path in paths if path.is_file() and control_kind(read_first(path)[0])]
    return [path for path in paths if path not in controls], controls


def control_kind(record: Mapping[str, Any] | None) -> str:
    """Return the kind of control of a record; empty for an ordinary one."""
    judge = (record or {}).get("judge")
    kind = judge.get("control") if isinstance(judge, dict) else None
    return kind if isinstance(kind, str) else ""


def split_flaws(paths: Paths) -> tuple[list[Path], list[Path]]:
    """Return `paths` without files that `flaws` has written, and these files, also those in the directories.

    A directory that has such files but no result file is left out of the former.
    """
    rest: list[Path] = []
    flaws: list[Path] = []
    for path in map(Path, [paths] if isinstance(paths, str | Path) else paths):
        if path.is_dir():
            inside = _jsonl_files(path)
            found = [file for file in inside if _holds_flaws(file)]
            flaws += found
            rest += [path] if not found or any(map(_holds_results, inside)) else []
        else:
            (flaws if path.is_file() and _holds_flaws(path) else rest).append(path)
    return list(dict.fromkeys(rest)), list(dict.fromkeys(flaws))


def flaw_stamps(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the stamps that `flaws` has left in a row, the latest first: one for each evaluated model."""
    found: list[Mapping[str, Any]] = []
    stamp = row.get(METADATA_KEY)
    while isinstance(stamp, dict):
        if stamp.get("step") == FLAWS_STEP:
            found.append(stamp)
        stamp = stamp.get("earlier")
    return found


def _holds_flaws(path: Path) -> bool:
    try:
        source = InputFile(path, "")
    except UsageError:
        return False  # whoever reads the file says what is wrong with it
    first = next((row.data for row in source.rows() if isinstance(row, Row)), None)
    return first is not None and "samples" not in first and bool(flaw_stamps(first))


def _holds_results(path: Path) -> bool:
    try:
        return "samples" in (read_first(path)[0] or {})
    except UnreadableForm:
        return False


def _jsonl_files(directory: Path, named: str = "") -> list[Path]:
    if not directory.exists():
        raise UsageError(f"{named}{directory} does not exist (looked in {Path.cwd()}); check the path")
    if not directory.is_dir():
        raise UsageError(f"{named}{directory} is no directory; name a single file with `input_file`")
    try:
        paths = sorted(path for path in directory.iterdir() if path.name.endswith(_ENDINGS) and path.is_file())
    except OSError as error:
        raise UsageError(f"{named}{directory} cannot be read: {error.strerror}; check its permissions") from None
    if not paths:
        raise UsageError(
            f"{named}{directory} has no *.jsonl file, nor *.jsonl.gz or *.parquet (folders in it are not searched)"
        )
    return paths


def _why_skipped(first: Mapping[str, Any] | None) -> str:
    if first is None:
        return "no readable line"
    kind = guess_kind(first)
    return f"{kind}, no results" if kind else "no results, its first record has no samples"


def _selected_model(path: Path, first: Mapping[str, Any], asked: str | None) -> str | None:
    """Return the evaluated model of a directory's file, None if others are asked for."""
    if not asked:
        return file_model(path, first, None)
    wanted = [name.strip().lower() for name in asked.split(",")]
    return next((name for name in _owners(path, first) if name.lower() in wanted), None)


def _owners(path: Path, first: Mapping[str, Any]) -> list[str]:
    """Return the model of a file, or every candidate if neither its record nor its name decides."""
    try:
        return [file_model(path, first, None)]
    except UsageError:
        return candidates_in(first)


def _nothing_selected(directory: Path, asked: str | None, eval_model: str | None, models: list[str]) -> str:
    if not models:
        return f"`input_dir` {directory} has no result file; name the directory that the inference has written to"
    wanted = [f"`model_be_evaluated` {asked}"] if asked else []
    wanted += [f"`eval_model` {eval_model}"] if eval_model else []
    there = ", ".join(models)
    return f"`input_dir` {directory} has no result file for {' '.join(wanted)} (there are results of {there})"
