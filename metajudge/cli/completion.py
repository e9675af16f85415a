"""The parser of all commands together, from which shtab makes the completion of a shell."""

import argparse
import importlib
from pathlib import Path

from metajudge.cli import COMMANDS, HelpFormat

FILES = {"bash": "_shtab_compgen_files", "zsh": "_files", "tcsh": "f"}
"""Functions of shtab's scripts that complete the name of a file."""
PATHS = ("PATH", "FILE", "DIR")


def parser() -> argparse.ArgumentParser:
    """Return the parser with every command and its flags; it imports every command's module."""
    whole = argparse.ArgumentParser(prog="metajudge")
    commands = whole.add_subparsers(metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.summary, formatter_class=HelpFormat)
        importlib.import_module(f"metajudge.cli.{name.replace('-', '_')}").add_arguments(one)
        _complete_files(one)
    return whole


def _complete_files(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for nested in action.choices.values():
                _complete_files(nested)
        elif action.type is Path or action.metavar in PATHS:
            action.complete = FILES  # type: ignore[attr-defined]  # read by shtab
