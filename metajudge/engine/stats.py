"""Counts of a run."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Self

from metajudge.llm import OVERLOADED, Usage


@dataclass(slots=True)
class RunStats:
    """Counts of one run; written by the run, read by progress and summary."""

    total: int | None = None
    """Rows asked for (usable ones, over all evaluated models); None when not counted."""
    success: int = 0
    empty: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """Rows by `error` and `format_error`."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Failed rows by cause."""
    unusable: int = 0
    resumed: int = 0
    """Rows that had a finished record before the run."""
    skipped_failed: int = 0
    """Rows skipped because their earlier record is a failure (`skip_failed`)."""
    requests: int = 0
    """Requests sent, retries included."""
    cache_hits: int = 0
    """Questions answered by the reply to an equal one."""
    restored: int = 0
    """Questions answered from the journal of an earlier run."""
    retries: Counter[str] = field(default_factory=Counter)
    """Requests sent again, by cause."""
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    """Money spent; 0 without prices."""

    @property
    def refusals(self) -> dict[str, int]:
        """Requests sent again after a refusal for want of capacity, by status."""
        return {str(status): self.retries[str(status)] for status in OVERLOADED}

    @property
    def failures(self) -> int:
        """Rows that ended in a failure."""
        return self.failed.total()

    @property
    def done(self) -> int:
        """Rows that need nothing more in this run."""
        return self.success + self.empty + self.failures + self.resumed + self.skipped_failed

    def add_spent(self, earlier: Self) -> None:
        """Add the requests and the cost of another run over the same rows, but not its rows."""
        for name in ("requests", "cache_hits", "retries", "usage", "cost"):
            setattr(self, name, getattr(self, name) + getattr(earlier, name))

    @classmethod
    def sum(cls, runs: "Iterable[RunStats]") -> Self:
        """Return the counts of several runs over different rows; the total is None while one is not counted."""
        total = cls(total=0)
        for one in runs:
            for field_ in fields(cls):
                values = getattr(total, field_.name), getattr(one, field_.name)
                setattr(total, field_.name, None if None in values else values[0] + values[1])
        return total
