"""The reward server's parts that need no socket: requests, answers, metrics, flags."""

import argparse
import asyncio
import io
import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import make_mocked_request

from metajudge.cli import main
from metajudge.cli import serve_reward as command
from metajudge.cli.options.flags import from_args
from metajudge.engine import JudgeConfig
from metajudge.errors import UsageError
from metajudge.rewards.reward import NO_HUMAN_ITEM, Reward, RewardConfig
from metajudge.rewards.scorer import Counts
from metajudge.rewards.server import app as reward_server
from metajudge.rewards.server.app import RewardServer, ServerConfig
from metajudge.rewards.server.exposition import prometheus_text
from metajudge.rewards.server.metrics import LAST, Served
from metajudge.rewards.server.protocol import HTTPError, read_batch, refusal
from metajudge.rewards.unscored import StillUnscored

LABEL = {"human-checklist": ["x"], "overall_preference": 1}


def body(**fields: Any) -> bytes:
    return json.dumps({"query": ["p: r"], "prompts": ["p: "], "labels": [LABEL], **fields}).encode()


# ------------------------------------------------------------------ requests and answers


def test_the_prompt_is_taken_off_and_labels_are_text_or_parsed() -> None:
    """Generations of one prompt are a group."""
    found = read_batch(body(query=["p: r", "p: s", "q: t"], prompts=["p: ", "p: ", "q: "], labels=[LABEL] * 3))
    assert found.texts == ["r", "s", "t"]
    assert found.groups[0] == found.groups[1] != found.groups[2]
    assert [(gold.human, gold.verdict) for gold in found.golds] == [(("x",), 1)] * 3
    assert read_batch(body(labels=[json.dumps(LABEL)])).golds == found.golds[:1]
    assert read_batch(body(query=[], prompts=[], labels=[])).texts == []


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"{", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"[]", "the body is not an object"),
        (body(query="p: r"), "query is not a list"),
        (b'{"query": ["p"], "labels": [1]}', "prompts is not a list"),
        (body(labels=[]), "query has 1 elements and labels 0"),
        (body(query=[3]), "query[0] is not a text"),
        (body(prompts=[None]), "prompts[0] is not a text"),
        (body(query=["r"]), "query[0]: a query does not hold its prompt"),
        (body(labels=["no"]), "labels[0]: a label is a JSON object"),
        (body(query=["p: r"] * 2, prompts=["p: "] * 2, labels=[LABEL, {}]), "labels[1]: a label is a JSON object"),
        (body(labels=[{"human-checklist": "x"}]), "labels[0]: a human checklist is a list of strings"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_with_one_clear_message(sent: bytes, said: str) -> None:
    """400, and which element it was."""
    with pytest.raises(HTTPError) as caught:
        read_batch(sent)
    assert caught.value.status == 400 and caught.value.message.startswith(said)
    assert "\n" not in caught.value.message


def test_a_label_that_allows_no_reward_is_not_to_be_tried_again() -> None:
    """422 with the label's number; a generation that the judge did not score is 503."""
    found = refusal(StillUnscored("x"), [Reward(1.0), Reward(None, unscored=NO_HUMAN_ITEM)])
    assert found.status == 422 and found.message.startswith(f"labels[1] allows no reward: {NO_HUMAN_ITEM}; ")
    found = refusal(StillUnscored("no reward: timeout"), [Reward(None, unscored="timeout")])
    assert (found.status, found.message) == (503, "no reward: timeout")


# ------------------------------------------------------------------ metrics


def test_quantiles_are_latencies_that_were_and_forget_the_oldest() -> None:
    """Quantiles are by nearest rank; sum and count cover all requests."""
    found = Served()
    assert all(math.isnan(value) for value in found.quantiles().values())
    for seconds in range(1, 101):
        found.add(float(seconds))
    assert found.quantiles() == {0.5: 50.0, 0.9: 90.0, 0.99: 99.0}
    for _ in range(LAST):
        found.add(7.0)
    assert set(found.quantiles().values()) == {7.0}
    assert (found.responses[200], found.seconds) == (100 + LAST, 5050.0 + 7 * LAST)


def test_metrics_text_names_every_count_with_escaped_labels() -> None:
    """A reason cannot end its quotation marks or its line."""
    counts = Counts(generations=5, unscored=Counter({'a "b"\\\nc': 3}))
    lines = prometheus_text(Served(responses=Counter({200: 7})), counts).decode().splitlines()
    assert 'metajudge_unscored_total{reason="a \\"b\\"\\\\\\nc"} 3.0' in lines
    for line in (
        "# HELP metajudge_generations_total Generations that were put to the reward.",
        "# TYPE metajudge_generations_total counter",
        "metajudge_generations_total 5.0",
        "# TYPE metajudge_in_progress gauge",
        "# TYPE metajudge_request_seconds summary",
        'metajudge_request_seconds{quantile="0.5"} NaN',
        "metajudge_request_seconds_count 7.0",
    ):
        assert line in lines


def test_metrics_without_the_package_say_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server itself needs none."""
    monkeypatch.setitem(sys.modules, "metajudge.rewards.server.exposition", None)
    server = RewardServer(ServerConfig(judge=JudgeConfig(model="embedded")))
    response = asyncio.run(server._metrics(make_mocked_request("GET", "/metrics")))
    assert response.status == 501 and "pip install '.[server]'" in str(response.text)


# ------------------------------------------------------------------ flags


def parsed(*flags: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(["--model", "embedded", *flags])


@pytest.mark.parametrize(
    ("said", "meant"), [("error", "error"), ("group-mean", "group-mean"), ("0", 0.0), ("-0.5", -0.5)]
)
def test_unscored_is_an_error_a_mean_or_a_number(said: str, meant: str | float) -> None:
    assert parsed("--on-unscored", said).on_unscored == meant


def test_flags_without_values_are_the_rewards_defaults() -> None:
    """Each flag changes one option."""
    assert from_args(RewardConfig, parsed()) == RewardConfig()
    found = from_args(
        RewardConfig,
        parsed(
            *("--reward", "additive", "--rationale-weight", "0.25", "--rationale-metric", "f1", "--min-score", "0.1"),
            *("--gold-tie", "tie", "--exact-label", "--malformed", "-0.5", "--max-reasons", "all"),
            *("--keep-duplicates", "--keep-suspicious", "--no-gate"),
        ),
    )
    assert found == RewardConfig(
        reward="additive", rationale_weight=0.25, rationale_metric="f1", min_score=0.1, gold_tie="tie",
        exact_label=True, malformed=-0.5, max_reasons=None, merge_duplicates=False,
        no_credit_for_suspicious=False, gate=False,
    )  # fmt: skip
    assert from_args(RewardConfig, parsed("--max-reasons", "3")).max_reasons == 3


def test_the_token_comes_from_a_file_stdin_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never from the command line itself."""
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv("METAJUDGE_TOKEN", " other ")
    assert command.token(parsed()) == "other"
    assert command.token(parsed("--token-file", str(tmp_path / "token"))) == "secret"
    monkeypatch.setattr("sys.stdin", io.StringIO("piped\nmore\n"))
    assert command.token(parsed("--token-file", "-")) == "piped"
    monkeypatch.delenv("METAJUDGE_TOKEN")
    assert command.token(parsed()) == ""


@pytest.mark.parametrize("content", ["", " \n", "two words", b"\xff\xfe"])
def test_a_file_without_a_token_is_refused(tmp_path: Path, content: str | bytes) -> None:
    """An empty one would let everybody in."""
    path = tmp_path / "token"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UsageError, match="--token-file"):
        command.token(parsed("--token-file", str(path)))
    with pytest.raises(UsageError, match="cannot be read"):
        command.token(parsed("--token-file", str(tmp_path / "none")))
    with pytest.raises(UsageError, match="cannot both read stdin"):
        command.token(parsed("--token-file", "-", "--api-key", "-"))


@pytest.mark.parametrize("token", ["two words", "a\nb", "a&b", "a#b", "a%41", "schlüssel"])
def test_a_token_that_a_header_or_a_url_would_change_is_refused(token: str) -> None:
    """Wherever it comes from: nobody could show it."""
    with pytest.raises(UsageError, match="the token has other characters than letters, digits and"):
        RewardServer(ServerConfig(judge=JudgeConfig(model="embedded"), token=token))


def test_a_body_that_does_not_arrive_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that stopped in the middle would else hold the queue for all others."""
    monkeypatch.setattr(reward_server, "BODY_SECONDS", 0.3)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"

    async def go() -> tuple[bytes, bytes]:
        async with RewardServer(ServerConfig(judge=JudgeConfig(model="embedded"), max_queue=1)) as server:
            port = urlsplit(server.base_url).port
            slow, slow_writer = await asyncio.open_connection("127.0.0.1", port)
            slow_writer.write(head + b"{")
            await asyncio.sleep(0.1)
            other, other_writer = await asyncio.open_connection("127.0.0.1", port)
            other_writer.write(head.replace(b"1000", b"2") + b"{}")
            async with asyncio.timeout(20):
                first, second = await other.readuntil(b"\r\n"), await slow.readuntil(b"\r\n")
            other_writer.write(head.replace(b"1000", b"2") + b"{}")
            rest = await other.readuntil(b"}") + await other.readuntil(b"}")
            assert b"`max_queue` is 1" in rest and b"query is not a list" in rest
            other_writer.close()
            slow_writer.close()
            return first, second

    assert asyncio.run(go()) == (b"HTTP/1.1 503 Service Unavailable\r\n", b"HTTP/1.1 408 Request Timeout\r\n")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "no such host"])
def test_other_machines_are_let_in_with_a_token_only(host: str) -> None:
    """Refused before anything listens; the token does not show in a representation."""
    judge = JudgeConfig(model="embedded")
    with pytest.raises(UsageError, match="needs a token"):
        RewardServer(ServerConfig(judge=judge, host=host))
    options = ServerConfig(judge=judge, host=host, token="secret")
    RewardServer(options)
    assert "secret" not in repr(options)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--port", "70000"), "'70000' is not a whole number within 0..65535"),
        (("--max-reasons", "0"), "'0' is not a whole number from 1 up, or all"),
        (("--malformed", "inf"), "'inf' is not a finite number"),
        (("--on-unscored", "zero"), "'zero' is neither a number nor error or group-mean"),
        (("--on-unscored", "nan"), "'nan' is neither a number nor error or group-mean"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_does(
    capsys: pytest.CaptureFixture[str], flags: tuple[str, str], said: str
) -> None:
    """Exit 2; the last line names the flag, the value and what is allowed."""
    with pytest.raises(SystemExit) as ended:
        main(["serve-reward", *flags])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"argument {flags[0]}: {said}; see metajudge serve-reward --help\n")
