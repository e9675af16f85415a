"""What the SDK says is the same whether a second process or this one asks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.driver import KEY, command, environment, rows, scores
from tests.servers import running

# In a process of its own, as the command line is: the tests' own has threads, which would not be doubled.
_ASK = """
import asyncio, json, os, signal, sys
from metajudge.llm import told
client = told.ClientSettings("http://127.0.0.1:9/v1", "sk-key-of-a-test", 7.5)
{before}
process = told._begun[client][0] if told._begun else 0
{between}
async def ask():
    return told.ask(client)
found = asyncio.run(ask())
try:
    left = os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    left = None
print(json.dumps([found.url, found.headers, process > 0, "openai" in sys.modules, left]))
"""
EARLY = "told.ask_early(client)"


def run(before: str, between: str = "", **variables: str) -> list[Any]:
    """URL, headers, whether a second process was there, whether this one had to import the SDK, processes left."""
    program = _ASK.format(before=before, between=between)
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment(**variables), capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    found: list[Any] = json.loads(ended.stdout)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a process doubled")
@pytest.mark.parametrize("organization", ["", "org-1"])
def test_a_second_process_is_told_the_same(organization: str) -> None:
    """Also what the SDK takes from the environment; and this process never imports the SDK."""
    variables = {"OPENAI_ORG_ID": organization} if organization else {}
    url, headers, *here = run("", **variables)
    assert here == [False, True, None]
    assert run(EARLY, **variables) == [url, headers, True, False, None]
    assert headers["authorization"] == "Bearer sk-key-of-a-test"
    assert headers["x-stainless-async"] == "async:asyncio"
    assert headers["x-stainless-read-timeout"] == "7.5"
    assert headers.get("openai-organization", "") == organization


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a process doubled")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("assert process; os.kill(process, signal.SIGKILL)", id="killed"),
        pytest.param("assert process; os.kill(process, signal.SIGSTOP); told._LONGEST_SECONDS = 0.2", id="hangs"),
    ],
)
def test_a_second_process_that_fails_is_not_needed(fault: str) -> None:
    """The SDK is asked here then; nothing is left running."""
    assert run(EARLY, fault) == [*run("")[:2], True, True, None]


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a process doubled")
@pytest.mark.parametrize(
    "inherited",
    [
        pytest.param("signal.signal(signal.SIGCHLD, signal.SIG_IGN)", id="nobody waits for processes"),
        pytest.param(
            "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000)); "
            "many = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]",
            id="many open files",
        ),
    ],
)
def test_what_the_process_was_started_with_makes_no_difference(inherited: str) -> None:
    """A parent may ignore the end of its children, or leave a thousand files open."""
    assert run(f"{inherited}; {EARLY}") == [*run("")[:2], True, False, None]


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a process doubled")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_does_not_make_the_second_process_go_on_as_the_run(number: str) -> None:
    """Ctrl-C reaches both, at any moment; the second one has no part in what follows."""
    before = (
        "real = os.fork\ndef fork():\n    process = real()\n"
        f"    if not process: os.kill(os.getpid(), signal.{number})\n    return process\n"
        f"os.fork = fork; {EARLY}"
    )
    assert run(before) == [*run("")[:2], True, False, None]


def test_a_broken_sdk_is_told_in_one_line(tmp_path: Path) -> None:
    """The run ends before anything is asked."""
    (tmp_path / "openai").mkdir()
    (tmp_path / "openai" / "__init__.py").write_text("import a_module_that_is_not_there\n")
    flags = command(rows(tmp_path / "in.jsonl", [""]), tmp_path / "out.jsonl", "http://127.0.0.1:9/v1")
    path = os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])
    ended = subprocess.run(flags, env=environment(PYTHONPATH=path), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "metajudge: error: the package openai cannot be used: No module named 'a_module_that_is_not_there'; "
        "install it again"
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a process doubled")
@pytest.mark.parametrize("refused", ["fork", "pipe"])
def test_where_no_process_may_be_added_the_sdk_is_asked_here(refused: str) -> None:
    """Too many processes or open files leave nothing open either."""
    before = (
        "def full(*_): raise BlockingIOError(11, 'Resource temporarily unavailable')\n"
        f"open_before = os.listdir('/proc/self/fd'); os.{refused} = full\n"
        f"{EARLY}; assert os.listdir('/proc/self/fd') == open_before"
    )
    assert run(before)[2:] == [False, True, None]


def test_a_process_with_threads_is_not_doubled() -> None:
    """A lock that another thread holds would never be released in the second process."""
    before = f"import threading, time; threading.Thread(target=time.sleep, args=(1,), daemon=True).start(); {EARLY}"
    assert run(before)[2:] == [False, True, None]


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a process doubled")
def test_a_run_does_without_the_sdk(tmp_path: Path) -> None:
    """All the way: rows are judged, and the process that judged them has not imported it."""
    program = (
        "import sys; from metajudge.cli import main; print(main(['infer', *sys.argv[1:]]), 'openai' in sys.modules)"
    )
    with running("tests.servers.faulty") as url:
        flags = command(rows(tmp_path / "in.jsonl", [""] * 3), tmp_path / "out.jsonl", url)[2:]
        ended = subprocess.run(
            [sys.executable, "-c", program, *flags],
            env=environment(OPENAI_API_KEY=KEY), capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert len(scores(tmp_path / "out.jsonl")) == 3
    assert ended.stdout.splitlines()[-1] == "0 False", ended.stderr
