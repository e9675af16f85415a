"""`metajudge serve-judge`: the embedded judge as a server."""

import argparse
import asyncio
import sys

from metajudge.cli.options.flags import whole
from metajudge.cli.signals import stop_on_signals
from metajudge.embedded import MODEL, serving


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the address."""
    port = "port to listen at; 0 = a free one"
    parser.add_argument("--port", type=whole(0, 65535), default=8000, metavar="N", help=port)
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="127.0.0.1 or ::1")


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes; exit code 130."""
    return asyncio.run(_serve(args.host, args.port))


async def _serve(host: str, port: int) -> int:
    done = asyncio.Event()
    with stop_on_signals(done.set):
        async with serving(port, host) as url:
            print(url, flush=True)
            print(f"Use it with: --api-base {url} --model {MODEL}   (Ctrl-C ends it)", file=sys.stderr, flush=True)
            await done.wait()
    return 130
