"""The table of commands: each has its module, and nothing else comes first."""

import importlib
import threading
from pathlib import Path

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


def test_a_command_runs_in_any_thread(tmp_path: Path) -> None:
    """A run would set handlers of signals, which Python allows in the main thread only."""
    (tmp_path / "rows.jsonl").write_text('{"human-checklist": ["a"], "m-checklist": ["b"]}\n')
    files = ["--input-file", str(tmp_path / "rows.jsonl"), "--output-file", str(tmp_path / "out.jsonl")]
    arguments = ["infer", *files, "--model-be-evaluated", "m", "--model", "embedded"]
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(arguments)))
    thread.start()
    thread.join(60)
    assert codes == [0]
