"""The whole chain against a real language model behind a real server. It proves the protocol, not the judging."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.driver import analysis, metajudge, records, rows
from tests.servers import running


@pytest.fixture(scope="module")
def llm() -> Iterator[str]:
    with running("tests.servers.small_llm") as url:
        yield url


def ask(llm: str, source: Path, out: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    files = ("--input-file", source, "--output-file", out, "--model-be-evaluated", "M")
    return metajudge("infer", *files, "--api-base", llm, "--max-retries", "1", *flags, timeout=300)


@pytest.mark.parametrize(
    "granularity", ["row", *(pytest.param(one, marks=pytest.mark.slow) for one in ("item", "pairs"))]
)
def test_every_row_put_to_a_real_model_is_accounted_for(llm: str, tmp_path: Path, granularity: str) -> None:
    """Each row is a success or a recorded failure. Tokens are counted; malformed replies are retried and kept."""
    source, out = rows(tmp_path / "in.jsonl", ["", ""], items=1), tmp_path / "out.jsonl"
    flags = ("--max-tokens", "40", "--temperature", "0", "--granularity", granularity, "--top-k", "1")
    result = ask(llm, source, out, "--model", "smollm2", "--concurrent-requests", "2", *flags)
    found = records(out)
    assert len(found) == 2, result.stdout + result.stderr
    assert {record["status"] for record in found} <= {"success", "format_error", "error"}
    failed = [record for record in found if record["status"] != "success"]
    assert result.returncode == (1 if failed else 0)
    for record in found:
        usage = record["samples"][0]["usage"]
        # The instructions are over 1,024 tokens long for a real tokenizer, too.
        assert usage["prompt_tokens"] > 1024 and 0 < usage["completion_tokens"] <= 80
    for record in failed:
        assert record["attempts"] >= 2 and record["samples"][0]["raw_text"]
        assert record["extraction_result"]["scores"] == []
    assert f"{len(found) - len(failed)} judged, 0 empty, {len(failed)} failed" in result.stdout
    table = analysis("--input-file", str(out))
    assert table.returncode == (0 if len(failed) < 2 else 1)


def test_a_model_name_that_the_server_does_not_check_and_a_context_too_long(llm: str, tmp_path: Path) -> None:
    """A question longer than the server's context fails its row with that reason; the run continues."""
    source = rows(tmp_path / "in.jsonl", ["word " * 9000], items=1)
    out = tmp_path / "out.jsonl"
    result = ask(llm, source, out, "--max-tokens", "10")
    assert result.returncode == 1
    (record,) = records(out)
    assert record["status"] == "error" and "too long" in record["error_message"], record.get("error_message")


@pytest.mark.slow
def test_every_reason_put_to_a_real_model_is_accounted_for(llm: str, tmp_path: Path) -> None:
    """Each reason has a class or is unread; no flaw of it counts without a quote that holds."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    texts = {"response1": "Turn left.", "response2": "Take the tram, please.", "M-label": "B>A"}
    reasons = ["Response A forgets the second part", "Response B is friendlier"]
    asked = [{"context": "Which way?", **texts, "M-checklist": [reason]} for reason in reasons]
    source.write_text("".join(json.dumps(row) + "\n" for row in asked))
    files = ("--input-file", source, "--output-file", out, "--model-be-evaluated", "M")
    request = ("--model", "smollm2", "--max-tokens", "40", "--temperature", "0", "--max-retries", "1")
    ran = metajudge("flaws", *files, "--api-base", llm, *request, timeout=300)
    found = records(out)
    assert len(found) == 2, ran.stdout + ran.stderr
    failed = [row for row in found if row["metajudge"]["status"] != "success"]
    assert (
        ran.returncode == (1 if failed else 0)
        and f"{2 - len(failed)} judged, 0 empty, {len(failed)} failed" in ran.stdout
    )
    for row in found:
        assert [entry["item"] for entry in row["M-flaws"]] == [1]
        for entry in row["M-flaws"]:
            assert (entry["class"] is None) == ("class" in entry["unread"])
            assert {quote["tag"] for quote in entry["quotes"]} >= set(entry["flaws"])
    (model,) = json.loads(report_of(out, tmp_path / "report.json"))
    shares = model["flaws"][0]["shares"]
    assert model["flaws"][0]["reasons"] == 2
    assert sum(shares[name]["unread_as"]["lowest"] for name in ("EG", "CG", "GS")) <= 1


def report_of(flaws: Path, output: Path) -> str:
    """Return the JSON text of a report."""
    assert metajudge("report", flaws, "--output-file", output).returncode == 0
    return output.read_text()
