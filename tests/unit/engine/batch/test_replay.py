"""Answers from result lines of every shape."""

import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.engine import Answer, Failed, JudgeConfig, Pending, Question, RunStats
from metajudge.engine.batch import MISSING, Recording, Replayed, Results, recording, replaying
from metajudge.errors import UsageError
from metajudge.records import BatchFolder, Manifest, PartLimits, PartWriter
from metajudge.text import ParseFailure
from tests.unit.fakes import in_event_loop

CONFIG = JudgeConfig(model="judge", api_key="-", prices=(1e6, 0.0))


def question(number: int) -> Question:
    def read(reply: Any) -> Any:
        return ParseFailure("not good") if "bad" in reply.text else reply.text

    def read_part(reply: Any) -> Any:
        return "part" if "half" in reply.text else ParseFailure("not good")

    messages = [{"role": "user", "content": f"question {number}"}]
    return Question(f"q{number}", messages, read, record_id=str(number), read_part=read_part)


def manifest() -> Manifest:
    return Manifest("out.jsonl", "infer", {}, "f", "0", "http://127.0.0.1:1/v1", "/v1/chat/completions", 0.5)


async def made(folder: BatchFolder, count: int) -> list[str]:
    """Write a part with this number of questions; return their ids."""
    folder.path.mkdir()
    whole = manifest()
    writer = PartWriter(folder, PartLimits(), whole)
    async with recording(writer, Recording(), url="/u", dropped=[])(CONFIG, RunStats(), None) as judge:
        for number in range(count):
            with pytest.raises(Pending):
                await judge.ask(question(number))
    writer.close()
    whole.parts = writer.parts
    folder.write(whole)
    return list(folder.custom_ids(writer.parts[0]))


def good(text: str, status: Any = 200) -> dict[str, Any]:
    choice = {"message": {"content": text}, "finish_reason": "stop"}
    body = {"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    return {"response": {"status_code": status, "body": body}, "error": None}


async def replayed(tmp_path: Path, *lines: list[dict[str, Any]]) -> tuple[list[Any], Replayed, RunStats]:
    """Answer a question per list of its result lines."""
    folder = BatchFolder(tmp_path / "out.jsonl.batch")
    names = await made(folder, len(lines))
    path = tmp_path / "results.jsonl"
    with path.open("w") as file:
        for name, own in zip(names, lines, strict=True):
            file.writelines(json.dumps({"custom_id": name, **line}) + "\n" for line in own)
    whole = folder.read()
    assert whole is not None
    results, counts, stats = Results(folder, whole.parts), Replayed(), RunStats()
    results.read(path)
    found: list[Any] = []
    opener = replaying(results, counts, forms=[()], dropped=[], discount=0.5)
    async with opener(CONFIG, stats, None) as judge:
        for number in range(len(lines)):
            try:
                found.append(await judge.ask(question(number)))
            except Pending:
                found.append(None)
    return found, counts, stats


@in_event_loop
async def test_a_reply_is_an_answer_with_its_tokens_and_the_discounted_price(tmp_path: Path) -> None:
    """Also with a status that is a text."""
    found, counts, stats = await replayed(tmp_path, [good("a")], [good("b", "200")])
    assert [one.value for one in found] == ["a", "b"] and not counts.open
    assert stats.usage.prompt_tokens == 6 and stats.cost == 3.0 and found[0].attempts == 1


@in_event_loop
async def test_what_may_succeed_another_time_stays_pending(tmp_path: Path) -> None:
    """Each is counted by its cause."""
    lines = [
        [{"response": None, "error": {"code": "batch_expired", "message": "not in time"}}],
        [{"response": None, "error": "the engine died"}],
        [{"response": None, "error": None}],
        [{"response": {"status_code": 429, "body": {"error": {"message": "slow down"}}}, "error": None}],
        [{"response": {"status_code": 500, "body": None}, "error": {"message": "oops"}}],
        [{"response": {"status_code": 401, "body": {"error": {"message": "bad key"}}}, "error": None}],
        [{"response": {"status_code": 200, "body": {"choices": []}}, "error": None}],
        [good("bad")],
        [],
    ]
    found, counts, _ = await replayed(tmp_path, *lines)
    assert found == [None] * len(lines) and counts.open.total() == len(lines)
    assert counts.open["batch_expired"] == counts.open["429"] == counts.open["500"] == counts.open["malformed"] == 1
    assert counts.open[MISSING] == 1 and counts.open["no completion"] == 3 and counts.used == 8


@in_event_loop
async def test_a_refusal_of_the_question_fails_it(tmp_path: Path) -> None:
    """Its message is an online run's; a reply of another round comes first."""
    refusal = {"response": {"status_code": 400, "body": None}, "error": "maximum context length is 10 tokens"}
    filtered = {"response": None, "error": {"code": "content_filter", "message": "filtered"}}
    nested = {"error": {"message": "Please be shorter", "type": "BadRequestError", "param": None, "code": 400}}
    short = {"response": {"status_code": 400, "body": None}, "error": nested}  # as vLLM 0.33 writes it
    lines = [[refusal], [filtered], [short], [refusal, good("a")], [good("bad"), good("b")]]
    found, counts, _ = await replayed(tmp_path, *lines)
    assert [type(one) for one in found] == [Failed, Failed, Failed, Answer, Answer] and not counts.open
    assert found[0].cause == "context length" and found[1].cause == "content filter" and found[0].question == "q0"
    assert found[2].message == "the judge rejected the question (400): Please be shorter"


@in_event_loop
async def test_a_refused_parameter_is_noted(tmp_path: Path) -> None:
    """A value that is too large is refused under both names."""
    texts = ["Unsupported parameter: 'temperature' is not supported", "max_tokens must be at most 10"]
    lines = [[{"response": {"status_code": 400, "body": {"error": {"message": text}}}}] for text in texts]
    found, counts, _ = await replayed(tmp_path, *lines)
    assert found == [None, None] and counts.refused == ["temperature", "max_tokens", "max_completion_tokens"]


@in_event_loop
async def test_unknown_ids_are_counted_and_a_file_of_nothing_else_is_refused(tmp_path: Path) -> None:
    """Lines that are no results are counted, too."""
    folder = BatchFolder(tmp_path / "out.jsonl.batch")
    (name,) = await made(folder, 1)
    whole = folder.read()
    assert whole is not None
    results, path = Results(folder, whole.parts), tmp_path / "results.jsonl"
    path.write_text("\n".join([json.dumps({"custom_id": "x"}), "{", "[]", json.dumps({"custom_id": name})]))
    results.read(path)
    assert (results.known, results.unknown, results.unreadable, results.found) == (1, 1, 2, {"001"})
    path.write_text(json.dumps({"custom_id": "x"}))
    with pytest.raises(UsageError, match="none of the 1 result"):
        Results(folder, whole.parts).read(path)


@in_event_loop
async def test_a_reply_that_holds_in_part_counts_at_once(tmp_path: Path) -> None:
    """No second reply comes in this batch; one that holds in no part leaves its question open."""
    found, counts, _ = await replayed(tmp_path, [good("half bad")], [good("bad")])
    assert found[0].value == "part" and found[1] is None and counts.open == {"malformed": 1}
