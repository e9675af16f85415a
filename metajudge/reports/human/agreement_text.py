"""Agreement of judges with people as text: tables, and a sentence on the use of each judge."""

from collections.abc import Iterator, Sequence

from metajudge.metrics.statistics.alternative_annotator import MIN_ANNOTATORS, MIN_ROWS
from metajudge.metrics.statistics.confusion import RowAgreement
from metajudge.metrics.statistics.intervals import MIN_CLUSTERS
from metajudge.reports.human.agreement import Agreement, HumanAgreement, JudgeAgreement, PeopleAgreement
from metajudge.reports.render import cell
from metajudge.text import plural, printable, render_rows, wrapped

_MEASURES = {
    "exact": "exact agreement",
    "sensitivity": "sensitivity, score >= 0.5",
    "specificity": "specificity, score >= 0.5",
    "gwet_ac2": "Gwet's AC2, quadratic",
    "weighted_kappa": "Cohen's kappa, quadratic",
    "alpha_ordinal": "Krippendorff's alpha, ordinal",
    "alpha_interval": "Krippendorff's alpha, interval",
}
_STEPS = ("0", "0.25", "0.5", "0.75", "1")
_ALL = "all models"
_WIDTH = 100
_TOLERATED = 0.05
"""Bias of the mean rationale consistency that does not matter: the margin of the deceptive-alignment flag."""
_RELIABLE, _TENTATIVE = 0.8, 0.667
"""Krippendorff's bounds of alpha (2004, Content Analysis, 2nd edition, chapter 11)."""


def render_human_agreement(found: HumanAgreement, style: str) -> str:
    """Return all tables in one of `formats()`, and the sentences."""
    parts = [_annotators(found, style)]
    for name in dict.fromkeys(one.judge for one in found.judges):
        own = [one for one in found.judges if one.judge == name]
        headings = ["", *(_ALL if one.model is None else printable(one.model) for one in own)]
        parts.append(f"Judge {printable(name)} and people\n\n{render_rows(_judge_lines(own), headings, style)}")
        parts += [_confusion(own[-1], style)] if own[-1].agreement.pairs else []
        parts.append("\n".join([*wrapped(use_of(own), _WIDTH), ""]))
    if found.people:
        headings = ["", *(printable(" / ".join(one.annotators)) for one in found.people)]
        parts.append(f"People among each other\n\n{render_rows(_people_lines(found.people), headings, style)}")
    return "\n".join(parts)


def agreement_notes(found: HumanAgreement) -> Iterator[str]:
    """Yield notes on what the figures leave out."""
    if found.shown:
        yield f"{plural(found.shown, 'label')} made with the judge's scores in view: agreement may be too high"
    for one in found.judges:
        name = f"{printable(one.judge)}, {_ALL if one.model is None else printable(one.model)}"
        if one.not_asked:
            yield f"{name}: {plural(one.not_asked, 'labelled pair')} left out, which the judge was not asked about"
        if one.agreement.pairs is None and one.labelled:
            yield f"{name}: single scores not available: they need granularity item or pairs"
        if not one.labelled:
            yield f"{name}: no labelled row"


def _annotators(found: HumanAgreement, style: str) -> str:
    cells = [
        [printable(one.name), str(one.labels), str(one.unclear), _figure(one.median_seconds, ".0f")]
        for one in found.annotators
    ]
    return f"Labels\n\n{render_rows(cells, ['Annotator', 'Labels', 'Unclear', 'Median seconds'], style)}"


def _figure(value: float | None, form: str) -> str:
    return "n/a" if value is None else format(value, form)


def _judge_lines(own: Sequence[JudgeAgreement]) -> list[list[str]]:
    return [
        ["labelled rows", *(str(one.labelled) for one in own)],
        *_agreement_lines([one.agreement for one in own], "bias of RC, judge - people"),
        ["alternative annotator test", *(_test(one) for one in own)],
    ]


def _people_lines(own: Sequence[PeopleAgreement]) -> list[list[str]]:
    return [
        ["rows of both", *(str(one.labelled) for one in own)],
        *_agreement_lines([one.agreement for one in own], "bias of RC, second - first"),
    ]


def _agreement_lines(own: Sequence[Agreement], bias: str) -> Iterator[list[str]]:
    yield ["pairs (R, S)", *("0" if one.pairs is None else str(one.pairs.scores) for one in own)]
    for name, label in _MEASURES.items():
        yield [label, *("n/a" if one.pairs is None else cell(one.pairs.measures[name]) for one in own)]
    yield [bias, *("n/a" if one.rows is None else cell(one.rows.bias, signed=True) for one in own)]
    yield ["RMSE of RC", *("n/a" if one.rows is None else cell(one.rows.rmse) for one in own)]
    yield ["Lin's concordance of RC", *("n/a" if one.rows is None else cell(one.rows.concordance) for one in own)]


def _test(one: JudgeAgreement) -> str:
    test = one.alternative
    if test is None:
        return "not available"
    verdict = "passed" if test.passed else "not passed"
    return f"{verdict}: wins {test.winning_rate:.0%}, advantage {test.advantage:.2f}"


def _confusion(one: JudgeAgreement, style: str) -> str:
    pairs = one.agreement.pairs
    if pairs is None:
        return ""
    whose = _ALL if one.model is None else printable(one.model)
    lines = [[step, *map(str, counts)] for step, counts in zip(_STEPS, pairs.confusion, strict=True)]
    title = f"Pairs by people's step (lines) and the judge's (columns), {whose}"
    return f"{title}\n\n{render_rows(lines, ['', *_STEPS], style)}"


# ------------------------------------------------------------------ in words


def use_of(own: Sequence[JudgeAgreement]) -> str:
    """Return the sentence on the use of one judge, from its models and, last, all together."""
    whole = own[-1]
    name, rows = printable(whole.judge), whole.agreement.rows
    ends = None if rows is None else _ends(rows)
    if ends is None:
        return f"Use of {name} here: cannot tell; label rows of at least {MIN_CLUSTERS} contexts."
    parts = [_mean_use(*ends)]
    if _differ([_ends(one.agreement.rows) for one in own if one.model is not None and one.agreement.rows]):
        parts.append("its error differs between models, so that differences need the correction, too")
    parts.append(_single_use(whole))
    if whole.alternative is not None:
        may = "may" if whole.alternative.passed else "may not"
        parts.append(f"it {may} take an annotator's place by the alternative annotator test")
    else:
        parts.append(
            f"the alternative annotator test is not available (it needs {MIN_ANNOTATORS} annotators with {MIN_ROWS} "
            "rows each)"
        )
    return f"Use of {name} here: {'; '.join(parts)}."


def _ends(rows: RowAgreement) -> tuple[float, float] | None:
    """Return the ends of the bias, equal if all rows have the same one; None below 10 clusters."""
    bias = rows.bias
    if bias.low is not None and bias.high is not None:
        return bias.low, bias.high
    return None if rows.rmse.low is None or bias.value is None else (bias.value, bias.value)


def _mean_use(low: float, high: float) -> str:
    found = f"judge - people {low + 0.0:+.3f} to {high + 0.0:+.3f}"
    if low >= -_TOLERATED and high <= _TOLERATED:
        return f"its mean RC may be used as it is ({found})"
    if low > 0 or high < 0:
        return f"its mean RC only as `report --human` corrects it ({found})"
    return f"its mean RC only as `report --human` corrects it, because its bias is not clear ({found})"


def _differ(biases: Sequence[tuple[float, float] | None]) -> bool:
    """Return true if two of the intervals have no value in common."""
    known = [ends for ends in biases if ends is not None]
    return any(low > other_high for low, _ in known for _, other_high in known)


def _single_use(one: JudgeAgreement) -> str:
    alpha = None if one.agreement.pairs is None else one.agreement.pairs.measures["alpha_interval"].value
    if alpha is None:
        return "nothing is known about its single scores"
    if alpha >= _RELIABLE:
        return f"its single scores are reliable (alpha {alpha:.2f})"
    if alpha >= _TENTATIVE:
        return f"its single scores allow tentative conclusions (alpha {alpha:.2f})"
    return f"do not rely on its single scores (alpha {alpha:.2f})"
