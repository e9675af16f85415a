"""Small rows, samples and runs for tests."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from metajudge.data.rows import InvalidRow, Row
from metajudge.data.samples import Sample, read_samples
from metajudge.engine.circuit_breaker import CircuitBreaker
from metajudge.engine.rate_limit import ConcurrencyLimiter, RateLimiter
from metajudge.engine.retry import RetryingClient
from metajudge.engine.runner import OutputFiles, Runner
from metajudge.engine.stats import RunStats
from metajudge.records.journal import Journal
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.records.results_file import RecordFile
from metajudge.records.resume import FileIdentity
from metajudge.tasks.match.prompt import Prompt
from metajudge.tasks.match.task import MatchTask
from tests.unit.fakes import FakeClock, ScriptedJudge

JUDGE: dict[str, Any] = {
    "model": "m",
    "temperature": 0.6,
    "max_tokens": 100,
    "samples": 1,
    "granularity": "row",
    "top_k": None,
    "instructions": "i",
    "version": "v",
    "adapted": [],
}


def row(number: int, human: int = 2, model: int = 3, **fields: Any) -> dict[str, Any]:
    """A row with `human` and `model` items that name the row."""
    return {
        "context": [{"role": "user", "content": f"question {number}"}],
        "human-checklist": [f"h{number}.{i}" for i in range(1, human + 1)],
        "M-checklist": [f"m{number}.{i}" for i in range(1, model + 1)],
        **fields,
    }


def samples(rows: Iterable[dict[str, Any]]) -> list[Sample | InvalidRow]:
    """Samples of evaluated model M."""
    return list(read_samples([Row(number, data) for number, data in enumerate(rows, 1)], ["M"]))


def block(message: str, score: str = "0.5", model_item: int = 1) -> str:
    """A whole reply to a question: every R with one S."""
    own = re.findall(r"^S(\d+):", message, re.MULTILINE)
    item = own[0] if len(own) == 1 else str(model_item)
    marks = [f"- R{n}@S{item}: {score}" for n in re.findall(r"^R(\d+):", message, re.MULTILINE)]
    return "\n".join(["<RESULT_START>", *marks, "<RESULT_END>"])


def task(granularity: str = "row", top_k: int | None = None, num_samples: int = 1, **judge_fields: Any) -> MatchTask:
    """The matching task."""
    asked = {"granularity": granularity, "samples": num_samples, "top_k": top_k}
    judge = JudgeIdentity.from_json(JUDGE | asked | judge_fields)
    return MatchTask(Prompt(granularity), judge, top_k, num_samples)


def run_samples(
    path: Path,
    judge: ScriptedJudge,
    todo: Iterable[Sample | InvalidRow],
    *,
    kind: MatchTask | None = None,
    max_retries: int = 2,
    in_flight: int = 4,
    skip_failed: bool = False,
    clock: FakeClock | None = None,
    during: Callable[[Runner], Any] | None = None,
) -> tuple[Runner, RunStats]:
    """A run over `todo` into `path`; `during` is called with the run before it starts."""
    kind, clock = kind or task(), clock or FakeClock()
    tally = RunStats()

    async def go() -> Runner:
        asker = RetryingClient(
            judge,
            pace=RateLimiter(ConcurrencyLimiter(in_flight), clock),
            outage=CircuitBreaker(300, clock),
            max_retries=max_retries,
            tally=tally,
            clock=clock,
            max_tokens=100,
        )
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(RecordFile(path, FileIdentity("M", kind.judge)))
            journal = stack.enter_context(contextlib.closing(Journal(path, kind.judge)))
            run = Runner(
                kind, asker, {"M": OutputFiles(file, journal)}, tally, clock, lambda: 2 * in_flight, skip_failed
            )
            if during is not None:
                during(run)
            await run.judge(todo)
        return run

    return asyncio.run(go()), tally
