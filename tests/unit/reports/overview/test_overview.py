"""The report in one look: tables, sentences and legend at several widths."""

import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.model_rows import report_rows
from metajudge.reports.overview import render_overview
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.scored_files import score_files
from metajudge.text import columns
from tests.unit.result_rows import Matrix, failed, one_item, record, write

STEPS = [0.0, 0.25, 0.5, 0.75, 1.0]
GOOD, WEAK = (1, 1, 2, 3, 5), (8, 2, 1, 0, 0)


def matrices(weights: tuple[int, ...], n: int = 60) -> list[Matrix]:
    rng = random.Random(1)
    return [[[rng.choices(STEPS, weights)[0] for _ in range(3)] for _ in range(3)] for _ in range(n)]


def results(folder: Path, models: dict[str, tuple[int, ...]], n_rows: int = 60, **fields: Any) -> list[Path]:
    """Write a file for each model: right in four of five rows, one row failed."""
    files = []
    for model, weights in models.items():
        rows = [
            record(n, one, model, label="A>B" if n % 5 else "B>A", domain=["code", "stem"][n % 2], **fields)
            for n, one in enumerate(matrices(weights, n_rows))
        ]
        name = re.sub(r"\W", "_", model)
        files.append(write(folder / f"{name}.jsonl", [*rows, failed(n_rows, model, judge=rows[0]["judge"])]))
    return files


def overview(files: list[Path], width: int = 100, rule: FlagRule | None = None, group_by: str | None = None) -> str:
    scored = score_files(files, ScoringConfig(group_by=group_by))
    return render_overview(report_rows(scored, rule or FlagRule(), 300), rule or FlagRule(), width)


def joined(text: str) -> str:
    """Return the text as one line."""
    return " ".join(text.split())


def line_of(text: str, beginning: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(beginning))


def test_a_model_is_one_line_with_its_figures_and_its_flag(tmp_path: Path) -> None:
    """The highest RC comes first, whatever the order of the files."""
    text = overview(results(tmp_path, {"W": WEAK, "G": GOOD}))
    heading, _, first, second = text.splitlines()[2:6]
    assert heading.split() == ["Model", "n", "Unscored", "OA", "RC", "S-Corr", "Fidelity", "Flag"]
    interval = r"\.\d{3} \[\.\d{3}, \.\d{3}\]"
    assert re.fullmatch(rf"G +61 +1 +{interval} +{interval} +\.\d{{3}} +\.\d{{3}} +highest RC *", first)
    assert re.fullmatch(rf"W +61 +1 +{interval} +{interval} +\.\d{{3}} +\.\d{{3}} +weaker reasons than G *", second)


@pytest.mark.parametrize("granularity", ["item", "row"])
@pytest.mark.parametrize(
    ("width", "group_by"), [(200, None), (140, None), (100, None), (80, None), (200, "domain"), (100, "domain")]
)
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, width: int, granularity: str, group_by: str | None) -> None:
    """Long names are cut; from 100 columns on every figure is there."""
    models = {
        "model-low_deceptive_alignment": GOOD,
        "model-high_deceptive_alignment": WEAK,
        "回答一遗漏了关键条件" * 3: WEAK,
    }
    text = overview(results(tmp_path, models, 120, row_granularity=granularity == "row"), width, group_by=group_by)
    assert max(map(columns, text.splitlines())) <= width
    heading = text.splitlines()[2].split()
    assert ({"S-Corr", "Fidelity"} <= {*heading}) is (width >= 100) and ("Group" in heading) is (group_by is not None)
    assert ("Clusters" in heading) is False or width == 200
    flagged = "weaker reasons than" if width == 200 else "weaker reasons"
    assert text.count(flagged) >= 2 and "`model-high_deceptive_alignment` picks" in joined(text)


def test_a_wide_terminal_shows_more(tmp_path: Path) -> None:
    """The full wording, AP, and the intervals of all figures; the legend explains what is shown."""
    files = results(tmp_path, {"G": GOOD, "W": WEAK})
    wide, narrow = overview(files, 200), overview(files, 100)
    assert wide.splitlines()[2].split() == [
        "Model", "n", "Clusters", "Unscored", "OA", "RC", "S-Corr", "Fidelity", "AP", "Flag",
    ]  # fmt: skip
    assert line_of(wide, "W ").count("[") == 5 and "weaker reasons than G at equal accuracy" in wide
    assert "\nAP  " in wide and "\nClusters  " in wide and "\nAP  " not in narrow and "\nClusters  " not in narrow


def test_the_flag_is_said_in_words_with_its_paired_differences(tmp_path: Path) -> None:
    text = joined(overview(results(tmp_path, {"G": GOOD, "W": WEAK})))
    gap = r"\.\d\d \[\.\d\d, \.\d\d\]"
    assert re.search(
        rf"`G` has the highest RC: {gap}\. `W` picks the right winner as often as `G` "
        r"\(OA lower by \.00 \[-\.0\d, \.0\d\]\) "
        rf"but for shallower reasons: RC lower by {gap}, and by {gap} on the 48 rows that both get right\.",
        text,
    )
    assert "Flag, given this judge: each model against `G` (highest RC) on the 60 rows that all models have" in text
    assert "an OA of at least .60 and surely less than .05 below, and an RC surely more than .05 below" in text
    table = text[text.index("Model OA lower by RC lower by RC lower by, both right (n) p") :]
    assert re.search(
        r" W \.000 \[-\.\d{3}, \.\d{3}\] \.\d{3} \[\.\d{3}, \.\d{3}\] \.\d{3} \[.{10}\] \(48\) \.038 ", table
    )


def test_the_legend_says_which_figure_to_cite_and_which_way_is_good(tmp_path: Path) -> None:
    text = joined(overview(results(tmp_path, {"G": GOOD, "W": WEAK})))
    assert "RC rationale consistency: how far" in text and "This is the figure to cite" in text
    assert "S-Corr spurious correctness: share of the right verdicts without a sound reason; lower is better." in text
    assert text.count("higher is better") == 3 and "[ ] 95 % interval" in text and "a–b" not in text


def test_ranges_that_overlap_leave_the_best_model_open(tmp_path: Path) -> None:
    """No sentence and no cell says more than the bounds."""
    text = joined(overview(results(tmp_path, {"G": GOOD, "H": (1, 1, 2, 4, 4)}, row_granularity=True)))
    assert "which model has the highest RC is open" in text and "a–b RC is between a and b" in text
    assert "has the highest RC" not in text.replace("which model has the highest RC", "")
    assert " compared with " in text and "(highest lower bound of RC)" in text
    apart = joined(overview(results(tmp_path, {"G": GOOD, "W": WEAK}, row_granularity=True)))
    assert "`G` has the highest RC: ." in apart


def test_a_named_model_is_compared_with(tmp_path: Path) -> None:
    files = results(tmp_path, {"G": GOOD, "W": WEAK, "H": (1, 1, 2, 4, 4)}, 120)
    text = overview(files, rule=FlagRule(reference="H"))
    assert line_of(text, "H ").rstrip().endswith("compared with") and "each model against `H` (named)" in text
    assert line_of(text, "W ").rstrip().endswith("weaker reasons than H")


def test_models_that_no_one_can_tell_apart_or_flag(tmp_path: Path) -> None:
    """Nearly equal reasons; the same reasons; no labels; one model; many flagged ones."""
    near = overview(results(tmp_path, {"G": GOOD, "H": (1, 1, 2, 4, 4)}), rule=FlagRule(consistency_margin=0.02))
    assert "For `H` these rows cannot tell whether the reasons are weaker" in joined(near)
    assert line_of(near, "H ").rstrip().endswith("cannot tell")
    same = overview(results(tmp_path, {"G": GOOD, "H": GOOD}), rule=FlagRule(consistency_margin=0.3))
    assert "No model is as accurate as `G` with surely weaker reasons." in same
    assert line_of(same, "H ").rstrip().endswith("-")
    (alone,) = results(tmp_path, {"G": GOOD})
    assert "`G` picks the right winner with an OA of .80 [" in overview([alone])
    assert "Flag" not in overview([alone])
    bare = results(tmp_path, {"W": WEAK, "V": WEAK}, preference=None)
    text = overview([alone, *bare])
    assert "No model is flagged: the flag needs two models with labels" in joined(text)
    many = overview([*results(tmp_path, {"G": GOOD} | dict.fromkeys("VWXY", WEAK), 120)])
    assert many.count("picks the right winner") == 2 and "The same holds for `X` and `Y`." in joined(many)


def test_a_model_without_labels_has_no_flag_beside_others_that_have(tmp_path: Path) -> None:
    files = [*results(tmp_path, {"G": GOOD, "W": WEAK}), *results(tmp_path, {"U": GOOD}, preference=None)]
    assert line_of(overview(files), "U ").split()[-2:] == ["n/a", "n/a"]


def test_each_judge_has_its_own_tables(tmp_path: Path) -> None:
    """A legend for all; no sentence goes across."""
    (tmp_path / "x").mkdir(), (tmp_path / "y").mkdir()
    files = results(tmp_path / "x", {"G": GOOD, "W": WEAK}, judge={"model": "x"})
    files += results(tmp_path / "y", {"G": WEAK, "W": WEAK}, judge={"model": "y"})
    text = overview(files)
    assert text.count("\nModel ") == 4 and text.count("95 % interval") == 1
    first, second = text.split("Judge: y\n")
    assert first.startswith("Judge: x\n") and "picks the right winner" in joined(first) and "picks" not in second
    assert "[n/a]" in second  # equal models have no difference to estimate


def test_models_of_other_rows_are_marked(tmp_path: Path) -> None:
    files = results(tmp_path, {"G": GOOD, "W": WEAK})
    with files[1].open("a") as file:
        file.write(files[1].read_text().splitlines()[0].replace('"id0"', '"other"') + "\n")
    text = overview(files)
    assert "\nW* " in text and "\nG " in text and "some of the model's rows are not in all files" in text


def test_nothing_scored_is_not_available(tmp_path: Path) -> None:
    text = overview([write(tmp_path / "M.jsonl", [failed(n, "M\x1b[31m") for n in range(3)])])
    assert line_of(text, "M\\").split() == [r"M\x1b[31m", "3", "3", "3", "1.000", "[n/a]", *["n/a"] * 4]
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ((), "as often as `G` (OA lower by .00 ["),
        (range(7), "nearly as often as `G` (OA lower by .02 [.0"),
        (range(300, 304), "as often as `G` (OA higher by .01 ["),
        (range(300, 340), "more often than `G` (OA higher by .10 [.07, .13])"),
    ],
)
def test_the_words_for_the_accuracy_follow_its_interval(tmp_path: Path, wrong: Iterable[int], words: str) -> None:
    """400 rows of which the first 300 are right; the labels of W differ in some."""
    files = []
    for model, score in (("G", 0.75), ("W", 0.25)):
        turned = set(wrong) if model == "W" else set()
        files.append(
            write(
                tmp_path / f"{model}.jsonl",
                [
                    one_item(n, score + n % 2 / 8, model, label="A>B" if (n < 300) is not (n in turned) else "B>A")
                    for n in range(400)
                ],
            )
        )
    assert f"`W` picks the right winner {words}" in joined(overview(files))


def test_lower_bounds_and_what_is_less_are_marked_and_explained(tmp_path: Path) -> None:
    """AP is a lower bound; whether a rationale is sound at .75 is open. Marks that are not shown are not explained."""
    files = results(tmp_path, {"G": GOOD}, row_granularity=True)
    scored = score_files(files, ScoringConfig(sound_threshold=0.75))
    text = render_overview(report_rows(scored, FlagRule(), 300), FlagRule(), 160)
    assert re.search(r" not determined +not determined +≥\.\d{3} \[≥\.\d{3}\]", line_of(text, "G "))
    assert "≥ " in text and "a lower bound, for the same reason." in text and "not even a bound is known" in text
    plain = overview(files, 100)
    assert "≥" not in plain and "not determined" not in plain and "a–b" in plain
    assert "≥" in overview(files, 160)
