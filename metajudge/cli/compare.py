"""`compare`: models on their common rows."""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from metajudge.cli.options.flags import whole
from metajudge.cli.options.output import add_output_options, check_output, emit, warn
from metajudge.cli.options.scoring import add_scoring_flags, scored_files
from metajudge.errors import UsageError
from metajudge.metrics.statistics.intervals import MIN_CLUSTERS
from metajudge.metrics.statistics.ppi import Correction
from metajudge.reports.comparison import (
    Difference,
    check_comparable,
    check_granularity,
    compare,
    find_baseline,
    unknown_baseline,
)
from metajudge.reports.comparison_table import DETECTABLE, render_differences, render_ranks
from metajudge.reports.human.corrections import correct_differences, corrected_differences
from metajudge.reports.human.labels import read_human_labels
from metajudge.reports.overview import MIN_WIDTH
from metajudge.reports.ranks import Ranking, rank_models
from metajudge.reports.render import UNDETERMINED, missing_labels_note, unequal_lengths
from metajudge.reports.report import WIDTH
from metajudge.reports.score_table import RC, ScoreTable
from metajudge.reports.scored_files import by_judge, judge_names
from metajudge.text import plural, printable, wrapped

_MORE = "More: --details adds the plain p values and the detectable differences, with four digits."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add two or more files and the scoring."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="two or more result files, or directories")
    details = "print the table of all figures, with four digits, however wide it is"
    parser.add_argument("--details", action="store_true", help=details)
    baseline = "compare each model with this one only; Holm's correction is over these tests"
    parser.add_argument("--baseline", metavar="NAME", help=baseline)
    parser.add_argument("--allow-mixed", action="store_true", help="compare even figures of different judges")
    human = "label files of people: correct differences in RC for the judge's errors, beside the raw ones"
    parser.add_argument("--human", type=Path, nargs="+", metavar="LABELS", help=human)
    swaps = "random swaps for each p value"
    parser.add_argument("--resamples", type=whole(100), default=10_000, metavar="B", help=swaps)
    add_output_options(parser, "the differences")
    add_scoring_flags(parser, "max_checklist_len")


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Models of one judge."""

    judge: str
    files: Sequence[ScoreTable]
    differences: Sequence[Difference]
    ranking: Ranking
    corrected: Sequence[tuple[Difference, Correction]] = ()
    """Differences in rationale consistency, corrected by people's labels."""

    def as_json(self, allow_mixed: bool) -> list[dict[str, Any]]:
        """Return the differences; those in rationale consistency with the possible ranks of both models.

        With labels these have `corrected`, too.
        """
        judge = None if allow_mixed else self.files[0].judged_by
        ranks = {one.model: asdict(one.ranks) for one in self.ranking.models}
        corrected = {id(one): {"corrected": correction.as_json()} for one, correction in self.corrected}
        return [
            one.as_json()
            | corrected.get(id(one), {})
            | {"ranks": [ranks[one.first], ranks[one.second]] if one.metric == RC else None}
            | {"judge_model": judge and judge.model}
            for one in self.differences
        ]


def run(args: argparse.Namespace) -> int:
    """Print a table of differences for each judge."""
    check_output(args.output_file, [*args.files, *(args.human or ())])
    files = scored_files(args, args.files, split=not args.allow_mixed)
    if len({file.path for file in files}) < 2:
        raise UsageError("compare needs two result files or more; `report` is for one")
    groups = [files] if args.allow_mixed else _of_one_judge(files)
    if args.allow_mixed:
        check_granularity(files)
        warn("the judges may differ: a difference may come from the judge and not from the model")
    for line in [
        *filter(None, map(missing_labels_note, files)),
        *(text for own in groups for text in unequal_lengths(own)),
    ]:
        warn(line)
    names = judge_names(files)
    found = [
        _Comparison(
            printable(names[id(own[0])]), own, compare(own, args.resamples, baseline), rank_models(own, args.resamples)
        )
        for own, baseline in _with_baseline(groups, args.baseline)
    ]
    if args.human:
        labels = read_human_labels(args.human, files)
        found = [replace(own, corrected=correct_differences(own.differences, own.files, labels)) for own in found]
    every = [one for own in found for one in own.differences]
    width = None if args.details else max(MIN_WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    text, headings = render_differences({own.judge: own.differences for own in found}, args.format, width)
    text += render_ranks({own.judge: own.ranking for own in found}, args.format, width)
    text += corrected_differences([one for own in found for one in own.corrected], args.format, width)
    if DETECTABLE not in headings:
        text += "\n".join(["", *wrapped(_MORE, width or WIDTH), ""])
    emit(text, args, [row for own in found for row in own.as_json(args.allow_mixed)])
    if all(one.p_value is None for one in every):
        warn("no row is scored for two models: nothing to compare; see why: python3 -m metajudge report FILE")
        return 1
    tests = "all pairs of models" if args.baseline is None else f"the tests against {printable(args.baseline)}"
    if DETECTABLE in headings:
        what = "the smallest true difference that this many rows show with 80 % power"
        warn(f"detectable: {what}; n/a where too few differ")
    if any(one.bounds or not one.is_determined for one in every):
        warn(
            "granularity row: RC is a range; p, wins and losses hold anywhere in it, and other rows are neither; "
            f"{UNDETERMINED}: only granularity item or pairs gives the figure"
        )
    warn(f"p: share of random swaps of the two models' records, by cluster; Holm: corrected for {tests}")
    _note_ranks([own.ranking for own in found], args.resamples)
    return 0


def _with_baseline(
    groups: Sequence[list[ScoreTable]], name: str | None
) -> list[tuple[list[ScoreTable], ScoreTable | None]]:
    """Return the groups that have the baseline, with it; every group without one. Raises `UsageError` if none has."""
    if name is None:
        return [(own, None) for own in groups]
    found = [(own, find_baseline(own, name)) for own in groups]
    if all(baseline is None for _, baseline in found):
        raise unknown_baseline([file for own in groups for file in own], name)
    for own, baseline in found:
        if baseline is None:
            models = ", ".join(printable(file.model) for file in own)
            warn(f"{models} left out: no result of {printable(name)} by their judge")
    return [(own, baseline) for own, baseline in found if baseline is not None]


def _of_one_judge(files: list[ScoreTable]) -> list[list[ScoreTable]]:
    """Return the files of each judge that has two or more. Raises `UsageError` if none has."""
    groups = by_judge(files)
    chosen = [own for own in groups if len(own) > 1]
    for own in chosen or [files]:
        check_comparable(own)
    for own in groups:
        if len(own) == 1:
            warn(f"{printable(own[0].model)} is left out: the only file of its judge")
    return chosen


def _note_ranks(rankings: Sequence[Ranking], swaps: int) -> None:
    warn("rank: ranks by RC that the rows leave possible, 95 % sure for all models together; 1 is the highest RC")
    for one in rankings:
        if one.clusters < MIN_CLUSTERS:
            clusters = plural(one.clusters, "cluster")
            warn(f"rank: every model has a score in {clusters}; below {MIN_CLUSTERS} every rank is possible")
        elif swaps < one.needed_swaps:
            needed = f"`resamples` {one.needed_swaps} or more"
            warn(f"rank: {swaps} random swaps exclude no rank of {len(one.models)} models: give {needed}")
