"""What a reward server did, as Prometheus text. Pure: the clock is its caller's.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, version 0.0.4).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metajudge.rewards.scorer import Counts

CONTENT_TYPE = "text/plain; version=0.0.4"
QUANTILES = (0.5, 0.9, 0.99)
LAST = 1000
"""Requests whose latencies the quantiles are of."""


@dataclass(slots=True)
class Latencies:
    """Seconds that requests took."""

    last: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))
    count: int = 0
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Take note of one."""
        self.last.append(seconds)
        self.count += 1
        self.total += seconds

    def quantiles(self) -> dict[float, float]:
        """The `QUANTILES` of the last ones, by nearest rank: each is a latency that was; NaN where there is none."""
        known = sorted(self.last)
        return {q: known[math.ceil(q * len(known)) - 1] if known else math.nan for q in QUANTILES}


@dataclass(slots=True)
class Served:
    """What a server answered."""

    responses: Counter[int] = field(default_factory=Counter)
    """By HTTP status, of requests for rewards."""
    in_progress: int = 0
    """Generations that are being scored."""
    rewarded: Latencies = field(default_factory=Latencies)
    """Of requests that were answered with rewards."""


def prometheus_text(served: Served, counts: Counts) -> str:
    """Every metric with its help and type."""
    judge, usage = counts.judge, counts.judge.usage
    tokens = {"prompt": usage.prompt_tokens, "completion": usage.completion_tokens}
    statuses = {str(status): count for status, count in served.responses.items()}
    lines = [
        *_counter("generations", "Generations that were put to the reward.", counts.generations),
        *_counter("malformed", "Generations in which reasons and verdict could not be read.", counts.malformed),
        *_counter("gated", "Generations that the outcome decided without the judge.", counts.gated),
        *_counters("unscored", "Generations without a reward.", "reason", counts.unscored),
        *_counter("judge_requests", "Requests to the judge, tries again included.", judge.requests),
        *_counters("judge_retries", "Requests to the judge that were sent again.", "reason", judge.retries),
        *_counter("judge_copied", "Questions answered by the reply to an equal one.", judge.cache_hits),
        *_counters("judge_tokens", "Tokens as the judge counts them.", "kind", tokens),
        *_counters("responses", "Answers to requests for rewards.", "status", statuses),
        *_head("in_progress", "gauge", "Generations that are being scored."),
        f"metajudge_in_progress {served.in_progress}",
        *_summary("request_seconds", f"Seconds to rewards; quantiles of the last {LAST} requests.", served.rewarded),
    ]
    return "\n".join(lines) + "\n"


def _head(name: str, kind: str, meaning: str) -> list[str]:
    return [f"# HELP metajudge_{name} {meaning}", f"# TYPE metajudge_{name} {kind}"]


def _counter(name: str, meaning: str, value: int) -> list[str]:
    return [*_head(f"{name}_total", "counter", meaning), f"metajudge_{name}_total {value}"]


def _counters(name: str, meaning: str, label: str, values: Mapping[str, int]) -> Iterable[str]:
    yield from _head(f"{name}_total", "counter", meaning)
    for said, value in sorted(values.items()):
        yield f'metajudge_{name}_total{{{label}="{escaped(said)}"}} {value}'


def _summary(name: str, meaning: str, latencies: Latencies) -> Iterable[str]:
    yield from _head(name, "summary", meaning)
    for quantile, seconds in latencies.quantiles().items():
        yield f'metajudge_{name}{{quantile="{quantile:g}"}} {"NaN" if math.isnan(seconds) else repr(seconds)}'
    yield f"metajudge_{name}_sum {latencies.total!r}"
    yield f"metajudge_{name}_count {latencies.count}"


def escaped(value: str) -> str:
    """A label's value between its quotation marks."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
