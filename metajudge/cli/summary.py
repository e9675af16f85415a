"""Text of a run: the summary at its end, or the findings of a dry run."""

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from metajudge.cli.parameters import with_flags
from metajudge.data import Shard
from metajudge.engine import FIRST_COMPLETION, JudgeConfig, Prices, RunStats
from metajudge.errors import OutputLost
from metajudge.llm import Usage
from metajudge.records import matches_path
from metajudge.tasks import ZERO, InferConfig, InputScan, OutputCounts, RunResult, StepConfig, StepSpec, TaskConfig
from metajudge.text import plural, printable_lines


def infer_text(config: InferConfig, result: RunResult) -> str:
    """Return the text about the end of an inference."""
    if result.stats is None and result.scan.has_no_row:
        return _no_row(config, result.scan, "judge")
    if result.stats is None:
        return _infer_dry_run(config, result)
    return summary_text(
        config,
        result,
        result.stats,
        written=[f"{path} and {matches_path(path).name}" for path in result.outputs.values()],
        next_command=next_commands(config, list(result.outputs.values())),
        notes=_guard_lines(result.scan, config.guard),
    )


def step_text(config: StepConfig, result: RunResult, written: OutputCounts, spec: StepSpec, next_command: str) -> str:
    """Return the text about the end of a step."""
    if result.stats is None and result.scan.has_no_row:
        return _no_row(config, result.scan, "ask about")
    if result.stats is None:
        return _step_dry_run(config, result.scan, spec.name)
    by_status = ", ".join(f"{count} {status}" for status, count in written.by_status.most_common())
    notes = ", ".join(f"{count} {note}" for note, count in written.notes.most_common())
    output = config.rows_file
    replies = f"; the replies in {output.name}.records" if spec.needs_model else ""
    lines = [f"{output} ({by_status or 'no row'}){replies}"]
    lines += [f"in it, worth a look: {with_flags(notes)}"] if notes else []
    if not config.part.is_whole:
        next_command = _merge_command(config.part, output)
    return summary_text(config, result, result.stats, written=lines, next_command=next_command)


def _no_row(config: TaskConfig, scan: InputScan, verb: str) -> str:
    source = config.input_file if config.part.is_whole else f"shard {config.part} of {config.input_file}"
    why = f"{source} is empty"
    if scan.skipped:
        why = f"an earlier step did not succeed for any of the {plural(scan.skipped, 'row')}"
    if scan.left_out:
        why = f"all are left out ({', '.join(f'{count} {what}' for what, count in scan.left_out.items())})"
    return printable_lines(f"No row to {verb}: {why}.")


def summary_text(
    config: JudgeConfig,
    result: RunResult,
    stats: RunStats,
    *,
    written: Sequence[str],
    next_command: str,
    notes: Sequence[str] = (),
) -> str:
    """Summarise a run. The last line is the next command, or says how to continue with the remaining rows.

    `notes`: lines about the input, shown after the time.
    """
    usage = stats.usage
    cached = "" if usage.cached_tokens is None else f" ({usage.cached_tokens:,} of them cached)"
    lines = [
        f"Rows      {stats.success} judged, {stats.empty} empty, {stats.failures} failed{_by_count(stats.reasons)}, "
        f"{stats.unusable} unusable, {stats.resumed} resumed"
        + (f", {stats.skipped_failed} failed earlier and skipped" if stats.skipped_failed else ""),
        f"Requests  {stats.requests}, including {_retries(stats.retries)}"
        + (f"; {stats.cache_hits} questions copied from equal ones" if stats.cache_hits else "")
        + (f"; {stats.restored} replies kept from an earlier run" if stats.restored else ""),
        f"Tokens    {usage.prompt_tokens:,} prompt{cached}, {usage.completion_tokens:,} completion",
        *_cost(config, stats.cost),
        f"Time      {result.seconds:.1f} s",
        *notes,
        *(f"Written   {line}" for line in written),
    ]
    return printable_lines("\n".join([*lines, _next(result, stats, next_command)]))


def _retries(causes: Counter[str]) -> str:
    return f"{causes.total()} {'retry' if causes.total() == 1 else 'retries'}{_by_count(causes)}"


def _by_count(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{name} {count}' for name, count in counts.most_common())})" if counts else ""


def _cost(config: JudgeConfig, spent: float) -> list[str]:
    if config.prices is None:
        return []
    if config.max_cost is None:
        return [f"Cost      {spent:.4f}"]
    over = spent - config.max_cost
    return [f"Cost      {spent:.4f} of at most {config.max_cost:g}" + (f", {over:.4f} over it" if over > 0 else "")]


_RESUME = "Run the same command again to resume."


def _next(result: RunResult, stats: RunStats, next_command: str) -> str:
    reason, left = result.stop_reason, "rows" if stats.total is None else plural(stats.total - stats.done, "row")
    if result.interrupted:
        return f"Stopped by a signal with {left} left. {_RESUME}"
    if isinstance(reason, OutputLost) and reason.rescue:
        return (
            f"Stopped with {left} left: {reason}. Move it back to the output's name. {_RESUME} Without the move "
            "every row is asked again."
        )
    if reason is not None:
        why = with_flags(str(reason))
        why += "" if why.endswith("?") else "."
        return f"Stopped with {left} left: {why} {_RESUME}"
    if (stats.total or 0) > stats.done:  # only where replies come from files
        return f"{left} open, without an accepted reply."
    unusable = f" {plural(stats.unusable, 'unusable row')} named above: correct the input and run the same command."
    if failed := stats.failures + stats.skipped_failed:
        again = f"{plural(failed, 'row')} failed. Run the same command again to retry (without --skip-failed)."
        return again + (unusable if stats.unusable else "")
    return f"All usable rows are judged.{unusable}" if stats.unusable else f"Next      {next_command}"


def read_stop_reason(last_line: str) -> str:
    """Return why a run stopped early, from the last line of its summary; empty if it did not."""
    found = re.fullmatch(rf"Stopped with .*? left: (.*?)\.? {re.escape(_RESUME)}.*", last_line)
    return found[1] if found else ""


def next_commands(config: InferConfig, outputs: Sequence[Path]) -> str:
    """Return the commands that show these results; controls are shown beside the ordinary results of their folder."""
    if not config.part.is_whole:
        return f"\n{' ' * 10}".join(_merge_command(config.part, path) for path in outputs)
    if config.control_kind is None:
        return _analysis_commands(outputs)
    folders = dict.fromkeys(shlex.quote(str(path.parent)) for path in outputs)
    return f"python3 -m metajudge report {' '.join(folders)}"


def _merge_command(shard: Shard, output: Path) -> str:
    """Return the command that joins this output of a shard with those of all others."""
    ending = f"-of-{shard.count}{output.suffix}"
    begin = output.name.removesuffix(f"{shard.number}{ending}")
    whole = output.with_name(f"{begin[:-1]}{output.suffix}")
    pattern = f"{shlex.quote(str(output.with_name(begin)))}*{shlex.quote(ending)}"
    return f"once all shards have ended: python3 -m metajudge merge {pattern} --output-file {shlex.quote(str(whole))}"


def _analysis_commands(outputs: Sequence[Path]) -> str:
    """Return the commands that show these results: one for their folder if that shows exactly them, else one each."""
    command = "python3 -m metajudge analysis"
    folders = {path.parent for path in outputs}
    if len(outputs) > 1 and len(folders) == 1 and all(path.suffix == ".jsonl" for path in outputs):
        return f"{command} --input-dir {shlex.quote(str(folders.pop()))}"
    return f"\n{' ' * 10}".join(f"{command} --input-file {shlex.quote(str(path))}" for path in outputs)


def _guard_lines(scan: InputScan, guard: str | None) -> list[str]:
    """Count the items of the input that the guard has marked, by reason; empty without guard."""
    if guard is None:
        return []
    zero = "; those of the model get no credit" if guard == ZERO and scan.flagged_items else ""
    return [f"Guard     {scan.flagged_items} items marked{_by_count(scan.issues)}{zero}"]


# ------------------------------------------------------------------ dry runs


def _infer_dry_run(config: InferConfig, result: RunResult) -> str:
    scan = result.scan
    rows = [
        f"Rows      {scan.rows} read, {scan.unusable} unusable",
        *(f"Model     {name}: {plural(scan.asked[name], 'row')}, to {path}" for name, path in result.outputs.items()),
        f"Judge     {config.model}, granularity {result.granularity}",
    ]
    return _dry_run(config, scan, rows, _guard_lines(scan, config.guard), "(none: no usable row)")


def _step_dry_run(config: StepConfig, scan: InputScan, name: str) -> str:
    left_out = f"{scan.unusable} unusable, {scan.skipped} skipped"
    rows = [f"Rows      {scan.asked.total() + scan.parsed} to {name}, {left_out}"]
    problem = with_flags(next(iter(scan.problems), "there is nothing to ask"))
    return _dry_run(config, scan, rows, [], f"(none: {problem})")


def _remaining(scan: InputScan) -> str:
    """Return the number of requests that a run would send, and why it is not that of all rows."""
    earlier = [
        text
        for count, text in (
            (scan.finished, f"{plural(scan.finished, 'row')} finished in the output"),
            (scan.skipped_failed, f"{plural(scan.skipped_failed, 'failed row')} skipped"),
            (scan.restored, f"{scan.restored} replies are kept from an earlier run"),
        )
        if count
    ]
    requests = scan.remaining.requests
    return f"{requests} remain; {', '.join(earlier)}" if earlier else f"{requests} in total"


def _dry_run(config: TaskConfig, scan: InputScan, rows: Sequence[str], notes: Sequence[str], none: str) -> str:
    limit = "without limit" if config.max_tokens is None else f"at most {config.max_tokens:,} per request"
    lines = [
        *rows,
        f"Requests  {_remaining(scan)}",
        f"Tokens    about {scan.remaining.prompt_tokens:,} prompt; completion {limit}",
        *_expected_cost(config, scan),
        *(
            f"Instead   granularity {name}: {count.requests} requests, about {count.prompt_tokens:,} prompt tokens"
            for name, count in scan.alternatives.items()
        ),
        *notes,
        "",
        *(["First question", scan.first_question or none, ""] if config.show_prompt else []),
        "Dry run: nothing was sent or written.",
    ]
    return printable_lines("\n".join(lines))


def _expected_cost(config: JudgeConfig, scan: InputScan) -> list[str]:
    if config.prices is None:
        return []
    prices = Prices(*config.prices)
    least = prices.of(Usage(scan.remaining.prompt_tokens, 0))
    likely = prices.of(Usage(scan.remaining.prompt_tokens, scan.remaining.requests * FIRST_COMPLETION))
    return [f"Cost      {least:.2f} for the prompts; {likely:.2f} with replies of {FIRST_COMPLETION:,} tokens"]
