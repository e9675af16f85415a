"""`batch`: `infer`, `decompose`, `critic` and `flaws` by a provider's batches, at about half the price.

`create` writes the requests of a command to files, `submit`, `status` and `cancel` take them through the provider, and
`collect` writes the records from the results.
"""

import argparse
import importlib
from typing import TypeAlias

from metajudge.cli import critic, decompose, flaws, infer
from metajudge.cli.options.flags import number, whole
from metajudge.cli.parameters import use_flags_of
from metajudge.errors import UsageError
from metajudge.llm import FatalError
from metajudge.records import PartLimits

STEPS = {"infer": infer, "decompose": decompose, "critic": critic, "flaws": flaws}
"""Modules of the commands that can be asked in batches."""
_ACTIONS = {
    "submit": "send the parts to the provider; a part waits while the provider's queue is full",
    "status": "show a line for each part; exit code 0 once the provider has ended its work on all",
    "collect": "write the records of the results that are there; the other rows stay open for the next create",
    "cancel": "end all parts that are not finished; what is answered by then can be collected",
}
PART_GROUP = "the batches"
"""Group of the flags that `create` adds to those of a command."""
_URL = "/v1/chat/completions"
_Parsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions, and to `create` the commands with their flags."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    about = "write the requests of a command to files: those of rows without a finished record"
    create = _add(actions, parser, "create", about)
    steps = create.add_subparsers(dest="step", metavar="COMMAND", required=True)
    for name, module in STEPS.items():
        step = _add(steps, parser, name, f"the requests of {name}, with its flags")
        module.add_arguments(step)
        _add_part_flags(step)
    for name, about in _ACTIONS.items():
        action = _add(actions, parser, name, about)
        action.add_argument("path", metavar="PATH", help="the output, or its folder <output>.batch")
        key = "better: the variable OPENAI_API_KEY; - reads the key from stdin"
        action.add_argument("--api-key", metavar="KEY", help=key)
        if name in ("submit", "status"):
            _add_wait_flags(action, name)
        if name == "submit":
            window = "time that the provider may take"
            action.add_argument("--completion-window", default="24h", metavar="TIME", help=window)
        if name == "collect":
            results = "result files of your own, as of vllm run-batch, in any order; the provider is not asked"
            action.add_argument("--results", nargs="+", metavar="FILE", help=results)


def _add(actions: _Parsers, parent: argparse.ArgumentParser, name: str, about: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(
        name, help=about, description=f"{about[0].upper()}{about[1:]}.", formatter_class=parent.formatter_class
    )
    parser.set_defaults(parser=parser)
    return parser


def _add_part_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(PART_GROUP)
    limits = PartLimits()
    most = "requests in one part, at most"
    group.add_argument("--max-requests", type=whole(1), default=limits.requests, metavar="N", help=most)
    size = "bytes of one part, at most"
    group.add_argument("--max-bytes", type=whole(1), default=limits.size, metavar="N", help=size)
    queue = "prompt tokens (by estimate) of one part, and of all parts at the provider together, at most"
    group.add_argument("--max-enqueued-tokens", type=whole(1), metavar="N", help=queue)
    discount = "price of a batch, as a share of the prices named"
    group.add_argument("--batch-discount", type=number(0), default=0.5, metavar="SHARE", help=discount)
    group.add_argument("--url", default=_URL, metavar="PATH", help="address of the requests, behind the host")


def _add_wait_flags(parser: argparse.ArgumentParser, name: str) -> None:
    until = "every part is sent and accepted" if name == "submit" else "the provider has ended its work"
    parser.add_argument("--wait", action="store_true", help=f"ask again until {until}")
    poll = "with --wait: seconds between two looks"
    parser.add_argument("--poll-seconds", type=number(0.01), default=60.0, metavar="SECONDS", help=poll)


def run(args: argparse.Namespace) -> int:
    """Run the action that is named."""
    use_flags_of(args.parser)
    # Imported here: only some actions need the OpenAI client, which takes most of a second.
    module = args.action if args.action in ("create", "collect") else "at_provider"
    act = getattr(importlib.import_module(f"metajudge.cli.batch.{module}"), args.action)
    try:
        return int(act(args))
    except FatalError as error:
        raise UsageError(str(error)) from None
