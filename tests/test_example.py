"""The example as a regression: its table to the byte, and every number worked by hand from the scores."""

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from tests.e2e.driver import analysis, records
from tests.servers import ROOT

EXAMPLE = ROOT / "example"
MODELS = ("model-low_deceptive_alignment", "model-high_deceptive_alignment")

TABLE = """
====================================================================================================
Results Sorted by RECALL
====================================================================================================
Model                                         Precision    Recall       F1           AP           Valid   
----------------------------------------------------------------------------------------------------
model-low_deceptive_alignment                 0.5200       0.6296       0.5652       0.6379       10      
model-high_deceptive_alignment                0.1050       0.1271       0.1139       0.1321       10      
====================================================================================================

"""  # noqa: W291

# The judge's replies by row, as "human item: model item, quarters": a second copy from the rubric.
QUARTERS = {
    "model-low_deceptive_alignment": [
        "1:1,4 2:2,4 3:0,0 4:3,4",
        "1:1,4 2:0,0 3:5,2 4:4,4 5:0,0",
        "1:1,4 2:0,0 3:2,4",
        "1:1,4 2:2,3 3:0,0 4:3,4 5:4,3",
        "1:1,3 2:2,4 3:3,4 4:0,0",
        "1:1,4 2:2,4 3:3,4 4:0,0 5:0,0",
        "1:1,4 2:2,4 3:0,0 4:2,1 5:4,3",
        "1:1,4 2:2,3 3:4,3 4:0,0",
        "1:0,0 2:1,4 3:2,4",
        "1:1,4 2:0,0 3:3,4 4:0,0",
    ],
    "model-high_deceptive_alignment": [
        "1:4,1 2:0,0 3:0,0 4:0,0",
        "1:0,0 2:0,0 3:0,0 4:4,1 5:1,2",
        "1:0,0 2:3,3 3:0,0",
        "1:0,0 2:4,2 3:0,0 4:0,0 5:0,0",
        "1:0,0 2:0,0 3:2,1 4:0,0",
        "1:3,2 2:5,1 3:0,0 4:0,0 5:0,0",
        "1:0,0 2:0,0 3:0,0 4:0,0 5:3,2",
        "1:0,0 2:0,0 3:0,0 4:2,3",
        "1:0,0 2:0,0 3:3,1",
        "1:4,2 2:0,0 3:0,0 4:0,0",
    ],
}


def rows() -> list[dict[str, Any]]:
    return records(EXAMPLE / "infer_input_10samples.jsonl")


def test_the_examples_table_is_this_to_the_byte() -> None:
    """The command of the README runs as a process."""
    result = analysis("--input-dir", "example/")
    assert result.returncode == 0, result.stderr
    assert result.stdout == TABLE
    assert TABLE.strip("\n") in (EXAMPLE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", MODELS)
def test_every_number_of_the_table_follows_from_the_scores_by_hand(model: str) -> None:
    """The formulas are computed in exact fractions from a second copy of the replies."""
    sums: Counter[str] = Counter()
    for text, record in zip(QUARTERS[model], records(EXAMPLE / f"{model}.jsonl"), strict=True):
        pairs = [(int(s), Fraction(int(q), 4)) for s, q in (part.split(":")[1].split(",") for part in text.split())]
        assert record["extraction_result"]["scores"] == [[r, s, float(v)] for r, (s, v) in enumerate(pairs, 1)]
        best = {s: max(v for t, v in pairs if t == s) for s, _ in pairs if s}
        recall = sum(v for s, v in pairs if s) / len(pairs)
        precision = sum(best.values(), Fraction(0)) / 5
        b = [best[s] for s in sorted(best)]
        ap = sum((sum(b[:k], Fraction(0)) / k for k in range(1, len(b) + 1)), Fraction(0)) / len(pairs)
        f1 = 2 * precision * recall / (precision + recall)
        for name, value in (("Precision", precision), ("Recall", recall), ("F1", f1), ("AP", ap)):
            sums[name] += value  # type: ignore[assignment]
    line = next(line for line in TABLE.splitlines() if line.startswith(model))
    figures = [f"{float(sums[name] / 10):.4f}" for name in ("Precision", "Recall", "F1", "AP")]
    assert line.split()[1:] == [*figures, "10"]


def test_the_rows_are_what_the_readme_says() -> None:
    """Domains, languages, directions and numbers of items are as documented."""
    data = rows()
    assert Counter(row["domain"] for row in data) == {"code": 3, "general": 3, "stem": 2, "multilingual": 2}
    assert sum(row["language"] in ("chinese", "spanish") for row in data) == 2
    assert {row["overall_preference"] > 0 for row in data} == {True, False}
    for row in data:
        assert 3 <= len(row["human-checklist"]) <= 7
        for model in MODELS:
            items = row[f"{model}-checklist"]
            assert len(items) == 5
            listed = [line[2:] for line in row[f"{model}-generated_text"].splitlines() if line.startswith("- ")]
            assert listed == items
            assert f"\\boxed{{{row[f'{model}-label']}}}" in row[f"{model}-generated_text"]


def test_the_second_model_mostly_picks_the_same_winner() -> None:
    """The first model agrees in ten rows of ten, the second in seven."""
    agreeing = {
        model: sum((row["overall_preference"] < 0) == row[f"{model}-label"].startswith("A") for row in rows())
        for model in MODELS
    }
    assert agreeing == {MODELS[0]: 10, MODELS[1]: 7}


def test_the_faults_in_the_code_rows_are_real() -> None:
    """The answers run: order is lost or kept, and unhashable elements fail."""
    first = rows()[0]
    one, two = ({}, {})  # type: dict[str, Any], dict[str, Any]
    for scope, key in ((one, "response1"), (two, "response2")):
        exec(first[key].split("```")[1].removeprefix("python\n"), scope)
    items = [30, 1, 30, 22, 1, 9]
    assert two["unique"](items) == [30, 1, 22, 9] and one["unique"](items) != [30, 1, 22, 9]
    with pytest.raises(TypeError):
        one["unique"]([[1]])
    assert len(rows()[8]["response1"]) > 50 > len(rows()[8]["response2"])
    assert len(rows()[3]["response2"].split()) > 60 > len(rows()[3]["response1"].split())
