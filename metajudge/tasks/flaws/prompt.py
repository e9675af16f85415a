"""The question about one reason: its class and its flaws.

The fixed instructions come first, then the row as quoted data. The reason's number comes last, so that all questions
about a row begin alike.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from metajudge.data import Conversation, framed, render_conversation
from metajudge.tasks.messages import chat_messages, read_instructions

_VERDICTS = {
    -2: "Response A is much better than Response B.",
    -1: "Response A is better than Response B.",
    0: "Neither response is better than the other.",
    1: "Response B is better than Response A.",
    2: "Response B is much better than Response A.",
}
_NO_VERDICT = "(no verdict is known: nothing can be quoted from it)"


@functools.cache
def instructions() -> str:
    """Return the fixed instructions, the same for every reason."""
    return read_instructions(__package__, "flaws")


@dataclass(frozen=True, slots=True)
class FlawTexts:
    """Texts that the questions about a row show."""

    conversation: Conversation
    response_a: str
    response_b: str
    verdict: int | None
    """-2 to 2, negative = A; None if it is missing or unclear."""
    reasons: tuple[str, ...]
    """All reasons that are shown, in their order."""

    def sources(self, item: int) -> Mapping[str, str]:
        """Return the texts that a reply about reason `item` may quote, by name."""
        others = {f"REASON_{number}": text for number, text in enumerate(self.reasons, 1) if number != item}
        verdict = {} if self.verdict is None else {"VERDICT": _VERDICTS[self.verdict]}
        own = {"A": self.response_a, "B": self.response_b, "REASON": self.reasons[item - 1]}
        return own | verdict | others

    def data(self) -> str:
        """Return the row as quoted data, the same for all its questions."""
        reasons = [framed(f"REASON_{number}", text) for number, text in enumerate(self.reasons, 1)]
        return "\n\n".join(
            [
                f"The conversation:\n{render_conversation(self.conversation)}",
                framed("RESPONSE_A", self.response_a),
                framed("RESPONSE_B", self.response_b),
                framed("VERDICT", _NO_VERDICT if self.verdict is None else _VERDICTS[self.verdict]),
                *reasons,
            ]
        )

    def messages(self, item: int, *, system_message: bool = True) -> list[dict[str, str]]:
        """Return the chat messages of the question about reason `item`."""
        last = f"The reason to classify is <QUOTED_REASON_{item}>; its name in your quotes is REASON."
        return chat_messages(instructions(), f"{self.data()}\n\n{last}", system_message=system_message)
