"""The identity of a judge, which makes the records of two files comparable."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from metajudge.data import as_integer

OTHER_ROW, SIDES_EXCHANGED, HUMAN_REFERENCE = "other-row", "sides-exchanged", "human-reference"
"""Kinds of control: what the judge is asked about in place of a row's own lists."""
ANNOTATORS = "annotators"
"""Evaluated model of the human reference's records of people."""
QUESTION = ("instructions", "granularity", "top_k", "control")
"""Fields of `JudgeIdentity` that decide the questions."""
SAME_REPLY = ("model", "instructions", "granularity", "samples", "top_k")
"""Fields in which a judge's replies to one row must agree."""
SAME_RECORD = (*SAME_REPLY, "guard", "control", "critic_name")
"""Fields in which all records of a file agree. The rest may change in a resumed run."""
SAMPLING = ("temperature", "max_tokens")
"""Fields that may change in a resumed run, which says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeIdentity:
    """A record's `judge`. Values that were read from a file are as the file has them."""

    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    samples: int | None = None
    """Number of times that each question is asked."""
    granularity: str | None = None
    """`item`, `pairs` or `row`; for a step its name."""
    top_k: int | None = None
    """Model items judged, the first ones; None = all."""
    instructions: str | None = None
    """Hash of the fixed instructions."""
    version: str | None = None
    """Version of this package."""
    adapted: Sequence[str] = ()
    """Parameters that the judge does not support; may grow while a run goes."""
    settings: Mapping[str, Any] | None = None
    """Options of a step that change its question or result."""
    guard: str | None = None
    control: str | None = None
    """Kind of control; None = the rows' own lists."""
    parameters: Mapping[str, Any] | None = None
    """Further parameters of the requests."""

    @classmethod
    def from_json(cls, judge: Mapping[str, Any]) -> Self:
        """Read a record's `judge`; unknown keys are ignored, and null is an absent key."""
        values = {name: judge[name] for name in _NAMES if judge.get(name) is not None}
        for name in _INTEGERS & values.keys():
            values[name] = as_integer(values[name])
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """Return the `judge` of a record, without the optional keys that have no value."""
        values = {name: getattr(self, name) for name in _NAMES} | {"adapted": list(self.adapted)}
        return {name: value for name, value in values.items() if value is not None or name not in _OPTIONAL}

    @property
    def critic_name(self) -> str:
        """Model name of a critic's lists, in lower case; empty for others."""
        name = self.settings.get("model_name") if isinstance(self.settings, dict) else None
        return name.lower() if isinstance(name, str) else ""

    def differences(self, other: Self, names: Iterable[str] = SAME_RECORD) -> dict[str, tuple[Any, Any]]:
        """Return the fields among `names` in which two judges differ, with both values."""
        pairs = ((name, getattr(self, name), getattr(other, name)) for name in names)
        return {name: (mine, theirs) for name, mine, theirs in pairs if mine != theirs}


_NAMES = tuple(field.name for field in fields(JudgeIdentity))
_INTEGERS = frozenset({"max_tokens", "samples", "top_k"})
_OPTIONAL = ("settings", "guard", "control", "parameters")
