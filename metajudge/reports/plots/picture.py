"""The parts that every picture has: size and colours, title, legend and caption, and the file; needs matplotlib."""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend

from metajudge.text import wrapped

WIDTH, DPI = 8.0, 200
"""Inches, and pixels per inch: for a page 800 pixels wide at twice its resolution."""
EDGE = 0.08
"""Inches around each part."""
SMALL = 8.0
"""Points of small texts."""
FORMATS: Mapping[str, str] = {"png": "Description", "svg": "Description", "pdf": "Subject"}
"""Formats of the file, with the name that each has for a description."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a picture; the background is opaque, so that texts can be read on any page."""

    background: str
    text: str
    muted: str
    line: str
    zones: Sequence[str]
    """Upper right, lower right, and those on the left."""
    families: Sequence[str]
    """Okabe and Ito's colours, the most conspicuous first."""


THEMES: Mapping[str, Theme] = {
    "light": Theme(
        "#ffffff", "#1f2328", "#57606a", "#8c959f", ("#e3f3ee", "#fdeadf", "#f4f5f7"),
        ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"),
    ),
    "dark": Theme(
        "#0d1117", "#f0f3f6", "#a9b1bb", "#6e7681", ("#10291f", "#35200f", "#161b22"),
        ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#ffffff", "#0072B2"),
    ),
}  # fmt: skip


def styled(theme: Theme) -> AbstractContextManager[None]:
    """Return a context with matplotlib's defaults and our changes, whatever the user's matplotlibrc says."""
    ours = {
        "figure.facecolor": theme.background, "axes.facecolor": theme.zones[2], "figure.dpi": DPI, "font.size": 8.5,
        "axes.labelsize": 8.5, "axes.titlesize": 9.5, "axes.titleweight": "bold", "legend.fontsize": 8.5,
        "xtick.labelsize": SMALL, "ytick.labelsize": SMALL, "text.color": theme.text, "text.parse_math": False,
        "axes.labelcolor": theme.text, "axes.edgecolor": theme.line, "xtick.color": theme.muted,
        "ytick.color": theme.muted, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
    }  # fmt: skip
    return style.context(["default", ours])


def new_figure() -> Figure:
    """Return an empty figure that draws in memory, without a window system."""
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure


def draw_surroundings(
    figure: Figure, theme: Theme, height: float, title: str, caption: str, legend: Legend | None
) -> None:
    """Draw the title above, legend and caption below the panels, which are `height` inches high together."""
    left = EDGE / WIDTH
    above = figure.text(left, 1, "\n".join(wrapped(title, 78)), size=11, weight="bold", va="top")
    below = figure.text(left, 0, "\n".join(wrapped(caption, 118)), size=SMALL, color=theme.muted)
    heights = [artist.get_window_extent().height / DPI if artist else 0.0 for artist in (above, below, legend)]
    head, note, key = (inches + EDGE if inches else 0.0 for inches in heights)
    total = math.ceil((height + head + note + key) * DPI) / DPI
    figure.set_size_inches(WIDTH, total)
    above.set_y(1 - EDGE / total)
    below.set(y=EDGE / total, va="bottom")
    if legend:
        legend.set_bbox_to_anchor((0.5, note / total))
    rect = (0, (note + key) / total, 1, height / total)
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=rect, w_pad=EDGE, h_pad=EDGE))


def save(figure: Figure, path: Path, title: str = "Outcome accuracy and rationale consistency") -> None:
    """Write the picture in one of `FORMATS`, by the name's ending; equal pictures give equal bytes.

    PDF files embed their fonts as outlines (Type 42).
    """
    kind = path.suffix.lower().lstrip(".")
    facts = {"Title": title, FORMATS[kind]: str(figure.get_label())}
    undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with style.context(["default", {"svg.hashsalt": "metajudge", "pdf.fonttype": 42}]):
        figure.savefig(path, format=kind, dpi=DPI, facecolor="auto", metadata=facts | undated)
