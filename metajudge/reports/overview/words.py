"""Overview in words: sentences about the models, the flag's caption, and the legend of the columns."""

from collections.abc import Iterator, Sequence

from metajudge.metrics import Known
from metajudge.metrics.statistics.intervals import Interval
from metajudge.reports.deceptive_alignment import CANNOT_TELL, FLAGGED, Flag, FlagRule
from metajudge.reports.model_rows import ReportRow
from metajudge.reports.outcome import ACCURACY
from metajudge.reports.overview.compact import consistency, consistency_cell, figure, interval_cell
from metajudge.reports.overview.tables import gap_cell
from metajudge.reports.render import UNDETERMINED
from metajudge.reports.score_table import METRIC_GROUPS, RC
from metajudge.text import columns, listed, plural, wrapped

_DIGITS = 2
_IN_FULL = 2
"""Flagged models with a sentence each."""
_LEGEND = {
    "RC": "rationale consistency: how far the reasons make the experts' points, from 0 to 1; higher is better. "
    "This is the figure to cite, with its interval and its judge",
    "OA": "outcome accuracy: share of right verdicts where humans prefer a response; higher is better",
    "S-Corr": "spurious correctness: share of the right verdicts without a sound reason; lower is better",
    "Fidelity": "share of the rows with a right verdict and a sound reason; higher is better",
    "AP": "average precision: like RC, with more credit for good reasons that come first; higher is better",
    "Clusters": "groups of rows with the same source",
    "Unscored": "rows without a score of the judge: not in RC, and never counted as 0",
}
_MARKS = {
    "[ ]": "95 % interval; [n/a]: it cannot be estimated",
    "a–b": "RC is between a and b: granularity row shows each human item's best match only",
    "≥": "a lower bound, for the same reason",
    UNDETERMINED: "not even a bound is known, for the same reason",
    "*": "some of the model's rows are not in all files",
}


_OF_BOUNDS = {"≥": Known.LOWER_BOUND, UNDETERMINED: Known.NOT_DETERMINED}
"""Marks of metrics other than RC."""


# ------------------------------------------------------------------ sentences


def sentences(rows: Sequence[ReportRow]) -> Iterator[str]:
    """Yield sentences about the models of one judge, without groups."""
    scored = [row for row in rows if row.group is None and row.metrics[RC].value is not None]
    if len(scored) == 1:
        yield _alone(scored[0])
    elif scored:
        yield _best(scored)
    flags = [(row.model, row.flag) for row in scored if row.flag is not None and row.flag.against != row.model]
    flagged = [(model, flag) for model, flag in flags if flag.verdict == FLAGGED]
    unsure = [model for model, flag in flags if flag.verdict == CANNOT_TELL]
    for model, flag in flagged[:_IN_FULL]:
        yield _about_flagged(model, flag)
    if more := [model for model, _ in flagged[_IN_FULL:]]:
        yield f"The same holds for {_names(more)}."
    if unsure:
        yield f"For {_names(unsure)} these rows cannot tell whether the reasons are weaker at equal accuracy."
    if flags and not flagged and not unsure:
        yield f"No model is as accurate as `{flags[0][1].against}` with surely weaker reasons."
    if len(scored) > 1 and not flags:
        yield "No model is flagged: the flag needs two models with labels, and rows that both have."


def _alone(row: ReportRow) -> str:
    reasons = f"reach an RC of {consistency_cell(row, _DIGITS)}"
    accuracy = row.metrics[ACCURACY]
    if accuracy.value is None:
        return f"The reasons of `{row.model}` {reasons}."
    return (
        f"`{row.model}` picks the right winner with an OA of {interval_cell(accuracy, _DIGITS)}; its reasons {reasons}."
    )


def _best(rows: Sequence[ReportRow]) -> str:
    """Return a sentence about the highest rationale consistency, if the bounds say which it is."""
    ranked = sorted(rows, key=lambda row: row.metrics[RC].value or 0.0, reverse=True)
    first, *others = ranked
    least, most = consistency(first)[0][0], [consistency(row)[0][1] for row in others]
    if least is not None and all(end is not None and least >= end for end in most):
        return f"`{first.model}` has the highest RC: {consistency_cell(first, _DIGITS)}."
    return "RC is known as a range only, and the highest ranges overlap: which model has the highest RC is open."


def _about_flagged(model: str, flag: Flag) -> str:
    assert flag.paired_accuracy and flag.paired_consistency and flag.paired_consistency_both_right
    accuracy, often = flag.paired_accuracy, "as often as"
    if accuracy.low is not None and accuracy.low > 0:
        often = "nearly as often as"
    elif accuracy.high is not None and accuracy.high < 0:
        often = "more often than"
    gap, both_right = flag.paired_consistency, flag.paired_consistency_both_right
    text = f"`{model}` picks the right winner {often} `{flag.against}` (OA {_lower(accuracy)}) but for shallower "
    text += f"reasons: RC lower by {gap_cell(gap, _DIGITS)}"
    if both_right.n:
        text += f", and by {gap_cell(both_right, _DIGITS)} on the {plural(both_right.n, 'row')} that both get right"
    return text + "."


def _lower(gap: Interval) -> str:
    """Return `lower by .05 [-.02, .12]`, or with turned signs `higher by …`."""
    if gap.value is None or gap.value >= 0:
        return f"lower by {interval_cell(gap, _DIGITS)}"
    low, high = (None if end is None else -end for end in (gap.high, gap.low))
    return f"higher by {interval_cell(Interval(-gap.value, low, high), _DIGITS)}"


def _names(models: Sequence[str]) -> str:
    return listed([f"`{model}`" for model in models])


# ------------------------------------------------------------------ captions


def flag_caption(rows: Sequence[ReportRow], rule: FlagRule) -> str:
    """Return what the flag compares; `rows` are of one judge and have a flag."""
    flags = [row.flag for row in rows if row.flag is not None]
    against = flags[0].against
    exact = all(row.bounds is None for row in rows)
    how = "highest RC" if exact else "highest lower bound of RC"
    corrected = " RC is corrected by people's labels." if flags[0].is_corrected else ""
    n = max(flag.paired_consistency.n for flag in flags if flag.paired_consistency)
    return (
        f"Flag, given this judge: each model against `{against}` ({'named' if flags[0].reference_is_named else how}) "
        f"on the {plural(n, 'row')} that all models have with a label and a score.{corrected} Weaker reasons: an OA of "
        f"at least {figure(rule.min_oa, 2)} and surely less than {figure(rule.accuracy_margin, 2)} below, and an RC "
        f"surely more than {figure(rule.consistency_margin, 2)} below. Cannot tell: neither this nor the contrary is "
        "sure. A negative figure: the model is above. p: with Holm's correction over the models."
    )


def legend(rows: Sequence[ReportRow], headings: Sequence[str], width: int) -> str:
    """Return the meaning of the columns and marks that the tables show."""
    marks = ["[ ]", *(["a–b"] if any(len({*consistency(row)[0]}) > 1 for row in rows) else [])]
    known = {(METRIC_GROUPS[group][name], one) for row in rows for (group, name), one in row.known.items()}
    shown = {one for heading, one in known if heading in headings and heading != "RC"}
    marks += [mark for mark, one in _OF_BOUNDS.items() if one in shown]
    marks += ["*"] if any(row.not_common for row in rows) else []
    entries = {name: text for name, text in _LEGEND.items() if name in headings} | {
        name: _MARKS[name] for name in marks
    }
    indent = max(map(columns, entries)) + 2
    lines = []
    for name, text in entries.items():
        first, *others = wrapped(f"{text}.", width - indent)
        lines += [name + " " * (indent - columns(name)) + first, *(" " * indent + line for line in others)]
    return "\n".join(lines)
