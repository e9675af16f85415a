"""JudgeBench: decisions about pairs in one order or both."""

from collections.abc import Iterator, Sequence

import numpy as np

from metajudge.data.benchmarks import CATEGORIES, JUDGEBENCH, SPLITS, JudgeBenchResults, Pair
from metajudge.metrics.statistics.intervals import Column
from metajudge.reports.benchmark.figures import OFFICIAL, BenchmarkReport, Line, Rows, ordered_groups, repeated_note


def score_judgebench(results: JudgeBenchResults) -> BenchmarkReport:
    """Score pairs as JudgeBench does: right if more games chose the right response than the wrong one.

    A null and a tie count neither way, and every pair is in the denominator. With a single game this is the share of
    decisions that equal the label.
    """
    pairs = results.pairs
    rows = Rows.of([pair.prompt for pair in pairs])
    both = len(pairs[0].games) > 1
    columns = _columns(pairs, both)
    names = ordered_groups((pair.category for pair in pairs), list(CATEGORIES.values()))
    inside = {name: np.array([pair.category == name for pair in pairs]) for name in names}
    lines = []
    for name in names:
        own = [pair for pair in pairs if pair.category == name]
        prompts = len({pair.prompt for pair in own})
        is_official = name in CATEGORIES.values()
        lines.append(Line(name, is_official, len(own), prompts, rows.means(columns, inside[name]), _game_counts(own)))
    n, prompts = len(pairs), rows.clusters.count
    lines.append(Line("all (micro)", True, n, prompts, rows.means(columns), _game_counts(pairs)))
    if len(names) > 1:
        macro = rows.means_of_groups(columns, inside.values())
        lines.append(Line(f"mean of {len(names)} categories (macro)", False, n, prompts, macro))
    return BenchmarkReport(
        benchmark=JUDGEBENCH,
        model=results.judge,
        files=(results.path,),
        protocol=OFFICIAL if both else f"{OFFICIAL}, single game",
        source=f"split {results.split}, {'two games' if both else 'one game'} a pair",
        lines=tuple(lines),
        notes=(*_split_notes(results), *repeated_note(pair.id for pair in pairs)),
    )


def _columns(pairs: Sequence[Pair], both: bool) -> dict[str, Column]:
    columns = {"accuracy": np.array([_balance(pair) > 0 for pair in pairs], float)}
    if both:
        columns["both orders"] = np.array([set(pair.games) == {pair.label} for pair in pairs], float)
    return columns


def _balance(pair: Pair) -> int:
    """Return the number of games that chose the right response, less those that chose the wrong one."""
    return sum(game * pair.label for game in pair.games if game is not None)


def _game_counts(pairs: Sequence[Pair]) -> dict[str, int]:
    """Return counts of pairs and of decisions; a pair is inconsistent if its two decisions differ."""
    games = [game for pair in pairs for game in pair.games]
    return {
        "wrong": sum(_balance(pair) < 0 for pair in pairs),
        "even": sum(_balance(pair) == 0 for pair in pairs),
        "inconsistent": sum(len(set(pair.games)) > 1 for pair in pairs),
        "ties": games.count(0),
        "nulls": games.count(None),
    }


def _split_notes(results: JudgeBenchResults) -> Iterator[str]:
    size, found = SPLITS.get(results.split), len(results.pairs)
    if size is None:
        yield f"{results.split} is none of the published splits ({', '.join(SPLITS)})"
    elif found != size:
        yield f"{found} of the {size} pairs of the split {results.split}: not comparable with published figures"
