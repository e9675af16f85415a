"""Parameters in messages become flags."""

import argparse
from collections.abc import Iterator

import pytest

from metajudge.cli import decompose, infer
from metajudge.cli.parameters import use_flags_of, with_flags


@pytest.fixture(autouse=True)
def no_command() -> Iterator[None]:
    """Forget the flags behind each test."""
    yield
    use_flags_of(argparse.ArgumentParser(add_help=False))


def parser_with(command: object) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)  # type: ignore[attr-defined]
    return parser


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`output_file` out.jsonl is a directory", "--output-file out.jsonl is a directory"),
        ("set `api_base` and `model`", "set --api-base and --model"),
        ("leave `system_message` out", "leave --no-system-message out"),
        ("name the fields (`text_fields`)", "name the fields (--text-field)"),
        ("see `compare`; max_tokens and `granularity` stay", "see `compare`; max_tokens and `granularity` stay"),
    ],
)
def test_parameters_of_the_running_command_become_its_flags(text: str, shown: str) -> None:
    """Other names stay: commands, fields of rows, parameters of other commands."""
    use_flags_of(parser_with(decompose))
    assert with_flags(text) == shown


def test_the_flags_are_those_of_the_last_command() -> None:
    """Two commands in one process do not share flags."""
    use_flags_of(parser_with(decompose))
    use_flags_of(parser_with(infer))
    assert with_flags("`granularity`, `text_fields`") == "--granularity, `text_fields`"


def test_a_flag_with_a_short_form_is_shown_in_its_long_one() -> None:
    """Positional arguments have no flag."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--output-file")
    parser.add_argument("files")
    use_flags_of(parser)
    assert with_flags("`output_file`, `files`") == "--output-file, `files`"
