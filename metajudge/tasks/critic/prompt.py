"""The question to a critic, in either order of the responses.

The fixed instructions come first, the row last as quoted data. A critic sees Response A and Response B; asked with
the responses swapped, its text names them the other way round.
"""

import functools
from dataclasses import dataclass

from metajudge.data import Conversation, framed, render_conversation
from metajudge.tasks.messages import chat_messages, read_instructions, short_hash


@functools.cache
def instructions(top_k: int | None = None) -> str:
    """Return the fixed instructions, the same for every row; `top_k` asks for exactly this number of reasons."""
    count = "Give as many reasons as there are points that matter, and no more."
    if top_k is not None:
        s = "" if top_k == 1 else "s"
        count = f"Give exactly {top_k} reason{s}: the {top_k} most important point{s}, in their order."
    return read_instructions(__package__, "critic").replace("{count}", count)


@dataclass(frozen=True, slots=True)
class CriticPrompt:
    """Form of the question to the critic."""

    top_k: int | None = None
    """Reasons asked for, at least 1; None = as many as there are."""
    system_message: bool = True
    """False: instructions and data in one user message, for servers without the system role."""

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that name the instructions."""
        return short_hash(instructions(self.top_k))

    def messages(
        self, conversation: Conversation, response1: str, response2: str, *, swapped: bool = False
    ) -> list[dict[str, str]]:
        """Return the chat messages of one row's question; `swapped` shows Response 2 as A and Response 1 as B."""
        first, second = (response2, response1) if swapped else (response1, response2)
        shown = f"The conversation:\n{render_conversation(conversation)}"
        data = "\n\n".join((shown, framed("RESPONSE_A", first), framed("RESPONSE_B", second)))
        return chat_messages(instructions(self.top_k), data, system_message=self.system_message)
