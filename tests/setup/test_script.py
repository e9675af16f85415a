"""The shell script: its choice of Python and judge, and the arguments that it passes on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers import ROOT

SCRIPT = ROOT / "metajudge_infer.sh"

# Replaces Python: records its arguments, answers the version check and the set-up.
FAKE = """#!{python}
import json, os, sys
if sys.argv[1:2] == ["-c"]: sys.exit(0)
if sys.argv[1:3] == ["-m", "metajudge.bootstrap"]: print(sys.argv[0]); sys.exit(0)
seen = [sys.argv[1:], os.environ.get("OPENAI_API_KEY"), os.environ.get("OPENAI_BASE_URL")]
with open({log!r}, "a") as f: f.write(json.dumps(seen) + "\\n")
sys.exit({status} if "infer" in sys.argv[1] else 0)
"""


def script(
    folder: Path, *arguments: str, path: Path | str = SCRIPT, cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **variables}
    command = ["bash", str(path), *arguments]
    return subprocess.run(command, cwd=cwd or folder, env=env, capture_output=True, text=True, check=False)


class Fake:
    def __init__(self, folder: Path, status: int = 0) -> None:
        self.folder, self.log, self.python = folder, folder / "log", folder / "python"
        self.python.write_text(FAKE.format(python=sys.executable, log=str(self.log), status=status))
        self.python.chmod(0o755)

    def run(self, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        return script(self.folder, *arguments, PYTHON=str(self.python), **variables)

    def calls(self) -> list[list[object]]:
        """Return the calls of the two scripts, without that of the page."""
        return [call for call in self._every() if call[0][:2] != ["-m", "metajudge"]]

    def pages(self) -> list[list[str]]:
        """Return the arguments of `view`."""
        return [call[0][2:] for call in self._every() if call[0][:2] == ["-m", "metajudge"]]

    def _every(self) -> list[Any]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    (tmp_path / "output").mkdir()
    return Fake(tmp_path)


def test_without_a_judge_the_embedded_one_is_used_and_said(fake: Fake) -> None:
    """Both models of the example are judged into the folder output, then one table is printed."""
    result = fake.run()
    assert result.returncode == 0 and "using the embedded one" in result.stderr
    (infer, key, base), (analysis, *_) = fake.calls()
    source = ROOT / "example/infer_input_10samples.jsonl"
    files = f"--input-file {source} --output-file output/{{model}}-embedded-meta_eval.jsonl"
    assert " ".join(infer) == f"{ROOT}/metajudge_infer.py {files} --model-be-evaluated all --model embedded"
    assert (key, base) == (None, None)
    assert " ".join(analysis) == f"{ROOT}/metajudge_analysis.py --input-dir output --eval-model embedded"


@pytest.mark.parametrize("arguments", [("--model", "m/1"), ("--model=m/1",)])
def test_a_judge_named_among_the_arguments_is_the_judge(fake: Fake, arguments: tuple[str, ...]) -> None:
    """File names and table use it, and the embedded one is not announced."""
    result = fake.run(*arguments)
    (infer, *_), (analysis, *_) = fake.calls()
    assert "output/{model}-m_1-meta_eval.jsonl" in infer and analysis[-1] == "m/1"
    assert "embedded" not in result.stderr + json.dumps(infer)


REAL = [
    *({variable: "sk-or-url"} for variable in ("API_KEY", "OPENAI_API_KEY", "API_BASE", "OPENAI_BASE_URL")),
    ("--api-base", "http://h/v1"), ("--api-base=http://h/v1",), ("--api-key", "-"),
]  # fmt: skip


@pytest.mark.parametrize("given", REAL, ids=str)
def test_a_key_or_a_base_url_means_a_real_judge(fake: Fake, given: dict[str, str] | tuple[str, ...]) -> None:
    """The judge is gpt-4o unless EVAL_MODEL is set. A key from a variable never appears on a command line."""
    variables, arguments = (given, ()) if isinstance(given, dict) else ({}, given)
    result = fake.run(*arguments, **variables)
    (infer, key, base), (analysis, *_) = fake.calls()
    assert "output/{model}-gpt-4o-meta_eval.jsonl" in infer and "gpt-4o" in infer and analysis[-1] == "gpt-4o"
    assert "embedded" not in result.stderr and "sk-or-url" not in json.dumps([infer, analysis])
    for name, value in variables.items():
        assert (key if "KEY" in name else base) == value


def test_a_search_path_for_folders_changes_nothing(fake: Fake) -> None:
    """With CDPATH, cd prints its target."""
    result = fake.run(CDPATH=f".:{ROOT.parent}:{ROOT}")
    relative = fake.run(
        path=f"{ROOT.name}/metajudge_infer.sh", cwd=ROOT.parent, CDPATH=".:/", OUTPUT_DIR=f"{fake.folder}/output"
    )
    assert result.returncode == relative.returncode == 0, relative.stderr
    assert {call[0][0] for call in fake.calls()} == {  # type: ignore[index]
        str(ROOT / "metajudge_infer.py"), str(ROOT / "metajudge_analysis.py")
    }  # fmt: skip


def test_every_variable_becomes_its_flag_and_arguments_are_passed_on(fake: Fake) -> None:
    """Characters that do not fit a file name are replaced in it."""
    numbers = {"MAX_TOKENS": "1", "TEMPERATURE": "0", "MAX_RETRIES": "2", "CONCURRENT_REQUESTS": "3",
               "RATE_LIMIT_DELAY": "0.5", "BATCH_SIZE": "7"}  # fmt: skip
    names = {"EVAL_MODEL": "org/judge:1", "INPUT_FILE": "my rows.jsonl", "MODEL_BE_EVALUATED": "m"}
    fake.run("--limit", "3", OUTPUT_DIR="output", GRANULARITY="item", **numbers, **names)
    (infer, *_), (analysis, *_) = fake.calls()
    flags = [f"--{name.lower().replace('_', '-')} {value}" for name, value in numbers.items()]
    files = "--output-file output/{model}-org_judge_1-meta_eval.jsonl --model-be-evaluated m --model org/judge:1"
    assert infer[:3] == [f"{ROOT}/metajudge_infer.py", "--input-file", "my rows.jsonl"]
    assert infer[3:] == f"{files} {' '.join(flags)} --granularity item --limit 3".split()
    assert analysis[-4:] == ["--eval-model", "org/judge:1", "--model-be-evaluated", "m"]


def test_the_table_is_printed_in_any_case_and_the_status_is_the_inferences(tmp_path: Path) -> None:
    """A stopped run has results worth seeing."""
    (tmp_path / "output").mkdir()
    fake = Fake(tmp_path, status=130)
    result = fake.run()
    assert result.returncode == 130
    assert len(fake.calls()) == 2
    assert result.stderr.endswith("the inference ended with status 130; its message is above the table\n")
    assert "ended with status" not in Fake(tmp_path).run().stderr


def test_a_page_of_the_results_is_written_last(fake: Fake) -> None:
    """It is beside the results, and shows those of the judge of the table."""
    fake.run(EVAL_MODEL="org/judge:1", OUTPUT_DIR="output")
    assert fake.pages() == [["view", "output", "--eval-model", "org/judge:1", "--output-file", "output/index.html"]]


def test_a_dry_run_prints_no_table(fake: Fake) -> None:
    """There is nothing to analyse, nor a page."""
    fake.run("--dry-run")
    assert len(fake.calls()) == 1 and not fake.pages()


def test_help_names_every_variable(fake: Fake) -> None:
    """Help sets nothing up."""
    text = fake.run("--help").stdout
    names = "INPUT_FILE MODEL_BE_EVALUATED API_KEY API_BASE EVAL_MODEL OUTPUT_DIR MAX_TOKENS TEMPERATURE MAX_RETRIES"
    for name in [*names.split(), "CONCURRENT_REQUESTS", "RATE_LIMIT_DELAY", "BATCH_SIZE", "GRANULARITY"]:
        assert name in text
    assert not fake.log.exists()


def shim(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_an_interpreter_that_is_too_old_or_does_not_run_is_skipped(tmp_path: Path) -> None:
    """A version manager's shim exists and fails; the next one is taken."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("python3.14", "python3.13"):
        shim(tools, name, "echo not here >&2; exit 127")
    shim(tools, "python3.12", "exit 1")  # fails the version check
    bootstrap = 'case "$2" in *bootstrap) echo "$0";; *) echo "ran $1";; esac'
    shim(tools, "python3.11", f'case "$1" in -c) exit 0;; esac; {bootstrap}')
    if (ROOT / ".venv").exists():
        pytest.skip("this checkout has its own environment, which comes first")
    result = script(tmp_path, "--dry-run", PATH=f"{tools}:/usr/bin:/bin")
    assert "ran " in result.stdout and "metajudge_infer.py" in result.stdout


def test_no_python_and_a_bad_python_are_one_line(tmp_path: Path) -> None:
    """The exit code is 2."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(f"/usr/bin/{name}" if os.path.exists(f"/usr/bin/{name}") else f"/bin/{name}")
    for variables in ({"PYTHON": "/nonexistent"}, {}):
        if not variables and (ROOT / ".venv").exists():
            continue
        result = script(tmp_path, PATH=str(tools), **variables)
        assert result.returncode == 2 and result.stderr.count("\n") == 1
        assert result.stderr.startswith("metajudge: error: ")
