"""The documents say what the program does: commands run, flags and names are the same on both sides."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import metajudge
from metajudge.cli import COMMANDS as COMMAND_NAMES
from tests.e2e.driver import environment
from tests.servers import running

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Run elsewhere: the suite itself, the servers that never end (tests/unit/embedded/test_server.py and
# tests/e2e/test_reward_server.py), and the quick start on a fresh clone (.ci/run).
ELSEWHERE = {
    "bash tests/run.sh",
    "python -m metajudge serve-judge --port 8000",
    "python -m metajudge serve-reward --model embedded --port 8001",
    "METAJUDGE_TOKEN=… python -m metajudge serve-reward --host 0.0.0.0 --concurrent-requests 256",
}


def commands(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = [c for name in ("README.md", "example/README.md") for c in commands(name) if c not in ELSEWHERE]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user has, without results of earlier runs."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in (
        "metajudge",
        "example",
        "images",
        "requirements.txt",
        "metajudge_infer.py",
        "metajudge_analysis.py",
        "metajudge_infer.sh",
    ):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with running("tests.servers.scripted") as url:
        yield url


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_documents_runs(checkout: Path, model: str, command: str) -> None:
    """As it stands, with this interpreter for `python`; those that name an outside judge are dry runs.

    In place of a model served on this machine stands a scripted one.
    """
    if "gpt-4o" in command:
        assert "--dry-run" in command
    command = command.replace("http://127.0.0.1:8000/v1", model)
    tools = checkout / "bin"
    tools.mkdir(exist_ok=True)
    for name in ("python", "python3"):
        if not (tools / name).exists():
            (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
            (tools / name).chmod(0o755)
    variables = environment(PYTHON=sys.executable)
    variables["PATH"] = f"{tools}:{variables['PATH']}"
    variables["PYTHONPATH"] = str(checkout)
    result = subprocess.run(
        ["bash", "-c", command], cwd=checkout, env=variables, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def help_flags(command: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-m", "metajudge", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**environment(), "COLUMNS": "200"},
    )
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", result.stdout)) - {"--help"}


@pytest.mark.parametrize(("command", "heading"), [("infer", "### Inference"), ("analysis", "### Analysis")])
def test_the_flags_of_help_and_readme_are_the_same(command: str, heading: str) -> None:
    """In both directions."""
    section = README.split(heading)[1].split("\n### ")[0].split("\n## ")[0]
    named = re.findall(r"^\| (`--.*?) \|", section, re.MULTILINE)
    assert {flag for cell in named for flag in re.findall(r"--[a-z-]+", cell)} == help_flags(command)


@pytest.mark.parametrize("command", ["report", "compare", "plot", "plot-training", "agreement"])
def test_the_flags_of_reports_are_in_the_readme_and_the_other_way_round(command: str) -> None:
    """The shared table and the lines that name the command."""
    section = README.split("### Report, compare, plot, agreement")[1].split("Exit codes:")[0]
    shared, own = section.split("and have these of their own")
    flags = (
        set()
        if command in ("agreement", "plot-training")
        else set(re.findall(r"^\| `(--[a-z-]+)`", shared, re.MULTILINE))
    )
    for line in re.findall(r"^\| `--.*", own, re.MULTILINE):
        names, of = line.split("|")[1:3]
        if f"`{command}`" in of or of.strip() == "all":
            flags |= set(re.findall(r"--[a-z-]+", names))
    assert flags == help_flags(command)


@pytest.mark.parametrize("command", ["decompose", "critic", "check", "download"])
def test_the_flags_of_deriving_commands_are_in_the_readme(command: str) -> None:
    """Their own; the judge's are those of inference."""
    section = README.split("### Decompose, critic")[1].split("Exit codes: 0 all rows")[0]
    flags = set()
    for line in re.findall(r"^\| `--.*", section, re.MULTILINE):
        names, of = line.split("|")[1:3]
        if f"`{command}`" in of or (of.strip() == "both" and command in ("decompose", "critic")):
            flags |= set(re.findall(r"--[a-z-]+", names))
    shared = help_flags("infer") if command in ("decompose", "critic") else set()
    assert flags <= help_flags(command) <= flags | shared


def test_the_flags_of_the_reward_server_are_in_the_readme() -> None:
    """In both directions; the judge's are named in a line."""
    section = README.split("### Reward server")[1].split("\n## ")[0]
    named = re.findall(r"^\| `(--[a-z-]+)`", section, re.MULTILINE)
    judge = re.findall(
        r"`(--[a-z-]+)`", section.split("The judge's flags are those of inference:")[1].split(". Set")[0]
    )
    assert {*named, *judge} == help_flags("serve-reward")


def test_help_of_the_whole_command_names_every_command() -> None:
    """With a line each."""
    result = subprocess.run(
        [sys.executable, "-m", "metajudge", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in COMMAND_NAMES:
        assert re.search(rf"^ +{name}\b", result.stdout, re.MULTILINE)
        assert f"`{name}`" in README or f"metajudge {name}" in README


@pytest.mark.parametrize(
    ("command", "heavy"),
    [
        (["-m", "metajudge"], {"aiohttp", "httpx2", "pydantic", "numpy"}),
        (["metajudge_infer.py"], set()),
        (["metajudge_analysis.py"], set()),
    ],
)
def test_help_waits_for_nothing_heavy(command: list[str], heavy: set[str]) -> None:
    """The overview imports no command; the help of one imports what its configuration needs, never the SDK."""
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", *command, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = {line.rsplit("|", 1)[-1].strip().partition(".")[0] for line in shown.stderr.splitlines()}
    assert "argparse" in imported and shown.stdout
    assert not imported & {*heavy, "openai", "matplotlib", "torch"}


def test_the_shell_scripts_variables_are_in_the_readme() -> None:
    """And in the script's own help."""
    text = subprocess.run(
        ["bash", "metajudge_infer.sh", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    names = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b|\bTEMPERATURE\b|\bGRANULARITY\b", text)) - {
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
    }
    assert len(names) == 13 and all(f"`{name}`" in README for name in names)


def test_every_module_is_in_the_file_map_and_the_map_names_no_other() -> None:
    """File by file."""
    section = README.split("## Files")[1].split("\n## ")[0]
    named = set(re.findall(r"`(?:metajudge/)?(\w+\.py)`", section))
    modules = {path.name for path in (ROOT / "metajudge").glob("*.py")} - {"__init__.py", "__main__.py"}
    unnamed = modules - named
    assert unnamed <= {"errors.py"}, unnamed
    assert named - {"metajudge_infer.py", "metajudge_analysis.py"} <= modules


def test_the_python_example_runs(checkout: Path) -> None:
    """The lines print what the README says."""
    code = next(block for block in PYTHON_BLOCKS if block.startswith("from metajudge import read_reply"))
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, env=environment(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    first, second = result.stdout.splitlines()
    assert first == "0.375" and second.startswith("ReferenceMetrics(precision=0.52")


GENERATION = """<RESULT_START>
List of reasons:
- Response A returns an unsorted list.
Final assessment result: \\boxed{B>A}
<RESULT_END>"""
CALLS = """
import asyncio, json
label = json.dumps({"human-checklist": ["Response 1 returns an unsorted list.", "No import."], "overall_preference": 2})
columns = {"human-checklist": [json.loads(label)["human-checklist"]], "overall_preference": [2]}
print(asyncio.run(grpo_reward(prompts=["p"], completions=[text], **columns)))
print(asyncio.run(compute_score("rows", text, label))["score"])
print(float(reward_func(["p" + text], ["p"], [label])["rewards"][0]))
"""


def test_the_training_file_of_the_readme_gives_rewards(checkout: Path, model: str) -> None:
    """Its three functions, called as the trainers call them; no trainer is needed for that."""
    (code,) = [block for block in PYTHON_BLOCKS if block.startswith("# my_reward.py")]
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\ntext = {GENERATION!r}\n{CALLS}"],
        cwd=checkout,
        env=environment(OPENAI_BASE_URL=model),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0 and not result.stderr, result.stderr
    found = [float(line.strip("[]")) for line in result.stdout.splitlines()]
    assert len(found) == 3 and len(set(found)) == 1 and 0 < found[0] <= 1


ROWS = """
from metajudge.tasks.critic.step import CriticStep
from metajudge.rewards.reward import Gold
asked = CriticStep("m").questions(json.loads(open("example/infer_input_10samples.jsonl", encoding="utf-8").readline()))
print(len(rows), rows[0]["prompt"] == list(asked[0].messages))
golds = [Gold.from_json(row["label"]) for row in rows]
print(golds == [Gold.of(row["human-checklist"], row["overall_preference"]) for row in rows], golds[0])
"""


def test_the_rows_of_the_readme_ask_what_critic_asks_and_hold_labels(checkout: Path) -> None:
    """The prompt is the question of `critic`, and both forms of the label are read as the same."""
    (code,) = [block for block in PYTHON_BLOCKS if block.startswith("# my_rows.py")]
    result = subprocess.run(
        [sys.executable, "-c", code + ROWS],
        cwd=checkout,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    first, second = result.stdout.splitlines()
    assert first == "10 True" and second.startswith("True Gold(human=('Response 1 builds a set,")


def test_the_readmes_figures_of_the_embedded_judge_are_the_measured_ones() -> None:
    """The table is compared with a fresh measurement."""
    from metajudge.embedded.matcher import score_matrix
    from tests.bench.embedded_accuracy import agreement, pairs

    for split, label in (("dev", "used for the thresholds"), ("test", "not used")):
        found = agreement(pairs(split, score_matrix))
        figures = (found.average_precision, found.exact, found.within_one_step, found.kappa)
        line = f"| {found.n}, {label} | " + " | ".join(f"{value:.3f}".removeprefix("0") for value in figures) + " |"
        assert line in README


def test_version_changelog_and_citation_agree() -> None:
    """One version everywhere."""
    assert f"## {metajudge.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "2602.04649" in README
    result = subprocess.run(
        [sys.executable, "-m", "metajudge", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert result.stdout == f"metajudge {metajudge.__version__}\n"
    assert shlex.split(COMMANDS[0]) == ["bash", "metajudge_infer.sh"]


def test_no_file_of_the_project_names_a_machine_path() -> None:
    """What is written for users works anywhere."""
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("*.sh"),
        *(ROOT / "metajudge").rglob("*.py"),
        *(ROOT / "example").glob("*.md"),
    ]:
        assert not re.search(r"/(?:root|work|home)/", path.read_text(encoding="utf-8")), path
