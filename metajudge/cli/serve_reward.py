"""`metajudge serve-reward`: the reward of training a critic, over HTTP."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from metajudge.cli.options.flags import add_flags, from_args, number, number_or
from metajudge.cli.options.judge import add_judge_flags, add_request_flags, judge_config
from metajudge.cli.options.log import start_log
from metajudge.cli.signals import stop_on_signals
from metajudge.engine import JudgeConfig
from metajudge.errors import UsageError
from metajudge.rewards import RewardConfig
from metajudge.rewards.server import RewardServer, ServerConfig

TOKEN_VARIABLE = "METAJUDGE_TOKEN"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where to serve, which reward, which judge."""
    _add_server_flags(parser)
    reward = parser.add_argument_group("the reward")
    names = ("reward", "rationale_weight", "rationale_metric", "min_score", "gold_tie", "exact_label", "malformed")
    add_flags(reward, RewardConfig, *names, "max_reasons", "merge_duplicates", "no_credit_for_suspicious", "gate")
    add_flags(reward, ServerConfig, "granularity")
    add_judge_flags(parser)
    add_request_flags(parser)
    parser.set_defaults(port=8001)


def _add_server_flags(parser: argparse.ArgumentParser) -> None:
    server = parser.add_argument_group("the server")
    add_flags(server, ServerConfig, "port", "host")
    server.add_argument(
        "--token-file", metavar="PATH",
        help=f"file with the token that requests must show (- for stdin); default: the variable {TOKEN_VARIABLE}. "
        "As `Authorization: Bearer TOKEN`, or as ?token=TOKEN behind the URL for a trainer that sends no headers: "
        "then it may appear in access logs on the way (this server writes none)",
    )  # fmt: skip
    add_flags(server, ServerConfig, "max_queue")
    server.add_argument(
        "--on-unscored", type=number_or("error", "group-mean"), default="error", metavar="error|group-mean|N",
        help="what a trainer gets where the judge gave no answer: error = 503, so that it asks again; group-mean = the "
        "mean of the prompt's other generations in the request (503 where there is none); or this number, with a "
        "warning, also for rows that allow no reward",
    )  # fmt: skip
    add_flags(server, ServerConfig, "unscored_timeout")
    grace = "seconds that open requests get when the server is stopped"
    server.add_argument("--shutdown-timeout", type=number(0), default=10.0, metavar="SECONDS", help=grace)
    server.add_argument("--log-file", metavar="PATH", help="also write the log here (never holds a key or token)")


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes; exit code 130."""
    start_log(args.log_file)
    import metajudge.llm.transport  # noqa: F401  (here, so that the first request does not wait for it)

    judge, reward = judge_config(JudgeConfig, args), from_args(RewardConfig, args)
    config = from_args(ServerConfig, args, judge=judge, reward=reward, token=token(args))
    return asyncio.run(_serve(RewardServer(config), args.shutdown_timeout, bool(config.token)))


def token(args: argparse.Namespace) -> str:
    """Return the token from the file, else the environment; empty if neither names one."""
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
    signals = asyncio.Semaphore(0)
    with stop_on_signals(signals.release):
        async with server:
            url = server.base_url
            print(url, flush=True)
            shown = f"'{url}?token=...'" if has_token else url
            print(f"Use it with: --reward.remote_url {shown}   (Ctrl-C ends it)", file=sys.stderr, flush=True)
            await signals.acquire()
            await _drained(server, grace, signals)
    return 130


async def _drained(server: RewardServer, grace: float, signals: asyncio.Semaphore) -> None:
    """Wait for open requests, the end of the grace period or a second signal."""
    print(f"stopping: open requests get {grace:g} s; a second signal stops at once", file=sys.stderr, flush=True)
    waiting = [asyncio.ensure_future(server.drain(grace)), asyncio.ensure_future(signals.acquire())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
