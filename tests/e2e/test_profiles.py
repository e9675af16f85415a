"""Servers as they are: the table is that of a plain server, whatever form its failures and replies take."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.engine import JudgeConfig
from metajudge.rewards.gold import Gold
from metajudge.rewards.scorer import RewardScorer
from tests.e2e.driver import infer, log
from tests.servers import running
from tests.servers.profiles import PROFILES

ROWS, FILTERED = 12, {"azure-filter": 2, "gemini": 1}


def rows(path: Path) -> Path:
    """Write rows with long items; two of them have words that a content filter refuses."""
    words = {3: "violence", 7: "hate"}
    with path.open("w") as file:
        for number in range(ROWS):
            items = [
                f"Response 1 lacks point {number}.{n} {words.get(number, '')} " + "of what was asked " * 30
                for n in range(3)
            ]
            file.write(
                json.dumps({"human-checklist": items, "M-checklist": [f"A lacks {number}.{n}" for n in range(4)]})
                + "\n"
            )
    return path


def scores(path: Path) -> dict[str, Any]:
    """Return the scores of the successful records by row."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return {record["id"]: record["matches"] for record in records if record["status"] == "success"}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("plain")
    with running("tests.servers.faulty") as url:
        assert infer(rows(folder / "in.jsonl"), folder / "out.jsonl", url).returncode == 0
    return scores(folder / "out.jsonl")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_scores_are_those_of_a_plain_server(profile: str, plain: dict[str, Any], tmp_path: Path) -> None:
    """Only rows that a filter refuses fail, each after one request, and are named so."""
    out = tmp_path / "out.jsonl"
    with running("tests.servers.faulty", "--profile", profile) as url:
        result = infer(rows(tmp_path / "in.jsonl"), out, url)
        asked = sum(log(url)["asked"].values())
    filtered = FILTERED.get(profile, 0)
    assert result.returncode == (1 if filtered else 0), result.stdout + result.stderr
    found = scores(out)
    assert len(found) == ROWS - filtered and found == {name: plain[name] for name in found}
    assert (f"{filtered} failed (content filter {filtered})" in result.stdout) == bool(filtered)
    assert asked <= 5 * ROWS
    if profile == "ollama":
        assert "OLLAMA_CONTEXT_LENGTH" in result.stderr


def test_a_refused_generation_is_unscored_and_ends_no_training() -> None:
    """A firewall's 403 after an answer, and a content filter's 400 before any: the other generations have rewards."""
    human = ["Response 1 names a false year.", "Response 1 drops the table."]

    def generation(word: str) -> str:
        reasons = f"- Response A names a false year. {word}\n- Response A drops the table."
        return f"<RESULT_START>\nList of reasons:\n{reasons}\nFinal assessment result: \\boxed{{B>A}}\n<RESULT_END>"

    async def rewards(url: str, *words: str) -> list[float | None]:
        async with RewardScorer(JudgeConfig(model="m", api_base=url)) as scorer:
            return [(await scorer.score([generation(word)], [Gold(tuple(human), 1)]))[0].value for word in words]

    with running("tests.servers.faulty") as url:
        first, refused, later = asyncio.run(rewards(url, "", "[[403]]", "again"))
    assert first is not None and refused is None and later is not None
    with running("tests.servers.faulty", "--profile", "azure-filter") as url:
        refused, later = asyncio.run(rewards(url, "violence", "calm"))
    assert refused is None and later is not None
