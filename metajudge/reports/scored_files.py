"""Several result files become score tables, each judge apart, with names that tell them apart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from metajudge.errors import UsageError
from metajudge.records import JudgeIdentity
from metajudge.reports.judge_settings import differences, settings_of
from metajudge.reports.row_scores import BUILT_IN_GROUPS, CONTEXT, ScoringConfig
from metajudge.reports.score_table import ScoreTable, score_by_judge, score_file, score_labels
from metajudge.text import printable


def score_files(
    paths: Sequence[Path], options: ScoringConfig, *, split: bool = True, labels: bool = False
) -> list[ScoreTable]:
    """Score several files, each judge's rows apart if `split`, without control records.

    A model that several tables have gets the file's name, too. `labels`: take the labels of input rows, which nobody
    has judged.

    Raises `UsageError` like `score_file`, and if no row has a value to group by or to read the cluster from.
    """
    files = disambiguate(
        [
            table
            for path in paths
            for table in (labels and score_labels(path, options)) or _tables(path, options, split)
            if not table.kind
        ]
    )
    check_fields(files, options)
    return files


def _tables(path: Path, options: ScoringConfig, split: bool) -> list[ScoreTable]:
    return [table for table, _ in score_by_judge(path, options)] if split else [score_file(path, options)]


def check_fields(files: Sequence[ScoreTable], options: ScoringConfig) -> None:
    """Raise `UsageError` for a field of the options that no row has; rows without a context are allowed."""
    fields = dict.fromkeys(name for file in files for name in file.fields)
    cluster_field = None if options.cluster_field == CONTEXT else options.cluster_field
    chosen = {"group_by": (options.group_by, BUILT_IN_GROUPS), "cluster_field": (cluster_field, ())}
    for name, (value, more) in chosen.items():
        known = [*more, *map(printable, fields)]
        if files and value is not None and value not in (*more, *fields):
            raise UsageError(f"`{name}` {value}: no row has a value there; there are {', '.join(known)}")


def by_judge(files: Sequence[ScoreTable]) -> list[list[ScoreTable]]:
    """Return the files of each judge, with all its settings alike, in the order of their first files."""
    groups: dict[tuple[Any, ...], list[ScoreTable]] = {}
    for file in files:
        groups.setdefault(settings_of(file.judged_by), []).append(file)
    return list(groups.values())


def judge_names(files: Sequence[ScoreTable]) -> dict[int, str]:
    """Return the name of each file's judge by `id()` of the file, with the settings in which judges of it differ."""
    judges = [group[0].judged_by for group in by_judge(files)]
    models = Counter(None if judge is None else judge.model for judge in judges)
    found = {}
    for file in files:
        judge = file.judged_by
        if judge is None:
            found[id(file)] = "an unnamed judge"
            continue
        alike = [other for other in judges if other is not None and other.model == judge.model]
        differing = differences(alike) if models[judge.model] > 1 else {}
        settings = ", ".join(f"{name} {_setting(judge, name)}" for name in differing)
        found[id(file)] = f"{judge.model} ({settings})" if settings else str(judge.model)
    return found


def _setting(judge: JudgeIdentity, name: str) -> object:
    value = getattr(judge, name)
    return "all" if name == "top_k" and value is None else value


def select_judge(files: Sequence[ScoreTable], judge: str) -> list[ScoreTable]:
    """Return the files of this judge, by its model, its name as shown, or a part of the file's name.

    Raises `UsageError` without any.
    """
    shown = judge_names(files)
    chosen = [
        file
        for file in files
        if judge in file.path.name or judge == shown[id(file)] or (file.judged_by and file.judged_by.model == judge)
    ]
    if not chosen:
        there = dict.fromkeys(judge_names(files).values())
        raise UsageError(f"`eval_model` {judge}: no file has results of this judge; there are {', '.join(there)}")
    return chosen


def disambiguate(files: Sequence[ScoreTable]) -> list[ScoreTable]:
    """Append the file's name, or its path, to a model that several files have."""
    models = Counter(file.model.lower() for file in files)
    paths = {(file.model.lower(), file.path.name, file.path) for file in files}
    names = Counter((model, name) for model, name, _ in paths)
    parts, judges = Counter(file.path for file in files), judge_names(files)
    found = []
    for file in files:
        unique = names[file.model.lower(), file.path.name] == 1
        suffix = str(file.path.name if unique else file.path)
        suffix += f", {judges[id(file)]}" if parts[file.path] > 1 else ""
        found.append(replace(file, model=f"{file.model} ({suffix})") if models[file.model.lower()] > 1 else file)
    return found
