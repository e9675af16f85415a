"""Picture of models: drawing, legibility, files, CSV input and the command."""

import itertools
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from PIL import Image

from metajudge.errors import UsageError
from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.model_rows import report_rows
from metajudge.reports.plots import points as plot_points
from metajudge.reports.plots.models import Look, draw
from metajudge.reports.plots.picture import DPI, THEMES, save
from metajudge.reports.plots.points import Panels, Point
from metajudge.reports.plots.zones import ZONES
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import score_file
from tests.unit.reports.plots.boxes import Box
from tests.unit.result_rows import Run, failed, one_item, record, write


def point(model: str, oa: float, rc: float, half: float = 0.02, family: str | None = None) -> Point:
    """Return a model with intervals of 2 * `half` in both directions."""
    return Point(model, family, oa, rc, oa - half, oa + half, rc - half, rc + half)


def cluster(count: int, spread: float) -> list[Point]:
    """Return models around one spot, of five families."""
    gauss = random.Random(count).gauss
    names = [(f"some-model-{n}-preview", "vwxyz"[n % 5]) for n in range(count)]
    return [point(name, gauss(0.75, spread), gauss(0.25, spread), family=family) for name, family in names]


NINE = {None: [point(f"model-{n}", 0.7 + 0.02 * n, 0.2 + 0.013 * (n * 5 % 9)) for n in range(9)]}


def box(artist: Any, figure: Figure) -> Box:
    """Return the rectangle that an artist covers, in pixels."""
    extent = artist.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    return Box(extent.x0, extent.y0, extent.x1, extent.y1)


def panels_of(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_visible()]


def texts(axes: Axes) -> list[str]:
    return [text.get_text().replace("\n", " ") for text in axes.texts]


def pixels(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Read a PNG file as (height, width, 3)."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours by WCAG 2: 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


# ------------------------------------------------------------------ what is drawn

CROWDS: dict[str, Panels] = {
    "two, wide intervals": {None: [point("model-low_deceptive_alignment", 0.8, 0.4, 0.19), point("b", 0.7, 0.2, 0.2)]},
    "twenty crowded": {None: cluster(20, 0.01)},
    "twenty identical": {None: cluster(20, 0.0)},
    "four crowded panels": {name: cluster(12, 0.015) for name in ("code", "general", "multilingual", "stem")},
    "long names": {None: [replace(one, model=one.model * 4) for one in cluster(6, 0.02)]},
    "the ends of both scales": {None: [Point("zero", None, 0, 0), Point("one", None, 1, 1), point("x", 0.5, 0.5, 0.5)]},
    "the upper right corner": {None: [Point(f"m{n}", None, 1 - n / 10, 1 - n % 3 / 10) for n in range(6)]},
}


@pytest.mark.parametrize("panels", CROWDS.values(), ids=CROWDS.keys())
def test_no_text_covers_another_or_a_point_or_leaves_its_panel(panels: Panels) -> None:
    """Measured on the rendered texts, the zones' names among them; every model is named."""
    figure, unnamed = draw(panels, Look(title="A title"))
    assert unnamed == []
    for axes, inside in zip(panels_of(figure), panels.values(), strict=True):
        boxes = [box(text, figure) for text in axes.texts]
        assert len(boxes) == len(inside) + len(ZONES)
        assert all(one.within(box(axes, figure)) for one in boxes)
        assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
        spots = axes.transData.transform([(one.outcome_accuracy, one.rationale_consistency) for one in inside])
        half = 7 / 72 * DPI / 2  # of a marker
        markers = [Box(x - half, y - half, x + half, y + half) for x, y in spots]
        assert not any(one.overlaps(marker) for one in boxes for marker in markers)
        assert min(*axes.get_xlim(), *axes.get_ylim()) >= 0 and max(*axes.get_xlim(), *axes.get_ylim()) <= 1


def test_a_point_is_at_its_figures_with_both_whiskers() -> None:
    """The marker at (OA, RC), one line across and one upwards."""
    figure, _ = draw({None: [Point("m", None, 0.7, 0.3, 0.6, 0.75, 0.2, 0.45)]}, Look())
    lines = [np.asarray(line.get_xydata()).tolist() for line in figure.axes[0].lines]
    assert lines == [[[0.6, 0.3], [0.75, 0.3]], [[0.7, 0.2], [0.7, 0.45]], [[0.7, 0.3]]]


def test_a_model_alone_without_intervals_has_no_whiskers_and_no_zone() -> None:
    """No interval is made up; one model would be the median that it is compared with."""
    figure, _ = draw({None: [Point("m", None, 0.7, 0.3)]}, Look())
    assert len(figure.axes[0].lines) == 1 and texts(figure.axes[0]) == ["m"]
    assert not any(text.get_text() for text in figure.texts)


def test_zones_meet_at_the_medians_and_the_caption_says_so() -> None:
    """Worked by hand: of OA .6 .7 .9 the median is .7, of RC .1 .4 .2 it is .2."""
    figure, _ = draw({None: [point("a", 0.6, 0.1), point("b", 0.7, 0.4), point("c", 0.9, 0.2)]}, Look())
    caption = figure.texts[1].get_text()
    assert "OA 0.700 (median) and RC 0.200 (median): they compare what is shown, no more" in caption
    assert "Whiskers: 95 % intervals" in caption
    assert set(ZONES) <= set(texts(figure.axes[0]))


def test_zones_meet_where_the_user_says() -> None:
    """Each zone has space for its name, also beyond all points."""
    figure, _ = draw(NINE, Look(oa_zone=0.9, rc_zone=0.5))
    assert "Zones meet at OA 0.9 (given) and RC 0.5 (given)." in figure.texts[1].get_text()
    axes = figure.axes[0]
    assert axes.get_xlim()[1] > 0.95 and axes.get_ylim()[1] > 0.5
    names = {text.get_text().replace("\n", " "): box(text, figure) for text in axes.texts}
    x, y = axes.transData.transform((0.9, 0.5))
    frame = box(axes, figure)
    sides = [(x, frame.right), (x, frame.right), (frame.left, x), (frame.left, x)]
    for place, (name, (left, right)) in enumerate(zip(ZONES, sides, strict=True)):
        bottom, top = (frame.bottom, y) if place % 2 else (y, frame.top)
        assert names[name].within(Box(left, bottom, right, top)), name


def test_a_zone_too_narrow_for_its_name_is_named_in_the_caption() -> None:
    """No name crosses a border; the caption takes another line for it, and the panel keeps its width."""
    points = [Point("a", None, 0.2, 0.3), Point("b", None, 0.99, 0.5)]
    figure, unnamed = draw({None: points}, Look(oa_zone=0.97, rc_zone=0.4))
    caption = figure.texts[1].get_text().replace("\n", " ")
    assert "Upper right: right for the right reasons. Lower right: deceptive alignment:" in caption
    assert "left:" not in caption and unnamed == []
    assert set(texts(figure.axes[0])) == {"a", "b", *ZONES[2:]}
    wide, _ = draw({None: points}, Look(oa_zone=0.5, rc_zone=0.4))
    assert "right:" not in wide.texts[1].get_text()
    assert box(figure.axes[0], figure).right == pytest.approx(box(wide.axes[0], wide).right, abs=2)


@pytest.mark.parametrize(
    ("points", "look", "why"),
    [
        ([point("a", 1, 0.3), point("b", 1, 0.6)], Look(), "No zones: nothing can be above OA 1.000 (median)."),
        ([point("a", 0.5, 0), point("b", 0.7, 0)], Look(), "No zones: nothing can be below RC 0.000 (median)."),
        ([point("a", 0.5, 0.3)], Look(oa_zone=0.5, rc_zone=1), "No zones: nothing can be above RC 1 (given)."),
        (
            [point("a", 0, 0.3), point("b", 1, 0.4)],
            Look(one_sided=True),
            "No zones: the rows of a panel are all right or all wrong.",
        ),
    ],
)
def test_there_are_no_zones_where_a_side_cannot_hold_points(points: list[Point], look: Look, why: str) -> None:
    """The caption gives the reason; nothing is coloured or named."""
    figure, _ = draw({None: points}, look)
    assert why in figure.texts[1].get_text() and "Zones meet" not in figure.texts[1].get_text()
    assert sorted(texts(figure.axes[0])) == sorted(one.model for one in points)
    assert not figure.axes[0].collections


def test_points_at_the_ends_of_the_scale_are_drawn_whole() -> None:
    """The axes end at 1, the markers there do not."""
    figure, _ = draw({None: [Point("a", None, 1, 1, 0.9, 1, 0.9, 1), Point("b", None, 0.5, 0.5)]}, Look())
    at = figure.axes[0].transData.transform((1, 1))
    assert at == pytest.approx([box(figure.axes[0], figure).right, box(figure.axes[0], figure).top])
    (marker,) = [line for line in figure.axes[0].lines if np.asarray(line.get_xydata()).tolist() == [[1, 1]]]
    assert not marker.get_clip_on()
    assert box(marker, figure).within(Box(0, 0, 1600, figure.get_size_inches()[1] * DPI))


def test_levels_are_lines_across_every_panel_within_its_scale() -> None:
    """Each has a style of its kind, and the caption names it."""
    levels = {"control x": 0.01, "people": 0.83}
    figure, _ = draw({"a": NINE[None][:4], "b": NINE[None][4:]}, Look(levels=levels))
    for axes in panels_of(figure):
        found = {line.get_ydata()[0]: line.get_linestyle() for line in axes.lines if list(line.get_xdata()) == [0, 1]}
        assert found[0.01] == ":" and found[0.83] == "-."
        low, high = axes.get_ylim()
        assert low < 0.01 and high > 0.83
    caption = " ".join(text.get_text().replace("\n", " ") for text in figure.texts)
    assert "Dotted line: control x, RC 0.010. Dash-dotted line: people, RC 0.830." in caption


def test_long_names_are_cut_between_their_parts() -> None:
    """Behind a hyphen or slash; a part that is longer than a line anywhere."""
    name = "organisation/a-model-with-a-long-name-" + "x" * 40
    figure, _ = draw({None: [Point(name, None, 0.5, 0.5)]}, Look())
    (text,) = figure.axes[0].texts
    assert text.get_text().split("\n") == ["organisation/a-model-with-a-long-", "name-", "x" * 34, "x" * 6]


def test_there_is_a_panel_a_group_with_shared_axes() -> None:
    """Five groups in two columns: titles in order, equal limits, the sixth place empty."""
    panels = {name: [point("a", 0.1 * n, 0.3), point("b", 0.5, 0.1 * n)] for n, name in enumerate("pqrst", 2)}
    figure, _ = draw(panels, Look())
    shown = panels_of(figure)
    assert [axes.get_title(loc="left") for axes in shown] == list("pqrst")
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in shown}) == 1
    assert len({box(axes, figure).left for axes in shown}) == 2
    assert [bool(axes.get_xlabel()) for axes in shown] == [False, False, False, True, True]


def test_each_family_has_a_colour_a_marker_and_a_legend_entry() -> None:
    """Markers distinguish families without colour; a model without family is `other`."""
    points = [point(f"m{n}", 0.5 + n / 50, 0.3, family=family) for n, family in enumerate(["x", "y", "x", None])]
    figure, _ = draw({None: points}, Look())
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["x", "y", "other"]
    drawn = [line for line in figure.axes[0].lines if line.get_marker() not in ("None", "", None)]
    markers = [str(line.get_marker()) for line in drawn]
    colours = [to_hex(line.get_markerfacecolor()) for line in drawn]
    assert markers[0] == markers[2] and len(set(markers)) == 3
    assert colours[0] == colours[2] and len(set(colours)) == 3
    heights = box(legend, figure)
    assert heights.bottom > box(figure.texts[1], figure).top
    assert heights.top < box(figure.axes[0].xaxis.label, figure).bottom


def test_a_long_legend_takes_several_lines_within_the_picture() -> None:
    """Twelve families with long names, none of them cut."""
    points = [point(f"m{n}", 0.5 + n / 50, 0.3, family=f"a family of long name {n}") for n in range(12)]
    figure, _ = draw({None: points}, Look())
    legend = box(figure.legends[0], figure)
    names = [box(text, figure) for text in figure.legends[0].get_texts()]
    assert len({name.bottom for name in names}) > 1
    assert all(name.left >= 0 and name.right <= 1600 for name in (*names, legend))
    assert legend.top < box(figure.axes[0].xaxis.label, figure).bottom


def test_without_families_each_model_keeps_its_mark_through_the_panels() -> None:
    """Names at the points are legend enough."""
    panels = {"p": [point("a", 0.5, 0.3), point("b", 0.6, 0.2)], "q": [point("b", 0.5, 0.3), point("a", 0.6, 0.2)]}
    figure, _ = draw(panels, Look())
    assert not figure.legends
    marks = [[str(line.get_marker()) for line in axes.lines if line.get_ls() == "None"] for axes in figure.axes]
    assert marks[0] == marks[1][::-1] and len(set(marks[0])) == 2


def test_names_are_text_and_no_formulas() -> None:
    """Dollar signs and underscores stay; control characters are shown, not obeyed."""
    figure, _ = draw({None: [point("a$b$c_d^e", 0.5, 0.3), point("f\x1b[1m", 0.6, 0.2)]}, Look(title="$x$"))
    assert {"a$b$c_d^e", "f\\x1b[1m"} <= set(texts(figure.axes[0]))
    assert not any(text.get_parse_math() for text in (*figure.axes[0].texts, *figure.texts))


def test_names_without_any_place_are_returned() -> None:
    """More names than even the largest picture holds; the ones that are drawn stay apart."""
    points = [replace(one, model="m" * 300 + str(number)) for number, one in enumerate(cluster(60, 0.001))]
    figure, unnamed = draw({None: points}, Look())
    assert 0 < len(unnamed) < 60
    boxes = [box(text, figure) for text in figure.axes[0].texts]
    assert len(boxes) == 60 - len(unnamed) + len(ZONES)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


# ------------------------------------------------------------------ colours


@pytest.mark.parametrize("name", THEMES)
def test_texts_can_be_read_on_every_background_of_their_theme(name: str) -> None:
    """WCAG's level AA asks for 4.5 : 1."""
    theme = THEMES[name]
    for ground in (theme.background, *theme.zones):
        assert contrast(theme.text, ground) >= 7
        assert contrast(theme.muted, ground) >= 4.5
        assert all(max(contrast(colour, ground), contrast(theme.text, ground)) >= 3 for colour in theme.families)
    assert len(set(theme.families)) == 8


def test_the_dark_theme_is_dark_with_bright_text(tmp_path: Path) -> None:
    """The file has an opaque dark ground with pixels of the bright text colour on it."""
    save(draw(NINE, Look(theme="dark"))[0], tmp_path / "p.png")
    found = pixels(tmp_path / "p.png")
    assert found[0, 0].tolist() == [13, 17, 23]
    assert np.median(found) < 60 and found.max() > 235
    with Image.open(tmp_path / "p.png") as image:
        assert image.convert("RGBA").getextrema()[3] == (255, 255)


# ------------------------------------------------------------------ files


def test_a_png_is_twice_800_pixels_wide_and_shows_the_points(tmp_path: Path) -> None:
    """The ground is white and opaque; the first family's blue is there; the height is the figure's."""
    figure, _ = draw(NINE, Look())
    save(figure, tmp_path / "p.png")
    found = pixels(tmp_path / "p.png")
    assert found.shape[1] == 1600 and 900 < found.shape[0] < 1200
    assert found.shape[0] == round(figure.get_size_inches()[1] * DPI)
    assert found[0, 0].tolist() == [255, 255, 255]
    blue = (found == [0, 0x72, 0xB2]).all(axis=2)
    assert 100 < blue.sum() < 5000
    at = figure.axes[0].transData.transform((0.7, 0.2))
    assert blue[found.shape[0] - round(at[1]), round(at[0])]


def test_an_svg_names_the_models_and_is_the_same_every_time(tmp_path: Path) -> None:
    """The description has names and figures, safe for XML; there is no date and no random id."""
    panels = {"p": [point("a<b", 0.5, 0.3), point("c\x1bd", 0.6, 0.25)]}
    for name in ("a.svg", "b.SVG"):
        save(draw(panels, Look(title="Title"))[0], tmp_path / name)
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.SVG").read_text(encoding="utf-8")
    described = ElementTree.fromstring(text).find(".//{http://purl.org/dc/elements/1.1/}description")
    assert described is not None
    assert described.text == "p, a<b: OA 0.500, RC 0.300. p, c\\x1bd: OA 0.600, RC 0.250"
    assert "<dc:date>" not in text and "<!-- Title -->" in text


def test_a_pdf_embeds_its_fonts_and_is_the_same_every_time(tmp_path: Path, run: Run) -> None:
    """Type 42 outlines, no date; another process writes the same bytes."""
    path = csv_file(tmp_path, "model,oa,rc", "a,.7,.2", "b,.8,.4")
    assert run("plot", path, "--output-file", tmp_path / "a.pdf") == (0, "", f"{tmp_path / 'a.pdf'} written\n")
    command = [sys.executable, "-m", "metajudge", "plot", path, "--output-file", tmp_path / "b.PDF"]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    first, second = ((tmp_path / name).read_bytes() for name in ("a.pdf", "b.PDF"))
    assert first == second and first.startswith(b"%PDF")
    assert b"/CIDFontType2" in first and b"/FontFile2" in first and b"/Type3" not in first
    assert b"CreationDate" not in first and b"/Subject (a: OA 0.700, RC 0.200. b: OA 0.800, RC 0.400)" in first


def test_the_users_matplotlibrc_changes_nothing_and_is_not_changed(tmp_path: Path) -> None:
    """Pixels and matplotlib's global settings stay equal."""
    save(draw(NINE, Look())[0], tmp_path / "plain.png")
    theirs = {"font.size": 30, "savefig.bbox": "tight", "axes.facecolor": "red", "lines.linewidth": 9}
    with matplotlib.rc_context(theirs):
        before = dict(matplotlib.rcParams)
        save(draw(NINE, Look())[0], tmp_path / "theirs.png")
        assert dict(matplotlib.rcParams) == before
    assert (pixels(tmp_path / "plain.png") == pixels(tmp_path / "theirs.png")).all()


def test_no_window_system_is_touched() -> None:
    """pyplot, which would choose one, is never imported."""
    code = "import sys, metajudge.reports.plots.models; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ------------------------------------------------------------------ the command


def csv_file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "figures.csv"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def test_a_csv_file_becomes_a_picture(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is overall_compare.png in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = csv_file(tmp_path, "model,family,oa,rc,low,high", "GPT-5,O,.8,.359,.34,.38", "o3-mini,O,.79,.205,,")
    assert run("plot", path) == (0, "", "overall_compare.png written\n")
    assert pixels(tmp_path / "overall_compare.png").std() > 10


def test_csv_cells_become_points(tmp_path: Path) -> None:
    """Columns in any order and case, blanks around cells, a byte-order mark, quotes, blank lines, empty intervals."""
    path = csv_file(
        tmp_path,
        '\ufeffRC , oa,"model",family,rc_low,rc_high,oa_low,oa_high',
        '.25, 0.7 ,"a, b",,0.2,0.3,,',
        "",
        "1,0,c,f,,,0,0.5",
    )
    assert plot_points.points_from_csv(path) == [
        Point("a, b", None, 0.7, 0.25, None, None, 0.2, 0.3),
        Point("c", "f", 0, 1, 0, 0.5, None, None),
    ]


HEADER = "model,family,oa,rc,oa_low,oa_high"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["model,oa,rc", "a,70.5,.2"], ["line 2, column oa", "'70.5'", "0 to 1"]),
        (["model,oa,rc", "a,.7,.2", "b,.7,high"], ["line 3, column rc", "'high'", "0 to 1"]),
        (["model,oa,rc", "a,nan,.2"], ["line 2, column oa", "'nan'"]),
        (["model,oa,rc", "a,,.2"], ["line 2, column oa", "''"]),
        ([HEADER, "a,f,.7,.2,.6,"], ["line 2, column oa_high", "''", "0 to 1"]),
        ([HEADER, "a,f,.7,.2,.8,.9"], ["line 2, column oa", "0.7", "0.8..0.9", "oa_low <= oa <= oa_high"]),
        ([HEADER, "a,f,.7,.2"], ["line 2", "4 cells", "6 columns"]),
        (["model,oa,rc", "a,.7,.2", "a,.6,.2"], ["line 3, column model", "a occurs twice"]),
        (["model,oa,rc", ",.7,.2"], ["line 2, column model", "empty"]),
        (["model,oa,recall", "a,.7,.2"], ["line 1", "'recall'", "oa_low, oa_high"]),
        (["model,oa", "a,.7"], ["line 1", "column rc is missing"]),
        (["model,oa,rc,rc", "a,.7,.2,.2"], ["line 1", "column rc occurs twice"]),
        (["model,oa,rc,low,rc_low", "a,.7,.2,.1,.1"], ["line 1", "column rc_low occurs twice"]),
        (["", "model,oa,rc,low", "a,.7,.2,.1"], ["line 2", "rc_low and rc_high belong together"]),
        (["model,oa,rc"], ["no line below its header"]),
        ([], ["line 1", "column model is missing"]),
        (["model,oa,rc", 'a"b",.7,"x'], ["no CSV text"]),
    ],
)  # fmt: skip
def test_a_bad_csv_cell_is_named_with_file_line_column_and_what_is_allowed(
    tmp_path: Path, lines: Sequence[str], words: Sequence[str]
) -> None:
    path = csv_file(tmp_path, *lines)
    with pytest.raises(UsageError) as found:
        plot_points.points_from_csv(path)
    assert str(path) in str(found.value) and "\n" not in str(found.value)
    assert all(word in str(found.value) for word in words)


def test_a_csv_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """An absent file and one in another encoding have their messages."""
    with pytest.raises(UsageError, match=r"absent\.csv cannot be read: No such file"):
        plot_points.points_from_csv(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes(b"model,oa,rc\nm\xfc,.5,.5\n")
    with pytest.raises(UsageError, match=r"latin\.csv is no CSV text in UTF-8"):
        plot_points.points_from_csv(tmp_path / "latin.csv")


def test_without_matplotlib_the_command_says_how_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes before any file is read."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for command in ("plot", "plot-training"):
        code, _, err = run(command, "absent.jsonl")
        assert code == 2
        assert "plot needs matplotlib; install it with: pip install '.[plot]' (or pip install matplotlib)" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output-file", "p.pgf"], "p.pgf: the name must end in .png, .svg or .pdf"),
        (["--output-file", "absent/p.png"], "does not exist"),
        (["--group-by", "domain"], "leave --group-by out"),
        (["--oa-zone", "0.5"], "give both --oa-zone and --rc-zone"),
    ],
)
def test_what_cannot_become_a_picture_is_refused_at_once(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    """Other formats, absent directories, panels of a CSV file, half a zone for a single point."""
    monkeypatch.chdir(tmp_path)
    code, _, err = run("plot", csv_file(tmp_path, "model,oa,rc", "a,.7,.2"), *arguments)
    assert code == 2 and message in err and not list(tmp_path.glob("*.p*"))


def test_rows_of_the_report_become_points_by_group() -> None:
    """Points keep the order of the rows; a row that lacks a figure is left out."""

    def row(model: str, oa: float | None, rc: float | None, group: str | None = None) -> dict[str, Any]:
        x, y = ({"value": one, "low": one and one - 0.1, "high": one and one + 0.1} for one in (oa, rc))
        return {"model": model, "group": group, "outcome": {"accuracy": x}, "paper": {"rationale_consistency": y}}

    rows = [row("a", 0.5, 0.25), row("a", 0.75, 0.5, "code"), row("b", None, 0.5), row("b", 0.5, None, "code")]
    assert plot_points.points_from_report(rows) == {
        None: [Point("a", None, 0.5, 0.25, 0.4, 0.6, 0.15, 0.35)],
        "code": [Point("a", None, 0.75, 0.5, 0.65, 0.85, 0.4, 0.6)],
    }


def test_a_range_is_a_wide_bar_around_its_middle_and_said_in_words(tmp_path: Path, run: Run) -> None:
    """Best scores alone: RC is from .375 to .625 in every row; no figure of it is in the picture."""
    rows = [record(n, [[0.75, 0.0], [0.5, 0.0]], row_granularity=True) for n in range(12)]
    path = write(tmp_path / "M.jsonl", rows)
    report = report_rows([score_file(path, ScoringConfig())], FlagRule(), 100)
    (found,) = plot_points.points_from_report(row.as_json() for row in report)[None]
    assert (found.rc_bounds, found.rationale_consistency) == ((0.375, 0.625), 0.5)
    figure, _ = draw({None: [found]}, Look())
    assert "M: OA 1.000, RC 0.375 to 0.625" in str(figure.get_label())
    assert "Wide bars: RC is anywhere in them." in figure.texts[1].get_text()
    assert [[1.0, 0.375], [1.0, 0.625]] in [np.asarray(line.get_xydata()).tolist() for line in figure.axes[0].lines]
    assert run("plot", path, "--output-file", tmp_path / "p.svg")[0] == 0
    assert "RC 0.375 to 0.625" in (tmp_path / "p.svg").read_text()


def test_models_that_cannot_be_drawn_and_unlike_judges_are_named(tmp_path: Path, run: Run) -> None:
    """On stderr, with the reason; what can be drawn is drawn."""
    records = {
        "a": [one_item(n, 0.5, "a") for n in range(3)],
        "b": [one_item(n, 0.5, "b", label=None, domain="code") for n in range(3)],
        "c": [failed(n, "c") for n in range(3)],
        "e": [one_item(1, 1, "e"), {**one_item(1, 1, "f"), "question_id": "f"}],
    }
    files = [write(tmp_path / f"{name}.jsonl", rows) for name, rows in records.items()]
    code, _, err = run("plot", *files, "--output-file", tmp_path / "p.png")
    assert code == 0
    assert err.splitlines() == [
        "e.jsonl is about e; records of other models are left out: 1 of f",
        "b is left out: no label to compare, so no outcome accuracy",
        "c is left out: no scored row",
        f"{tmp_path / 'p.png'} written",
    ]
    code, _, err = run("plot", files[1], "--group-by", "domain", "--output-file", tmp_path / "q.png")
    assert code == 1 and "b in code is left out" in err and not (tmp_path / "q.png").exists()


def test_a_picture_is_of_one_judge(tmp_path: Path, run: Run) -> None:
    """Points and zones of several judges mean nothing together."""
    for judge in ("x", "embedded"):
        records = [one_item(n, 0.5, judge={"model": judge}) for n in range(3)]
        write(tmp_path / f"M-{judge}.jsonl", records)
    picture = tmp_path / "p.png"
    code, _, err = run("plot", tmp_path, "--output-file", picture)
    assert code == 2 and "results of several judges (embedded, x); choose one with --eval-model" in err
    assert run("plot", tmp_path, "--output-file", picture, "--eval-model", "x")[0] == 0 and picture.exists()


def test_a_failure_at_the_end_is_one_line(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names without a place on stderr; a full disk as an error."""
    path = csv_file(tmp_path, "model,oa,rc", "a,.7,.2", "b,.6,.3")
    monkeypatch.setattr("metajudge.reports.plots.models.draw", lambda panels, look: (Figure(), ["a"]))
    code, _, err = run("plot", path, "--output-file", tmp_path / "p.png")
    assert code == 0 and "no place for the names of a: draw fewer models at a time" in err

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("metajudge.reports.plots.picture.save", full)
    code, _, err = run("plot", path, "--output-file", tmp_path / "p.png")
    assert code == 2 and "p.png cannot be written: No space left on device" in err


def test_result_files_become_a_panel_a_domain(tmp_path: Path, run: Run) -> None:
    """From records through the report to the picture, whose description has the figures."""
    for model, score in (("G", 0.75), ("W", 0.25)):
        labels = ["A>B" if n % 3 else "B>A" for n in range(12)]
        rows = [
            one_item(n, score, model, label=label, domain=["code", "stem"][n % 2]) for n, label in enumerate(labels)
        ]
        write(tmp_path / f"{model}.jsonl", rows)
    arguments = (tmp_path, "--group-by", "domain", "--theme", "dark", "--output-file", tmp_path / "p.svg")
    assert run("plot", *arguments)[0] == 0
    text = (tmp_path / "p.svg").read_text(encoding="utf-8")
    figures = [
        f"{group}, {model}: OA 0.667, RC {rc}"
        for group in ("code", "stem")
        for model, rc in (("G", "0.750"), ("W", "0.250"))
    ]
    assert ". ".join(figures) in text and "<!-- stem -->" in text


def test_panels_of_right_and_wrong_rows_have_no_zones(tmp_path: Path, run: Run) -> None:
    """In each of them every outcome accuracy is 0 or 1."""
    for model, score in (("G", 0.75), ("W", 0.25)):
        rows = [one_item(n, score, model, label="A>B" if n % 3 else "B>A") for n in range(12)]
        write(tmp_path / f"{model}.jsonl", rows)
    assert run("plot", tmp_path, "--group-by", "label_correct", "--output-file", tmp_path / "p.svg")[0] == 0
    text = (tmp_path / "p.svg").read_text(encoding="utf-8")
    assert "No zones: the rows of a panel are all right or all wrong." in text and ZONES[0] not in text
    assert run("plot", tmp_path, "--output-file", tmp_path / "p.svg")[0] == 0
    assert ZONES[0] in (tmp_path / "p.svg").read_text(encoding="utf-8")
