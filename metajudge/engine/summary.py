"""What a run says at its end, and what a dry run says instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from metajudge.engine.budget import FIRST_COMPLETION, Budget, Prices
from metajudge.engine.config import JudgeConfig
from metajudge.engine.runner import Runner
from metajudge.engine.stats import RunStats
from metajudge.errors import OutputLost
from metajudge.llm import Usage
from metajudge.text import printable_lines


def summary_text(
    tally: RunStats,
    run: Runner,
    budget: Budget,
    *,
    seconds: float,
    written: Sequence[str],
    left: int,
    next_command: str,
    notes: Sequence[str] = (),
) -> str:
    """The closing summary; its last line is what to type next, or how to go on with the rows that are `left`.

    `notes`: lines about the input, shown behind the time.
    """
    usage = tally.usage
    cached = "" if usage.cached_tokens is None else f" ({usage.cached_tokens:,} of them cached)"
    lines = [
        f"Rows      {tally.success} judged, {tally.empty} empty, {tally.failures} failed{by_count(tally.reasons)}, "
        f"{tally.unusable} unusable, {tally.resumed} resumed"
        + (f", {tally.skipped_failed} failed earlier and skipped" if tally.skipped_failed else ""),
        f"Requests  {tally.requests}, of them {tally.retries.total()} tries again{by_count(tally.retries)}"
        + (f"; {tally.copied} questions copied from equal ones" if tally.copied else "")
        + (f"; {tally.kept} replies kept from an earlier run" if tally.kept else ""),
        f"Tokens    {usage.prompt_tokens:,} prompt{cached}, {usage.completion_tokens:,} completion",
        *_cost(budget),
        f"Time      {seconds:.1f} s",
        *notes,
        *(f"Written   {line}" for line in written),
    ]
    return printable_lines("\n".join([*lines, _next(tally, run, left, next_command)]))


def by_count(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{name} {count}' for name, count in counts.most_common())})" if counts else ""


def _cost(budget: Budget) -> list[str]:
    if budget.prices is None:
        return []
    bound = "" if budget.most is None else f" of at most {budget.most:g}"
    over = budget.spent - (budget.most if budget.most is not None else budget.spent)
    return [f"Cost      {budget.spent:.4f}{bound}" + (f", {over:.4f} over it" if over > 0 else "")]


def _next(tally: RunStats, run: Runner, left: int, next_command: str) -> str:
    if run.interrupted:
        return f"Stopped by a signal with {left} rows left; the same command goes on where this one stopped."
    if isinstance(run.stop_reason, OutputLost) and run.stop_reason.rescue:
        return (
            f"Stopped with {left} rows left: {run.stop_reason}. Move it back to the output's name, then the same "
            "command goes on where this one stopped; without it every row is asked again."
        )
    if run.stop_reason is not None:
        why = str(run.stop_reason)
        why += "" if why.endswith("?") else "."
        return f"Stopped with {left} rows left: {why} Then the same command goes on where this one stopped."
    if tally.failures or tally.skipped_failed:
        failed = tally.failures + tally.skipped_failed
        return f"{failed} rows failed; the same command asks them again (without --skip-failed)." + _unusable(tally)
    if tally.unusable:
        return f"All usable rows are judged.{_unusable(tally)}"
    return f"Next      {next_command}"


def _unusable(tally: RunStats) -> str:
    return (
        f" {tally.unusable} unusable rows are named above; mend them and run the same command."
        if tally.unusable
        else ""
    )


def expected_cost(requests: int, prompt_tokens: int, options: JudgeConfig) -> list[str]:
    """The line of a dry run that tells what so many requests may cost; none without prices."""
    if options.prices is None:
        return []
    prices = Prices(*options.prices)
    least = prices.of(Usage(prompt_tokens, 0))
    likely = prices.of(Usage(prompt_tokens, requests * FIRST_COMPLETION))
    return [f"Cost      {least:.2f} for the prompts; {likely:.2f} with replies of {FIRST_COMPLETION:,} tokens"]
