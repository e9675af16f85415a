"""The judge's instructions, the two lists as text, and a user's template.

The fixed part comes first and the row's lists last, so that a prefix cache serves nearly all of a
question. Checklist items are data: each is folded to one line and cannot imitate the reply's tags or marks,
not even in a judge's copy of the question.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metajudge.errors import UsageError
from metajudge.tasks.messages import chat_messages, read_instructions, short_hash
from metajudge.text import TAG_PIECES, escape_markup, replace_surrogates

ITEM, PAIRS, ROW = "item", "pairs", "row"
GRANULARITIES = (ITEM, PAIRS, ROW)

# Characters that become "<", "@", "&" or "[" in NFKC, and tags without them; an item without any of these is harmless.
_SUSPECT = re.compile("[<@&\\[◁\ufe47\ufe60\ufe64\ufe6b\uff06\uff1c\uff20\uff3b]|(?i:assistantfinal)|analysis[A-Z]")
# Tags, also incomplete ones, and "R1@", which becomes a mark together with the next item's "S2: 1".
_GRAMMAR = re.compile(
    rf"(<)[\s/]*RESULT_(?:START|END)\s*(>?)|(?<![A-Za-z0-9])(?-i:R)\d+[\s*_`]*(@)|{TAG_PIECES}", re.IGNORECASE
)
_PLACEHOLDER = re.compile(r"\{(source_list|target_list)\}")


@functools.cache
def instructions(granularity: str) -> str:
    """Return the fixed instructions of a question, the same for every row."""
    names = ("opening", f"task_{granularity}", "scale", "examples", f"reply_{granularity}", "closing")
    return read_instructions(__package__, *names)


def quoted(item: str) -> str:
    """Return an item as one line of quoted data: white space folded, tags and marks escaped, valid as UTF-8."""
    folded = replace_surrogates(" ".join(item.split()))
    return escape_markup(folded, _GRAMMAR) if _SUSPECT.search(folded) else folded


@functools.lru_cache(maxsize=4096)  # the questions of a row share a list, and its record quotes them again
def list_text(letter: str, items: tuple[str, ...], first: int = 1) -> str:
    """Return `items` as lines `S1: …`, `S2: …` (or R), numbered from `first`."""
    text = " ".join(items)  # one look at all items: most lists have nothing to quote
    plain = text.isascii() and text == " ".join(text.split()) and not _SUSPECT.search(text)
    return "\n".join(f"{letter}{number}: {item if plain else quoted(item)}" for number, item in enumerate(items, first))


@dataclass(frozen=True, slots=True)
class Prompt:
    """Form of a question: the instructions or the user's template, and the messages they go to."""

    granularity: str = ROW
    template: str | None = None
    """A user's message with `{source_list}` and `{target_list}`; replaces the instructions."""
    system_message: bool = True
    """False: instructions and lists in one user message, for servers without the system role."""

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that name the instructions."""
        return short_hash(self.template if self.template is not None else instructions(self.granularity))

    def messages(self, human: Sequence[str], model_items: Sequence[str], number: int = 0) -> list[dict[str, str]]:
        """Return the chat messages of one question; with granularity `item`, about model item `number` (from 1)."""
        data = self.data(human, model_items, number)
        if self.template is not None:
            return [{"role": "user", "content": data}]
        return chat_messages(instructions(self.granularity), data, system_message=self.system_message)

    def data(self, human: Sequence[str], model_items: Sequence[str], number: int = 0) -> str:
        """Return both lists as a question has them, or the filled template; `number` 0 = all model items."""
        if self.granularity == ITEM and number:
            source = list_text("S", (model_items[number - 1],), number)
        else:
            source = list_text("S", tuple(model_items))
        target = list_text("R", tuple(human))
        if self.template is not None:
            lists = {"source_list": source, "target_list": target}
            # One pass: an item that contains "{target_list}" stays as it is.
            return _PLACEHOLDER.sub(lambda match: lists[match[1]], self.template)
        return f"{source}\n\n{target}" if self.granularity == ROW else f"{target}\n\n{source}"


def read_template(path: Path) -> str:
    """Read a user's template from a file. Raises `UsageError` unless both placeholders occur."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"`prompt_template` {path} is not UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"`prompt_template` {path} cannot be read: {error.strerror}") from None
    missing = [name for name in ("{source_list}", "{target_list}") if name not in text]
    if missing:
        raise UsageError(f"`prompt_template` {path} lacks {' and '.join(missing)}; put it where the list belongs")
    return text
