"""The configuration of a judge: which one, how fast and how patiently it is asked."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from metajudge.engine.budget import Budget, Prices
from metajudge.engine.rate_limit import MOST_IN_FLIGHT
from metajudge.engine.runner import GRACE_SECONDS, MAX_CONSECUTIVE_FAILURES
from metajudge.llm import DEFAULT_BASE_URL, EMBEDDED, parse_base_url


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeConfig:
    """Which judge is asked, how fast and how patiently; the command line's flags have the same names.

    Raises `UsageError` for an `api_base` that is no address, `ValueError` for a number that cannot be meant.
    """

    model: str = "gpt-4o"
    api_key: str = field(default="", repr=False)
    api_base: str = DEFAULT_BASE_URL
    max_tokens: int = 8192
    temperature: float = 0.6
    max_retries: int = 5
    concurrent_requests: int | None = 10
    """None = found out while running."""
    rate_limit_delay: float = 0.0
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    system_message: bool = True
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 600.0
    outage_timeout: float = 300.0
    shutdown_timeout: float = GRACE_SECONDS
    """Seconds that replies in flight get when the run is stopped."""
    max_consecutive_failures: int = MAX_CONSECUTIVE_FAILURES
    prices: tuple[float, float] | None = None
    """Money per million prompt and completion tokens."""
    max_cost: float | None = None
    limit: int | None = None
    allow_mixed: bool = False
    skip_failed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_base", parse_base_url(self.api_base, "api_base"))
        for name, least in _LEAST.items():
            value, may_lack = getattr(self, name), name in _OR_NONE
            if not (may_lack and value is None) and not _is_number(value, least):
                kind = "whole" if type(least) is int else "finite"
                or_none = ", or None" if may_lack else ""
                raise ValueError(f"{name} is {repr(value)[:60]}; it is a {kind} number from {least:g} up{or_none}")

    @property
    def connections(self) -> int:
        """To the judge, at most."""
        return self.concurrent_requests or MOST_IN_FLIGHT

    @property
    def sockets(self) -> int:
        """Of this process for the judge, at most: the embedded one's ends of the connections are here, too."""
        return self.connections * (2 if self.model == EMBEDDED else 1)

    def budget(self) -> Budget:
        """What the run may cost."""
        return Budget(Prices(*self.prices) if self.prices else None, self.max_cost)

    @classmethod
    def from_environment(cls, **fields: Any) -> JudgeConfig:
        """With key and base URL from `OPENAI_API_KEY` and `OPENAI_BASE_URL` where `fields` do not name them.

        The embedded judge is started by the run itself: a base URL in the environment is another judge's.
        """
        known = {"api_key": os.environ.get("OPENAI_API_KEY", "").strip()}
        inherited = os.environ.get("OPENAI_BASE_URL")
        if inherited and fields.get("model") != EMBEDDED and "api_base" not in fields:
            known["api_base"] = parse_base_url(inherited, "OPENAI_BASE_URL")
        return cls(**{**known, **fields})


_LEAST: Mapping[str, float] = {
    "max_tokens": 1, "max_retries": 0, "concurrent_requests": 1, "max_consecutive_failures": 1, "limit": 1,
    "temperature": 0.0, "rate_limit_delay": 0.0, "requests_per_minute": 0.001, "tokens_per_minute": 1.0,
    "timeout": 0.001, "outage_timeout": 0.0, "shutdown_timeout": 0.0, "max_cost": 0.0,
}  # fmt: skip
"""What the numbers of `JudgeConfig` are at least; those that are whole here are whole there."""
_OR_NONE = {"concurrent_requests", "limit", "requests_per_minute", "tokens_per_minute", "max_cost"}


def _is_number(value: Any, least: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, Integral if type(least) is int else Real):
        return False
    try:
        return least <= float(value) < math.inf
    except OverflowError:
        return False
