"""The flags of every command that asks a judge: which judge, how fast, how patiently."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import Any

from metajudge.cli.options.types import at_least, at_least_or, json_object, number_from
from metajudge.errors import UsageError
from metajudge.llm import DEFAULT_BASE_URL, EMBEDDED, NO_KEY, ClientSettings, ask_early, parse_base_url, uses_proxy

log = logging.getLogger("metajudge")


def add_row_flags(parser: argparse.ArgumentParser, what: str) -> None:
    """Files of a command that makes rows from rows; `what` the output holds."""
    files = parser.add_argument_group("files")
    files.add_argument("--input-file", required=True, metavar="PATH", help="JSONL rows")
    files.add_argument("--output-file", required=True, metavar="PATH", help=f"{what}; an existing one is resumed")
    files.add_argument("--log-file", metavar="PATH", help="also write the log here (never holds a key)")
    files.add_argument("--limit", type=at_least(1), metavar="N", help="only the first N rows")
    files.add_argument("--dry-run", action="store_true", help="print rows, requests, tokens, the first question")


def add_judge_flags(parser: argparse.ArgumentParser, *, matching: bool = True) -> None:
    """Which judge is asked, and with which parameters."""
    judge = parser.add_argument_group("the judge")
    embedded = "judge model; embedded = the lexical matcher that needs no key"
    judge.add_argument("--model", default="gpt-4o", help=embedded if matching else "the model that is asked")
    judge.add_argument(
        "--api-key", metavar="KEY", help="better: the variable OPENAI_API_KEY; - reads the key from stdin"
    )
    judge.add_argument("--api-base", metavar="URL", help=f"default: OPENAI_BASE_URL, else {DEFAULT_BASE_URL}")
    judge.add_argument("--max-tokens", type=at_least(1), default=8192, metavar="N", help="tokens of a reply, at most")
    judge.add_argument("--temperature", type=number_from(0), default=0.6, metavar="T", help="sampling temperature")
    judge.add_argument(
        "--no-system-message",
        action="store_true",
        help="instructions in the user message, for servers without a system role",
    )
    judge.add_argument(
        "--extra-body",
        type=json_object,
        default={},
        metavar="JSON",
        help="more fields of the request, such as '{\"enable_thinking\": false}'",
    )


def add_pace_flags(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """How fast and how patiently a run over rows asks; returns the group."""
    pace = add_request_flags(parser)
    _add_run_flags(pace)
    _add_cost_flags(parser)
    return pace


def add_request_flags(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """The pace of requests and the tries of each, whatever they are for; returns the group."""
    pace = parser.add_argument_group("pace and persistence")
    pace.add_argument(
        "--concurrent-requests",
        type=at_least_or(1, "auto"),
        default=10,
        metavar="N",
        help="questions in flight, at most; auto = find out how many the judge bears",
    )
    pace.add_argument(
        "--requests-per-minute", type=number_from(0.001), metavar="N", help="spread the starts evenly to keep this"
    )
    pace.add_argument(
        "--tokens-per-minute", type=number_from(1), metavar="N", help="the same for tokens, prompt and completion"
    )
    pace.add_argument(
        "--rate-limit-delay",
        type=number_from(0),
        default=0.0,
        metavar="SECONDS",
        help="seconds between the starts of two requests, at least",
    )
    pace.add_argument(
        "--max-retries",
        type=at_least(0),
        default=5,
        metavar="N",
        help="tries after the first, for faults and for malformed replies each",
    )
    pace.add_argument(
        "--timeout", type=number_from(0.001), default=600.0, metavar="SECONDS", help="seconds for one request"
    )
    return pace


def _add_run_flags(pace: argparse._ArgumentGroup) -> None:
    pace.add_argument(
        "--outage-timeout",
        type=number_from(0),
        default=300.0,
        metavar="SECONDS",
        help="seconds to wait for a judge that cannot be reached",
    )
    pace.add_argument(
        "--shutdown-timeout",
        type=number_from(0),
        default=10.0,
        metavar="SECONDS",
        help="seconds that replies in flight get to arrive when the run is stopped",
    )
    pace.add_argument(
        "--max-consecutive-failures",
        type=at_least(1),
        default=20,
        metavar="N",
        help="stop after so many rows in a row that failed for reasons of their own",
    )
    pace.add_argument(
        "--allow-mixed", action="store_true", help="append to a file with another judge's or model's records"
    )
    pace.add_argument(
        "--skip-failed", action="store_true", help="do not ask rows again whose record tells of a failure"
    )


def _add_cost_flags(parser: argparse.ArgumentParser) -> None:
    cost = parser.add_argument_group("cost")
    for side, tokens in (("input", "prompt"), ("output", "completion")):
        cost.add_argument(
            f"--price-{side}", type=number_from(0), metavar="PRICE", help=f"money for a million {tokens} tokens"
        )
    cost.add_argument(
        "--max-cost",
        type=number_from(0),
        metavar="MONEY",
        help="spend no more in this run, as far as the longest reply so far tells (needs both prices)",
    )


def prices(args: argparse.Namespace) -> tuple[float, float] | None:
    """Both prices per million tokens, or None; raises `UsageError` when one is missing that is needed."""
    if args.price_input is not None and args.price_output is not None:
        return args.price_input, args.price_output
    if args.max_cost is not None or args.price_input is not None or args.price_output is not None:
        raise UsageError("--max-cost and prices need both --price-input and --price-output (per million tokens)")
    return None


def base_url(args: argparse.Namespace) -> str:
    """The judge's base URL from the flag, else the environment, else OpenAI's."""
    # The embedded judge is started by the run itself; a base URL in the environment is another judge's.
    inherited = None if args.model == EMBEDDED else os.environ.get("OPENAI_BASE_URL")
    return parse_base_url(args.api_base or inherited or DEFAULT_BASE_URL, "--api-base")


def api_key(args: argparse.Namespace) -> str:
    """The key from the flag (`-` is the first line of stdin), else the environment; may be empty."""
    if args.api_key == "-":
        if getattr(args, "input_file", None) == "-":
            raise UsageError("--api-key - and --input-file - cannot both read stdin; put the key into OPENAI_API_KEY")
        return sys.stdin.readline().strip()
    if args.api_key:
        log.warning("--api-key can be read by others in the list of processes; use OPENAI_API_KEY or --api-key -")
    return (args.api_key or os.environ.get("OPENAI_API_KEY") or "").strip()


_OF_REQUESTS = (
    "model", "max_tokens", "temperature", "max_retries", "concurrent_requests", "rate_limit_delay",
    "requests_per_minute", "tokens_per_minute", "extra_body", "timeout",
)  # fmt: skip
_OF_RUNS = (
    "outage_timeout",
    "shutdown_timeout",
    "max_consecutive_failures",
    "max_cost",
    "limit",
    "allow_mixed",
    "skip_failed",
)


def request_options(args: argparse.Namespace) -> dict[str, Any]:
    """The fields of `JudgeConfig` as `add_judge_flags` and `add_request_flags` say them."""
    return {name: getattr(args, name) for name in _OF_REQUESTS} | {
        "api_key": api_key(args),
        "api_base": base_url(args),
        "system_message": not args.no_system_message,
    }


def judge_options(args: argparse.Namespace) -> dict[str, Any]:
    """The same with those of `add_pace_flags`, for a run over rows.

    Lets the SDK be asked meanwhile: to be called before what takes long to import.
    """
    run = {name: getattr(args, name) for name in _OF_RUNS}
    options = request_options(args) | run | {"prices": prices(args)}
    if not args.dry_run and args.model != EMBEDDED and not uses_proxy(options["api_base"]):
        ask_early(ClientSettings(options["api_base"], options["api_key"] or NO_KEY, options["timeout"]))
    return options
