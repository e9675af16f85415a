"""Parameter names in messages, shown as the flags of the running command.

The library writes a parameter in backticks, as in "raise `max_tokens`"; the command line prints "raise --max-tokens".
"""

import argparse
import re

_OF_OTHERS = {"label_scale": "--label-scale", "model_be_evaluated": "--model-be-evaluated"}
"""Flags that a message may name though the running command lacks them."""
_flags: dict[str, str] = {}
"""The flag of each parameter of the running command."""


def use_flags_of(parser: argparse.ArgumentParser) -> None:
    """Make `parser` the one of the running command."""
    _flags.clear()
    for action in parser._actions:
        if action.option_strings:
            _flags.setdefault(action.dest, max(action.option_strings, key=len))


def with_flags(text: str) -> str:
    """Replace each parameter in backticks by its flag, or by that of other commands; other names stay."""
    return re.sub(r"`(\w+)`", lambda found: _flags.get(found[1]) or _OF_OTHERS.get(found[1], found[0]), text)
