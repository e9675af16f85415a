"""The thread that asks the judge for a trainer: many callers, one scorer, and an end without noise."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from metajudge.engine import JudgeConfig
from metajudge.integrations import background
from metajudge.integrations.background import BackgroundScorer
from metajudge.llm.errors import FatalError
from metajudge.metrics.paper import paper_metrics
from metajudge.rewards.gold import Gold
from metajudge.rewards.scorer import UNSCORED_TIMEOUT, RewardScorer
from metajudge.tasks.match.prompt import ITEM
from tests.servers import ROOT, running
from tests.unit.rewards.test_scorer import GOLD, HUMAN, REASONS, generation, matrix

RIGHT = generation()
FULL = paper_metrics(matrix(), len(REASONS)).average_precision
"""The reward of `RIGHT`: the metric of the judge's scores."""


def hosted(judge: JudgeConfig) -> BackgroundScorer:
    """Return a scorer that asks item by item."""
    return BackgroundScorer(judge, None, ITEM, UNSCORED_TIMEOUT)


def threads() -> set[threading.Thread]:
    """Those of the scorers that run."""
    return {thread for thread in threading.enumerate() if thread.name == "metajudge-rewards"}


def test_threads_and_loops_share_one_scorer(judge: JudgeConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight threads with and without a loop, at once: one scorer is made, each gets its rewards."""
    made, found = [], list[float | None]()

    def make(*args: Any, **options: Any) -> RewardScorer:
        time.sleep(0.05)
        made.append(1)
        return RewardScorer(*args, **options)

    monkeypatch.setattr(background, "RewardScorer", make)
    scorer = hosted(judge)

    def call(number: int) -> None:
        alone = asyncio.run(scorer.score([RIGHT], [GOLD])) if number % 2 else scorer.score_sync([RIGHT], [GOLD])
        found.append(alone[0].value)

    callers = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join(20)
    scorer.close()
    assert found == [FULL] * 8 and made == [1]


def test_what_the_judge_refuses_reaches_the_caller() -> None:
    """A refused key ends the training's step from either side; the scorer can be asked again."""
    with running("tests.servers.faulty", "--always", "401x1") as refusing:
        scorer = hosted(JudgeConfig(model="m", api_base=refusing))
        one = generation(["Response A names a false year."])
        with pytest.raises(FatalError, match="check OPENAI_API_KEY"):
            scorer.score_sync([one], [GOLD])
        another = Gold(("another", *HUMAN), 1)
        with pytest.raises(FatalError, match="check OPENAI_API_KEY"):
            asyncio.run(scorer.score([one], [another]))
        assert asyncio.run(scorer.score([one], [another]))[0].value is not None
        scorer.close()


def test_a_cancelled_call_ends_its_questions_and_no_other(url: str) -> None:
    """The caller's time-out reaches the judge's connection; the next call is served."""
    hanging = Gold(("[[hang]]",), 1)
    scorer = hosted(JudgeConfig(model="m", api_base=url))

    async def go() -> float | None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await scorer.score([RIGHT], [hanging])
        return (await scorer.score([RIGHT], [GOLD]))[0].value

    assert asyncio.run(go()) == FULL
    scorer.close()


def test_closing_ends_the_calls_in_flight(url: str) -> None:
    """Whoever waits gets to know: a training that ends does not hang on its last rewards."""
    scorer = hosted(JudgeConfig(model="m", api_base=url))
    closer = threading.Timer(0.2, scorer.close)
    closer.start()
    with pytest.raises(CancelledError):
        scorer.score_sync([RIGHT], [Gold(("[[hang]]",), 1)])
    closer.join()


def test_a_closed_scorer_begins_anew(judge: JudgeConfig) -> None:
    """Closing twice is once; the thread is gone, and a later call has another."""
    before = threads()
    scorer = hosted(judge)
    scorer.close()
    for _ in range(2):
        assert scorer.score_sync([RIGHT], [GOLD])[0].value == FULL
        scorer.close()
        scorer.close()
    assert threads() == before


SCRIPT = """
import asyncio, os, sys
from metajudge.engine import JudgeConfig
from metajudge.rewards.gold import Gold
from metajudge.integrations.trl import reward_function

function = reward_function(JudgeConfig(model="m", api_base=sys.argv[1]), granularity="item")
columns = {"human-checklist": [["the year is wrong"]], "overall_preference": [1]}

def step():
    return asyncio.run(function(["p"], [sys.argv[2]], **columns))

print(step(), step(), flush=True)  # else the child would print it, too
if sys.argv[3] == "fork":
    child = os.fork()
    if child == 0:
        print(step())
        sys.exit()
    os.waitpid(child, 0)
elif sys.argv[3] == "fail":
    raise KeyError("the training ends")
"""


@pytest.mark.parametrize("end", ["return", "fork", "fail"])
def test_at_the_end_of_a_process_nothing_is_left_open(url: str, tmp_path: Path, end: str) -> None:
    """Two event loops one after the other, an exception: no noise of asyncio or aiohttp on stderr.

    A process that forks after the first call scores in the child, too.
    """
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", SCRIPT, url, RIGHT, end]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False, env=environment
    )
    lines = done.stdout.split("\n")
    assert len(set(lines[0].replace("] [", "]|[").split("|"))) == 1, done.stderr
    assert lines[1:] == ([lines[0].split(" ")[0], ""] if end == "fork" else [""])
    if end == "fork":
        assert done.returncode == 0  # aiohttp reports the connections that the child left to its parent
    elif end == "fail":
        assert done.stderr.splitlines()[-1] == "KeyError: 'the training ends'"
        assert done.stderr.count("Traceback") == 1
    else:
        assert (done.returncode, done.stderr) == (0, "")
