"""Rows with hostile items, and judges that echo them."""

import functools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace

from metajudge.data.samples import Sample
from metajudge.engine.question import Answer, Question
from metajudge.llm.completion import Reply, Usage
from metajudge.metrics.matching import Match
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.tasks.match.prompt import GRANULARITIES, Prompt
from metajudge.tasks.match.reply import ParsedReply
from metajudge.tasks.match.task import MatchTask
from metajudge.text.reading import ParseFailure
from metajudge.text.result_block import plain_block
from tests.attacks.checklists import Attack
from tests.unit.rows import JUDGE, samples

# The example blocks of the instructions have this shape too: their echo must not count as an answer.
N_HUMAN, N_MODEL = 2, 4
HUMAN = [f"Response 1 has the fault number {n}" for n in range(1, N_HUMAN + 1)]
MODEL = [f"A has a weakness of kind {n}" for n in range(1, N_MODEL + 1)]
SIDES = ("human", "model")
TEMPLATE = """\
Compare. Original list:
{source_list}
Reference list:
{target_list}
Answer like this:
<RESULT_START>
- R1@S1: 1
- R2@S1: 1
<RESULT_END>
"""
PROMPTS = {
    "instructions": Prompt(),
    "one user message": Prompt(system_message=False),
    "template": Prompt(template=TEMPLATE),
}


def row_of(attack: Attack, side: str) -> dict[str, object]:
    """Return an input row with the attack's items in the first places of one list."""
    items = list(attack.items)
    human, model = (items + HUMAN[len(items) :], MODEL) if side == "human" else (HUMAN, items + MODEL[len(items) :])
    return {"context": attack.name, "human-checklist": human, "M-checklist": model}


def sample_of(attack: Attack, side: str) -> Sample:
    """Return that row as a sample of evaluated model M."""
    (sample,) = samples([row_of(attack, side)])
    assert isinstance(sample, Sample)
    return sample


@functools.cache
def tasks(granularity: str) -> list[MatchTask]:
    """Return a task for every way of asking the question."""
    assert granularity in GRANULARITIES
    judge = JudgeIdentity.from_json(JUDGE | {"granularity": granularity})
    return [MatchTask(replace(prompt, granularity=granularity), judge) for prompt in PROMPTS.values()]


def true_marks(question: Question) -> list[Match]:
    """Return the judge's real scores, which differ from the attackers' and the examples' scores."""
    number = int(found[1]) if (found := re.match(r"S(\d+)/", question.name)) else 0
    return [Match(1, number or 2, 0.25), Match(2, number, 0.0)]


def is_true(reading: ParsedReply, question: Question) -> bool:
    """Return whether the scores are the judge's real ones. With granularity `pairs`, every pair has one."""
    scored = [mark for mark in reading.marks if mark.score]
    return scored == true_marks(question)[:1] and {mark.human_item for mark in reading.marks} == {1, 2}


def whole(question: Question) -> str:
    return "\n\n".join(message["content"] for message in question.messages)


def lists(question: Question) -> str:
    """Return the list lines alone."""
    lines = question.messages[-1]["content"].split("\n")
    return "\n".join(line for line in lines if re.match(r"[SR]\d+:", line))


def items(question: Question) -> str:
    """Return the items without their numbers."""
    return re.sub(r"(?m)^[SR]\d+: ?", "", lists(question))


def in_one_line(question: Question) -> str:
    """Return the list lines joined by blanks."""
    return " ".join(lists(question).split())


def tidied(question: Question) -> str:
    """Return the list lines with letters normalised and hidden characters removed."""
    plain = unicodedata.normalize("NFKC", lists(question))
    return "".join(char for char in plain if char == "\n" or unicodedata.category(char) not in ("Cf", "Cc"))


ECHOES: dict[str, Callable[[Question], str]] = {
    "the whole question": whole,
    "the lists": lists,
    "the items": items,
    "the lists in one line": in_one_line,
    "the lists tidied": tidied,
}


def decided(echo: str, block: str) -> dict[str, str]:
    """Return replies that hold the whole real block and an echo beside it."""
    return {
        "before": f"{echo}\n\n{block}",
        "after": f"{block}\n\n{echo}",
        "after, in the same line": f"{block} {echo}",
        "around": f"{echo}\n{block}\n{echo}",
        "as a quotation": f"> {echo}\n\nSo:\n{block}\n```\n{echo}\n```",
        "while thinking": f"<think>{echo}</think>\n{block}",
    }


def undecided(echo: str, block: str) -> dict[str, str]:
    """Return replies that mix echo and block: the real scores or nothing may be read."""
    start, *marks, end = block.split("\n")
    return {
        "behind the opening tag": "\n".join([start, echo, *marks, end]),
        "between the marks": "\n".join([start, marks[0], echo, *marks[1:], end]),
        "before the closing tag": "\n".join([start, *marks, echo, end]),
        "behind a block without end": "\n".join([start, *marks, echo]),
    }


def unanswered(echo: str, block: str) -> dict[str, str]:
    """Return replies without a whole answer. They are never accepted."""
    start, first, *_, end = block.split("\n")
    return {
        "instead": echo,
        "instead, cut": echo[: len(echo) * 2 // 3],
        "instead, in an empty block": "\n".join([start, echo, end]),
        "after half a block": "\n".join([start, first, end, echo]),
        "in half a block": "\n".join([start, first, echo, end]),
        "after half a block without end": "\n".join([start, first, echo]),
    }


def read(question: Question, text: str) -> ParsedReply | ParseFailure:
    """Read a reply as the task does."""
    value = question.read(Reply(text, "stop", Usage(), 0.0))
    assert isinstance(value, ParsedReply | ParseFailure)
    return value


def answers(questions: Sequence[Question], text: Callable[[Question], str]) -> list[Answer]:
    """Answer the questions with `text`, which must be acceptable."""
    outcomes = []
    for question in questions:
        value = read(question, text(question))
        assert isinstance(value, ParsedReply), value
        outcomes.append(Answer(Reply(text(question), "stop", Usage(), 0.0), value))
    return outcomes


def block_of(question: Question) -> str:
    return plain_block(true_marks(question))
