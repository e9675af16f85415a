"""Picture of training runs: outcome reward and rationale reward over the steps; needs matplotlib.

A log is JSON lines, one for each step of a run: `arm` (what was rewarded), `seed`, `step`, and the means over that
step's batch, `outcome` and `rationale` (null = unknown). Other fields are ignored.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from metajudge.errors import UsageError
from metajudge.metrics.statistics.resampling import Floats
from metajudge.reports.plots.picture import THEMES, Theme, draw_surroundings, new_figure, styled
from metajudge.text import printable, wrapped

PANELS = {"outcome": "Outcome reward", "rationale": "Rationale reward (average precision)"}
_STYLES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
_SMOOTHED_SHARE = 0.05
_HEIGHT = 3.0  # inches
_Rewards = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Curves:
    """Runs of one arm over the steps that all of its seeds have."""

    arm: str
    steps: Sequence[int]
    """Increasing."""
    rewards: Mapping[str, Floats]
    """Values by panel: (seeds, steps), each 0 to 1 or NaN."""
    left_out: int
    """Number of steps that some seeds have and others lack."""


# ------------------------------------------------------------------ logs


def read_logs(paths: Sequence[Path]) -> list[Curves]:
    """Read the curves of each arm, in the order of the logs.

    Raises `UsageError` for a file that cannot be read, a line that is no step, a step that occurs twice, and an arm
    whose seeds have no step in common.
    """
    arms: dict[str, dict[int, dict[int, _Rewards]]] = {}
    for path in paths:
        for number, line in enumerate(_lines(path), 1):
            if not line.strip():
                continue
            arm, seed, step, rewards = _read_step(line, f"{path}, line {number}")
            steps = arms.setdefault(arm, {}).setdefault(seed, {})
            if step in steps:
                what = f"step {step} of {printable(arm)}, seed {seed}"
                raise UsageError(f"{path}, line {number}: {what} occurs twice; name each run's log once")
            steps[step] = rewards
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


def _read_step(line: str, where: str) -> tuple[str, int, int, _Rewards]:
    """Return arm, seed, step and rewards."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise UsageError(f"{where}: not a JSON object; a log of a training run has one for each step")

    def value(name: str, allowed: str, is_allowed: Callable[[Any], bool]) -> Any:
        found = fields.get(name, "")
        if not is_allowed(found):
            shown = printable(json.dumps(found)[:40]) if name in fields else "missing"
            raise UsageError(f"{where}: `{name}` is {shown}; it is {allowed}")
        return found

    arm = value("arm", "the name of what was rewarded", lambda found: isinstance(found, str) and bool(found.strip()))
    seed, step = (value(name, "a whole number", lambda found: type(found) is int) for name in ("seed", "step"))
    return arm, seed, step, {name: value(name, "a number from 0 to 1, or null", _is_reward) for name in PANELS}


def _is_reward(found: Any) -> bool:
    return found is None or (type(found) in (int, float) and 0 <= found <= 1)


def _curves(arm: str, seeds: Mapping[int, Mapping[int, _Rewards]]) -> Curves:
    common = sorted(set.intersection(*(set(steps) for steps in seeds.values())))
    if not common:
        raise UsageError(f"the seeds of {printable(arm)} have no step in common; name logs whose seeds share steps")
    rewards = {  # null becomes NaN
        name: np.array([[steps[step][name] for step in common] for steps in seeds.values()], np.float64)
        for name in PANELS
    }
    return Curves(arm, common, rewards, len(set().union(*seeds.values())) - len(common))


# ------------------------------------------------------------------ smoothing


def window(steps: int) -> int:
    """Return the width of the running mean: an odd number, about a twentieth of the steps."""
    return 2 * round(steps * _SMOOTHED_SHARE / 2) + 1


def smooth(values: Floats, width: int) -> Floats:
    """Return the centred running mean along the last axis without NaN; the window is narrower at the ends."""
    count = values.shape[-1]
    reaches = [min(width // 2, place, count - 1 - place) for place in range(count)]
    columns = [_mean(values[..., place - reach : place + reach + 1], -1) for place, reach in enumerate(reaches)]
    return np.stack(columns, axis=-1)


def _mean(values: Floats, axis: int) -> Floats:
    """Return the mean without NaN; NaN without any other value."""
    known = ~np.isnan(values)
    total, number = np.where(known, values, 0.0).sum(axis), known.sum(axis)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


# ------------------------------------------------------------------ the picture


def draw(arms: Sequence[Curves], theme_name: str = "light", title: str = "") -> Figure:
    """Draw two panels with a line per arm: the seeds' mean, a band from lowest to highest, single steps behind."""
    theme = THEMES[theme_name]
    with styled(theme):
        figure = new_figure()
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
        draw_surroundings(figure, theme, _HEIGHT, title, _caption(arms), _draw_legend(figure, arms, theme))
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


def _draw_legend(figure: Figure, arms: Sequence[Curves], theme: Theme) -> Legend:
    handles = []
    for place, curves in enumerate(arms):
        colour, style = _mark(place, theme)
        handles.append(Line2D([], [], color=colour, ls=style, lw=1.8, label="\n".join(wrapped(curves.arm, 34))))
    return figure.legend(handles=handles, loc="lower center", ncols=min(3, len(arms)), borderpad=0, handlelength=3)


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
