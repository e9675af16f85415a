"""The judge of the runs: the project's own server, and a check that it distinguishes this world's reasons."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

from example.training.world import EVIDENCE_REASONS, GENERIC_REASONS, VERDICTS, reason_line
from metajudge import EMBEDDED, JudgeConfig, RewardConfig, select_reasons
from metajudge.integrations.trl import reward_function


class NotTheIdentity(Exception):
    """The judge confuses one reason of the world with another."""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Start a judge server on a free port of this machine and yield its base URL."""
    command = [sys.executable, "-m", "metajudge", "serve-judge", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def options(url: str) -> JudgeConfig:
    """Return the settings for asking the judge at `url`."""
    return JudgeConfig(model=EMBEDDED, api_base=url, concurrent_requests=32)


def matrix(url: str) -> list[list[float | None]]:
    """Return the judge's score of every reason (columns) for every flaw (rows), through the training adapter.

    Each pair is one question: alone with one flaw, the soft average precision of one reason is its score.
    """
    flaws, reasons = sorted(EVIDENCE_REASONS), [*sorted(EVIDENCE_REASONS), *sorted(GENERIC_REASONS)]
    reward = reward_function(options(url), RewardConfig(reward="rationale", rationale_metric="average_precision_soft"))
    generations = [reason_line(reason) + VERDICTS[0] for reason in reasons]
    scores = asyncio.run(
        reward(
            [""] * len(flaws) * len(reasons),
            generations * len(flaws),
            **{
                "human-checklist": [[flaw] for flaw in flaws for _ in reasons],
                "overall_preference": [-1] * len(flaws) * len(reasons),
            },
        )
    )
    return [scores[start : start + len(reasons)] for start in range(0, len(scores), len(reasons))]


def check_identity(url: str) -> None:
    """Raise `NotTheIdentity` unless every flaw is matched by the reason that names it, and by no other reason.

    Nor may any two reasons be merged as repetitions of each other.
    """
    reasons = [*sorted(EVIDENCE_REASONS), *sorted(GENERIC_REASONS)]
    for row, scores in enumerate(matrix(url)):
        for column, score in enumerate(scores):
            if score != float(row == column):
                raise NotTheIdentity(f"the judge gives {reasons[column]!r} {score} for {reasons[row]!r}")
    if select_reasons(reasons, RewardConfig(max_reasons=None)) != tuple(reasons):
        raise NotTheIdentity("two of the world's reasons are merged as repetitions of each other")
