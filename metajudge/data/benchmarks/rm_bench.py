"""RM-Bench: three styles of the right response against three of the wrong one, a 3 × 3 matrix per prompt.

Liu et al. 2024 (arXiv 2410.16184); files and rules of THU-KEG/RM-Bench, and the pairwise files of RM-R1
(arXiv 2505.02387).
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.data.benchmarks.critic_rows import (
    MadeRows,
    Verdicts,
    is_made,
    made_row,
    place_of,
    question_of,
    read_verdicts,
)
from metajudge.data.benchmarks.entries import RM_BENCH, Entry, number, read_entries
from metajudge.errors import UsageError

DOMAINS = ("chat", "math", "code", "safety")
SIZES = {"chat": 129, "math": 529, "code": 228, "safety": 441}
"""Number of prompts of each domain."""
STYLES = 3
"""Concise, detailed plain text, detailed Markdown; in this order."""
WIN, TIE, LOSS = 1.0, 0.5, 0.0
_PARTS = ("safety-refuse", "safety-response", *DOMAINS)
_SUBSETS = {
    "alpacaeval": "chat",
    "bigcode/humanevalpack": "code",
    "refusals-dangerous": "safety-refuse",
    "refusals-offensive": "safety-refuse",
    "xstest-should-refuse": "safety-refuse",
    "xstest-should-respond": "safety-response",
}
_THIRD = re.compile(r"dataset_([123])(?!\d)")

Cells = tuple[tuple[float | None, ...], ...]
_Score = tuple[float, ...]
_Keys = set[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class StyleMatrix:
    """Comparisons of the three right responses with the three wrong ones of one prompt."""

    domain: str
    """One of `DOMAINS`."""
    part: str
    """The domain, or one of the two files of safety."""
    id: str
    prompt: str
    cells: Cells
    """By style of the right response, then of the wrong one: `WIN`, `TIE`, `LOSS` or None = not compared."""
    inconsistent: int = 0
    """Cells whose verdicts differ between the two orders."""


@dataclass(slots=True)
class RMBenchResults:
    """Comparisons of one model."""

    paths: list[Path]
    model: str
    kind: str
    """Origin of the comparisons: scores, verdicts in one order, or in both by a rule."""
    matrices: list[StyleMatrix]


def read_rm_bench(paths: Sequence[Path]) -> list[RMBenchResults]:
    """Read the results of one model, or of several that `critic` has asked; each domain may be a separate file."""
    scored: list[StyleMatrix] = []
    seen: dict[str, _Keys] = {}
    thirds: list[tuple[Path, list[_Third]]] = []
    judged: dict[str, RMBenchResults] = {}
    for path in paths:
        entries = list(read_entries(path, RM_BENCH))
        if is_made(entries[0].data):
            one = _judged(path, entries)
            _refuse_overlap(path, one.matrices, seen.setdefault(one.model, set()))
            earlier = judged.setdefault(one.model, one)
            if earlier.kind != one.kind:
                raise UsageError(f"{path} holds {one.kind}, another file {earlier.kind}; judge all in the same way")
            if earlier is not one:
                earlier.paths += one.paths
                earlier.matrices += one.matrices
        elif _is_third(entries[0]):
            thirds.append((path, [_third(entry) for entry in entries]))
        else:
            matrices = list(map(_scored, entries))
            _refuse_overlap(path, matrices, seen.setdefault("", set()))
            scored += matrices
    results = list(judged.values())
    if thirds and scored:
        raise UsageError(f"{thirds[0][0]} holds pairwise results and another file scores; name those of one model only")
    if thirds:
        results.append(RMBenchResults(list(paths), thirds[0][0].stem, "pairwise results", _joined(thirds)))
    if scored:
        results.append(RMBenchResults(list(paths), paths[0].stem, "scores", scored))
    return results


def _refuse_overlap(path: Path, matrices: Sequence[StyleMatrix], seen: _Keys) -> None:
    """Raise `UsageError` if a row is also in an earlier file of the model; else add the rows to `seen`."""
    own = {(one.part, one.id, one.prompt): one for one in matrices}
    for key, one in own.items():
        if key in seen:
            raise UsageError(
                f"{path}: row {one.id} of {one.part} is also in another file; name the files of one model, each once"
            )
    seen.update(own)


# ------------------------------------------------------------------ scores


def _scored(entry: Entry) -> StyleMatrix:
    part, row_id, prompt = _part(entry), entry.id(), entry.text("prompt")
    matrix = next((key for key in ("acc_matrix", "result") if key in entry.data), None)
    if matrix:
        cells = tuple(tuple(map(_outcome, row)) for row in _lists_of_three(entry, matrix))
    else:
        chosen, rejected = (_three_scores(entry, key) for key in ("score_chosen", "score_rejected"))
        cells = tuple(tuple(_compared(one, other) for other in rejected) for one in chosen)
    return StyleMatrix(_domain(part), part, row_id, prompt, cells)


def _three_scores(entry: Entry, key: str) -> list[_Score | None]:
    if key not in entry.data and "score_chosen" not in entry.data:
        raise entry.error('has no "score_chosen"; to have the pairs judged, make rows for critic of them with `make`')
    scores = entry.get(key, list, "a list of three scores")
    if len(scores) != STYLES:
        raise entry.error(f'has {len(scores)} scores in "{key}"; allowed are {STYLES}')
    return list(map(_score, scores))


def _score(value: object) -> _Score | None:
    """Return a score; the official script compares lists of several numbers element by element."""
    parts = [number(part) for part in (value if isinstance(value, list) else [value])]
    known = tuple(part for part in parts if part is not None)
    return known if known and len(known) == len(parts) else None


def _lists_of_three(entry: Entry, key: str) -> list[list[object]]:
    rows = entry.get(key, list, "three lists of three numbers")
    if len(rows) != STYLES or not all(isinstance(row, list) and len(row) == STYLES for row in rows):
        raise entry.error(f'has a "{key}" that is not three lists of three numbers')
    return list(rows)


def _compared(chosen: _Score | None, rejected: _Score | None) -> float | None:
    if chosen is None or rejected is None:
        return None
    return WIN if chosen > rejected else TIE if chosen == rejected else LOSS


def _outcome(value: object) -> float | None:
    """Return the outcome of a comparison that is written as 1, .5 or 0."""
    found = number(value)
    return found if found in (WIN, TIE, LOSS) else None


# ------------------------------------------------------------------ the three files of RM-R1


@dataclass(frozen=True, slots=True)
class _Third:
    """A row of one of three files: each right response against one wrong response, whose list is rotated."""

    part: str
    id: str
    prompt: str
    outcomes: tuple[float | None, ...]
    rejected: tuple[str, ...]
    """Texts of the wrong responses as this file has them; empty if it has none."""


def _is_third(entry: Entry) -> bool:
    results = entry.data.get("result")
    return isinstance(results, list) and not any(isinstance(one, list) for one in results)


def _third(entry: Entry) -> _Third:
    outcomes = entry.get("result", list, "a list of three results")
    if len(outcomes) != STYLES:
        raise entry.error(f'has {len(outcomes)} results in "result"; allowed are {STYLES}')
    rejected = tuple(map(str, _responses(entry, "rejected"))) if "rejected" in entry.data else ()
    return _Third(_part(entry), entry.id(), entry.text("prompt"), tuple(map(_outcome, outcomes)), rejected)


def _joined(thirds: list[tuple[Path, list[_Third]]]) -> list[StyleMatrix]:
    """Return the matrices of three files; in the k-th (from 0), right style i meets wrong style i + k (modulo 3)."""
    if len(thirds) != STYLES:
        files = ", ".join(str(path) for path, _ in thirds)
        raise UsageError(f"{files}: each such file has a third of the comparisons; name the three files of a model")
    marks = [_THIRD.search(path.name) for path, _ in thirds]
    numbers = [int(mark[1]) if mark else 0 for mark in marks]
    if sorted(numbers) == [1, 2, 3]:
        thirds = [thirds[numbers.index(place)] for place in (1, 2, 3)]
    (first, rows), *others = thirds
    for shift, (path, other) in enumerate(others, 1):
        if len(other) != len(rows):
            raise UsageError(f"{path} has {len(other)} rows and {first} has {len(rows)}; name three files of one run")
        for one, two in zip(rows, other, strict=True):
            if (one.part, one.id) != (two.part, two.id):
                raise UsageError(f"{path} has row {two.id} where {first} has {one.id}; name three files of one run")
            if one.rejected[shift:] + one.rejected[:shift] != two.rejected:
                raise UsageError(
                    f"{path}: row {two.id} has not the wrong responses of {first} rotated by {shift}; "
                    "name the three files in their order"
                )
    return [
        StyleMatrix(
            _domain(one[0].part),
            one[0].part,
            one[0].id,
            one[0].prompt,
            tuple(tuple(one[(j - i) % STYLES].outcomes[i] for j in range(STYLES)) for i in range(STYLES)),
        )
        for one in zip(*(rows for _, rows in thirds), strict=True)
    ]


# ------------------------------------------------------------------ rows of `critic`


def rm_bench_critic_rows(paths: Sequence[Path]) -> MadeRows:
    """Make nine rows for `critic` of each row of RM-Bench's data: every right response against every wrong one.

    The right response is first or second by a hash of its place, so that its position says nothing.
    """
    rows: list[dict[str, Any]] = []
    prompts: dict[str, set[tuple[str, str]]] = {}
    for path in paths:
        for entry in read_entries(path, RM_BENCH):
            part, prompt = _part(entry), entry.text("prompt")
            seen = prompts.setdefault(part, set())
            name = _row_name(entry, prompt, seen)
            chosen, rejected = (_responses(entry, key) for key in ("chosen", "rejected"))
            rows += _nine_rows(part, name, prompt, chosen, rejected)
    counts = ", ".join(f"{len(seen)} of {part}" for part, seen in prompts.items())
    return MadeRows(rows, f"nine pairs of each row: {counts}")


def _row_name(entry: Entry, prompt: str, seen: set[tuple[str, str]]) -> str:
    """Return the row's id and add it to `seen`; an id of earlier rows with other prompts gets `-2`, `-3`, …."""
    row_id = entry.id()
    if (row_id, prompt) in seen:
        raise entry.error(f"repeats the row {row_id}; keep one of them")
    earlier = sum(other == row_id for other, _ in seen)
    seen.add((row_id, prompt))
    return f"{row_id}-{earlier + 1}" if earlier else row_id


def _nine_rows(
    part: str, name: str, prompt: str, chosen: Sequence[str], rejected: Sequence[str]
) -> Iterable[dict[str, Any]]:
    for i, right in enumerate(chosen):
        for j, wrong in enumerate(rejected):
            row_id = f"{RM_BENCH}/{part}/{name}/{i}-{j}"
            is_first = hashlib.sha256(row_id.encode()).digest()[0] % 2 == 0
            place = {"name": RM_BENCH, "domain": part, "row": name, "chosen": i, "rejected": j}
            place["chosen_is"] = "A" if is_first else "B"
            responses = (right, wrong) if is_first else (wrong, right)
            yield made_row(row_id, _domain(part), prompt, responses, -1 if is_first else 1, place)


def _judged(path: Path, entries: Sequence[Entry]) -> RMBenchResults:
    """Return the matrices of rows that `critic` has judged."""
    cells: dict[tuple[str, str], dict[tuple[int, int], float | None]] = {}
    prompts: dict[tuple[str, str], str] = {}
    inconsistent: dict[tuple[str, str], int] = {}
    models: dict[str, None] = {}
    kinds: dict[str, None] = {}
    for entry in entries:
        part, name, i, j, first = place_of(entry, "domain", "row", "chosen", "rejected", "chosen_is")
        verdicts = read_verdicts(entry)
        key = str(part), str(name)
        own = cells.setdefault(key, {})
        if (i, j) in own:
            raise entry.error(f"repeats the pair {i}-{j} of row {name} of {part}; keep one of them")
        own[i, j] = _won(verdicts, -1 if first == "A" else 1)
        prompts[key] = question_of(entry)
        inconsistent[key] = inconsistent.get(key, 0) + verdicts.is_inconsistent
        if verdicts.label is not None:
            kinds[_kind(verdicts)] = None
        if verdicts.model:
            models[verdicts.model] = None
        if len(models) > 1:
            raise entry.error(
                f"has a label of {verdicts.model}, others of {next(iter(models))}; write one file for each"
            )
    for (part, name), own in cells.items():
        if len(own) != STYLES * STYLES:
            raise UsageError(f"{path}: row {name} of {part} has {len(own)} of its 9 pairs; finish the run of critic")
    if len(kinds) > 1:
        raise UsageError(f"{path} holds {' and '.join(kinds)}; judge all rows in the same way")
    matrices = [
        StyleMatrix(
            _domain(key[0]),
            *key,
            prompts[key],
            tuple(tuple(own[i, j] for j in range(STYLES)) for i in range(STYLES)),
            inconsistent[key],
        )
        for key, own in cells.items()
    ]
    return RMBenchResults([path], next(iter(models), path.stem), next(iter(kinds), "no verdicts"), matrices)


def _won(verdicts: Verdicts, right: int) -> float | None:
    if verdicts.label is None:
        return None
    return TIE if verdicts.label == 0 else WIN if verdicts.label == right else LOSS


def _kind(verdicts: Verdicts) -> str:
    return f"verdicts in both orders, rule {verdicts.rule}" if verdicts.rule else "verdicts in one order"


# ------------------------------------------------------------------ fields


def _responses(entry: Entry, key: str) -> list[str]:
    """Return three responses; some files have the list as the text of a Python literal."""
    value = entry.get(key, (list, str), "a list of three texts")
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            raise entry.error(f'has a "{key}" that is no list; three texts are needed') from None
    if not isinstance(value, list) or len(value) != STYLES or not all(isinstance(one, str) for one in value):
        raise entry.error(f'has a "{key}" that is no list of three texts')
    return value


def _domain(part: str) -> str:
    return part.partition("-")[0]


def _part(entry: Entry) -> str:
    """Return the domain, or the file of safety, from the row or the name of its file."""
    named = entry.data.get("domain"), _SUBSETS.get(str(entry.data.get("subset"))), entry.path.name.lower()
    for name in named:
        # The file's name goes on with the model's, which may be called Chat.
        found = [part for part in _PARTS if isinstance(name, str) and part in name]
        if found:
            return min(found, key=str(name).index)
    raise entry.error(f"has no domain; let the file's name contain one of {', '.join(_PARTS)}")
