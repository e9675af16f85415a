"""JudgeBench's files, and its pairs as rows for `critic`."""

from pathlib import Path
from typing import Any

import pytest

from metajudge.data.benchmarks import judgebench_critic_rows, read_judgebench
from metajudge.errors import UsageError
from tests.unit.benchmark_files import pair, write

CLAUDE = {"response_model": "claude-3-5-sonnet-20240620"}


def test_the_second_decision_is_turned_to_the_order_of_the_pair(tmp_path: Path) -> None:
    """Null games, null decisions and unknown words are no decision."""
    games = [{"decision": "A>B"}, {"decision": "A>B"}]
    rows = [
        pair(1, "mmlu-pro-law", "A", judgments=games),
        pair(2, "livecodebench", "B", judgments=[None, {"decision": "B>A"}]),
        pair(3, "livecodebench", "B", judgments=[{"decision": None}, {"decision": "A>>B"}]),
        pair(4, "arena", "B", judgments=[{"decision": "A=B"}, {"decision": "A=B"}]),
    ]
    results = read_judgebench(write(tmp_path / "out.jsonl", rows))
    assert [one.games for one in results.pairs] == [(-1, 1), (None, -1), (None, None), (0, 0)]
    assert [one.category for one in results.pairs] == ["knowledge", "coding", "coding", "other"]
    assert (results.judge, results.split, results.pairs[0].label) == ("out", "gpt-4o", -1)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (pair(2, "mmlu-pro-law", "A"), 'has no "judgments"; to have the pairs judged, make rows for critic'),
        (pair(2, "mmlu-pro-law", "A", ""), 'has 0 "judgments"; allowed are 1 or 2'),
        (pair(2, "mmlu-pro-law", "=", "AA"), "has the \"label\" 'A=B'; allowed are A>B and B>A"),
        (pair(2, "mmlu-pro-law", "A", "AA", **CLAUDE), "belongs to another one of the splits gpt-4o and claude-3-5"),
        (pair(2, "mmlu-pro-law", "A", "AA", question=5), 'has a "question" that is number, not a text'),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "out.jsonl", [pair(1, "mmlu-pro-law", "A", "AA"), row])
    with pytest.raises(UsageError) as found:
        read_judgebench(path)
    assert str(found.value).startswith(f"{path}: line 2 {said}")


def test_pairs_with_one_game_and_with_two_do_not_mix(tmp_path: Path) -> None:
    path = write(tmp_path / "out.jsonl", [pair(n, "mmlu-pro-law", "A", games) for n, games in enumerate(("AA", "A"))])
    with pytest.raises(UsageError, match="pairs with one game and pairs with two"):
        read_judgebench(path)


def test_a_row_for_critic_leads_back_to_its_pair(tmp_path: Path) -> None:
    """The order of the responses is JudgeBench's; the right one is the human preference."""
    rows = [pair(1, "livebench-math", "B", "AA"), pair(2, "mmlu-pro-law", "A")]
    made = judgebench_critic_rows([write(tmp_path / "data.jsonl", rows)])
    assert made.about == "2 of 350 pairs of the split gpt-4o" and len(made.rows) == 2
    assert made.rows[0] == {
        "id": "judgebench/gpt-4o/p1",
        "domain": "math",
        "context": [{"role": "user", "content": "question 1"}],
        "response1": "first 1",
        "response2": "second, longer 1",
        "overall_preference": 1,
        "benchmark": {
            "name": "judgebench", "split": "gpt-4o", "pair_id": "p1", "source": "livebench-math", "label": "B>A",
        },
    }  # fmt: skip
    assert made.rows[1]["overall_preference"] == -1


def test_rows_are_made_of_one_split_and_of_each_pair_once(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", [pair(1, "mmlu-pro-law", "A")])
    for other, said in (
        (pair(2, "mmlu-pro-law", "A", **CLAUDE), "another one of the splits"),
        (pair(1, "x", "A"), f"b.jsonl: line 1 repeats the pair p1 of line 1 of {first}"),
    ):
        with pytest.raises(UsageError, match=said):
            judgebench_critic_rows([first, write(tmp_path / "b.jsonl", [other])])


def judged(number: int, stamp: dict[str, Any] | None, label: str | None = None, name: str = "m") -> dict[str, Any]:
    """A made row with what `critic` adds; the label of the pair is A>B."""
    part = {"name": "judgebench", "split": "gpt-4o", "pair_id": f"p{number}", "source": "livecodebench", "label": "A>B"}
    row: dict[str, Any] = {"context": [{"role": "user", "content": f"q{number}"}], "benchmark": part}
    if label is not None:
        row |= {f"{name}-checklist": ["x"], f"{name}-label": label}
    return row if stamp is None else {**row, "metajudge": {"step": "critic", **stamp}}


def both(first: str | None, second: str | None) -> dict[str, Any]:
    return {"status": "success", "labels": {"AB": first, "BA": second}}


def test_the_games_of_critic_are_those_of_its_stamp(tmp_path: Path) -> None:
    """Not the merged label; a row that failed in one order keeps the other, and one that failed has two nulls."""
    rows = [
        judged(1, both("A>>B", "A=B"), "A=B"),
        judged(2, {**both("B>A", None), "status": "format_error"}),
        judged(3, {"status": "error"}),
    ]
    results = read_judgebench(write(tmp_path / "judged.jsonl", rows))
    assert [one.games for one in results.pairs] == [(-1, 0), (1, None), (None, None)]
    assert results.judge == "m" and results.pairs[0].prompt == "q1" and results.pairs[0].category == "coding"


def test_a_later_step_hides_no_verdict(tmp_path: Path) -> None:
    stamp = {"step": "decompose", "status": "success", "earlier": {"step": "critic", **both("B>A", "A=B")}}
    results = read_judgebench(write(tmp_path / "judged.jsonl", [{**judged(1, {}), "metajudge": stamp}]))
    assert results.pairs[0].games == (1, 0)


def test_a_single_order_of_critic_is_one_game(tmp_path: Path) -> None:
    rows = [judged(1, {"status": "success"}, "A>>B"), judged(2, {"status": "error"})]
    results = read_judgebench(write(tmp_path / "judged.jsonl", rows))
    assert [one.games for one in results.pairs] == [(-1,), (None,)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (judged(2, None), "was not judged yet; run on this file: python3 -m metajudge critic"),
        (
            judged(2, both("A>B", "A>B"), "A>B") | {"n-label": "A>B"},
            "has the labels of m, n; write one output file for each",
        ),
        (judged(2, both("A>B", "A>B"), "A>B", name="n"), "belongs to another one of the models m and n"),
        (judged(1, both("A>B", "A>B"), "A>B"), "repeats the pair p1 of line 1"),
    ],
)
def test_rows_that_cannot_be_scored_are_refused(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "judged.jsonl", [judged(1, both("A>B", "A>B"), "A>B"), row])
    with pytest.raises(UsageError) as found:
        read_judgebench(path)
    assert str(found.value).startswith(f"{path}: line 2 {said}")
