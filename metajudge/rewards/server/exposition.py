"""The counts of a reward server as Prometheus text; needs prometheus_client."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

from metajudge.rewards.scorer import Counts
from metajudge.rewards.server.metrics import LAST, Served

__all__ = ["CONTENT_TYPE", "prometheus_text"]


def prometheus_text(served: Served, counts: Counts) -> bytes:
    """Return every metric with its help and type."""
    return generate_latest(_Metrics(served, counts))


@dataclass(frozen=True, slots=True)
class _Metrics(Collector):
    served: Served
    counts: Counts

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics in the order of the text."""
        served, counts = self.served, self.counts
        judge, usage = counts.judge, counts.judge.usage
        tokens = {"prompt": usage.prompt_tokens, "completion": usage.completion_tokens}
        statuses = {str(status): count for status, count in served.responses.items()}
        yield _counter("generations", "Generations that were put to the reward.", counts.generations)
        yield _counter("malformed", "Generations in which reasons and verdict could not be read.", counts.malformed)
        yield _counter("gated", "Generations that the outcome decided without the judge.", counts.gated)
        yield _counters("unscored", "Generations without a reward.", "reason", counts.unscored)
        yield _counter("judge_requests", "Requests to the judge, including retries.", judge.requests)
        yield _counters("judge_retries", "Requests to the judge that were sent again.", "reason", judge.retries)
        yield _counter("judge_copied", "Questions answered by the reply to an equal one.", judge.cache_hits)
        yield _counters("judge_tokens", "Tokens as the judge counts them.", "kind", tokens)
        yield _counters("responses", "Answers to requests for rewards.", "status", statuses)
        scored = "Generations that are being scored."
        yield GaugeMetricFamily("metajudge_in_progress", scored, served.in_progress)
        name = "metajudge_request_seconds"
        seconds = SummaryMetricFamily(name, f"Seconds to rewards; quantiles of the last {LAST} requests.")
        for quantile, value in served.quantiles().items():
            seconds.add_sample(name, {"quantile": f"{quantile:g}"}, value)
        seconds.add_metric([], served.responses[200], served.seconds)
        yield seconds


def _counter(name: str, meaning: str, value: int) -> CounterMetricFamily:
    return CounterMetricFamily(f"metajudge_{name}", meaning, value)


def _counters(name: str, meaning: str, label: str, values: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"metajudge_{name}", meaning, labels=[label])
    for said, value in sorted(values.items()):
        family.add_metric([said], value)
    return family
