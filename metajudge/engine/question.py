"""Messages between the layers: a question and its result above the retries, a request and its reply below them.

Every layer has the one method `ask` and wraps the next one. `session` sets their order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from metajudge.data import Status
from metajudge.llm import Reply
from metajudge.text import ParseFailure

Messages = Sequence[Mapping[str, str]]
_NO_CONTENT = ParseFailure("the reply has no content")


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the judge."""

    name: str
    """Unique within its row; also its key in the journal."""
    messages: Messages
    read: Callable[[Reply], Any]
    """Parses the text of a reply; a `ParseFailure` means that the question is asked again."""
    read_part: Callable[[Reply], Any] | None = None
    """Parses a reply that `read` refuses. If it can, the question is asked once more, and then the part is accepted."""
    shared: bool = True
    """An equal question may get the same reply."""
    alone: bool = True
    """The row has no other question, so that the record itself keeps the reply."""
    record_id: str = ""
    """Id of the record that the reply goes to."""
    repetition: int = 1
    """Number of this repetition of an equal question of its row, from 1."""

    def value_of(self, reply: Reply) -> Any:
        """Parse a reply; a `ParseFailure` means that it is not accepted."""
        return _NO_CONTENT if reply.text is None else self.read(reply)


@dataclass(frozen=True, slots=True)
class Request:
    """One try of a question."""

    messages: Messages
    prompt_tokens: int
    """Estimated tokens of the messages."""
    retry_cause: str = ""
    """Cause of a repetition; empty for the first try."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An accepted reply."""

    reply: Reply
    value: Any
    """Result of `Question.read`."""
    attempts: int = 1
    copied_from: str | None = None
    """Id of the record whose equal question was asked."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A question without an accepted reply."""

    kind: Status
    """`error` (no reply) or `format_error` (no accepted reply)."""
    cause: str
    """Short name under which it is counted."""
    message: str
    attempts: int
    last: Reply | None = None
    """The last reply, if there was one."""
    copied: bool = False
    """An equal question was asked for another row."""
    question: str = ""
    """Name of the question."""


RequestResult = Answer | Failed


class QuestionLayer(Protocol):
    """A layer above the retries."""

    async def ask(self, question: Question) -> RequestResult:
        """Ask until answered or given up. Raises a `MetaJudgeError` that ends the run, or `Stopped`."""


class RequestLayer(Protocol):
    """A layer below the retries."""

    async def ask(self, request: Request) -> Reply:
        """Send one request. Raises a `JudgeError`."""


class ChatClient(Protocol):
    """The judge's client."""

    async def ask(self, messages: Messages) -> Reply:
        """Send one request. Raises a `JudgeError`."""

    @property
    def dropped_params(self) -> Sequence[str]:
        """Parameters that the server did not support so far."""
