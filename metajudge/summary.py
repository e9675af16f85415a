"""What a run says at its end, and what a dry run says instead."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metajudge.cost import FIRST_COMPLETION, Budget, Prices
from metajudge.errors import OutputLost
from metajudge.llm.client import Usage
from metajudge.plan import Plan
from metajudge.run import Run
from metajudge.tally import Tally
from metajudge.text.terminal import printable_lines

if TYPE_CHECKING:
    from metajudge.inference import InferOptions
    from metajudge.judging import JudgeOptions


def summary_text(
    tally: Tally,
    run: Run,
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
        f"Rows      {tally.success} judged, {tally.empty} empty, {tally.failures} failed{_by(tally.reasons)}, "
        f"{tally.unusable} unusable, {tally.resumed} resumed"
        + (f", {tally.skipped_failed} failed earlier and skipped" if tally.skipped_failed else ""),
        f"Requests  {tally.requests}, of them {tally.retries.total()} tries again{_by(tally.retries)}"
        + (f"; {tally.copied} questions copied from equal ones" if tally.copied else "")
        + (f"; {tally.kept} replies kept from an earlier run" if tally.kept else ""),
        f"Tokens    {usage.prompt_tokens:,} prompt{cached}, {usage.completion_tokens:,} completion",
        *_cost(budget),
        f"Time      {seconds:.1f} s",
        *notes,
        *(f"Written   {line}" for line in written),
    ]
    return printable_lines("\n".join([*lines, _next(tally, run, left, next_command)]))


def _by(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{name} {count}' for name, count in counts.most_common())})" if counts else ""


def _cost(budget: Budget) -> list[str]:
    if budget.prices is None:
        return []
    bound = "" if budget.most is None else f" of at most {budget.most:g}"
    over = budget.spent - (budget.most if budget.most is not None else budget.spent)
    return [f"Cost      {budget.spent:.4f}{bound}" + (f", {over:.4f} over it" if over > 0 else "")]


def _next(tally: Tally, run: Run, left: int, next_command: str) -> str:
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


def analysis_commands(outputs: Sequence[Path]) -> str:
    """What shows the table of these results: of a folder's together where a folder is all it takes."""
    command = "python -m metajudge analysis"
    folders = {path.parent for path in outputs}
    if len(outputs) > 1 and len(folders) == 1 and all(path.suffix == ".jsonl" for path in outputs):
        return f"{command} --input-dir {shlex.quote(str(folders.pop()))}"
    return f"\n{' ' * 10}".join(f"{command} --input-file {shlex.quote(str(path))}" for path in outputs)


def guard_lines(plan: Plan, guard: str | None) -> list[str]:
    """How many items of the input the guard has marked, by reason; nothing without guard."""
    if guard is None:
        return []
    from metajudge.text.suspicious_items import (
        ZERO,  # its patterns take their time to compile: only where they are used
    )

    zero = "; those of the model get no credit" if guard == ZERO and plan.marked_items else ""
    return [f"Guard     {plan.marked_items} items marked{_by(plan.suspicions)}{zero}"]


def _unusable(tally: Tally) -> str:
    return (
        f" {tally.unusable} unusable rows are named above; mend them and run the same command."
        if tally.unusable
        else ""
    )


def dry_run_text(plan: Plan, outputs: Mapping[str, Path], options: InferOptions) -> str:
    """Rows, requests, tokens and the first question; nothing was sent."""
    lines = [
        f"Rows      {plan.rows} read, {plan.unusable} unusable",
        *(f"Model     {model}: {plan.samples[model]} rows, to {path}" for model, path in outputs.items()),
        f"Judge     {options.model}, granularity {options.granularity}",
        f"Requests  {plan.requests} for all of them; of those that the output has already none is asked again",
        f"Tokens    about {plan.prompt_tokens:,} prompt; completion at most {options.max_tokens:,} a request",
        *expected_cost(plan.requests, plan.prompt_tokens, options),
        *guard_lines(plan, options.guard),
        "",
        "First question",
        plan.first_question or "(none: no usable row)",
        "",
        "Dry run: nothing was sent or written.",
    ]
    return printable_lines("\n".join(lines))


def expected_cost(requests: int, prompt_tokens: int, options: JudgeOptions) -> list[str]:
    """The line of a dry run that tells what so many requests may cost; none without prices."""
    if options.prices is None:
        return []
    prices = Prices(*options.prices)
    least = prices.of(Usage(prompt_tokens, 0))
    likely = prices.of(Usage(prompt_tokens, requests * FIRST_COMPLETION))
    return [f"Cost      {least:.2f} for the prompts; {likely:.2f} with replies of {FIRST_COMPLETION:,} tokens"]
