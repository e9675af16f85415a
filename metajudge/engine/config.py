"""The configuration of a judge."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypedDict

from metajudge.engine.concurrency import MOST_IN_FLIGHT
from metajudge.llm import DEFAULT_BASE_URL, EMBEDDED, parse_base_urls
from metajudge.options import check_options, option


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeConfig:
    """The judge to ask, its limits and its timeouts; the command line's flags have the same names.

    Raises `UsageError` for an `api_base` that is no address, `ValueError` for a number that cannot be meant.
    """

    model: str = option("gpt-4o", "judge model; embedded = the lexical matcher that needs no key")
    api_key: str = field(default="", repr=False)
    api_base: str = DEFAULT_BASE_URL
    """Base URL; a comma list names endpoints that serve the same model, each with limits for itself."""
    max_tokens: int | None = option(
        8192, "tokens of a reply, at most; none = not sent", least=1, metavar="N", none="none", sent=True
    )
    temperature: float | None = option(
        0.6, "sampling temperature; none = not sent", least=0, metavar="T", none="none", sent=True
    )
    max_retries: int = option(5, "retries after errors, and as many after malformed replies", least=0, metavar="N")
    concurrent_requests: int | None = option(
        10, "questions in flight, at most; auto = find the judge's limit", least=1, metavar="N", none="auto"
    )
    rate_limit_delay: float = option(
        0.0, "seconds between the starts of two requests, at least", least=0, metavar="SECONDS"
    )
    requests_per_minute: float | None = option(
        None, "requests per minute, at most, evenly spaced", least=0.001, metavar="N"
    )
    tokens_per_minute: float | None = option(
        None, "tokens per minute, at most, of prompts and completions", least=1, metavar="N"
    )
    system_message: bool = option(
        True, "instructions in the user message, for servers without a system role", off="--no-system-message"
    )
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = option(600.0, "seconds for one request", least=0.001, metavar="SECONDS")
    outage_timeout: float = option(
        300.0, "seconds to wait for a judge that cannot be reached", least=0, metavar="SECONDS"
    )
    shutdown_timeout: float = option(
        10.0,
        "seconds that replies in flight get to arrive when the run is stopped",
        least=0,
        metavar="SECONDS",
    )
    max_consecutive_failures: int = option(
        20,
        "stop after this many consecutive failed rows; an outage is no failure of a row",
        least=1,
        metavar="N",
    )
    prices: tuple[float, float] | None = None
    """Money per million prompt and completion tokens."""
    max_cost: float | None = option(
        None,
        "spend no more in this run, estimated from the longest reply so far (needs both prices)",
        least=0,
        metavar="MONEY",
    )
    limit: int | None = option(None, "only the first N rows", least=1, metavar="N")
    allow_mixed: bool = option(False, "append to a file with another judge's or model's records")
    skip_failed: bool = option(False, "do not ask rows again whose record is a failure")

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_base", ",".join(parse_base_urls(self.api_base, "api_base")))
        check_options(self)

    @property
    def base_urls(self) -> tuple[str, ...]:
        """The endpoints of the judge."""
        return tuple(self.api_base.split(","))

    @property
    def connections(self) -> int:
        """Maximum number of connections to each endpoint."""
        return self.concurrent_requests or MOST_IN_FLIGHT

    @property
    def sockets(self) -> int:
        """Maximum number of sockets of this process: both ends of each connection to the embedded judge."""
        return self.connections * len(self.base_urls) * (2 if self.model == EMBEDDED else 1)

    @classmethod
    def from_environment(cls, **fields: Any) -> Self:
        """Read key and base URL from `OPENAI_API_KEY` and `OPENAI_BASE_URL` where `fields` do not name them.

        The embedded judge is started by the run itself: a base URL in the environment is another judge's.
        """
        known = {"api_key": os.environ.get("OPENAI_API_KEY", "").strip()}
        inherited = os.environ.get("OPENAI_BASE_URL")
        if inherited and fields.get("model") != EMBEDDED and "api_base" not in fields:
            known["api_base"] = ",".join(parse_base_urls(inherited, "OPENAI_BASE_URL"))
        return cls(**{**known, **fields})


class JudgeSettings(TypedDict, total=False):
    """The fields of `JudgeConfig` that matter without a run over rows, for keywords."""

    api_key: str
    max_tokens: int | None
    temperature: float | None
    max_retries: int
    concurrent_requests: int | None
    rate_limit_delay: float
    requests_per_minute: float | None
    tokens_per_minute: float | None
    system_message: bool
    extra_body: Mapping[str, Any]
    timeout: float
    outage_timeout: float
    prices: tuple[float, float] | None
    max_cost: float | None
