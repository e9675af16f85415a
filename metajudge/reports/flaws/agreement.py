"""Agreement on classes and flaws: of two judges, or of a judge and people, on the reasons that both have read."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metajudge.errors import UsageError
from metajudge.metrics.statistics import intervals
from metajudge.metrics.statistics.nominal import NominalAgreement, nominal_agreement
from metajudge.metrics.statistics.resampling import RESAMPLES
from metajudge.reports.flaws.figures import TAGS
from metajudge.reports.flaws.tables import FlawRow, FlawTable
from metajudge.tasks.flaws import CLASS, CLASSES, FLAWS, ItemFlaws
from metajudge.text import TABLE, plural, printable, render_rows, wrapped


@dataclass(frozen=True, slots=True)
class TagAgreement:
    """Agreement of both sides on the class, or on one class or flaw."""

    unread: int
    """Common reasons that one of both sides has not read; they are left out."""
    agreement: NominalAgreement | None
    """None without a reason that both have read."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        found = {} if self.agreement is None else {"reasons": self.agreement.things, **self.agreement.as_json()}
        return {"unread": self.unread, **found}


@dataclass(frozen=True, slots=True)
class FlawAgreement:
    """Agreement of two judges, or of a judge and a person."""

    judges: tuple[str, str]
    model: str | None
    """Evaluated model; None = all models together."""
    rows: int
    """Rows that both have, with the same list of reasons."""
    reasons: int
    changed: int
    """Rows that both have with different lists of reasons; they are left out."""
    tags: Mapping[str, TagAgreement]
    """By `class` (all three together), class and flaw."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {
            "judges": list(self.judges),
            "model": self.model,
            "rows": self.rows,
            "reasons": self.reasons,
            "rows_with_other_lists": self.changed,
            "tags": {name: one.as_json() for name, one in self.tags.items()},
        }


def flaw_agreement(tables: Sequence[FlawTable], resamples: int = RESAMPLES) -> list[FlawAgreement]:
    """Return the agreement of each pair of judges: for each model that both have read, and for several together.

    Raises `UsageError` for fewer than two judges, and if no pair has a row in common.
    """
    names = _judge_names(tables)
    by_judge: dict[str, dict[str, FlawTable]] = {}
    for table in tables:
        own = by_judge.setdefault(names[table.judged_by], {})
        name = table.model_be_evaluated.lower()
        if name in own:
            raise UsageError(
                f"{own[name].path} and {table.path} both hold flaws of {printable(name)} by {printable(table.judge)}; "
                "name one file for each judge and evaluated model"
            )
        own[name] = table
    if len(by_judge) < 2:
        raise UsageError(
            f"the files hold flaws by only one judge ({', '.join(map(printable, by_judge))}); name files of two or more"
        )
    found = [one for pair in itertools.combinations(by_judge, 2) for one in _of_pair(pair, by_judge, resamples)]
    if not any(one.reasons for one in found):
        raise UsageError(
            "no reason was read by two judges: the files have other rows, other evaluated models, or changed lists"
        )
    return found


def _judge_names(tables: Sequence[FlawTable]) -> dict[tuple[str, str], str]:
    """Return a name for each judge and prompt: the judge, with the instructions if it has used several."""
    known = dict.fromkeys(table.judged_by for table in tables)
    several = {judge for judge, _ in known if sum(other == judge for other, _ in known) > 1}
    return {one: f"{one[0]} (instructions {one[1] or 'none'})" if one[0] in several else one[0] for one in known}


_Both = tuple[FlawRow, ItemFlaws, ItemFlaws]
"""A reason as both sides have read it, with its row."""


def _of_pair(
    pair: tuple[str, str], by_judge: Mapping[str, Mapping[str, FlawTable]], resamples: int
) -> Iterator[FlawAgreement]:
    first, second = (by_judge[name] for name in pair)
    common = [name for name in first if name in second]
    everything: list[_Both] = []
    rows = changed = 0
    for name in common:
        both, own_rows, own_changed = _common(first[name], second[name])
        yield _agreement(pair, first[name].model_be_evaluated, both, (own_rows, own_changed), resamples)
        everything += both
        rows, changed = rows + own_rows, changed + own_changed
    if len(common) > 1:
        yield _agreement(pair, None, everything, (rows, changed), resamples)


def _common(first: FlawTable, second: FlawTable) -> tuple[list[_Both], int, int]:
    """Return the reasons that both tables have, the number of their rows, and of rows with other lists."""
    others = {row.id: row for row in second.rows}
    found: list[_Both] = []
    rows = changed = 0
    for row in first.rows:
        if (other := others.get(row.id)) is None:
            continue
        if None not in (row.reasons, other.reasons) and row.reasons != other.reasons:
            changed += 1
            continue
        items = {item.item: item for item in other.items}
        own = [(row, item, items[item.item]) for item in row.items if item.item in items]
        rows += bool(own)
        found += own
    return found, rows, changed


def _agreement(
    pair: tuple[str, str], model: str | None, both: Sequence[_Both], counts: tuple[int, int], resamples: int
) -> FlawAgreement:
    tags = {name: _tag(name, both, resamples) for name in (CLASS, *TAGS)}
    return FlawAgreement(pair, model, counts[0], len(both), counts[1], tags)


def _tag(name: str, both: Sequence[_Both], resamples: int) -> TagAgreement:
    values = [(row, _category(name, one), _category(name, other)) for row, one, other in both]
    read = [(row, x, y) for row, x, y in values if x is not None and y is not None]
    unread = len(values) - len(read)
    if not read:
        return TagAgreement(unread, None)
    clusters = intervals.cluster_rows([row.cluster for row, _, _ in read], [row.domain for row, _, _ in read])
    x, y = (np.array([line[side] for line in read], np.int64) for side in (1, 2))
    categories = len(CLASSES) if name == CLASS else 2
    return TagAgreement(unread, nominal_agreement(x, y, categories, clusters, resamples))


def _category(name: str, item: ItemFlaws) -> int | None:
    """Return the number of a reason's class, or 1 if it has this class or flaw and 0 if not; None if it is unread."""
    if (name if name in FLAWS else CLASS) in item.unread:
        return None
    if name == CLASS:
        return list(CLASSES).index(str(item.kind))
    return int(item.kind == name or name in item.flaws)


# ------------------------------------------------------------------ text


_WORDS = {CLASS: "class, all three", **CLASSES, **FLAWS}
_HEADINGS = ("", "Reasons", "First", "Second", "Exact", "Kappa", "AC2")
_LEGEND = (
    "First, Second: share of these reasons that each side gives the class or flaw. Kappa: Cohen's, AC2: Gwet's with "
    "identity weights; [ ]: 95 % over rows. Kappa is low or n/a where hardly any reason has a flaw, whatever the "
    "agreement: read AC2 there."
)


def render_flaw_agreement(found: Sequence[FlawAgreement], style: str = TABLE, width: int = 100) -> str:
    """Return a table for each pair of judges and model; the last of a pair is about all models together."""
    blocks = []
    for one in found:
        model = "all models" if one.model is None else printable(one.model)
        names = " and ".join(map(printable, one.judges))
        title = f"Reasons of {model}, by {names}: {plural(one.reasons, 'reason')} of {plural(one.rows, 'row')}"
        lines = [_line(name, tag) for name, tag in one.tags.items()]
        heading = "\n".join(wrapped(title, width)) if style == TABLE else title
        blocks.append(f"{heading}\n\n{render_rows(lines, _HEADINGS, style)}")
    if style == TABLE:
        blocks.append("\n".join([*wrapped(_LEGEND, width), ""]))
    return "\n".join(blocks)


def flaw_agreement_notes(found: Sequence[FlawAgreement]) -> Iterator[str]:
    """Yield notes on rows and reasons that are left out."""
    for one in found:
        where = f"{' and '.join(map(printable, one.judges))}, {printable(one.model or 'all models')}"
        if one.changed:
            yield f"{where}: {plural(one.changed, 'row')} left out, whose lists of reasons differ"
        unread = {name: tag.unread for name, tag in one.tags.items() if tag.unread and name not in CLASSES}
        if unread:
            counts = ", ".join(f"{name} {count}" for name, count in unread.items())
            yield f"{where}: reasons left out, which one side has not read: {counts}"


def _line(name: str, tag: TagAgreement) -> list[str]:
    label = f"{name} {_WORDS[name]}" if name != CLASS else _WORDS[name]
    if tag.agreement is None:
        return [label, "0", *["n/a"] * 5]
    table = np.array(tag.agreement.confusion)
    shares = (
        ["", ""] if name == CLASS else [f"{side / table.sum():.3f}" for side in (table[1].sum(), table[:, 1].sum())]
    )
    return [label, str(tag.agreement.things), *shares, *map(_cell, tag.agreement.measures.values())]


def _cell(one: intervals.Interval) -> str:
    if one.value is None:
        return "n/a"
    ends = "" if one.low is None or one.high is None else f" [{one.low:.2f}, {one.high:.2f}]"
    return f"{one.value:.2f}{ends}"
