"""The run: bounded, resumable, interruptible."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from metajudge.data.rows import InvalidRow
from metajudge.engine.circuit_breaker import OutageTooLong
from metajudge.engine.runner import Runner
from metajudge.errors import OutputLost
from metajudge.llm.completion import Reply, Usage
from metajudge.llm.errors import ConnectError, FatalError, RequestRejected, TransientError
from metajudge.records.result_writer import ResultWriter
from tests.unit.fakes import FakeClock, ScriptedJudge, Turn
from tests.unit.rows import asked_item, block, row, run_samples, samples, task


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def statuses(path: Path) -> list[str]:
    return [record["status"] for record in records(path)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def good(message: str, times: int) -> Turn:
    return block(message)


REJECTED = RequestRejected("content filter", "no")


class Hooked(ScriptedJudge):
    """A judge that awaits `hook` before it answers by its script."""

    def __init__(self, hook: Callable[[str], Awaitable[None]], script: Callable[[str, int], Turn] = good) -> None:
        super().__init__(script)
        self.hook = hook

    async def ask(self, messages: Any) -> Reply:
        await self.hook(messages[-1]["content"])
        return await super().ask(messages)


def test_every_row_is_judged_once_with_bounded_flight(out: Path) -> None:
    """Thirty rows have four requests in flight at most, and at some time."""
    judge = ScriptedJudge(good)
    _, stats = run_samples(out, judge, samples(row(n) for n in range(30)))
    assert statuses(out) == ["success"] * 30
    assert len(judge.asked) == len(set(judge.asked)) == stats.requests == 30
    assert judge.most_in_flight == 4
    assert stats.usage == Usage(300, 150, 450)


def test_a_reply_is_written_before_the_next_request_goes_out(out: Path) -> None:
    """A kill costs what is in flight and not more."""
    written: list[int] = []

    async def watch(_: str) -> None:
        written.append(len(records(out)))

    run_samples(out, Hooked(watch), samples(row(n) for n in range(5)), concurrent_requests=1)
    assert written == [0, 1, 2, 3, 4]


def test_resume_asks_only_what_has_no_finished_record(out: Path) -> None:
    todo = samples(row(n) for n in range(6))

    run, _ = run_samples(out, ScriptedJudge(lambda m, t: REJECTED if "h2.1" in m else block(m)), todo[:4])
    assert sorted(statuses(out)) == ["error", *["success"] * 3] and run.stop_reason is None
    second = ScriptedJudge(good)
    _, stats = run_samples(out, second, todo)
    assert sorted(message[4:6] for message in second.asked) == ["m2", "m4", "m5"]
    assert (stats.resumed, stats.success) == (3, 3)
    assert statuses(out).count("success") == 6


def test_skip_failed_passes_failed_rows_over(out: Path) -> None:
    todo = samples([row(1)])
    run_samples(out, ScriptedJudge(lambda m, t: RequestRejected("413", "no")), todo)
    judge = ScriptedJudge(good)
    _, stats = run_samples(out, judge, todo, skip_failed=True)
    assert judge.asked == [] and stats.skipped_failed == 1


FAULT, REFUSED = TransientError("500", "the judge answered 500: oops"), ConnectError("unreachable", "refused")
CUT = Reply("<RESULT_START>\n- R1@S1: 0.5\n- R2@S1: 0.7", "length", Usage(), 0.1)


@pytest.mark.parametrize(
    ("turns", "status", "attempts", "message", "retries"),
    [
        ([FAULT] * 2, "success", 3, None, {"500": 2}),
        ([FAULT] * 3, "error", 3, "the judge answered 500: oops (gave up after 3 tries)", {"500": 2}),
        ([None, "I think"], "success", 3, None, {"malformed": 2}),
        ([FAULT, FAULT, *["I think"] * 3], "format_error", 5, "no acceptable reply in 3: ", {"500": 2, "malformed": 2}),
        ([CUT], "success", 2, None, {"length": 1}),
        ([CUT] * 2, "format_error", 2, "the reply was cut off at 100 tokens; raise `max_tokens`", {"length": 1}),
        ([FAULT, *[REFUSED] * 5], "success", 2, None, {"500": 1, "unreachable": 5}),  # an outage uses no budget
        ([RequestRejected("413", "too long")], "error", 1, "too long", {}),
    ],
)
def test_errors_and_malformed_replies_are_retried_within_a_budget_each(
    out: Path, turns: list[Turn], status: str, attempts: int, message: str | None, retries: dict[str, int]
) -> None:
    """Two retries of each; a reply cut by the token limit is asked again once. Each request has one cause."""
    judge = ScriptedJudge(lambda m, t: turns[t - 1] if t <= len(turns) else block(m))
    _, stats = run_samples(out, judge, samples([row(1)]))
    (record,) = records(out)
    assert (record["status"], record["attempts"]) == (status, attempts)
    assert str(record.get("error_message", record.get("format_error"))).startswith(str(message))
    assert stats.retries == retries and stats.requests == 1 + sum(retries.values())
    if isinstance(turns[-1], str) and status == "format_error":
        assert (record["samples"][0]["generated_text"], record["samples"][0]["raw_text"]) == ("", "I think")


def test_the_servers_own_word_on_when_to_retry_is_kept(out: Path) -> None:
    """Otherwise the wait is drawn from a growing range: at most 1 s, then at most 2 s."""
    clock = FakeClock()
    turns = [TransientError("429", "slow down", 17.0), FAULT]
    judge = ScriptedJudge(lambda m, t: turns[t - 1] if t <= len(turns) else block(m))
    run_samples(out, judge, samples([row(1)]), clock=clock)
    assert clock.slept[0] == 17.0 and 0 <= clock.slept[1] <= 2


@pytest.mark.parametrize("failure", [FatalError("401", "bad key"), ConnectError("unreachable", "refused")])
def test_a_failure_of_every_question_stops_the_run_and_keeps_its_records(out: Path, failure: Any) -> None:
    """After the third reply the key is revoked, or the judge goes away for good; the rest is not asked."""
    judge = ScriptedJudge(lambda m, t: failure if len(set(judge.asked)) > 3 else block(m))
    run, _ = run_samples(out, judge, samples(row(n) for n in range(50)), concurrent_requests=1)
    assert statuses(out) == ["success"] * 3
    assert isinstance(run.stop_reason, FatalError | OutageTooLong)
    assert len(set(judge.asked)) == 4


def test_replies_in_flight_at_a_stop_are_saved(out: Path) -> None:
    """One of four questions in flight meets a revoked key; the three later replies are kept."""

    async def be_slow(message: str) -> None:
        await asyncio.sleep(0 if "h0.1" in message else 0.02)

    judge = Hooked(be_slow, lambda m, t: FatalError("401", "bad key") if "h0.1" in m else block(m))
    run, _ = run_samples(out, judge, samples(row(n) for n in range(20)))
    assert statuses(out) == ["success"] * 3
    assert run.stop_reason is not None


def test_a_signal_lets_replies_arrive_and_sends_nothing_more(out: Path) -> None:
    """The rows in flight are finished, the others are for the next run."""
    runs: list[Runner] = []

    async def stop_at_the_fifth(_: str) -> None:
        if len(judge.asked) >= 4 and not runs[0].is_stopped:
            runs[0].stop()
        await asyncio.sleep(0.01)

    judge = Hooked(stop_at_the_fifth)
    run, stats = run_samples(out, judge, samples(row(n) for n in range(40)), before=runs.append)
    assert run.interrupted and run.is_stopped
    assert len(judge.asked) == len(records(out)) == stats.success < 15


def test_a_second_signal_stops_at_once(out: Path) -> None:
    """A judge that hangs cannot hold the run."""
    runs: list[Runner] = []

    async def hang(_: str) -> None:
        runs[0].stop()
        asyncio.get_running_loop().call_later(0.01, runs[0].stop)
        await asyncio.sleep(3600)

    run_samples(out, Hooked(hang), samples([row(1)]), before=runs.append)
    assert records(out) == []


@pytest.mark.parametrize("reply", ["no block", TransientError("429", "slow down", retry_after=60.0)])
def test_a_retry_is_neither_sent_nor_counted_after_a_signal(out: Path, reply: Turn) -> None:
    """The run ends once the reply is there."""
    clock, held = FakeClock(), []

    def script(message: str, times: int) -> Turn:
        held[0].stop()
        return reply

    run, stats = run_samples(out, ScriptedJudge(script), samples([row(1)]), clock=clock, before=held.append)
    assert run.interrupted and stats.requests == 1
    assert not stats.retries and not clock.slept


def test_a_signal_is_heard_in_a_long_stretch_of_finished_rows(out: Path) -> None:
    """A stop need not wait for the next row that has to be judged."""
    rows = samples(row(n) for n in range(1000))
    run_samples(out, ScriptedJudge(good), rows)
    seen, held = [], []

    def watched() -> Any:
        for number, sample in enumerate(rows):
            seen.append(number)
            if number == 250:
                held[0].stop()
            yield sample

    run, stats = run_samples(out, ScriptedJudge(good), watched(), before=held.append)
    assert run.interrupted and stats.resumed < 400 and len(seen) < 400


def test_equal_questions_are_asked_once(out: Path) -> None:
    """In flight together or later, the others get the reply without tokens, and name its record."""
    rows = [row(1), row(1), row(2), row(1) | {"context": "another conversation"}]
    judge = ScriptedJudge(good)
    _, stats = run_samples(out, judge, samples(rows), concurrent_requests=2)
    assert len(judge.asked) == 2 and stats.cache_hits == 2
    by_id = {record["id"]: record["samples"][0] for record in records(out)}
    copies = [entry for entry in by_id.values() if "copied_from" in entry]
    assert len(by_id) == 4 and len(copies) == 2
    for entry in copies:
        assert entry["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        assert by_id[entry["copied_from"]]["generated_text"] == entry["generated_text"]


def test_repeated_samples_are_never_copied(out: Path) -> None:
    judge = ScriptedJudge(good)
    run_samples(out, judge, samples([row(1), row(1)]), kind=task(num_samples=2))
    assert len(judge.asked) == 4
    assert [len(record["samples"]) for record in records(out)] == [2, 2]


def test_rows_without_items_need_no_request(out: Path) -> None:
    judge = ScriptedJudge(good)
    _, stats = run_samples(out, judge, samples([row(1, human=0), row(2, model=0), row(3, 0, 0)]))
    assert judge.asked == [] and stats.empty == 3
    assert [(r["status"], r["empty"]) for r in records(out)] == [("empty", one) for one in ("human", "model", "both")]


def test_a_file_deleted_after_its_last_record_is_rescued_too(out: Path) -> None:
    """The run looks once more at its end, because no later write would notice."""
    original = ResultWriter.append

    def append_and_lose(file: ResultWriter, record: Any) -> None:
        original(file, record)
        file.path.unlink()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResultWriter, "append", append_and_lose)
        run, _ = run_samples(out, ScriptedJudge(good), samples([row(1)]))
    assert "was deleted" in str(run.stop_reason)
    assert len(records(out.with_name("out.jsonl.rescued"))) == 1


def test_unusable_rows_are_skipped(out: Path) -> None:
    """They were named when the input was first read."""
    run_samples(out, ScriptedJudge(good), [InvalidRow(1, "broken"), *samples([row(1)])])
    assert statuses(out) == ["success"]


def test_a_lost_output_stops_the_run(out: Path) -> None:
    """The records of the deleted file are rescued; nothing more is asked."""

    async def delete(_: str) -> None:
        if len(judge.asked) == 2:
            out.unlink()

    judge = Hooked(delete)
    run, _ = run_samples(out, judge, samples(row(n) for n in range(50)), concurrent_requests=1)
    assert isinstance(run.stop_reason, OutputLost)
    assert len(judge.asked) < 8
    assert len(records(out.with_name("out.jsonl.rescued"))) == len(judge.asked)  # those in flight, too


def test_a_judge_that_only_fails_stops_the_run(out: Path) -> None:
    """The limit is twenty consecutive rows; one that succeeds between them restarts the count."""
    judge = ScriptedJudge(lambda m, t: RequestRejected("400", "no"))
    run, stats = run_samples(out, judge, samples(row(n) for n in range(100)), concurrent_requests=1)
    assert 20 <= stats.failures <= 22 and run.stop_reason is not None
    assert str(run.stop_reason).startswith("20 consecutive rows failed, the last with: no; raise `max_consecutive")
    mixed = ScriptedJudge(lambda m, t: block(m) if "h10.1" in m else RequestRejected("400", "no"))
    run, stats = run_samples(out.with_name("b.jsonl"), mixed, samples(row(n) for n in range(25)), concurrent_requests=1)
    assert run.stop_reason is None and stats.failures == 24


def test_the_failure_of_one_question_that_rows_share_is_one(out: Path) -> None:
    """Thirty equal rows that the content filter refuses do not stop the run."""
    judge = ScriptedJudge(lambda m, t: REJECTED if "h0.1" in m else block(m))
    rows = [row(0)] * 30 + [row(n) for n in range(1, 10)]
    run, stats = run_samples(out, judge, samples(rows), concurrent_requests=40)
    assert run.stop_reason is None and (stats.failures, stats.success) == (30, 9)
    assert len(judge.asked) == 10


def test_a_defect_of_ours_ends_the_run_loudly(out: Path) -> None:

    async def fail(message: str) -> None:
        if "h3.1" in message:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_samples(out, Hooked(fail), samples(row(n) for n in range(50)), concurrent_requests=1)
    assert statuses(out) == ["success"] * 3


def test_item_questions_make_a_full_matrix(out: Path) -> None:
    """Each model item has one question; each human item's best is the lowest of the best."""

    def script(message: str, times: int) -> Turn:
        return block(message, {1: "0.25", 2: "0.75", 3: "0.75"}[asked_item(message) or 0])

    run_samples(out, ScriptedJudge(script), samples([row(1)]), kind=task("item", 5))
    (record,) = records(out)
    assert record["score_matrix"] == [[0.25, 0.75, 0.75]] * 2
    assert record["extraction_result"]["scores"] == [[1, 2, 0.75], [2, 2, 0.75]]
    assert len(record["item_replies"]) == 3
    assert not out.with_name("out.jsonl.journal").exists()


def test_good_replies_of_a_row_with_a_dead_question_are_kept_and_not_asked_again(out: Path) -> None:
    """The row is an error; the next run asks only the failed question."""
    todo = samples([row(1), row(2)])
    run_samples(out, ScriptedJudge(lambda m, t: REJECTED if "S2" in m else block(m)), todo, kind=task("item", 5))
    assert statuses(out) == ["error", "error"]
    assert records(out)[0]["error_message"] == "question S2/1: no"
    assert records(out)[0]["score_matrix"] == [[0.5, None, 0.5]] * 2
    assert out.with_name("out.jsonl.journal").exists()

    judge = ScriptedJudge(good)
    _, stats = run_samples(out, judge, todo, kind=task("item", 5))
    assert len(judge.asked) == 2 and all("S2" in message for message in judge.asked)
    assert stats.restored == 4 and statuses(out)[2:] == ["success", "success"]
    assert not out.with_name("out.jsonl.journal").exists()


@pytest.mark.parametrize("num_samples", [1, 3])
def test_rows_with_equal_lists_have_their_replies_apart(out: Path, num_samples: int) -> None:
    """A finished row does not discard the replies of an equal one, which a later run would pay for again."""
    dead = {"on": True}

    def script(message: str, times: int) -> Turn:
        return RequestRejected("400", "no") if dead["on"] and "S2:" in message and times == 1 else block(message)

    rows, kind = [row(0), *(row(n) for n in range(1, 9)), row(0)], task("item", num_samples=num_samples)
    judge = ScriptedJudge(script)
    run_samples(out, judge, samples([rows[0]]), kind=kind, concurrent_requests=1)
    assert statuses(out) == ["error"]
    good = len(judge.asked) - 1
    run_samples(out, ScriptedJudge(lambda m, t: block(m)), samples(rows)[1:], kind=kind, concurrent_requests=1)
    assert out.with_name("out.jsonl.journal").exists()
    last = ScriptedJudge(lambda m, t: block(m))
    _, stats = run_samples(out, last, samples(rows), kind=kind, concurrent_requests=1)
    assert (len(last.asked), stats.restored, stats.success) == (1, good, 1)
    assert not out.with_name("out.jsonl.journal").exists()


def test_a_stop_in_the_middle_of_a_row_loses_no_reply(out: Path) -> None:
    """Replies before the stop are in the journal; the next run asks the rest."""
    runs: list[Runner] = []

    async def stop_at_the_fifth(_: str) -> None:
        if len(first.asked) == 4:
            runs[0].stop()

    first = Hooked(stop_at_the_fifth)
    todo = samples(row(n) for n in range(4))
    run_samples(out, first, todo, kind=task("item", 5), concurrent_requests=2, before=runs.append)
    second = ScriptedJudge(good)
    run_samples(out, second, todo, kind=task("item", 5))
    assert len(first.asked) + len(second.asked) == 12
    assert not set(first.asked) & set(second.asked)
    assert statuses(out) == ["success"] * 4
