"""Picture of the kinds of reasons: classes by model, and the share of each flaw by model; needs matplotlib."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from metajudge.reports.flaws.figures import ModelFlaws
from metajudge.reports.plots.picture import THEMES, Theme, draw_surroundings, new_figure, styled
from metajudge.tasks.flaws import CLASSES, FLAWS
from metajudge.text import printable, wrapped

_MARKERS = "osD^vPX<>ph"
_NAME_COLUMNS = 34
_BAR, _GAP, _HEAD = 0.3, 0.11, 0.75
"""Inches of a model's bar, between two models at one flaw, and round a panel."""
_CLASS_COLOURS = (2, 4, 1)
"""Places of the colours of the classes among a theme's."""
_UNREAD = "unread"


def draw(models: Sequence[ModelFlaws], theme_name: str = "light", title: str = "") -> Figure:
    """Draw a bar of classes per model above, and a mark with its interval per model and flaw below."""
    theme = THEMES[theme_name]
    heights = _BAR * len(models) + _HEAD + 0.3, (_GAP * len(models) + 0.2) * len(FLAWS) + _HEAD
    with styled(theme):
        figure = new_figure()
        upper, lower = figure.subplots(2, 1, height_ratios=heights)
        _draw_classes(upper, models, theme)
        _draw_flaws(lower, models, theme)
        legend = _draw_legend(figure, models, theme)
        draw_surroundings(figure, theme, sum(heights), title, _caption(models), legend)
    figure.set_label(". ".join(map(_in_words, models)))
    return figure


def _draw_classes(axes: Axes, models: Sequence[ModelFlaws], theme: Theme) -> None:
    places = range(len(models))
    left = [0.0] * len(models)
    colours = [theme.families[place] for place in _CLASS_COLOURS]
    values = {f"{tag} {name}": [one.shares[tag].low.value or 0.0 for one in models] for tag, name in CLASSES.items()}
    if any("class" in one.unread for one in models):
        values[_UNREAD] = [one.unread.get("class", 0) / max(one.reasons, 1) for one in models]
    for (name, widths), colour in zip(values.items(), [*colours, theme.line], strict=False):
        axes.barh(places, widths, left=left, color=colour, height=0.7, label=name, edgecolor=theme.background, lw=0.5)
        left = [begin + width for begin, width in zip(left, widths, strict=True)]
    axes.set_yticks(places, ["\n".join(wrapped(printable(one.table.model), _NAME_COLUMNS)) for one in models])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="Share of reasons")
    axes.set_title("Classes of reasons", loc="left", pad=22)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(values), borderpad=0, handlelength=1)


def _draw_flaws(axes: Axes, models: Sequence[ModelFlaws], theme: Theme) -> None:
    height = 0.7 / max(len(models), 1)
    for number, one in enumerate(models):
        marker, colour = _mark(number, theme)
        for place, tag in enumerate(FLAWS):
            share, y = one.shares[tag], place + (number - (len(models) - 1) / 2) * height
            if share.low.value is None or share.high.value is None:
                continue
            if share.low.low is not None and share.high.high is not None:
                axes.plot([share.low.low, share.high.high], [y, y], color=colour, lw=1, alpha=0.6, zorder=2)
            axes.plot([share.low.value, share.high.value], [y, y], color=colour, lw=3, zorder=3)
            middle = (share.low.value + share.high.value) / 2
            axes.plot([middle], [y], color=colour, marker=marker, ms=5, ls="", zorder=4)
    axes.set_yticks(range(len(FLAWS)), [f"{tag} {name}" for tag, name in FLAWS.items()])
    axes.set_ylim(len(FLAWS) - 0.5, -0.5)
    axes.set(xlim=(-0.02, 1.02), xlabel="Share of reasons")
    axes.set_title("Flaws of reasons", loc="left")
    axes.grid(axis="x", color=theme.background, lw=0.8)
    axes.set_axisbelow(True)


def _mark(number: int, theme: Theme) -> tuple[str, Any]:
    return _MARKERS[number % len(_MARKERS)], theme.families[number % len(theme.families)]


def _draw_legend(figure: Figure, models: Sequence[ModelFlaws], theme: Theme) -> Legend:
    handles = []
    for number, one in enumerate(models):
        marker, colour = _mark(number, theme)
        label = "\n".join(wrapped(printable(one.table.model), _NAME_COLUMNS))
        handles.append(Line2D([], [], color=colour, marker=marker, ls="", label=label))
    return figure.legend(handles=handles, loc="lower center", ncols=min(3, len(models)), borderpad=0)


def _caption(models: Sequence[ModelFlaws]) -> str:
    text = f"As {printable(models[0].table.judge)} names them; lines: 95 % intervals over rows."
    return text + (" Thick: from unread as 0 to unread as 1." if any(one.unread for one in models) else "")


def _in_words(one: ModelFlaws) -> str:
    """Describe the figures for those who cannot see the picture."""
    shares = (f"{tag} {share.low.value:.3f}" for tag, share in one.shares.items() if share.low.value is not None)
    return f"{printable(one.table.model)}: {', '.join(shares)}"
