"""Flags of the commands that ask a judge: files, judge, pace and cost."""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from metajudge.cli.options.flags import add_flags, from_args, json_object, number
from metajudge.engine import JudgeConfig
from metajudge.errors import UsageError
from metajudge.llm import DEFAULT_BASE_URL, EMBEDDED, parse_base_urls
from metajudge.options import sent_parameters
from metajudge.tasks import TaskConfig

log = logging.getLogger("metajudge")

Config = TypeVar("Config", bound=JudgeConfig)


def add_row_flags(parser: argparse.ArgumentParser, output: str, rows: str = "JSONL rows") -> None:
    """Add the files of a command over rows; `output` and `rows` are the help of the output and the input."""
    files = parser.add_argument_group("files")
    files.add_argument("--input-file", required=True, metavar="PATH", help=rows)
    files.add_argument("--output-file", required=True, metavar="PATH", help=f"{output}; an existing file is resumed")
    files.add_argument("--log-file", metavar="PATH", help="also write the log here (never holds a key)")
    add_flags(files, TaskConfig, "limit", "shard")
    files.add_argument(
        "--dry-run", action="store_true", help="only print how many rows, requests and tokens remain, and the cost"
    )
    files.add_argument("--show-prompt", action="store_true", help="with --dry-run: print the first question, too")


def add_judge_flags(parser: argparse.ArgumentParser, **helps: str) -> None:
    """Add the judge and the parameters of its requests; `helps` replaces a flag's help."""
    judge = parser.add_argument_group("the judge")
    add_flags(judge, JudgeConfig, "model", **helps)
    key = "better: the variable OPENAI_API_KEY; - reads the key from stdin"
    judge.add_argument("--api-key", metavar="KEY", help=key)
    base = "base URL; a comma list names replicas that serve the same model; concurrency and rate limits hold for each "
    base += f"replica (default: OPENAI_BASE_URL, else {DEFAULT_BASE_URL})"
    judge.add_argument("--api-base", metavar="URL,...", help=base)
    add_flags(judge, JudgeConfig, *sent_parameters(JudgeConfig), "system_message")
    fields = "more fields of the request, such as '{\"enable_thinking\": false}'"
    judge.add_argument("--extra-body", type=json_object, default={}, metavar="JSON", help=fields)


def add_request_flags(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the pace of requests and the tries of each; return the group."""
    pace = parser.add_argument_group("pace and persistence")
    names = ("concurrent_requests", "requests_per_minute", "tokens_per_minute", "rate_limit_delay", "max_retries")
    add_flags(pace, JudgeConfig, *names, "timeout")
    return pace


def add_pace_flags(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the pace, the patience and the cost of a run over rows; return the group of the pace."""
    pace = add_request_flags(parser)
    names = ("outage_timeout", "shutdown_timeout", "max_consecutive_failures", "allow_mixed", "skip_failed")
    add_flags(pace, JudgeConfig, *names)
    cost = parser.add_argument_group("cost")
    for side, tokens in (("input", "prompt"), ("output", "completion")):
        price = f"money for a million {tokens} tokens"
        cost.add_argument(f"--price-{side}", type=number(0), metavar="PRICE", help=price)
    add_flags(cost, JudgeConfig, "max_cost")
    return pace


def judge_config(config: Callable[..., Config], args: argparse.Namespace, **more: Any) -> Config:
    """Make a `JudgeConfig`, or one derived from it, of the flags, the environment and `more`."""
    if getattr(args, "show_prompt", False) and not args.dry_run:
        raise UsageError("--show-prompt belongs to --dry-run; add it, or leave the flag out")
    return from_args(
        config, args, **{"api_key": api_key(args), "api_base": base_url(args), "prices": prices(args), **more}
    )


def prices(args: argparse.Namespace) -> tuple[float, float] | None:
    """Return both prices per million tokens, or None; raise `UsageError` when one is missing that is needed."""
    both = (getattr(args, "price_input", None), getattr(args, "price_output", None))
    if None not in both:
        return both  # type: ignore[return-value]
    if both != (None, None) or getattr(args, "max_cost", None) is not None:
        raise UsageError("--max-cost and prices need both --price-input and --price-output (per million tokens)")
    return None


def base_url(args: argparse.Namespace) -> str:
    """Return the judge's base URLs, joined by commas, from the flag, else the environment, else OpenAI's."""
    # The embedded judge is started by the run itself; a base URL in the environment is another judge's.
    inherited = None if args.model == EMBEDDED else os.environ.get("OPENAI_BASE_URL")
    return ",".join(parse_base_urls(args.api_base or inherited or DEFAULT_BASE_URL, "`api_base`"))


def api_key(args: argparse.Namespace) -> str:
    """Return the key from the flag (`-` is the first line of stdin), else the environment; may be empty."""
    if args.api_key == "-":
        if getattr(args, "input_file", None) == "-":
            raise UsageError("--api-key - and --input-file - cannot both read stdin; put the key into OPENAI_API_KEY")
        return sys.stdin.readline().strip()
    if args.api_key:
        log.warning("--api-key can be read by others in the list of processes; use OPENAI_API_KEY or --api-key -")
    return (args.api_key or os.environ.get("OPENAI_API_KEY") or "").strip()
