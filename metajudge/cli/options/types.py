"""Types of command-line values, with the message for one that does not fit."""

from __future__ import annotations

import argparse
import json
import math
from typing import Any


def at_least(least: int) -> Any:
    """A whole number of `least` or more."""

    def integer(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is below {least}")
        return value

    return integer


def at_least_or(least: int, word: str) -> Any:
    """A whole number of `least` or more, or None for `word`."""

    def integer_or_word(text: str) -> int | None:
        if text.strip().lower() == word:
            return None
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is neither a whole number nor {word}") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is below {least}")
        return value

    return integer_or_word


def port(text: str) -> int:
    """A port to listen at; 0 = a free one."""
    if not text.strip().isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; one is within 0..65535")
    return int(text)


def number_from(least: float) -> Any:
    """A finite number of `least` or more."""

    def number(text: str) -> float:
        value = float(text)
        if not least <= value < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not a number from {least:g} up")
        return value

    return number


def finite_number(text: str) -> float:
    """Any number but the infinite ones."""
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number")
    return value


def number_or(*words: str) -> Any:
    """A finite number, or one of these words."""

    def number_or_word(text: str) -> float | str:
        if text in words:
            return text
        try:
            return finite_number(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor {' or '.join(words)}") from None

    return number_or_word


def json_object(text: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("not a JSON object")
    return value


def number_within(least: float, most: float) -> Any:
    """A number from `least` to `most`."""

    def number(text: str) -> float:
        value = float(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not within {least:g}..{most:g}")
        return value

    return number
