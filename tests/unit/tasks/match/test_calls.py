"""Inference as a call: in a thread, under a running event loop, and interrupted."""

import asyncio
import inspect
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import UsageError
from metajudge.llm import EMBEDDED
from metajudge.tasks import InferConfig, RunResult, infer, infer_async
from tests.servers import running
from tests.unit.rows import row


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running("tests.servers.faulty", "--latency", "0.02") as base_url:
        yield base_url


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the settings of a run over six rows by the embedded judge."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    rows = write_rows(tmp_path / "rows.jsonl", [row(n) for n in range(6)])
    return {
        "input_file": str(rows),
        "output_file": str(tmp_path / "out.jsonl"),
        "model_be_evaluated": "M",
        "model": EMBEDDED,
        "granularity": "row",
    }


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    return path


def statuses(result: Path) -> list[str]:
    return [json.loads(line)["status"] for line in result.read_text().splitlines()] if result.exists() else []


def assert_finished(result: RunResult, out: str) -> None:
    assert result.exit_code == 0 and result.paths == [Path(out)]
    assert result.stats is not None and (result.stats.success, result.stats.requests) == (6, 6)
    assert statuses(Path(out)) == ["success"] * 6


def test_a_call_returns_counts_paths_and_exit_code(files: dict[str, Any]) -> None:
    """Its text has them, too. A second call resumes, a dry run only counts."""
    result = infer(**files)
    assert_finished(result, files["output_file"])
    assert str(result).startswith("6 judged, 0 empty, 0 failed, 0 unusable, 0 resumed; 6 requests, ")
    assert str(result).endswith(f" s\n{files['output_file']}")
    assert "0 judged, 0 empty, 0 failed, 0 unusable, 6 resumed; 0 requests, 0 tokens" in str(infer(**files))
    counted = infer(**{**files, "output_file": "new.jsonl"}, dry_run=True)
    assert str(counted) == "6 rows, 0 unusable; nothing was asked, 6 requests remain" and counted.stats is None
    assert "prompt" not in repr(counted)


def test_a_running_loop_and_another_thread_are_no_obstacle(files: dict[str, Any], tmp_path: Path) -> None:
    """The plain call blocks the loop, the other one does not; no thread installs a signal handler."""
    handler = signal.getsignal(signal.SIGINT)
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.001)

    async def go() -> None:
        assert_finished(infer(**files), files["output_file"])
        other = {**files, "output_file": str(tmp_path / "async.jsonl")}
        beating = asyncio.create_task(beat())
        assert_finished(await infer_async(**other), other["output_file"])
        beating.cancel()

    asyncio.run(go())
    assert beats > 3 and signal.getsignal(signal.SIGINT) is handler
    found: list[RunResult] = []
    third = {**files, "output_file": str(tmp_path / "thread.jsonl")}
    thread = threading.Thread(target=lambda: found.append(infer(**third)))
    thread.start()
    thread.join(30)
    assert_finished(found[0], third["output_file"])


def test_no_signal_handler_is_set(files: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the main thread, either, where the event loop's own runner would set one."""
    seen: list[Any] = []
    monkeypatch.setattr(signal, "signal", lambda *arguments: seen.append(arguments))
    assert threading.current_thread() is threading.main_thread()
    assert infer(**files).exit_code == 0 and seen == []


def test_mistakes_are_raised_before_any_request(files: dict[str, Any]) -> None:
    """A missing key and file, a setting out of bounds, a misspelt one."""
    with pytest.raises(UsageError, match="no API key for the judge: set OPENAI_API_KEY"):
        infer(**{**files, "model": "gpt-4o"})
    with pytest.raises(UsageError, match=r"no\.jsonl"):
        infer(**{**files, "input_file": "no.jsonl"})
    with pytest.raises(ValueError, match="temperature is -1"):
        infer(**files, temperature=-1)
    with pytest.raises(TypeError, match="modell"):
        infer(**files, modell="m")
    assert not Path(files["output_file"]).exists()


def test_help_shows_every_setting_and_the_needed_ones_first() -> None:
    """Those of the configuration, with their defaults."""
    for call in (infer, infer_async):
        shown = list(inspect.signature(call).parameters.values())
        assert [one.name for one in shown if one.default is one.empty] == [one.name for one in shown[:3]]
        assert {one.name for one in shown} == {field.name for field in fields(InferConfig)}
        assert inspect.signature(call).parameters["max_retries"].default == 5


def test_key_and_base_url_come_from_the_environment(
    files: dict[str, Any], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    assert infer(**{**files, "model": "m"}).exit_code == 0


def slow(folder: Path, url: str, last: str) -> dict[str, Any]:
    """Return the settings of a run that finishes four rows and waits for the fifth."""
    texts = ["", "", "", "", last]
    rows = [row(n, **{"M-checklist": [f"m{n} {fault}"]}) for n, fault in enumerate(texts)]
    path = write_rows(folder / "slow.jsonl", rows)
    more = {"model": "m", "api_base": url, "concurrent_requests": 1, "shutdown_timeout": 0.3}
    more |= {"timeout": 8.0, "max_retries": 0}  # so that a test fails and does not hang
    return {"input_file": path, "output_file": folder / "slow-out.jsonl", "model_be_evaluated": "M", **more}


async def _until_four_are_written(out: Path) -> None:
    async with asyncio.timeout(20):
        while len(statuses(out)) < 4:
            await asyncio.sleep(0.01)


def test_a_cancelled_call_ends_with_its_run(tmp_path: Path, url: str) -> None:
    """What is finished is in the file, which nothing writes any more: another run resumes it."""
    settings = slow(tmp_path, url, "[[hang]]")

    async def go() -> None:
        call = asyncio.create_task(infer_async(**settings))
        await _until_four_are_written(settings["output_file"])
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        again = await infer_async(**settings, limit=4)
        assert again.stats is not None and (again.stats.resumed, again.exit_code) == (4, 0)

    asyncio.run(go())
    assert statuses(settings["output_file"]) == ["success"] * 4


def test_a_cancellation_that_does_not_wake_the_loop_is_noticed(tmp_path: Path, url: str) -> None:
    """A notebook's kernel cancels a waiting cell from a signal handler."""
    settings = slow(tmp_path, url, "[[hang]]")

    async def go() -> None:
        call = asyncio.create_task(infer_async(**settings))
        await _until_four_are_written(settings["output_file"])
        threading.Timer(0.05, call.cancel).start()
        started = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert time.monotonic() - started < 6

    asyncio.run(go())


def test_a_second_cancellation_does_not_wait(tmp_path: Path, url: str) -> None:
    """The first one would give the reply in flight a minute."""
    settings = {**slow(tmp_path, url, "[[hang]]"), "shutdown_timeout": 60.0, "timeout": 60.0}

    async def go() -> None:
        call = asyncio.create_task(infer_async(**settings))
        await _until_four_are_written(settings["output_file"])
        async with asyncio.timeout(20):
            for _ in range(2):
                call.cancel()
                await asyncio.sleep(0.05)
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(go())


def test_an_interrupt_stops_the_run_and_is_raised(tmp_path: Path, url: str) -> None:
    """As a notebook's stop button sends it, while the call waits."""
    settings = slow(tmp_path, url, "[[hang]]")

    def interrupt() -> None:
        asyncio.run(_until_four_are_written(settings["output_file"]))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        infer(**settings)
    thread.join()
    assert statuses(settings["output_file"]) == ["success"] * 4
    again = infer(**settings, limit=4)  # the file is no longer locked
    assert again.stats is not None and (again.stats.resumed, again.exit_code) == (4, 0)
