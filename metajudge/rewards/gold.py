"""The human checklist and preference that a generation is compared with, read from a training row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metajudge.data import parse_verdict, signed_verdict
from metajudge.errors import MetaJudgeError


class BadGold(MetaJudgeError):
    """A training row has no readable human checklist."""


@dataclass(frozen=True, slots=True)
class Gold:
    """The human checklist and preference of one prompt."""

    human: tuple[str, ...]
    """The human checklist R1..Rn."""
    verdict: int | None
    """-2 (A much better) to 2 (B much better), as in `data.parse_verdict`; None if it is not known."""

    @classmethod
    def of(cls, human: Any, preference: Any) -> "Gold":
        """Build it from a row's `human-checklist` and its preference: a number -3..3 or a label. Raises `BadGold`.

        A number may be text, and an array may replace a list.
        """
        human, preference = _plain(human), _plain(preference)
        if not isinstance(human, Sequence) or isinstance(human, str) or not all(isinstance(i, str) for i in human):
            raise BadGold(f"a human checklist is a list of strings, not {str(human)[:60]!r}")
        verdict = signed_verdict(preference)
        if verdict is None and isinstance(preference, str):
            verdict = parse_verdict(preference)
        return cls(tuple(human), verdict)

    @classmethod
    def from_json(cls, label: Any) -> "Gold":
        """Build it from `{"human-checklist": […], "overall_preference": n}`, as text or parsed. Raises `BadGold`."""
        wanted = 'a JSON object {"human-checklist": [...], "overall_preference": -3..3}'
        if isinstance(label, str):
            try:
                label = json.loads(label)
            except (ValueError, RecursionError):
                raise BadGold(f"a label is {wanted}, not {label[:60]!r}") from None
        if not isinstance(label, Mapping) or "human-checklist" not in label:
            raise BadGold(f"a label is {wanted}, not {str(label)[:60]!r}")
        return cls.of(label["human-checklist"], label.get("overall_preference"))


def _plain(value: Any) -> Any:
    """Return the list or number of an array or of its element, as data frames hold them."""
    return value.tolist() if hasattr(value, "tolist") else value
