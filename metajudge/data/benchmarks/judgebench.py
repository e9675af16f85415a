"""JudgeBench: pairs with one objectively right response, judged in both orders.

Tan et al. 2024 (arXiv 2410.12784); files and rules of ScalerLab/JudgeBench.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from metajudge.data.benchmarks.critic_rows import MadeRows, is_made, made_row, place_of, question_of, read_verdicts
from metajudge.data.benchmarks.entries import JUDGEBENCH, Entry, Seen, read_entries, refuse_repeated
from metajudge.errors import UsageError

CATEGORIES = {
    "mmlu-pro": "knowledge",
    "livebench-reasoning": "reasoning",
    "livebench-math": "math",
    "livecodebench": "coding",
}
"""Categories by the beginning of a pair's `source`."""
OTHER = "other"
SPLITS = {"gpt-4o": 350, "claude-3-5-sonnet": 270}
"""Number of pairs of each split, by the beginning of the model's name that wrote both responses."""
_SIGNS = {"A>B": -1, "A=B": 0, "B>A": 1}


@dataclass(frozen=True, slots=True)
class Pair:
    """One judged pair of responses."""

    id: str
    category: str
    prompt: str
    label: int
    """-1 if response A is right, 1 if response B is."""
    games: tuple[int | None, ...]
    """Decision of each game in terms of the pair's own order: -1 = A, 0 = tie, 1 = B, None = no decision."""


@dataclass(frozen=True, slots=True)
class JudgeBenchResults:
    """Decisions of one judge about the pairs of a split."""

    path: Path
    judge: str
    split: str
    pairs: list[Pair]


def read_judgebench(path: Path) -> JudgeBenchResults:
    """Read a file of judged pairs: one of JudgeBench's outputs, or rows that `critic` has judged."""
    made = False
    pairs: list[Pair] = []
    splits: dict[str, None] = {}
    judges: dict[str, None] = {}
    seen: Seen = {}
    for entry in read_entries(path, JUDGEBENCH):
        made = is_made(entry.data)
        judge, split, pair = _made_pair(entry) if made else _published_pair(entry)
        if made:
            refuse_repeated(entry, pair.id, f"pair {pair.id}", seen)
        pairs.append(pair)
        splits[split] = None
        if judge:
            judges[judge] = None
        _check_one(entry, splits, "splits")
        if made:
            _check_one(entry, judges, "models")
    games = max(len(pair.games) for pair in pairs)
    # A made row whose questions all failed does not say how many there were.
    pairs = [replace(pair, games=(None,) * games) if pair.games == (None,) and made else pair for pair in pairs]
    if any(len(pair.games) < games for pair in pairs):
        raise UsageError(f"{path} holds pairs with one game and pairs with two; judge all in the same orders")
    return JudgeBenchResults(path, next(iter(judges), path.stem), next(iter(splits)), pairs)


def judgebench_critic_rows(paths: Sequence[Path]) -> MadeRows:
    """Make a row for `critic` of each pair of JudgeBench's data, all of one split."""
    rows: list[dict[str, Any]] = []
    splits: dict[str, None] = {}
    seen: Seen = {}
    for path in paths:
        for entry in read_entries(path, JUDGEBENCH):
            pair_id, split, label = entry.id("pair_id"), _split(entry.text("response_model")), _label(entry)
            splits[split] = None
            _check_one(entry, splits, "splits")
            refuse_repeated(entry, pair_id, f"pair {pair_id}", seen)
            source = entry.text("source")
            place = {"name": JUDGEBENCH, "split": split, "pair_id": pair_id, "source": source, "label": label}
            responses = entry.text("response_A"), entry.text("response_B")
            row_id = f"{JUDGEBENCH}/{split}/{pair_id}"
            rows.append(made_row(row_id, _category(source), entry.text("question"), responses, _SIGNS[label], place))
    split = next(iter(splits))
    return MadeRows(rows, f"{len(rows)} of {SPLITS.get(split, len(rows))} pairs of the split {split}")


def _check_one(entry: Entry, values: dict[str, None], what: str) -> None:
    if len(values) > 1:
        raise entry.error(f"belongs to another one of the {what} {' and '.join(values)}; put each into a separate file")


def _published_pair(entry: Entry) -> tuple[str, str, Pair]:
    """Return the judge's model (empty if unknown), the split and the pair of a row of JudgeBench's output."""
    label = _label(entry)
    if "judgments" not in entry.data:
        raise entry.error('has no "judgments"; to have the pairs judged, make rows for critic of them with `make`')
    judgments = entry.get("judgments", list, "a list")
    if len(judgments) not in (1, 2):
        raise entry.error(f'has {len(judgments)} "judgments"; allowed are 1 or 2')
    # The second game shows the responses exchanged.
    games = tuple(
        None if decision is None else decision * order
        for decision, order in zip(map(_decision, judgments), (1, -1), strict=False)
    )
    pair = Pair(entry.id("pair_id"), _category(entry.text("source")), entry.text("question"), _SIGNS[label], games)
    return _judge(entry, judgments), _split(entry.text("response_model")), pair


def _made_pair(entry: Entry) -> tuple[str, str, Pair]:
    split, pair_id, source, label = place_of(entry, "split", "pair_id", "source", "label")
    verdicts = read_verdicts(entry)
    pair = Pair(str(pair_id), _category(str(source)), question_of(entry), _SIGNS[label], verdicts.games)
    return verdicts.model, str(split), pair


def _decision(judgment: object) -> int | None:
    """Return the decision of one game; None if it is null or no decision that JudgeBench counts."""
    decision = judgment.get("decision") if isinstance(judgment, dict) else None
    return _SIGNS.get(decision) if isinstance(decision, str) else None


def _judge(entry: Entry, judgments: Sequence[object]) -> str:
    for judgment in judgments:
        details = judgment.get("judgment") if isinstance(judgment, dict) else None
        model = details.get("judge_model") if isinstance(details, dict) else None
        if isinstance(model, str) and model:
            return model
    return ""


def _label(entry: Entry) -> str:
    label = entry.text("label")
    if label not in ("A>B", "B>A"):
        raise entry.error(f'has the "label" {label!r}; allowed are A>B and B>A')
    return label


def _category(source: str) -> str:
    return next((name for start, name in CATEGORIES.items() if source.startswith(start)), OTHER)


def _split(response_model: str) -> str:
    return next((name for name in SPLITS if response_model.startswith(name)), response_model)
