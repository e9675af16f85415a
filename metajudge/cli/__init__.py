"""Argument parsers and exit codes, nothing else. One module a command: `SUMMARY`, `add_arguments`, `run`."""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import NoReturn, TextIO

import metajudge
from metajudge.errors import MetaJudgeError
from metajudge.text import printable

COMMANDS = (
    "download", "check", "decompose", "critic", "infer", "analysis", "report", "compare", "agreement", "plot",
    "plot-training", "show", "dedupe", "serve-judge", "serve-reward",
)  # fmt: skip


def leave(code: int) -> NoReturn:
    """End the process with this exit code."""
    gc.freeze()  # looking for cycles in all that was imported takes a tenth of a second
    sys.exit(code)


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run one command and return its exit code; `prog` names the whole command when a script stands for it."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    try:
        with _terminated_as_interrupted():
            args = _parse(arguments, prog)
            code = int(args.run(args))
            sys.stdout.flush()
        return code
    except MetaJudgeError as error:
        _complain(printable(str(error)))
        return error.exit_code
    except BrokenPipeError:
        _close(sys.stdout)  # the reader went away (`| head`)
        return 1
    except OSError as error:
        if error.filename is not None:  # a path that not even says what it is: too long, in a closed directory
            _complain(printable(f"{error.filename} cannot be used: {error.strerror}; check the path and permissions"))
            return 2
        # Other failures of files are told by the commands: what is left is the output itself.
        _close(sys.stdout)
        _complain(f"the output cannot be written: {printable(str(error))}")
        return 1
    except KeyboardInterrupt:
        _complain("stopped by a signal")
        return 130
    finally:
        try:
            sys.stderr.flush()
        except OSError:  # what nobody reads any more would change the exit code
            _close(sys.stderr)


def _open_streams() -> None:
    """A caller that closed one of them (`2>&-`) wants to see nothing of it; it gets its rows all the same."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (open to the end)


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does, with the same exit code; a run has its own way of stopping."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _complain(text: str) -> None:
    with contextlib.suppress(OSError):
        print(f"metajudge: error: {text}", file=sys.stderr)


def _close(stream: TextIO) -> None:
    """Nothing more can be said there, also not at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _parse(arguments: Sequence[str], prog: str | None) -> argparse.Namespace:
    if prog is not None and arguments:
        module = _command(arguments[0])
        parser = _new_parser(module, prog)
        return parser.parse_args(arguments[1:])
    parser = Parser(
        prog="metajudge", description="Does a reward model prefer the right response for the right reasons?"
    )
    parser.add_argument("--version", action="version", version=f"metajudge {metajudge.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = _command(name)
        child = commands.add_parser(
            name, help=module.SUMMARY.replace("%", "%%"), description=module.SUMMARY, formatter_class=HelpFormat
        )
        module.add_arguments(child)
        child.set_defaults(run=module.run)
    args, unknown = parser.parse_known_args(arguments)
    if unknown:
        commands.choices[args.command].error(_UNKNOWN + " ".join(unknown))  # its help has the flags, not the whole's
    return args


_UNKNOWN = "unrecognized arguments: "


class Parser(argparse.ArgumentParser):
    """A mistake gets one line, not the usage of forty flags in front of it."""

    def error(self, message: str) -> NoReturn:
        before, unknown, words = message.partition(_UNKNOWN)
        if unknown and any(word.startswith("-") for word in words.split()):
            # What stands behind a mistyped flag may be a key.
            message = before + unknown + " ".join(word.partition("=")[0] for word in words.split() if word[0] == "-")
        self.exit(2, f"{self.prog}: error: {printable(message)}; see {self.prog} --help\n")


class HelpFormat(argparse.ArgumentDefaultsHelpFormatter):
    """Help with defaults, where there is one worth telling."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False or action.default in ("", {}) or action.required:
            return action.help
        return super()._get_help_string(action)


def _new_parser(module: ModuleType, prog: str) -> argparse.ArgumentParser:
    parser = Parser(prog=prog, description=module.SUMMARY, formatter_class=HelpFormat)
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)
    return parser


def _command(name: str) -> ModuleType:
    return importlib.import_module(f"metajudge.cli.{name.replace('-', '_')}")
