"""`--engine ray`: a run as shards on a Ray cluster, whose outputs are merged at the end."""

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metajudge.cli.merge import merged_text
from metajudge.cli.options.flags import command_line, whole
from metajudge.cli.signals import stop_on_signals
from metajudge.cli.summary import read_stop_reason, summary_text
from metajudge.data import Shard
from metajudge.engine import INCOMPLETE, INTERRUPTED, USER_ERROR, raise_open_file_limit
from metajudge.errors import MetaJudgeError, UsageError
from metajudge.integrations.shard_worker import INHERITED, ShardEnd, ShardJob
from metajudge.records import check_replaceable, merge, side_file
from metajudge.tasks import InputScan, RunResult, TaskConfig

PROCESS, RAY = "process", "ray"
FOLDER = "shards"
"""Folder of the shards, beside the output."""
_DIVIDED = ("requests_per_minute", "tokens_per_minute", "max_cost")
_PATHS = ("input_file", "output_file", "log_file", "prompt_template")
_AFTER_GRACE = 20.0
"""Seconds that a stopped child takes at most to end once the replies in flight have arrived."""


def add_engine_flags(parser: argparse.ArgumentParser, command: str) -> None:
    """Add where a command runs."""
    group = parser.add_argument_group("where it runs")
    engine = (
        "process = in this process; ray = as shards on a Ray cluster, merged at the end (pip install '.[ray]'); the "
    )
    engine += "shards share --max-cost, --concurrent-requests and the rates"
    group.add_argument("--engine", choices=(PROCESS, RAY), default=PROCESS, help=engine)
    group.add_argument("--shards", type=whole(2), metavar="N", help="with --engine ray: number of shards")
    address = "with --engine ray: the cluster (default: RAY_ADDRESS, else a new one on this machine)"
    group.add_argument("--ray-address", metavar="HOST:PORT", help=address)
    parser.set_defaults(parser=parser, command=command)


def is_sharded(args: argparse.Namespace) -> bool:
    """Return whether the command runs as shards. Raises `UsageError` for flags that do not fit together."""
    if args.engine != RAY:
        for name in ("shards", "ray_address"):
            if getattr(args, name) is not None:
                raise UsageError(f"`{name}` belongs to --engine ray; add it, or leave the flag out")
        return False
    if args.shards is None:
        raise UsageError("--engine ray needs --shards N, such as 16")
    if args.shard is not None:
        raise UsageError("--engine ray starts all shards itself; leave out --shard")
    if args.dry_run or args.limit is not None:
        name = "--dry-run" if args.dry_run else "--limit"
        raise UsageError(f"{name} tries a run out: leave out --engine ray and --shards")
    if args.input_file == "-":
        raise UsageError("--input-file -: the shards cannot read this stdin; name a file on shared storage")
    return True


def run_sharded(
    args: argparse.Namespace, config: TaskConfig, outputs: Sequence[Path], next_command: str, *, ending: str = ""
) -> int:
    """Run the shards, merge them into `outputs`, print the summary and return the exit code.

    `ending`: what the name of an output's record file has behind that of the output.
    """
    shards = [Shard(number, args.shards) for number in range(args.shards)]
    files = [[side_file(shard.path(_beside(output)), ending) for output in outputs] for shard in shards]
    for output in outputs:
        _check_count(output, args.shards, ending)
    for output, *own in zip(outputs, *files, strict=True):
        check_replaceable(side_file(output, ending), own)
    jobs = [_job(args, config, shard, own) for shard, own in zip(shards, files, strict=True)]
    try:
        from metajudge.integrations.ray import run_on_ray
    except ImportError:
        raise UsageError("--engine ray needs Ray; install it with: pip install '.[ray]' (or pip install ray)") from None
    runs = run_on_ray(jobs, args.ray_address, stop_hook=stop_on_signals)
    problems = problems_of(runs.ends)
    if runs.exit_code == USER_ERROR and not runs.stats.done and problems:
        raise UsageError(problems[0])
    code, written = runs.exit_code, list(dict.fromkeys(f"shards in {_beside(output).parent}" for output in outputs))
    if code <= INCOMPLETE and not problems:
        try:
            written = [_merge(output, shards, config) for output in outputs]
        except MetaJudgeError as error:
            problems.append(f"the shards are not merged: {error}")
            code = max(code, INCOMPLETE)
    reason = MetaJudgeError(problems[0]) if problems else None
    result = RunResult(InputScan(), {}, runs.stats, runs.seconds, code, runs.interrupted, reason)
    print(summary_text(config, result, runs.stats, written=written, next_command=next_command))
    return code


def _check_count(output: Path, count: int, ending: str) -> None:
    """Raise `UsageError` if an earlier run has made another number of shards: all rows would be asked again."""
    pattern = rf"{re.escape(output.stem)}\.\d+-of-(\d+){re.escape(output.suffix + ending)}"
    for path in sorted(_beside(output).parent.glob("*")):
        found = re.fullmatch(pattern, path.name)
        if found and int(found[1]) != count and path.stat().st_size:
            raise UsageError(
                f"{path} is of a run with `shards` {found[1]}, not {count}; continue with {found[1]}, or name another "
                "`output_file`"
            )


def problems_of(ends: Sequence[ShardEnd]) -> list[str]:
    """Return why shards ended early, the gravest first, without those that were stopped because of others."""
    found = []
    for end in sorted(ends, key=lambda one: -one.code):
        problem = end.problem or read_stop_reason(end.last_line)
        if problem and end.code != INTERRUPTED:
            found.append(f"shard {end.shard}: {problem}")
    return found


def _beside(output: Path) -> Path:
    """Return the file of which the shards of an output have the name: a folder shows the merged file without them."""
    return output.parent / FOLDER / output.name


def _merge(output: Path, shards: Sequence[Shard], config: TaskConfig) -> str:
    raise_open_file_limit(2 * len(shards))
    paths = [shard.path(_beside(output)) for shard in shards]
    return merged_text(output, merge(paths, output, allow_mixed=config.allow_mixed, force=True))


def _job(args: argparse.Namespace, config: TaskConfig, shard: Shard, records: Sequence[Path]) -> ShardJob:
    """Describe a shard whose record files are `records`."""
    paths = {name: str(Path(value).absolute()) for name in _PATHS if (value := getattr(args, name, None))}
    paths["output_file"] = str(_beside(Path(paths["output_file"])))
    if "log_file" in paths:
        paths["log_file"] = str(shard.path(Path(paths["log_file"])))
    own = {"engine": PROCESS, "shards": None, "ray_address": None, "api_key": None, "shard": str(shard)}
    source = Path(config.input_file).absolute()
    environment = {"OPENAI_API_KEY": config.api_key, "OPENAI_BASE_URL": os.environ.get("OPENAI_BASE_URL", "")}
    return ShardJob(
        shard=str(shard),
        words=[args.command, *command_line(args.parser, args, **{**own, **paths, **limits_of(config, shard)})],
        input_file=source,
        input_size=source.stat().st_size,
        outputs=[path.absolute() for path in records],
        lock_seconds=config.shutdown_timeout + _AFTER_GRACE,
        environment={name: environment[name] for name in INHERITED if environment[name]},
    )


def limits_of(config: TaskConfig, shard: Shard) -> dict[str, Any]:
    """Return the limits of one shard: together they are those of the run."""
    limits = {name: getattr(config, name) for name in _DIVIDED}
    shares: dict[str, Any] = {name: value / shard.count for name, value in limits.items() if value is not None}
    shares["rate_limit_delay"] = config.rate_limit_delay * shard.count
    if config.concurrent_requests is not None:
        least, more = divmod(config.concurrent_requests, shard.count)
        shares["concurrent_requests"] = least + (shard.number < more)
        if not least:
            raise UsageError(
                f"`concurrent_requests` {config.concurrent_requests} cannot be shared by {shard.count} shards; raise "
                f"it to {shard.count} or more, or set it to auto"
            )
    return shares
