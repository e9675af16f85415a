"""Argument parsers and exit codes, nothing else.

One module for each command, with `add_arguments` and `run`; only the module of the named command is imported.
"""

import argparse
import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn, TextIO

import metajudge
from metajudge.cli.parameters import use_flags_of, with_flags
from metajudge.errors import MetaJudgeError
from metajudge.text import printable

MAKE, JUDGE, LOOK, TRAIN = "make checklists", "judge", "look at results", "train"


class Command(NamedTuple):
    """A command's group and summary, known without importing its module."""

    group: str
    summary: str


COMMANDS = {
    "init": Command(MAKE, "Write ten example rows and a quick start into a directory"),
    "download": Command(MAKE, "Download the published checklists and examples, checked by size and sha256"),
    "check": Command(MAKE, "Check whether a file is good input, and show what it holds"),
    "decompose": Command(MAKE, "Cut the annotators' free text into human checklists, by a language model"),
    "critic": Command(MAKE, "Have a model write its reasons and its verdict about each pair of responses"),
    "infer": Command(JUDGE, "Match the model's reasons with the human ones by a judge"),
    "flaws": Command(JUDGE, "Find the class and the flaws of each reason of a model, with checked quotes"),
    "batch": Command(JUDGE, "Ask by a provider's batch files, at about half the price"),
    "study": Command(JUDGE, "Run a whole study: one file names data, judge and models, up to report and page"),
    "merge": Command(JUDGE, "Join the outputs of all shards of a run, in the order of the input"),
    "dedupe": Command(JUDGE, "Copy a result file, keeping the one record of each row that counts"),
    "serve-judge": Command(JUDGE, "Serve the embedded judge, a lexical matcher, as an OpenAI-compatible endpoint"),
    "analysis": Command(LOOK, "Show precision, recall, F1 and average precision of result files"),
    "report": Command(LOOK, "Report every metric with its interval, and the deceptive-alignment flag"),
    "export": Command(LOOK, "Write a table with a line per row and model, as CSV, JSONL or Parquet"),
    "compare": Command(LOOK, "Compare models over their common rows"),
    "label-sample": Command(LOOK, "Draw rows for people to label, with known probability"),
    "agreement": Command(LOOK, "Measure how much a result depends on the judge"),
    "benchmark": Command(LOOK, "Score a model's outputs on JudgeBench, RM-Bench, RewardBench 2 or R-Align"),
    "plot": Command(LOOK, "Draw outcome accuracy against rationale consistency"),
    "show": Command(LOOK, "Show rows of a result file, both lists side by side"),
    "view": Command(LOOK, "Write a page for a browser: figures, rows, and every row's reasons side by side"),
    "serve-reward": Command(TRAIN, "Serve the reward of training a critic over HTTP"),
    "plot-training": Command(TRAIN, "Draw the rewards over the steps of training runs"),
}
"""Every command by its name; its module has the same name."""


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run one command and return its exit code; `prog`: the name of a script that runs one command."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    # Set before numpy is imported: on busy cores the threads of its small matrix products wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(50_000, 20, 50)  # cycles are rare here, and the search for them took an eighth of a run
    try:
        with _terminated_as_interrupted():
            args = _parse(arguments, prog)
            gc.freeze()  # imported objects stay: the collector need not visit them, not even at exit
            code = int(args.run(args))
            sys.stdout.flush()
        return code
    except MetaJudgeError as error:
        _complain(printable(with_flags(str(error))))
        return error.exit_code
    except BrokenPipeError:
        _close(sys.stdout)  # the reader has closed the pipe (`| head`)
        return 1
    except OSError as error:
        if error.filename is not None:  # the path itself is at fault: too long, in a closed directory
            _complain(printable(f"{error.filename} cannot be used: {error.strerror}; check the path and permissions"))
            return 2
        # The commands handle failures of their files: only the output itself is left.
        _close(sys.stdout)
        _complain(f"the output cannot be written: {printable(str(error))}")
        return 1
    except KeyboardInterrupt:
        _complain("stopped by a signal")
        return 130
    finally:
        try:
            sys.stderr.flush()
        except OSError:  # without a reader, a later error would change the exit code
            _close(sys.stderr)


def _open_streams() -> None:
    """Open the null device in place of a stream that the caller closed (`2>&-`)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (open to the end)


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Make SIGTERM end a command as Ctrl-C does, with its exit code; a run sets other handlers."""

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
    """Close a stream without a reader, so that the flush at exit raises nothing."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _parse(arguments: Sequence[str], prog: str | None) -> argparse.Namespace:
    """Import the one command that is named, and read its arguments."""
    name = arguments[0] if arguments else ""
    if name not in COMMANDS:
        _overview().parse_args(arguments)
        _overview().error("the command comes first")
    module = importlib.import_module(f"metajudge.cli.{name.replace('-', '_')}")
    parser = Parser(
        prog=prog or f"metajudge {name}", description=f"{COMMANDS[name].summary}.", formatter_class=HelpFormat
    )
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)
    use_flags_of(parser)
    return parser.parse_args(arguments[1:])


def _overview() -> "Parser":
    """Return the parser of `metajudge` itself: its help lists the commands by group."""
    lines = []
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        inside = [(name, command.summary) for name, command in COMMANDS.items() if command.group == group]
        lines += [f"{group}:", *(f"  {name:15}{summary}" for name, summary in inside), ""]
    parser = Parser(
        prog="metajudge",
        usage="metajudge [-h] [--version] COMMAND ...",
        description="Does a reward model prefer the right response for the right reasons?",
        epilog="\n".join([*lines, "metajudge COMMAND --help shows the flags of a command."]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"metajudge {metajudge.__version__}")
    parser.add_argument("command", metavar="COMMAND", choices=COMMANDS, help=argparse.SUPPRESS)
    return parser


_UNKNOWN = "unrecognized arguments: "


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, without the usage of forty flags."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2 and one line, without values that may be secret."""
        before, unknown, words = message.partition(_UNKNOWN)
        if unknown and any(word.startswith("-") for word in words.split()):
            # The value behind a mistyped flag may be a key.
            message = before + unknown + " ".join(word.partition("=")[0] for word in words.split() if word[0] == "-")
        self.exit(2, f"{self.prog}: error: {printable(message)}; see {self.prog} --help\n")


class HelpFormat(argparse.ArgumentDefaultsHelpFormatter):
    """Help with the defaults that are worth showing."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or isinstance(action.default, bool) or action.default in ("", {}) or action.required:
            return action.help
        return super()._get_help_string(action)
