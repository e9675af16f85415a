"""Picture of training runs: outcome reward and rationale reward over the steps; needs matplotlib.

A log is JSON lines, one for each step of a run: `arm` (what was rewarded), `seed`, `step`, and the means over that
step's batch, `outcome` and `rationale` (null = unknown). Other fields are ignored.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from metajudge.errors import UsageError
from metajudge.reports.plots.models import DPI, THEMES, WIDTH, Theme, styled
from metajudge.text import printable, wrapped

PANELS = {"outcome": "Outcome reward", "rationale": "Rationale reward (average precision)"}
_STYLES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
_SMOOTHED_SHARE = 0.05
_HEIGHT, _EDGE = 3.0, 0.08  # inches
_SMALL = 8.0  # points

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Curves:
    """Runs of one arm over the steps that all of its seeds have."""

    arm: str
    steps: Sequence[int]
    """Increasing."""
    rewards: Mapping[str, Array]
    """Values by panel: (seeds, steps), each 0 to 1 or NaN."""
    left_out: int
    """Number of steps that some seeds have and others lack."""


@dataclass(frozen=True, slots=True)
class _Step:
    arm: str
    seed: int
    step: int
    rewards: Mapping[str, float]


# ------------------------------------------------------------------ logs


def read_logs(paths: Sequence[Path]) -> list[Curves]:
    """Read the curves of each arm, in the order of the logs.

    Raises `UsageError` for a file that cannot be read, a line that is no step, a step that occurs twice, and an arm
    whose seeds have no step in common.
    """
    arms: dict[str, dict[int, dict[int, _Step]]] = {}
    for path in paths:
        for number, line in enumerate(_lines(path), 1):
            if not line.strip():
                continue
            step = _read_step(line, f"{path}, line {number}")
            seed = arms.setdefault(step.arm, {}).setdefault(step.seed, {})
            if step.step in seed:
                what = f"step {step.step} of {printable(step.arm)}, seed {step.seed}"
                raise UsageError(f"{path}, line {number}: {what} occurs twice; name each run's log once")
            seed[step.step] = step
    if not arms:
        raise UsageError("the logs are empty; a log has a line for each step of a run")
    return [_curves(arm, seeds) for arm, seeds in arms.items()]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name the logs of training runs") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8; name the logs of training runs") from None


def _read_step(line: str, where: str) -> _Step:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise UsageError(f"{where}: not a JSON object; a log of a training run has one for each step")
    arm = fields.get("arm")
    if not isinstance(arm, str) or not arm.strip():
        raise UsageError(f"{where}: `arm` is {_shown(fields, 'arm')}; it is the name of what was rewarded")
    seed, step = _number(fields, "seed", where), _number(fields, "step", where)
    return _Step(arm, seed, step, {name: _reward(fields, name, where) for name in PANELS})


def _number(fields: Mapping[str, Any], name: str, where: str) -> int:
    value = fields.get(name)
    if type(value) is not int:
        raise UsageError(f"{where}: `{name}` is {_shown(fields, name)}; it is a whole number")
    return value


def _reward(fields: Mapping[str, Any], name: str, where: str) -> float:
    value = fields.get(name, "")
    if value is None:
        return math.nan
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise UsageError(f"{where}: `{name}` is {_shown(fields, name)}; it is a number within 0 and 1, or null")
    return float(value)


def _shown(fields: Mapping[str, Any], name: str) -> str:
    return printable(json.dumps(fields[name])[:40]) if name in fields else "missing"


def _curves(arm: str, seeds: Mapping[int, Mapping[int, _Step]]) -> Curves:
    common = sorted(set.intersection(*(set(steps) for steps in seeds.values())))
    if not common:
        raise UsageError(f"the seeds of {printable(arm)} have no step in common: there is nothing to average")
    rewards = {
        name: np.array([[steps[step].rewards[name] for step in common] for steps in seeds.values()]) for name in PANELS
    }
    return Curves(arm, common, rewards, len(set().union(*seeds.values())) - len(common))


# ------------------------------------------------------------------ smoothing


def window(steps: int) -> int:
    """Return the width of the running mean: an odd number, about a twentieth of the steps."""
    return 2 * round(steps * _SMOOTHED_SHARE / 2) + 1


def smooth(values: Array, width: int) -> Array:
    """Return the centred running mean along the last axis without NaN; the window is narrower at the ends."""
    count = values.shape[-1]
    reaches = [min(width // 2, place, count - 1 - place) for place in range(count)]
    columns = [_mean(values[..., place - reach : place + reach + 1], -1) for place, reach in enumerate(reaches)]
    return np.stack(columns, axis=-1)


def _mean(values: Array, axis: int) -> Array:
    """Return the mean without NaN; NaN without any other value."""
    known = ~np.isnan(values)
    total, number = np.where(known, values, 0.0).sum(axis), known.sum(axis)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


# ------------------------------------------------------------------ the picture


def draw(arms: Sequence[Curves], theme_name: str = "light", title: str = "") -> Figure:
    """Draw two panels with a line per arm: the seeds' mean, a band from lowest to highest, single steps behind."""
    theme = THEMES[theme_name]
    with styled(theme):
        figure = Figure()
        FigureCanvasAgg(figure)
        panels: list[Axes] = list(figure.subplots(1, len(PANELS), sharex=True, sharey=True))
        for axes, (name, heading) in zip(panels, PANELS.items(), strict=True):
            axes.set_title(heading, loc="left")
            axes.set(xlabel="Training step", ylim=(-0.02, 1.02))
            axes.margins(x=0.01)
            axes.grid(axis="y", color=theme.background, lw=0.8)
            axes.set_axisbelow(True)
            axes.tick_params(labelleft=True)
            for place, curves in enumerate(arms):
                _draw_curve(axes, curves, name, *_mark(place, theme))
        _draw_surroundings(figure, arms, theme, title)
    figure.set_label(". ".join(_in_words(curves) for curves in arms))
    return figure


def _mark(place: int, theme: Theme) -> tuple[str, Any]:
    return theme.families[place % len(theme.families)], _STYLES[place % len(_STYLES)]


def _draw_curve(axes: Axes, curves: Curves, name: str, colour: str, style: Any) -> None:
    values = curves.rewards[name]
    each = smooth(values, window(len(curves.steps)))
    axes.plot(curves.steps, _mean(values, axis=0), color=colour, lw=0.6, alpha=0.35, zorder=2)
    axes.fill_between(
        curves.steps, np.fmin.reduce(each), np.fmax.reduce(each), color=colour, alpha=0.22, lw=0, zorder=3
    )
    alone = "o" if len(curves.steps) == 1 else None  # a line needs two steps to be seen
    axes.plot(curves.steps, _mean(each, axis=0), color=colour, ls=style, lw=1.8, marker=alone, zorder=4)


def _draw_surroundings(figure: Figure, arms: Sequence[Curves], theme: Theme, title: str) -> None:
    """Draw the title above, legend and caption below the panels."""
    left = _EDGE / WIDTH
    figure.set_size_inches(WIDTH, _HEIGHT)
    top = figure.text(left, 1, "\n".join(wrapped(title, 78)), size=11, weight="bold", va="top")
    note = figure.text(left, 0, "\n".join(wrapped(_caption(arms), 118)), size=_SMALL, color=theme.muted)
    handles = [
        Line2D([], [], color=colour, ls=style, lw=1.8, label="\n".join(wrapped(curves.arm, 34)))
        for curves, (colour, style) in ((one, _mark(place, theme)) for place, one in enumerate(arms))
    ]
    legend = figure.legend(handles=handles, loc="lower center", ncols=min(3, len(arms)), borderpad=0, handlelength=3)
    heights = [artist.get_window_extent().height / DPI if artist else 0.0 for artist in (top, note, legend)]
    above, caption, below = (inches + _EDGE if inches else 0.0 for inches in heights)
    total = math.ceil((_HEIGHT + above + caption + below) * DPI) / DPI
    figure.set_size_inches(WIDTH, total)
    top.set_y(1 - _EDGE / total)
    note.set(y=_EDGE / total, va="bottom")
    legend.set_bbox_to_anchor((0.5, (caption + _EDGE) / total))
    room = (0, (caption + below + _EDGE) / total, 1, 1 - (caption + below + above + _EDGE) / total)
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=room, w_pad=_EDGE, h_pad=_EDGE))


def _caption(arms: Sequence[Curves]) -> str:
    counts = sorted({len(one.rewards["outcome"]) for one in arms})
    seeds = " to ".join(str(count) for count in (counts[0], counts[-1])[: len(counts)])
    width = window(max(len(one.steps) for one in arms))
    line = f"running mean over {width} steps" if width > 1 else "not smoothed"
    if counts == [1]:
        return f"Line: one seed, {line}; thin: single steps."
    return f"Line: mean of {seeds} seeds, {line}; band: from the lowest to the highest seed; thin: single steps."


def _in_words(curves: Curves) -> str:
    """Describe the figures for those who cannot see the picture."""
    ends = []
    for name in PANELS:
        values = _mean(smooth(curves.rewards[name], window(len(curves.steps))), axis=0)
        ends.append(f"{name} reward from {values[0]:.3f} to {values[-1]:.3f}")
    return f"{printable(curves.arm)}: {', '.join(ends)}"
