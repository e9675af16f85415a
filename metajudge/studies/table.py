"""A table of a study's file: its values by key, each checked against an `Option`."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.errors import UsageError
from metajudge.options import Option

TEXT, TEXTS, TABLE = Option(kind="str"), Option(kind="list"), Option(kind="table")
FLAG = Option(kind="bool")
_IN_WORDS = {
    "str": "a text in quotes",
    "list": 'a list of texts, as in ["a", "b"]',
    "table": "a table, as in {key = 1}",
    "bool": "true or false",
}


def closest(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word: the one that was probably meant, or all of them."""
    names = list(known)
    meant = difflib.get_close_matches(word, names, 1)
    return f"did you mean {meant[0]}?" if meant else f"there are {', '.join(names)}"


@dataclass(frozen=True, slots=True)
class Table:
    """The values of one table; errors name file, table and key."""

    file: Path
    name: str
    """Its name in the file: `[judge]`, or `[[models]] my-model`; empty for the keys above all tables."""
    values: Mapping[str, Any]

    def error(self, key: str, problem: str) -> UsageError:
        """Return the error about one key."""
        return UsageError(f"{self.file}: {f'{self.name} ' if self.name else ''}{key}{problem}")

    def checked(self, known: Mapping[str, Option]) -> dict[str, Any]:
        """Return the values that are given, by key. Raises `UsageError` for an unknown key or a wrong value."""
        for key in self.values:
            if key not in known:
                raise self.error(key, f": unknown key; {_SECRET if key == 'api_key' else closest(key, known)}")
        return {key: self._value(key, value, known[key]) for key, value in self.values.items()}

    def _value(self, key: str, value: Any, option: Option) -> Any:
        if option.none and value == option.none:
            return None
        if _is_allowed(value, option):
            return float(value) if option.kind == "float" else value
        allowed = _IN_WORDS.get(option.kind, "") if not option.choices else ""
        word = f', or "{option.none}"' if option.none else ""
        raise self.error(key, f" is {repr(value)[:60]}; it is {allowed or option.allowed}{word}")


_SECRET = "a key never goes into the file: `api_key_env` names the variable that holds it"


def _is_allowed(value: Any, option: Option) -> bool:
    if option.kind == "list":
        return isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)
    if option.kind == "table":
        return isinstance(value, dict)
    if option.kind == "str" and not (isinstance(value, str) and value.strip()):
        return False
    return value is not None and option.allows(value)
