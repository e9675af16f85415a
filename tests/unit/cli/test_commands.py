"""The table of commands: each has its module, and nothing else comes first."""

import importlib

import pytest

from metajudge.cli import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_module_and_a_summary_of_the_same_form(name: str) -> None:
    """A sentence that begins with a capital, without its full stop."""
    module = importlib.import_module(f"metajudge.cli.{name.replace('-', '_')}")
    assert callable(module.add_arguments) and callable(module.run)
    assert COMMANDS[name].summary[0].isupper() and not COMMANDS[name].summary.endswith(".")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fetch"], "invalid choice: 'fetch' (choose from"),
        (["--", "infer"], "the command comes first"),
    ],
)
def test_what_is_no_command_is_refused_in_a_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
