"""Controls and the human reference from the rows to the report, with judges whose leniency is known."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from tests.unit.tasks.match.test_infer import Script, server

ROWS = 24


def judge(sees_sides: bool, everywhere: float = 0.0) -> Script:
    """Return a judge that gives 1 to equal points, with or without the response, and `everywhere` to others."""

    def point(text: str) -> str:
        return text if sees_sides else re.sub(r"Response \w", "Response", text)

    def script(body: dict[str, Any], number: int) -> tuple[int, Any]:
        message = body["messages"][-1]["content"]
        human = dict(re.findall(r"^R(\d+): (.*)$", message, re.MULTILINE))
        ((own, text),) = re.findall(r"^S(\d+): (.*)$", message, re.MULTILINE)
        scores = {n: 1.0 if point(one) == point(text) else everywhere for n, one in human.items()}
        marks = [f"- R{n}@S{own}: {score:g}" for n, score in scores.items()]
        reply = "\n".join(["<RESULT_START>", *marks, "<RESULT_END>"])
        return 200, {"choices": [{"message": {"content": reply}, "finish_reason": "stop"}]}

    return script


def rows() -> list[dict[str, Any]]:
    """Return rows whose model makes one or both of the two human points, as do the annotators."""
    found = []
    for n in range(ROWS):
        points = [f"Response A forgets step {n}", f"Response B is slow with {n} items"]
        lists = {"human": points, "M": points[: 1 + n % 2], "annotator-1": points, "annotator-2": points[:1]}
        found.append({"context": f"q{n}"} | {f"{name}-checklist": texts for name, texts in lists.items()})
    return found


class Chain:
    """`infer` with a scripted judge, and the controls of the report."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()))
        (folder / "results").mkdir()

    def figures(self, script: Script, *kinds: str) -> dict[str, dict[str, Any]]:
        """Judge the rows as they are and in each way of `kinds`; return the figures by kind."""
        files = ["--input-file", str(self.folder / "rows.jsonl"), "--model-be-evaluated", "M"]
        with server(script) as (address, _):
            for name, *flags in (["own"], *([kind, *kind.split()] for kind in kinds)):
                out = str(self.folder / "results" / f"{name.split()[-1].strip('-')}-{{model}}.jsonl")
                assert main(["infer", *files, "--output-file", out, "--api-key", "k", *address, *flags]) == 0
        report = self.folder / "report.json"
        assert main(["report", str(self.folder / "results"), "--resamples", "200", "--output-file", str(report)]) == 0
        (row,) = json.loads(report.read_text())
        assert row["model"] == "M" and row["n"] == ROWS and row["paper"]["rationale_consistency"]["value"] == 0.75
        return {one["kind"]: one for one in row["controls"]}


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chain:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    return Chain(tmp_path)


def values(figure: dict[str, Any]) -> tuple[float, float, float]:
    return tuple(figure[name]["value"] for name in ("rationale_consistency", "control", "difference"))


def test_a_strict_judge_gives_nothing_in_the_controls(chain: Chain) -> None:
    """The whole RC is found in the row and about the right response."""
    found = chain.figures(judge(sees_sides=True), "--control other-row", "--control sides-exchanged")
    assert values(found["other-row"]) == values(found["sides-exchanged"]) == (0.75, 0.0, 0.75)
    assert found["other-row"]["n"] == found["sides-exchanged"]["n"] == ROWS


def test_a_lenient_judge_is_seen(chain: Chain) -> None:
    """One that gives .25 to everything, and one that does not look at the response."""
    script = judge(sees_sides=False, everywhere=0.25)
    found = chain.figures(script, "--control other-row", "--control sides-exchanged")
    other = (0.125 + 0.25) / 2  # one or two reasons at .25 for two points
    assert values(found["other-row"]) == pytest.approx((0.75, other, 0.75 - other))
    assert values(found["sides-exchanged"]) == (0.75, 0.75, 0.0)


def test_the_human_reference_compares_lists_of_equal_length(chain: Chain) -> None:
    """Annotator 1 makes the other's point with two reasons, annotator 2 one of two points with one reason."""
    (found,) = chain.figures(judge(sees_sides=True), "--human-reference").values()
    assert found["kind"] == "human-reference" and (found["n"], found["clusters"]) == (2 * ROWS, ROWS)
    assert values(found) == (0.75, 0.75, 0.0)
