"""The reward server as a process, asked over real sockets. Its judge is a process too."""

import asyncio
import contextlib
import dataclasses
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.e2e.driver import KEY, environment, log, metajudge, start, until
from tests.servers import running

PROMPT = "Which one is better?\n"
HUMAN = ["Response 1 loses the order of the list.", "Response 2 returns None for an empty list."]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Served:
    """A running reward server."""

    url: str
    process: subprocess.Popen[str]
    said: Path
    """File with its stderr."""
    judge: str = ""
    """URL of the judge behind it."""


@contextlib.contextmanager
def serving(folder: Path, *flags: str, command: str = "serve-reward", **variables: str) -> Iterator[Served]:
    """Start `python3 -m metajudge serve-reward`, or another server's command, at a free port."""
    words = [sys.executable, "-m", "metajudge", command, "--port", "0", *flags]
    said = folder / "stderr"
    variables = environment(OPENAI_API_KEY=KEY, **variables)
    with said.open("w") as stderr, start(words, env=variables, stderr=stderr) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            assert url.startswith("http://"), said.read_text()
            yield Served(url, process, said)
        finally:
            if process.poll() is None:
                process.kill()


@contextlib.contextmanager
def judged(folder: Path, *flags: str, judge: str = "", **variables: str) -> Iterator[Served]:
    """Start a reward server with the faulty judge behind it. `judge` holds the judge's flags."""
    with running("tests.servers.faulty", *judge.split()) as url:
        with serving(folder, "--api-base", url, *flags, **variables) as server:
            yield dataclasses.replace(server, judge=url)


def reply(*reasons: str, verdict: str = "B>A") -> str:
    lines = ["<RESULT_START>", "List of reasons:", *(f"- {reason}" for reason in reasons)]
    return "\n".join([*lines, rf"Final assessment result: \boxed{{{verdict}}}", "<RESULT_END>"])


def request(*replies: str, preference: Any = 2, human: Sequence[str] = HUMAN) -> dict[str, Any]:
    label = json.dumps({"human-checklist": list(human), "overall_preference": preference})
    count = len(replies)
    return {"query": [PROMPT + text for text in replies], "prompts": [PROMPT] * count, "labels": [label] * count}


def call(url: str, data: object = None, **headers: str) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body of a response with any status."""
    body = None if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
    try:
        with OPENER.open(urllib.request.Request(url, body, headers), timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def metrics(url: str) -> dict[str, float]:
    """Return the samples by name and labels."""
    status, headers, text = call(f"{url}/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


def wait_for(url: str, name: str, value: float) -> None:
    until(lambda: metrics(url)[name] == value)


async def as_openrlhf(url: str, data: dict[str, Any], tries: int = 5) -> Any:
    """Post as OpenRLHF 0.11 does: a session per try, an error for any refusal, a second between tries."""
    for _ in range(tries):
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=180)) as session:
                async with session.post(url, json=data) as response:
                    response.raise_for_status()
                    return await response.json()
        except aiohttp.ClientError:
            await asyncio.sleep(1)
    raise RuntimeError(f"no reward in {tries} tries")


def test_a_trainer_gets_the_rewards_of_the_papers_equations(tmp_path: Path) -> None:
    """The rewards are those worked by hand: AP of the first of two equal items is 1/2."""
    data = request(
        reply(HUMAN[0]), reply(*HUMAN), reply(HUMAN[0], verdict="A>B"), "no list", reply("It has nice colours.")
    )
    with serving(tmp_path, "--model", "embedded") as server:
        for path in ("", "/get_reward"):
            found = asyncio.run(as_openrlhf(server.url + path, data, tries=1))
            assert found["rewards"] == found["scores"] == [0.5, 1.0, 0.0, 0.0, 0.0]
        logs = found["extra_logs"]
        assert logs["outcome"] == [1.0, 1.0, 0.0, 0.0, 1.0] and logs["malformed"] == [0.0, 0.0, 0.0, 1.0, 0.0]
        assert logs["judged"] == [1.0, 1.0, 0.0, 0.0, 1.0]
        one = asyncio.run(as_openrlhf(server.url, request(reply(*HUMAN)), tries=1))
        assert one["rewards"] == [1.0] and all(len(values) == 1 for values in one["extra_logs"].values())
        assert f"--reward.remote_url {server.url}" in server.said.read_text()


def test_metrics_count_what_was_asked(tmp_path: Path) -> None:
    """Generations are counted by outcome; requests as the judge itself counts them."""
    with judged(tmp_path, "--max-retries", "1", "--on-unscored", "0") as server:
        data = request(
            reply("a [[500x1]]"), reply("b [[500]]"), reply("c", verdict="A>B"), "no list", reply("d"), reply("d")
        )
        status, _, text = call(server.url, data)
        assert status == 200 and json.loads(text)["extra_logs"]["unscored"] == [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
        call(server.url, b"{")
        found, asked = metrics(server.url), log(server.judge)["requests"]
    expected = {
        "metajudge_generations_total": 6,
        "metajudge_malformed_total": 1,
        "metajudge_gated_total": 1,
        'metajudge_unscored_total{reason="500"}': 1,
        "metajudge_judge_requests_total": asked,
        'metajudge_judge_retries_total{reason="500"}': 2,
        "metajudge_judge_copied_total": 1,
        'metajudge_judge_tokens_total{kind="prompt"}': 200,
        'metajudge_responses_total{status="200"}': 1,
        'metajudge_responses_total{status="400"}': 1,
        "metajudge_in_progress": 0,
        "metajudge_request_seconds_count": 1,
    }
    assert asked == 5 and {name: found[name] for name in expected} == expected
    assert found['metajudge_request_seconds{quantile="0.99"}'] == found["metajudge_request_seconds_sum"] > 0
    assert "counts as 0, which the judge did not say" in server.said.read_text()


def test_a_judge_that_is_away_is_503_and_never_0_until_it_is_back(tmp_path: Path) -> None:
    """A later request waits as long as the first, and gets its reward if the judge returns."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    flags = ("--api-base", f"http://127.0.0.1:{port}/v1", "--unscored-timeout", "4")
    with serving(tmp_path, *flags) as server, ThreadPoolExecutor() as pool:
        for _ in range(2):
            started = time.monotonic()
            status, headers, text = call(server.url, request(reply("a")))
            assert status == 503 and int(headers["Retry-After"]) >= 1 and time.monotonic() - started > 3
            assert set(json.loads(text)) == {"error"} and "no reward" in text
        waiting = pool.submit(call, server.url, request(reply("a")))
        with running("tests.servers.faulty", "--port", port):
            status, _, text = waiting.result()
            assert status == 200 and json.loads(text)["extra_logs"]["judged"] == [1.0]


def test_a_trainer_that_tries_again_asks_the_judge_only_for_what_is_missing(tmp_path: Path) -> None:
    """The judge's answers to the first try are reused."""
    with judged(tmp_path, "--max-retries", "0") as server:
        found = asyncio.run(as_openrlhf(server.url, request(reply("a"), reply("b [[500x2]]"), reply("c"))))
        assert len(found["rewards"]) == 3
        assert log(server.judge)["requests"] == 2 + 3
        assert metrics(server.url)['metajudge_responses_total{status="503"}'] == 2


def test_a_hanging_judge_is_503_after_the_time_out(tmp_path: Path) -> None:
    """The server answers before the trainer's own timeout."""
    with judged(tmp_path, "--unscored-timeout", "0.3", judge="--always hang") as server:
        started = time.monotonic()
        status, _, text = call(server.url, request(reply("a")))
        assert status == 503 and "timeout" in text and time.monotonic() - started < 10
        assert metrics(server.url)['metajudge_unscored_total{reason="timeout"}'] == 1


def test_a_judge_that_refuses_everything_is_503_and_logged(tmp_path: Path) -> None:
    """`--on-unscored 0` does not apply, because nothing was scored. The log names the cause once."""
    causes = {"401": "refused the key", "404": "nothing at ", "quota": "quota is used up"}
    with judged(tmp_path, "--on-unscored", "0") as server:
        for fault, said in causes.items():
            for _ in range(2):
                status, headers, text = call(server.url, request(reply(f"a [[{fault}]]"), reply(f"b [[{fault}]]")))
                assert status == 503 and said in text and int(headers["Retry-After"]) >= 1
            assert server.said.read_text().count(said) == 1


def test_the_mean_of_the_group_stands_in_where_there_is_one(tmp_path: Path) -> None:
    """A prompt without any reward is 503."""
    lost = reply("x [[500]]")
    with judged(tmp_path, "--max-retries", "0", "--on-unscored", "group-mean") as server:
        assert call(server.url, request(lost))[0] == 503
        values = json.loads(call(server.url, request(reply("a", "b"), reply("c"), lost))[2])["rewards"]
        assert values[2] == pytest.approx((values[0] + values[1]) / 2)


def test_what_is_wrong_with_a_request_is_said(tmp_path: Path) -> None:
    """Bad requests are 400 or 413, unusable labels 422, and the server keeps serving."""
    with serving(tmp_path, "--model", "embedded", "--max-queue", "2") as server:
        assert call(server.url, b"\xff")[0] == 400
        status, _, text = call(server.url, {**request(reply("a")), "labels": ["none"]})
        assert status == 400 and json.loads(text)["error"].startswith("labels[0]: a label is a JSON object")
        status, _, text = call(server.url, request(reply("a"), preference=0))
        assert status == 422 and "labels[0] allows no reward: gold tie" in text
        status, _, text = call(server.url, request(*[reply("a")] * 3))
        assert status == 413 and "`max_queue` is 2" in text
        status, _, text = call(server.url, b" " * ((64 << 20) + 1))
        assert status == 413 and "64 MB" in text
        assert call(f"{server.url}/nothing")[0] == 404 and call(server.url)[0] == 405
        assert call(server.url, request(reply(HUMAN[0])))[0] == 200
        assert call(f"{server.url}/healthz")[::2] == (200, "ok\n")
        assert metrics(server.url)["metajudge_in_progress"] == 0


@pytest.mark.parametrize(
    ("command", "path", "healthy"), [("serve-reward", "/", "/healthz"), ("serve-judge", "/chat/completions", "/models")]
)
def test_a_body_that_cannot_be_unpacked_is_one_line_of_the_log(
    command: str, path: str, healthy: str, tmp_path: Path
) -> None:
    """An unknown coding and garbage cause no traceback in the log, and the server keeps serving."""
    with serving(tmp_path, command=command) as server:
        for coding, body in (("br", b"no"), ("gzip", b"no gzip\x1b[2J")):
            assert call(f"{server.url}{path}", body, **{"Content-Encoding": coding})[0] == 400
        assert call(f"{server.url}{healthy}")[0] == 200
        server.process.send_signal(signal.SIGINT)
        server.process.wait(20)
        said = server.said.read_text()
        assert "Traceback" not in said
        assert said.count("a request cannot be read: Can not decode content-encoding") == 2 and "\x1b" not in said


def test_a_full_queue_is_503_with_retry_after(tmp_path: Path) -> None:
    """The request in progress is not disturbed."""
    with judged(tmp_path, "--max-queue", "2", judge="--latency 1.5") as server, ThreadPoolExecutor() as pool:
        first = pool.submit(call, server.url, request(reply("a"), reply("b")))
        wait_for(server.url, "metajudge_in_progress", 2)
        status, headers, text = call(server.url, request(reply("c")))
        assert status == 503 and headers["Retry-After"] == "1" and "`max_queue` is 2" in text
        assert first.result()[0] == 200
        assert call(server.url, request(reply("c")))[0] == 200


def test_only_who_shows_the_token_gets_rewards_and_nothing_shows_key_or_token(tmp_path: Path) -> None:
    """Rewards and metrics need the token as a header or in the URL; the health check does not."""
    token, log_file = "t0ken+never/to-be=seen==", tmp_path / "log"
    with judged(
        tmp_path, "--host", "0.0.0.0", "--log-file", str(log_file), judge="--always 401", METAJUDGE_TOKEN=token
    ) as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        data = request("no list")
        refused = [
            call(url, data),
            call(f"{url}?token=other", data),
            call(url, data, Authorization="Bearer other"),
            call(url, data, Authorization=f"Basic {token}"),
            call(f"{url}/metrics"),
        ]
        assert all(status == 401 and headers["WWW-Authenticate"] == "Bearer" for status, headers, _ in refused)
        let_in = [
            call(url, data, Authorization=f"Bearer {token}"),
            call(f"{url}?token={token}", data),
            call(f"{url}/metrics?token={token}"),
            call(f"{url}/healthz"),
            call(f"{url}?token={token}", request(reply("a"))),
        ]
        assert [status for status, _, _ in let_in] == [200, 200, 200, 200, 503]
        for broken in (
            f"POST /?token={token} & HTTP/1.1\r\n\r\n",
            f"GET / HTTP/1.1\r\nAuthorization: {token}\0\r\n\r\n",
            f"CONNECT {token}:999999 HTTP/1.1\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)) as connection:
                connection.sendall(broken.encode())
                assert b"400 Bad Request" in connection.recv(4096)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 130
    said = f"{refused}{let_in}{server.said.read_text()}{log_file.read_text()}"
    assert "refused the key" in said and said.count("a request cannot be read: ") == 6
    assert token not in said and KEY not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_open_request_is_answered_before_the_server_ends(tmp_path: Path, number: signal.Signals) -> None:
    """New connections are refused meanwhile, and the exit code is 130."""
    with judged(tmp_path, judge="--latency 2") as server, ThreadPoolExecutor() as pool:
        opened = pool.submit(call, server.url, request(reply("a")))
        wait_for(server.url, "metajudge_in_progress", 1)
        server.process.send_signal(number)
        # Refused, or reset if it was still waiting to be accepted.
        with pytest.raises((urllib.error.URLError, ConnectionResetError)):
            for _ in range(100):
                call(f"{server.url}/healthz")
                time.sleep(0.01)
        assert opened.result()[0] == 200
        assert server.process.wait(20) == 130
        assert "Traceback" not in server.said.read_text()


@pytest.mark.parametrize(("grace", "signals"), [("0.3", 1), ("60", 2)])
def test_a_request_without_end_does_not_hold_the_server(tmp_path: Path, grace: str, signals: int) -> None:
    """The server ends after the shutdown timeout or at a second signal."""
    with judged(tmp_path, "--shutdown-timeout", grace, judge="--always hang") as server, ThreadPoolExecutor() as pool:
        opened = pool.submit(call, server.url, request(reply("a")))
        wait_for(server.url, "metajudge_in_progress", 1)
        for _ in range(signals):
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        assert server.process.wait(20) == 130
        with pytest.raises(OSError):
            opened.result()
        assert "Traceback" not in server.said.read_text()


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    """The exit code is 2."""
    with serving(tmp_path, "--model", "embedded") as server:
        port = server.url.rpartition(":")[2]
        found = metajudge("serve-reward", "--model", "embedded", "--port", port, timeout=30)
    assert found.returncode == 2 and found.stderr.count("\n") == 1
    assert f"--port {port} at 127.0.0.1 cannot be used" in found.stderr
