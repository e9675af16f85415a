"""Options of a configuration: dataclass fields with bounds, choices and help.

`check_options` checks them when a config is made; `metajudge.cli.options.flags` makes the flags of the same fields.
"""

import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from types import NoneType
from typing import Any, ParamSpec, TypeVar, get_args

Fields = ParamSpec("Fields")
Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """The values that a field may hold, and how its flag is shown."""

    help: str = ""
    kind: str = "str"
    """`int`, `float`, `bool` or `str`; taken from the field's annotation, as are `optional` and `default`."""
    optional: bool = False
    """None is allowed."""
    default: Any = None
    least: float = -math.inf
    most: float = math.inf
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    none: str = ""
    """The flag's word for None; empty = the flag is left out."""
    off: str = ""
    """The flag that turns a field off whose default is True."""
    sent: bool = False
    """The field is a parameter of every request to the judge; None is not sent."""

    def allows(self, value: Any) -> bool:
        """Return whether the field may hold `value`; numbers of an array count as numbers, True does not."""
        if value is None or self.choices:
            return self.optional if value is None else value in self.choices
        if self.kind not in ("int", "float"):
            return self.kind != "bool" or isinstance(value, bool)
        if isinstance(value, bool) or not isinstance(value, Integral if self.kind == "int" else Real):
            return False
        try:
            return math.isfinite(value) and self.least <= float(value) <= self.most
        except OverflowError:
            return False

    @property
    def allowed(self) -> str:
        """Return the allowed values in words, without None."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind == "bool":
            return "True or False"
        number = "a whole number" if self.kind == "int" else "a finite number"
        if math.isfinite(self.most):
            return f"{number} within {self.least:g}..{self.most:g}"
        return f"{number} from {self.least:g} up" if math.isfinite(self.least) else number


def option(default: Any, help: str, **more: Any) -> Any:
    """Declare a dataclass field with this default, help and the other fields of `Option`."""
    return field(default=default, metadata={"option": Option(help=help, **more)})


def options_of(config: type) -> dict[str, Option]:
    """Return the options of a dataclass by field name; its annotations are plain, such as `int | None`."""
    found = {}
    for one in fields(config):
        if "option" in one.metadata:
            kinds = get_args(one.type) or (one.type,)
            kind, optional = kinds[0].__name__, NoneType in kinds
            found[one.name] = replace(one.metadata["option"], kind=kind, optional=optional, default=one.default)
    return found


def sent_parameters(config: Any) -> dict[str, Any]:
    """Return the parameters of every request by name; `config` may be the class, then they are the defaults."""
    options = options_of(config if isinstance(config, type) else type(config))
    return {name: getattr(config, name, one.default) for name, one in options.items() if one.sent}


def check_options(config: Any) -> None:
    """Raise `ValueError` in one line for the first field whose value is not allowed."""
    for name, one in options_of(type(config)).items():
        value = getattr(config, name)
        if not one.allows(value):
            or_none = ", or None" if one.optional else ""
            raise ValueError(f"{name} is {repr(value)[:60]}; it is {one.allowed}{or_none}")


def takes_fields_of(config: Callable[Fields, object]) -> Callable[[Callable[..., Result]], Callable[Fields, Result]]:
    """Give a function of `**settings` the parameters of the dataclass `config`, for type checkers and `help`."""

    def decorate(function: Callable[..., Result]) -> Callable[Fields, Result]:
        return spell_out(config, inspect.signature(config).parameters)(function)

    return decorate


def spell_out(config: Callable[..., object], names: Iterable[str]) -> Callable[[Function], Function]:
    """Show these fields of the dataclass `config` in place of a function's `**settings`, in `help` and completion.

    Parameters without a default come first.
    """

    def decorate(function: Function) -> Function:
        own, known = inspect.signature(function), inspect.signature(config).parameters
        kept = [one for one in own.parameters.values() if one.kind is not one.VAR_KEYWORD]
        shown = sorted((known[name] for name in names), key=lambda one: one.default is not one.empty)
        function.__signature__ = own.replace(parameters=[*kept, *shown])  # type: ignore[attr-defined]
        return function

    return decorate
