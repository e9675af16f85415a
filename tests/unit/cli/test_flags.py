"""Flags are made of a config's options, and the config of its flags."""

import argparse
from dataclasses import dataclass

import pytest

from metajudge.cli.options.flags import add_flags, from_args
from metajudge.options import check_options, option


@dataclass(frozen=True, slots=True, kw_only=True)
class Oven:
    """A config with an option of each kind."""

    name: str
    degrees: int = option(180, "heat", least=50, most=250, metavar="C")
    minutes: float | None = option(None, "time", least=0, none="until-done")
    shelf: str = option("middle", "place", choices=("top", "middle"))
    fan: bool = option(True, "heat without the fan", off="--no-fan")
    light: bool = option(False, "switch the light on")

    def __post_init__(self) -> None:
        check_options(self)


def oven(*flags: str) -> Oven:
    parser = argparse.ArgumentParser()
    add_flags(parser, Oven, "degrees", "minutes", "shelf", "fan", "light", shelf="another help")
    assert "another help" in parser.format_help() and "place" not in parser.format_help()
    return from_args(Oven, parser.parse_args(flags), name="o")


def test_without_flags_the_config_has_its_own_defaults() -> None:
    """One place for a default."""
    assert oven() == Oven(name="o")


def test_each_flag_changes_its_own_field() -> None:
    """Numbers, a choice, a word for None, and both directions of a switch."""
    changed = oven("--degrees", "200", "--minutes", "2.5", "--shelf", "top", "--no-fan", "--light")
    assert changed == Oven(name="o", degrees=200, minutes=2.5, shelf="top", fan=False, light=True)
    assert oven("--minutes", "Until-Done").minutes is None


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--degrees", "251"), "argument --degrees: '251' is not a whole number within 50..250"),
        (("--degrees", "2e2"), "argument --degrees: '2e2' is not a whole number within 50..250"),
        (("--minutes", "nan"), "argument --minutes: 'nan' is not a finite number from 0 up, or until-done"),
        (("--shelf", "floor"), "argument --shelf: invalid choice: 'floor'"),
    ],
)
def test_a_wrong_flag_is_named_with_what_is_allowed(
    capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        oven(*flags)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("degrees", True, "degrees is True; it is a whole number within 50..250"),
        ("minutes", float("inf"), "minutes is inf; it is a finite number from 0 up, or None"),
        ("shelf", None, "shelf is None; it is one of top, middle"),
        ("fan", 1, "fan is 1; it is True or False"),
    ],
)
def test_a_wrong_value_in_python_is_one_line(field: str, value: object, said: str) -> None:
    """The name, the value and what is allowed."""
    with pytest.raises(ValueError) as caught:
        Oven(name="o", **{field: value})  # type: ignore[arg-type]
    assert str(caught.value) == said
