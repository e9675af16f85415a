"""Ids and lines of recorded requests."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.engine import JudgeConfig, Pending, Question, RunStats
from metajudge.engine.batch import Recording, recording
from metajudge.engine.batch.recording import custom_id, make_dialect, request_body
from tests.unit.fakes import in_event_loop

CONFIG = JudgeConfig(model="judge", api_key="-")


def question(text: str, **more: Any) -> Question:
    return Question("row/1", [{"role": "user", "content": text}], lambda reply: reply.text, record_id="a", **more)


def name_of(asked: Question, **body: Any) -> str:
    return custom_id({**request_body(make_dialect(CONFIG, []), asked), **body}, asked)


@given(st.text())
def test_an_id_has_only_allowed_characters_and_64_at_most(text: str) -> None:
    """Also for texts that UTF-8 cannot encode."""
    name = name_of(question(text + "\ud800", shared=False, repetition=1000))
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) and name.endswith("-1000")


def test_an_id_is_the_hash_of_the_whole_body() -> None:
    """Parameters count; the order of keys does not."""
    asked = question("x")
    assert name_of(asked) == name_of(asked) != name_of(asked, temperature=0)
    body = request_body(make_dialect(CONFIG, []), asked)
    assert custom_id(dict(reversed(body.items())), asked) == name_of(asked)


def test_equal_questions_share_an_id_unless_each_row_has_a_reply_for_itself() -> None:
    """Then the row's id counts, and the number of the repetition."""
    shared, own = question("x"), question("x", shared=False)
    assert name_of(shared) == name_of(replace(shared, record_id="b"))
    assert name_of(own) != name_of(replace(own, record_id="b"))
    assert name_of(replace(own, repetition=2)) == f"{name_of(own)}-2"


def test_a_refused_parameter_is_left_out_and_nothing_is_streamed() -> None:
    """`max_tokens` has another name then."""
    body = request_body(make_dialect(CONFIG, ["max_tokens", "temperature"]), question("x"))
    assert body == {"messages": [{"role": "user", "content": "x"}], "model": "judge", "max_completion_tokens": 8192}


class Lines:
    """Takes the lines that are written."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def add(self, line: bytes, tokens: int) -> None:
        self.lines.append(line)


@in_event_loop
async def test_each_question_is_written_once_as_one_line() -> None:
    """Whatever line ends a reader knows; every question stays pending."""
    writer, counts = Lines(), Recording()
    opener = recording(writer, counts, url="/u", dropped=[])  # type: ignore[arg-type]
    texts = ["a", "b\u2028\x85\u2029\n", "a", "half \ud83d"]
    async with opener(CONFIG, RunStats(), None) as judge:
        for text in texts:
            with pytest.raises(Pending):
                await judge.ask(question(text))
    assert counts.requests == 3 and counts.prompt_tokens > 0
    found = [json.loads(line) for line in writer.lines]
    assert all(len(line.decode().splitlines()) == 1 for line in writer.lines)
    assert [one["body"]["messages"][0]["content"] for one in found] == ["a", texts[1], "half ?"]
    assert {(one["method"], one["url"]) for one in found} == {("POST", "/u")}
