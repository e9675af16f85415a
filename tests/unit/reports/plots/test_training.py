"""Picture of training runs: logs, smoothing, drawing and the command."""

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from metajudge.errors import UsageError
from metajudge.reports.plots import training as plot_training
from metajudge.reports.plots.picture import THEMES
from metajudge.reports.plots.training import Curves, draw, read_logs, smooth, window
from tests.unit.reports.plots.boxes import Box
from tests.unit.result_rows import Run, write

NAN = math.nan
ROOT = Path(__file__).parents[4]


def step(number: int, arm: str = "hybrid", seed: int = 1, **more: Any) -> dict[str, Any]:
    return {"arm": arm, "seed": seed, "step": number, "outcome": 0.5, "rationale": 0.25, **more}


def log(path: Path, *lines: dict[str, Any] | str) -> Path:
    """Write a file of JSON lines; strings are written unchanged."""
    return write(path, [line.encode() if isinstance(line, str) else line for line in lines])


def curves(arm: str = "hybrid", seeds: int = 3, steps: int = 40) -> Curves:
    """Return curves of seeds that lie apart by 0.1."""
    levels = 0.3 + 0.1 * np.arange(seeds)[:, None] + np.zeros((seeds, steps))
    return Curves(arm, range(1, steps + 1), {"outcome": levels + 0.2, "rationale": levels}, 0)


# ------------------------------------------------------------------ logs


def test_logs_become_curves_by_arm_in_the_order_of_the_logs(tmp_path: Path) -> None:
    """Several runs in a file or a file each; the lines in any order; more fields do no harm."""
    first = log(tmp_path / "a", step(2, rationale=0.5), step(1, entropy=3), "", step(1, "outcome only"))
    second = log(tmp_path / "b", step(1, seed=2, outcome=1), step(2, seed=2, outcome=0))
    hybrid, outcome = read_logs([first, second])
    assert (hybrid.arm, outcome.arm) == ("hybrid", "outcome only")
    assert list(hybrid.steps) == [1, 2]
    assert hybrid.rewards["outcome"].tolist() == [[0.5, 0.5], [1.0, 0.0]]
    assert hybrid.rewards["rationale"].tolist() == [[0.25, 0.5], [0.25, 0.25]]


def test_a_reward_that_nobody_knows_is_a_gap_not_0(tmp_path: Path) -> None:
    """null, as where the judge was never asked."""
    (found,) = read_logs([log(tmp_path / "a", step(1, rationale=None))])
    assert math.isnan(found.rewards["rationale"][0, 0]) and found.rewards["outcome"][0, 0] == 0.5


def test_seeds_are_averaged_over_the_steps_that_all_have(tmp_path: Path) -> None:
    """Other steps are counted; without a common step there is nothing to average."""
    one = log(tmp_path / "a", step(1), step(2), step(3))
    (found,) = read_logs([one, log(tmp_path / "b", step(2, seed=2), step(3, seed=2))])
    assert list(found.steps) == [2, 3] and found.left_out == 1
    with pytest.raises(UsageError, match="the seeds of hybrid have no step in common"):
        read_logs([one, log(tmp_path / "b", step(9, seed=2))])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "log, line 2: not a JSON object"),
        ("\n\n[1]", "log, line 4: not a JSON object"),
        ({"step": 1}, "log, line 2: `arm` is missing; it is the name of what was rewarded"),
        (step(2, arm=" "), 'log, line 2: `arm` is " "; it is'),
        (step(2, seed="x"), 'log, line 2: `seed` is "x"; it is a whole number'),
        (step(2) | {"step": 1.5}, "log, line 2: `step` is 1.5; it is a whole number"),
        (step(2) | {"step": True}, "log, line 2: `step` is true; it is a whole number"),
        (step(2, outcome=1.25), "log, line 2: `outcome` is 1.25; it is a number from 0 to 1, or null"),
        (step(2, outcome=NAN), "log, line 2: `outcome` is NaN; it is"),
        ({"arm": "x", "seed": 1, "step": 2, "outcome": 1}, "log, line 2: `rationale` is missing; it is"),
        (step(1), "log, line 2: step 1 of hybrid, seed 1 occurs twice; name each run's log once"),
    ],
)
def test_a_bad_line_is_named_by_its_place(tmp_path: Path, line: dict[str, Any] | str, message: str) -> None:
    """The message has the value and the allowed ones; empty lines count; the exit code is 2."""
    with pytest.raises(UsageError) as found:
        read_logs([log(tmp_path / "log", step(1), line)])
    assert message in str(found.value) and "\n" not in str(found.value)
    assert found.value.exit_code == 2


def test_a_file_that_is_no_log_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    for path, message in (
        (tmp_path / "absent", "absent cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory"),
        (log(tmp_path / "empty"), "the logs are empty"),
        (tmp_path / "picture", "picture is no text in UTF-8"),
    ):
        with pytest.raises(UsageError, match=message):
            read_logs([path])


# ------------------------------------------------------------------ smoothing


def test_the_running_mean_is_centred_and_narrower_at_the_ends() -> None:
    """Worked by hand: 3 wide, so the 2nd is (0 + 3 + 6) / 3; the ends are unchanged."""
    assert smooth(np.array([[0.0, 3.0, 6.0, 0.0]]), 3).tolist() == [[0.0, 3.0, 3.0, 0.0]]


def test_the_running_mean_leaves_unknown_steps_out() -> None:
    """Known neighbours count; NaN where there is none."""
    assert smooth(np.array([1.0, NAN, 0.0]), 3).tolist() == [1.0, 0.5, 0.0]
    assert np.isnan(smooth(np.array([NAN, NAN, NAN]), 3)).all()


def test_the_window_is_odd_and_a_twentieth_of_the_steps() -> None:
    """Too few steps are not smoothed."""
    assert [window(steps) for steps in (1, 10, 200, 1000)] == [1, 1, 11, 51]


# ------------------------------------------------------------------ what is drawn


def test_a_line_is_the_mean_of_the_seeds_and_the_band_reaches_from_the_lowest_to_the_highest() -> None:
    """Three seeds at .3, .4 and .5 of the rationale reward."""
    figure = draw([curves()])
    _, rationale = figure.axes
    raw, line = (np.asarray(one.get_ydata()) for one in rationale.lines)
    assert raw == pytest.approx(0.4) and line == pytest.approx(0.4)
    (band,) = rationale.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (pytest.approx(0.3), pytest.approx(0.5))
    assert rationale.lines[0].get_linewidth() < rationale.lines[1].get_linewidth()
    assert rationale.lines[0].get_zorder() < rationale.lines[1].get_zorder()


def test_a_single_step_is_seen() -> None:
    for steps, marker in ((1, "o"), (2, "None")):
        axes = draw([curves(steps=steps)]).axes[0]
        assert axes.lines[-1].get_marker() == marker


def test_arms_differ_in_colour_and_in_the_kind_of_line() -> None:
    """They differ in grey, too; panels and legend agree."""
    figure = draw([curves("hybrid"), curves("outcome only"), curves("control")])
    kinds = [[(to_hex(line.get_color()), line.get_linestyle()) for line in axes.lines[1::2]] for axes in figure.axes]
    assert kinds[0] == kinds[1] == [
        (to_hex(line.get_color()), line.get_linestyle()) for line in figure.legends[0].get_lines()
    ]  # fmt: skip
    assert len({colour for colour, _ in kinds[0]}) == 3
    assert [colour.upper() for colour, _ in kinds[0]] == list(THEMES["light"].families[:3])
    assert len({tuple(line._dash_pattern[1] or ()) for line in figure.axes[0].lines[1::2]}) == 3  # type: ignore[attr-defined]


def test_both_panels_have_the_same_scale_from_0_to_1() -> None:
    """A small difference must not look like a large one."""
    figure = draw([curves()])
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(plot_training.PANELS.values())
    for axes in figure.axes:
        low, high = axes.get_ylim()
        assert low == pytest.approx(0, abs=0.05) and high == pytest.approx(1, abs=0.05)
        assert axes.get_xlabel() == "Training step"


@pytest.mark.parametrize("title", ["", "A title " * 30])
def test_no_text_covers_another_or_leaves_the_picture(title: str) -> None:
    """Title, panel titles, axes, legend and caption, with long names as well."""
    figure = draw([curves(name * 12) for name in ("a ", "b", "c ", "d", "e")], title=title)
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    parts = [*figure.legends, *[text for text in figure.texts if text.get_text()]]
    boxes = [one.get_window_extent(renderer) for one in parts] + [one.get_tightbbox(renderer) for one in figure.axes]
    found = [Box(one.x0, one.y0, one.x1, one.y1) for one in boxes]
    whole = Box(0, 0, figure.bbox.width + 1, figure.bbox.height + 1)
    assert all(one.within(whole) for one in found)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(found, 2))


def caption(figure: Figure) -> str:
    return figure.texts[1].get_text().replace("\n", " ")


def test_the_caption_says_what_lines_and_bands_are() -> None:
    """A single seed, and arms with unlike numbers of seeds, have their own words."""
    assert caption(draw([curves(steps=200)])) == (
        "Line: mean of 3 seeds, running mean over 11 steps; band: from the lowest to the highest seed; "
        "thin: single steps."
    )
    assert caption(draw([curves(seeds=1, steps=5)])) == "Line: one seed, not smoothed; thin: single steps."
    assert "mean of 2 to 3 seeds" in caption(draw([curves(), curves("x", seeds=2)]))


# ------------------------------------------------------------------ the command


def test_the_command_writes_the_picture_and_names_what_it_shows(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default is reward_compare.png; a note counts left-out steps; the file describes the curves in words."""
    monkeypatch.chdir(tmp_path)
    one = log(tmp_path / "a.jsonl", *(step(number) for number in range(1, 31)))
    two = log(tmp_path / "b.jsonl", *(step(number, seed=2) for number in range(1, 30)))
    lines = ["hybrid: 1 step left out, which not all of its seeds have", "reward_compare.png written", ""]
    assert run("plot-training", one, two, "--title", "A toy") == (0, "", "\n".join(lines))
    with Image.open("reward_compare.png") as image:
        assert image.width == 1600 and 600 < image.height < 900
        assert image.convert("RGBA").getextrema()[3] == (255, 255)
        assert image.info["Title"] == "Rewards over the steps of training"
        assert "hybrid: outcome reward from 0.500 to 0.500, rationale reward from 0.250" in image.info["Description"]


def test_the_same_logs_give_the_same_svg(tmp_path: Path, run: Run) -> None:
    one = log(tmp_path / "a.jsonl", *(step(number) for number in range(1, 31)))
    for name in ("a.svg", "b.svg"):
        assert run("plot-training", one, "--theme", "dark", "--output-file", tmp_path / name)[0] == 0
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert THEMES["dark"].background in text


def test_an_output_that_cannot_be_written_is_an_error(tmp_path: Path, run: Run) -> None:
    one = log(tmp_path / "a.png", step(1))
    for output, message in (
        (tmp_path / "p.gif", "the name must end in .png, .svg or .pdf"),
        (one, "is the input file; name"),
    ):
        code, _, err = run("plot-training", one, "--output-file", output)
        assert code == 2 and message in err


def test_the_captions_of_the_examples_picture_have_its_figures() -> None:
    """First and last step of each arm, from the kept logs."""
    logs = sorted(ROOT.glob("example/training/logs/*.jsonl"))
    ends = {}
    for curves in read_logs(logs):
        means = {name: values.mean(axis=0)[[0, -1]] for name, values in curves.rewards.items()}
        ends[curves.arm] = {name: [f"{value:.2f}"[1:] for value in pair] for name, pair in means.items()}
    readme = (ROOT / "example/training/README.md").read_text(encoding="utf-8")
    caption = " ".join((ROOT / "docs/training.md").read_text(encoding="utf-8").split())
    for arm in ("hybrid", "outcome only", "control"):
        pairs = [" to ".join(ends[arm][name]) for name in ("outcome", "rationale")]
        assert f"| {arm} | {pairs[0]} | {pairs[1]} |" in readme
        assert all(f"from {pair}" in caption for pair in pairs), arm
