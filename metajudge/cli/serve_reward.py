"""`metajudge serve-reward`: the reward of training a critic, over HTTP."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from metajudge.cli.options.judge import add_judge_flags, add_request_flags, request_options
from metajudge.cli.options.log import start_log
from metajudge.cli.options.types import at_least, at_least_or, finite_number, number_from, number_within, port
from metajudge.errors import UsageError

if TYPE_CHECKING:
    from metajudge.rewards import RewardConfig
    from metajudge.rewards.server import RewardServer

SUMMARY = "Serve the reward of training a critic (rationale x outcome) to a trainer that asks over HTTP."
TOKEN_VARIABLE = "METAJUDGE_TOKEN"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to serve, which reward, which judge."""
    _add_server_flags(parser)
    _add_reward_flags(parser)
    add_judge_flags(parser)
    add_request_flags(parser)


def _add_server_flags(parser: argparse.ArgumentParser) -> None:
    server = parser.add_argument_group("the server")
    server.add_argument("--port", type=port, default=8001, metavar="N", help="port to listen at; 0 = a free one")
    server.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen at; any but this machine's needs a token",
    )
    server.add_argument(
        "--token-file", metavar="PATH",
        help=f"file with the token that requests must show (- for stdin); default: the variable {TOKEN_VARIABLE}. "
        "As `Authorization: Bearer TOKEN`, or as ?token=TOKEN behind the URL for a trainer that sends no headers: "
        "then it may stand in access logs on the way (this server writes none)",
    )  # fmt: skip
    server.add_argument(
        "--max-queue", type=at_least(1), default=4096, metavar="N",
        help="generations in progress, at most; further requests are answered with 503 and Retry-After",
    )  # fmt: skip
    server.add_argument(
        "--on-unscored", choices=("error", "group-mean", "zero"), default="error",
        help="what a trainer gets where the judge gave no answer: 503, so that it asks again; the mean of the prompt's "
        "other generations (503 while there is none); or 0, with a warning, also for rows that allow no reward",
    )  # fmt: skip
    server.add_argument(
        "--unscored-timeout", type=number_from(0.001), default=120.0, metavar="SECONDS",
        help="seconds that a generation waits for the judge; keep it below the trainer's own limit (OpenRLHF: 180)",
    )  # fmt: skip
    server.add_argument(
        "--shutdown-timeout", type=number_from(0), default=10.0, metavar="SECONDS",
        help="seconds that open requests get when the server is stopped",
    )  # fmt: skip
    server.add_argument("--log-file", metavar="PATH", help="also write the log here (never holds a key or token)")


def _add_reward_flags(parser: argparse.ArgumentParser) -> None:
    reward = parser.add_argument_group("the reward")
    reward.add_argument(
        "--reward", choices=("hybrid", "additive", "outcome", "rationale"), default="hybrid",
        help="hybrid: rationale x outcome; the others are for comparisons",
    )  # fmt: skip
    reward.add_argument(
        "--rationale-weight",
        type=number_within(0, 1),
        default=0.5,
        metavar="W",
        help="its share with --reward additive",
    )
    reward.add_argument(
        "--rationale-metric", choices=("average_precision", "average_precision_soft", "f1"),
        default="average_precision", help="what the rationale reward is",
    )  # fmt: skip
    reward.add_argument(
        "--min-score", type=number_within(0, 1), default=0.0, metavar="S", help="a score up to this is no match"
    )
    reward.add_argument(
        "--gold-tie", choices=("drop", "tie"), default="drop",
        help="where humans see a tie: drop = no reward, tie = the verdict must be A=B",
    )  # fmt: skip
    reward.add_argument("--exact-label", action="store_true", help="all five levels of the verdict must agree")
    reward.add_argument(
        "--malformed", type=finite_number, default=0.0, metavar="R", help="reward of a generation that cannot be read"
    )
    reward.add_argument(
        "--max-reasons",
        type=at_least_or(1, "all"),
        default=10,
        metavar="N",
        help="only the first N reasons count; all = every one",
    )
    reward.add_argument("--keep-duplicates", action="store_true", help="near repetitions of a reason count, too")
    reward.add_argument(
        "--keep-suspicious", action="store_true",
        help="reasons that are empty, generic, over-long or speak to the judge can match, too",
    )  # fmt: skip
    reward.add_argument(
        "--no-gate", action="store_true", help="ask the judge also where the reward does not depend on it, for the logs"
    )
    reward.add_argument(
        "--granularity", choices=("row", "item"), default="row", help="one question a generation, or one a reason"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes; exit 130."""
    start_log(args.log_file)
    import metajudge.llm.sdk_client  # noqa: F401  (now: later the first request would wait for it)
    from metajudge.engine import JudgeConfig
    from metajudge.rewards.server import RewardServer, ServerConfig

    options = ServerConfig(
        judge=JudgeConfig(**request_options(args)),
        reward=reward_options(args),
        granularity=args.granularity,
        on_unscored=args.on_unscored,
        unscored_timeout=args.unscored_timeout,
        host=args.host,
        port=args.port,
        token=token(args),
        max_queue=args.max_queue,
    )
    return asyncio.run(_serve(RewardServer(options), args.shutdown_timeout, bool(options.token)))


def reward_options(args: argparse.Namespace) -> RewardConfig:
    """The reward as the flags say it."""
    from metajudge.rewards import RewardConfig

    return RewardConfig(
        reward=args.reward,
        rationale_metric=args.rationale_metric,
        min_score=args.min_score,
        rationale_weight=args.rationale_weight,
        gold_tie=args.gold_tie,
        exact_label=args.exact_label,
        malformed=args.malformed,
        max_reasons=args.max_reasons,
        merge_duplicates=not args.keep_duplicates,
        no_credit_for_suspicious=not args.keep_suspicious,
        gate=not args.no_gate,
    )


def token(args: argparse.Namespace) -> str:
    """The token from the file, else the environment; may be empty where none is named."""
    path = args.token_file
    if path is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    if path == "-" and args.api_key == "-":
        raise UsageError("--api-key - and --token-file - cannot both read stdin; put one into its variable")
    try:
        text = sys.stdin.readline() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"--token-file {path} cannot be read: {reason}") from None
    if not text.strip() or len(text.split()) > 1:
        raise UsageError(f"--token-file {path} holds no token; it is one word")
    return text.strip()


async def _serve(server: RewardServer, grace: float, has_token: bool) -> int:
    signals: asyncio.Queue[int] = asyncio.Queue()
    async with server:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
        url = server.base_url
        print(url, flush=True)
        shown = f"'{url}?token=...'" if has_token else url
        print(f"Use it with: --reward.remote_url {shown}   (Ctrl-C ends it)", file=sys.stderr, flush=True)
        await signals.get()
        await _drained(server, grace, signals)
    return 130


async def _drained(server: RewardServer, grace: float, signals: asyncio.Queue[int]) -> None:
    """Open requests end, or the grace does, or a second signal comes."""
    print(f"stopping: open requests get {grace:g} s; once more to stop at once", file=sys.stderr, flush=True)
    waiting = [asyncio.ensure_future(server.drain(grace)), asyncio.ensure_future(signals.get())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
