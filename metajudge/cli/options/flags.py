"""Flags from the options of a config, the config from the flags, and argparse types."""

import argparse
import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from metajudge.engine import JudgeConfig
from metajudge.options import Option, options_of

Config = TypeVar("Config")
Group = argparse.ArgumentParser | argparse._ArgumentGroup


def add_flags(group: Group, config: type, *names: str, **helps: str) -> None:
    """Add the flags of these options of `config`, in this order; `helps` replaces a field's help."""
    for name in names:
        one = options_of(config)[name]
        about: dict[str, Any] = {"help": helps.get(name, one.help), "default": one.default}
        if one.kind == "bool":
            about |= {"dest": name, "action": "store_false" if one.default else "store_true"}
        elif one.choices:
            about |= {"choices": one.choices}
        else:
            about |= {"type": parser_of(one), "metavar": one.metavar}
        group.add_argument(one.off or f"--{name.replace('_', '-')}", **about)


def from_args(config: Callable[..., Config], args: argparse.Namespace, **more: Any) -> Config:
    """Make the config of the flags that have the names of its fields, and of `more`."""
    given = {one.name: getattr(args, one.name) for one in fields(config) if hasattr(args, one.name)}  # type: ignore[arg-type]
    return config(**{**given, **more})


def command_line(parser: argparse.ArgumentParser, args: argparse.Namespace, **changed: Any) -> list[str]:
    """Return the words that `parser` reads as `args` with the values `changed`."""
    words = []
    for action in parser._actions:
        value = changed.get(action.dest, getattr(args, action.dest, action.default))
        if value == action.default:
            continue
        flag = max(action.option_strings, key=len)
        if action.nargs == 0:
            words.append(flag)
        else:
            words += [f"{flag}={_as_word(action.dest, one)}" for one in (value if isinstance(value, list) else [value])]
    return words


def _as_word(name: str, value: object) -> str:
    if value is None:
        return options_of(JudgeConfig)[name].none
    if isinstance(value, dict):
        return json.dumps(value)
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def parser_of(option: Option) -> Callable[[str], Any]:
    """Return the argparse type of an option; its error names the value and what is allowed."""

    def parse(text: str) -> Any:
        """Return the value; raise `ArgumentTypeError` if it is not allowed."""
        if option.kind == "str":
            return text
        if option.none and text.strip().lower() == option.none:
            return None
        try:
            value = int(text) if option.kind == "int" else float(text)
        except ValueError:
            value = None
        if value is None or not option.allows(value):
            word = f", or {option.none}" if option.none else ""
            raise argparse.ArgumentTypeError(f"{text!r} is not {option.allowed}{word}")
        return value

    return parse


def whole(least: int, most: float = float("inf")) -> Callable[[str], Any]:
    """Return the type of a whole number within these bounds."""
    return parser_of(Option(kind="int", least=least, most=most))


def number(least: float, most: float = float("inf")) -> Callable[[str], Any]:
    """Return the type of a finite number within these bounds."""
    return parser_of(Option(kind="float", least=least, most=most))


def number_or(*words: str) -> Callable[[str], float | str]:
    """Return the type of a finite number, or one of these words."""

    def parse(text: str) -> float | str:
        if text in words:
            return text
        try:
            return float(parser_of(Option(kind="float"))(text))
        except argparse.ArgumentTypeError:
            raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor {' or '.join(words)}") from None

    return parse


def json_object(text: str) -> dict[str, Any]:
    """Parse a JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("not a JSON object")
    return value
