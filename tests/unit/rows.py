"""Small rows, samples and runs for tests."""

import asyncio
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from metajudge.data.rows import InvalidRow, Row
from metajudge.data.samples import Sample, read_samples
from metajudge.engine.clock import StoppableClock
from metajudge.engine.question import Answer, RequestResult
from metajudge.engine.runner import Runner
from metajudge.engine.session import JudgeConfig, stack_layers
from metajudge.engine.stats import RunStats
from metajudge.llm.completion import Reply, Usage
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.records.result_writer import ResultWriter
from metajudge.tasks.match.prompt import Prompt
from metajudge.tasks.match.task import MatchTask
from metajudge.text.reading import ParseFailure
from tests.unit.fakes import FakeClock, ScriptedJudge

JUDGE: dict[str, Any] = {
    "model": "m", "temperature": 0.6, "max_tokens": 100, "samples": 1, "granularity": "row", "top_k": None,
    "instructions": "i", "version": "v", "adapted": [],
}  # fmt: skip


def row(number: int, human: int = 2, model: int = 3, **fields: Any) -> dict[str, Any]:
    """Return a row with `human` and `model` items that name the row."""
    return {
        "context": [{"role": "user", "content": f"question {number}"}],
        "human-checklist": [f"h{number}.{i}" for i in range(1, human + 1)],
        "M-checklist": [f"m{number}.{i}" for i in range(1, model + 1)],
        **fields,
    }


def samples(rows: Iterable[dict[str, Any]]) -> list[Sample | InvalidRow]:
    """Return the samples of evaluated model M."""
    return list(read_samples([Row(number, data) for number, data in enumerate(rows, 1)], ["M"]))


def block(message: str, score: str = "0.5", model_item: int = 1) -> str:
    """Return a whole reply to a question: every R with one S."""
    own = asked_item(message)
    marks = [f"- R{n}@S{own or model_item}: {score}" for n in re.findall(r"^R(\d+):", message, re.MULTILINE)]
    return "\n".join(["<RESULT_START>", *marks, "<RESULT_END>"])


def asked_item(message: str) -> int | None:
    """Return the one model item of a question."""
    own = re.findall(r"^S(\d+):", message, re.MULTILINE)
    return int(own[0]) if len(own) == 1 else None


def task(granularity: str = "row", top_k: int | None = None, num_samples: int = 1, **judge_fields: Any) -> MatchTask:
    """Return the matching task."""
    asked = {"granularity": granularity, "samples": num_samples, "top_k": top_k}
    judge = JudgeIdentity.from_json(JUDGE | asked | judge_fields)
    return MatchTask(Prompt(granularity), judge, top_k, num_samples)


def answers_of(kind: MatchTask, sample: Sample, texts: Iterable[str]) -> list[RequestResult]:
    """Return the answers to a sample's questions; each reply must be accepted."""
    answers: list[RequestResult] = []
    for question, text in zip(kind.questions(sample), texts, strict=True):
        reply = Reply(text, "stop", Usage(10, 5, 15), 1.0)
        value = question.read(reply)
        assert not isinstance(value, ParseFailure), value
        answers.append(Answer(reply, value, attempts=2))
    return answers


def run_samples(
    path: Path,
    judge: ScriptedJudge,
    items: Iterable[Sample | InvalidRow],
    *,
    kind: MatchTask | None = None,
    clock: FakeClock | None = None,
    before: Callable[[Runner], Any] = lambda _: None,
    **config: Any,
) -> tuple[Runner, RunStats]:
    """Run over `items` into `path`; `before` is called with the runner before it starts."""
    kind, stats, clock = kind or task(), RunStats(), clock or FakeClock()
    settings = JudgeConfig(**{"max_retries": 2, "concurrent_requests": 4, "max_tokens": 100, **config})

    async def go() -> Runner:
        session = stack_layers(judge, settings, stats, StoppableClock(clock.now, clock.sleep))
        with ResultWriter(path, "M", kind.judge) as file:
            runner = Runner(settings, kind, {"M": file}, session)
            before(runner)
            await runner.run(items)
        return runner

    return asyncio.run(go()), stats
