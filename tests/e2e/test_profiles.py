"""Servers as they are: the table is that of a plain server, whatever form its failures and replies take."""

import json
from pathlib import Path
from typing import Any

import pytest

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
