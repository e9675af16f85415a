"""Which result files are analysed, and which evaluated model each is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.data import HUMAN_KEY, InputFile, InvalidRow, Row, evaluated_models
from metajudge.errors import UsageError
from metajudge.records.record import Record


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result file: what its first readable record says, and its lines."""

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


def read_first(path: Path, named: str = "") -> tuple[Mapping[str, Any] | None, InputFile]:
    """The first readable record of a file (None if there is none), and the file, to be read from its start.

    `named` stands before the path in messages: the flag by which the user named it, if any.
    """
    source = InputFile(path, named)
    first = next((row.data for row in source.rows() if isinstance(row, Row)), None)
    return first, source


def guess_kind(record: Mapping[str, Any]) -> str:
    """What a record that has no `samples` seems to be; empty where it may yet be a result."""
    if "samples" in record:
        return ""
    if "matched_human_item" in record:
        return "per-item matches"
    if {"arm", "seed", "step"} <= record.keys():
        return "the steps of a training run"
    if "metadata" not in record and ("response1" in record or any(key.lower() == HUMAN_KEY for key in record)):
        return "input rows"
    return ""


def file_model(path: Path, first: Mapping[str, Any], flag: str | None) -> str:
    """The evaluated model of a result file whose first readable record is `first`; `flag`: the user's word for it."""
    own = first.get("model_be_evaluated")
    if isinstance(own, str) and own:
        if flag and flag.lower() != own.lower():
            raise UsageError(f"--model-be-evaluated {flag}: {path} holds results of {own}; leave the flag out")
        return own
    if flag:
        return flag
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
        f"name it with --model-be-evaluated"
    )


def candidates_in(first: Mapping[str, Any]) -> list[str]:
    """The models that have a checklist in a record's metadata."""
    metadata = first.get("metadata")
    return evaluated_models(metadata) if isinstance(metadata, dict) else []


def open_results(path: Path, flag: str | None, named: str = "") -> ResultFile:
    """Open the one result file that the user named; raise `UsageError` where it is something else."""
    first, source = read_first(path, named)
    first = check_results(path, first, source)
    return ResultFile(path, file_model(path, first, flag), first, source)


def check_results(path: Path, first: Mapping[str, Any] | None, source: InputFile) -> Mapping[str, Any]:
    """The first readable record, as `read_first` gave it; raise `UsageError` where there is none or it is no result."""
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
        raise UsageError(f"{path} holds {kind}, no results; draw them with: python -m metajudge plot-training {path}")
    return first


def _next_step(path: Path, row: Mapping[str, Any]) -> str:
    """What turns input rows like this one into results, or into rows that are nearer to it."""
    files = f"--input-file {path} --output-file"
    if not any(key.lower() == HUMAN_KEY for key in row):
        return f"they lack {HUMAN_KEY}, make it first: python -m metajudge decompose {files} rows.jsonl"
    if not evaluated_models(dict(row)):
        return (
            f"they lack a model's checklist, make it first: python -m metajudge critic {files} rows.jsonl --name MODEL"
        )
    return f"judge them first: python metajudge_infer.py {files} results.jsonl --model-be-evaluated all"


def open_directory(directory: Path, flag: str | None, eval_model: str | None) -> Iterator[ResultFile | SkippedFile]:
    """The result files of `directory` that the flags select, sorted by name, and what is passed over.

    A file is open only until the next one is asked for. Raises `UsageError` when there is nothing to analyse.
    """
    selected = 0
    models: dict[str, str] = {}
    for path in _jsonl_files(directory, "--input-dir "):
        first, source = read_first(path)
        if first is None or "samples" not in first:
            yield SkippedFile(path, _why_passed_over(first))
            continue
        model = _selected_model(path, first, flag)
        if model is None or not _judged_by(path, first, eval_model):
            models.update({name.lower(): name for name in _owners(path, first)})
            continue
        selected += 1
        yield ResultFile(path, model, first, source)
    if not selected:
        raise UsageError(_nothing_selected(directory, flag, eval_model, list(models.values())))


def result_paths(paths: Sequence[Path]) -> list[Path]:
    """`paths` with each directory replaced by its result files. Raises `UsageError` where there is none."""
    found: list[Path] = []
    for path in paths:
        inside = [path]
        if path.is_dir():
            inside = [file for file in _jsonl_files(path) if "samples" in (read_first(file)[0] or {})]
        if not inside:
            raise UsageError(f"{path} has no result file; name the directory that the inference has written to")
        found += [file for file in inside if file not in found]
    return found


def _jsonl_files(directory: Path, named: str = "") -> list[Path]:
    if not directory.exists():
        raise UsageError(f"{named}{directory} does not exist (looked in {Path.cwd()}); check the path")
    if not directory.is_dir():
        raise UsageError(f"{named}{directory} is no directory; name a single file with --input-file")
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix == ".jsonl" and path.is_file())
    except OSError as error:
        raise UsageError(f"{named}{directory} cannot be read: {error.strerror}; check its permissions") from None
    if not paths:
        raise UsageError(f"{named}{directory} has no *.jsonl file (folders in it are not searched)")
    return paths


def _why_passed_over(first: Mapping[str, Any] | None) -> str:
    if first is None:
        return "no readable line"
    kind = guess_kind(first)
    return f"{kind}, no results" if kind else "no results, its first record has no samples"


def _selected_model(path: Path, first: Mapping[str, Any], flag: str | None) -> str | None:
    """The evaluated model of a directory's file, None if the flag asks for another one."""
    if not flag:
        return file_model(path, first, None)
    wanted = [name.strip().lower() for name in flag.split(",")]
    return next((name for name in _owners(path, first) if name.lower() in wanted), None)


def _owners(path: Path, first: Mapping[str, Any]) -> list[str]:
    """The model that a file is about; where neither record nor name tells, every candidate."""
    try:
        return [file_model(path, first, None)]
    except UsageError:
        return candidates_in(first)


def _judged_by(path: Path, first: Mapping[str, Any], eval_model: str | None) -> bool:
    return not eval_model or eval_model in path.name or Record.from_json(first).judge_model == eval_model


def _nothing_selected(directory: Path, flag: str | None, eval_model: str | None, models: list[str]) -> str:
    if not models:
        return f"--input-dir {directory} has no result file; name the directory that the inference has written to"
    wanted = [f"--model-be-evaluated {flag}"] if flag else []
    wanted += [f"--eval-model {eval_model}"] if eval_model else []
    there = ", ".join(models)
    return f"--input-dir {directory} has no result file for {' '.join(wanted)} (there are results of {there})"
