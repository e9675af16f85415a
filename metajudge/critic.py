"""Criticising as a step: the evaluated model reads a row and writes its reasons and its verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metajudge.ask import Answer, Failed, Question
from metajudge.block import Rejected
from metajudge.conversation import Conversation, cut_to_tokens, read_conversation
from metajudge.critic_prompt import CriticPrompt
from metajudge.critic_reply import Critique, merge_orders, parse_existing, read_critique, swap_back
from metajudge.judge import Reply
from metajudge.remembered import Outcome
from metajudge.step import ERROR, SUCCESS, Derived
from metajudge.tokens import estimate_tokens

FORMAT_ERROR = "format_error"
AB, BOTH = "ab", "both"


@dataclass(frozen=True, slots=True)
class CriticStep:
    """One question a row, or one for each order of the responses."""

    model_name: str
    """The evaluated model: its fields are `{model_name}-checklist`, `-label` and `-generated_text`."""
    top_k: int | None = None
    """Reasons asked for and kept; None = as many as there are."""
    orders: str = AB
    """`ab`, or `both`: asked with the responses exchanged, too."""
    max_input_tokens: int | None = None
    """The oldest turns are left out of a longer question."""
    existing_text: str | None = None
    """Field with a text that was generated elsewhere: it is parsed, nothing is asked."""
    context_field: str = "context"
    response_fields: tuple[str, str] = ("response1", "response2")
    system_message: bool = True
    name: str = "critic"

    @property
    def asks(self) -> bool:
        """Whether a model is asked at all."""
        return self.existing_text is None

    @property
    def settings(self) -> Mapping[str, Any]:
        """What changes the question."""
        names = ("model_name", "top_k", "orders", "max_input_tokens", "existing_text", "context_field")
        return {name: getattr(self, name) for name in names} | {"response_fields": list(self.response_fields)}

    @property
    def instructions(self) -> str:
        """Hash of the fixed instructions."""
        return self._prompt.hash

    @property
    def _prompt(self) -> CriticPrompt:
        return CriticPrompt(self.top_k, self.system_message)

    def key(self, row: dict[str, Any]) -> str:
        """Hash of everything that the question is made of."""
        if self.existing_text is not None:
            shown = f"existing {row.get(self.existing_text)!r}"
        else:
            texts = self._texts(row)
            shown = texts if isinstance(texts, str) else self._messages(texts, swapped=False)[-1]["content"]
        parts = (self.instructions, self.model_name.lower(), self.orders, shown)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def questions(self, row: dict[str, Any]) -> Sequence[Question] | Derived:
        """The row in one order or in both; a row that cannot be shown is an error at once."""
        if self.existing_text is not None:
            return self._parsed(row.get(self.existing_text))
        texts = self._texts(row)
        if isinstance(texts, str):
            return Derived(ERROR, notes={"error_message": f"the row {texts}"})
        orders = (False, True) if self.orders == BOTH else (False,)
        return [
            Question("BA" if swapped else "AB", self._messages(texts, swapped=swapped), _read, alone=len(orders) == 1)
            for swapped in orders
        ]

    def derive(self, row: dict[str, Any], outcomes: Sequence[Outcome]) -> Derived:
        """Reasons, label and text; with both orders the label that they agree on, else a tie."""
        failed = next((one for one in outcomes if isinstance(one, Failed)), None)
        if failed is not None:
            return Derived(failed.kind, notes={"error_message": failed.message})
        answers = [one for one in outcomes if isinstance(one, Answer)]
        first: Critique = answers[0].value
        text = answers[0].reply.text or ""
        if len(answers) == 1:
            return Derived(SUCCESS, self._fields(first, first.label, text))
        second = swap_back(answers[1].value)
        label, consistent = merge_orders(first, second)
        notes = {
            "consistent": consistent,
            "labels": {"AB": first.label, "BA": second.label},
            "reasons_BA": list(second.reasons[: self.top_k]),
            "generated_text_BA": answers[1].reply.text or "",
        }
        return Derived(SUCCESS, self._fields(first, label, text), notes)

    def present(self, found: Derived) -> Derived:
        """As it is."""
        return found

    def remarks(self, found: Derived) -> list[str]:
        """Whether both orders agree, for the position consistency in the summary."""
        if "consistent" not in found.notes:
            return []
        return ["consistent in both orders" if found.notes["consistent"] else "inconsistent (taken as a tie)"]

    def _fields(self, critique: Critique, label: str, text: str) -> dict[str, Any]:
        return {
            f"{self.model_name}-checklist": list(critique.reasons[: self.top_k]),
            f"{self.model_name}-label": label,
            f"{self.model_name}-generated_text": text,
        }

    def _parsed(self, text: object) -> Derived:
        if not isinstance(text, str):
            return Derived(ERROR, notes={"error_message": f'the row has no text in "{self.existing_text}"'})
        found = parse_existing(text)
        if isinstance(found, Rejected):
            return Derived(FORMAT_ERROR, notes={"error_message": found.reason})
        return Derived(SUCCESS, self._fields(found, found.label, text))

    def _texts(self, row: Mapping[str, Any]) -> _Texts | str:
        """Conversation and both responses of a row, or what is wrong with it."""
        conversation = read_conversation(row.get(self.context_field))
        if isinstance(conversation, str):
            return f'has a "{self.context_field}" that {conversation}'
        responses = [row.get(name) for name in self.response_fields]
        for name, text in zip(self.response_fields, responses, strict=True):
            if not isinstance(text, str):
                return f'has no text in "{name}"'
        return conversation, str(responses[0]), str(responses[1])

    def _messages(self, texts: _Texts, *, swapped: bool) -> list[dict[str, str]]:
        conversation, first, second = texts
        messages = self._prompt.messages(conversation, first, second, swapped=swapped)
        if self.max_input_tokens is None or estimate_tokens(messages) <= self.max_input_tokens:
            return messages
        without = estimate_tokens(self._prompt.messages(Conversation(()), first, second, swapped=swapped))
        shorter = cut_to_tokens(conversation, max(0, self.max_input_tokens - without))
        return self._prompt.messages(shorter, first, second, swapped=swapped)


_Texts = tuple[Conversation, str, str]


def _read(reply: Reply) -> Critique | Rejected:
    return read_critique(reply.text or "", cut=reply.finish_reason == "length")
