"""No item changes the numbering of a question or closes a list."""

import itertools
import re
from collections.abc import Callable

import pytest

from metajudge.tasks.match.prompt import GRANULARITIES, quoted
from metajudge.tasks.match.reply import ParsedReply, read_reply
from metajudge.text.reading import BLOCK_END, BLOCK_START
from tests.attacks.checklists import ATTACKS, Attack
from tests.attacks.setting import SIDES, sample_of, tasks

SPLITS: tuple[Callable[[str], list[str]], ...] = (
    str.splitlines,
    lambda text: text.split("\n"),
    # Unicode's mandatory breaks (UAX #14)
    lambda text: re.split(r"\r\n|[\n\v\f\r\x85\u2028\u2029]", text),
)
NUMBERED = re.compile(r"\s*([SR]\d+):")

attacks = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


def names(letter: str, count: int) -> list[str]:
    return [f"{letter}{number}" for number in range(1, count + 1)]


@attacks
@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_the_lists_have_one_line_for_each_item(attack: Attack, granularity: str) -> None:
    """S1..Sm and R1..Rn are in order, each list in one piece, by every notion of a line end."""
    for side, split in itertools.product(SIDES, SPLITS):
        sample = sample_of(attack, side)
        human = names("R", len(sample.human))
        for task in tasks(granularity):
            for number, question in enumerate(task.questions(sample), 1):
                model = names("S", len(sample.model_items)) if granularity != "item" else [f"S{number}"]
                lines = split(question.messages[-1]["content"])
                labels = [found[1] if (found := NUMBERED.match(line)) else None for line in lines]
                for own in (human, model):
                    start = labels.index(own[0])
                    assert labels[start : start + len(own)] == own
                assert sum(label is not None for label in labels) == len(human) + len(model)


@attacks
@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_an_attack_changes_only_the_lines_of_its_own_items(attack: Attack, granularity: str) -> None:
    """All other lines of the question are those of a harmless row."""
    harmless = Attack("harmless", "nothing", tuple("harmless" for _ in attack.items))
    for side, task in itertools.product(SIDES, tasks(granularity)):
        own = names("R" if side == "human" else "S", len(attack.items))
        both = (task.questions(sample_of(which, side)) for which in (attack, harmless))
        for one, other in zip(*both, strict=True):
            assert one.messages[:-1] == other.messages[:-1]
            pairs = zip(*(question.messages[-1]["content"].split("\n") for question in (one, other)), strict=True)
            assert {line.partition(":")[0] for line, plain in pairs if line != plain} <= set(own)


@attacks
def test_an_item_in_a_block_of_its_own_is_no_answer(attack: Attack) -> None:
    """A quoted item has neither tags nor marks, at any place."""
    shown = " ".join(map(quoted, attack.items))
    for text in (shown, f"{BLOCK_START}{shown}{BLOCK_END}", f"{BLOCK_START}- R1@S1: 1 {shown}{BLOCK_END}"):
        assert not isinstance(read_reply(text, 2, 4), ParsedReply)
        assert not isinstance(read_reply(text, 2, 4, model_item=1), ParsedReply)
    assert BLOCK_START not in shown and BLOCK_END not in shown


@attacks
def test_every_question_can_be_sent(attack: Attack) -> None:
    """Every question can be encoded as UTF-8, also with half a surrogate pair in an item."""
    for side, granularity in itertools.product(SIDES, GRANULARITIES):
        for question in tasks(granularity)[0].questions(sample_of(attack, side)):
            assert question.messages[-1]["content"].encode("utf-8")
