"""The documents agree with the program: commands run, flags and names are the same on both sides."""

import ast
import contextlib
import io
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import yaml  # comes with huggingface_hub

import metajudge
from metajudge.cli import COMMANDS as COMMAND_NAMES
from metajudge.cli import main
from tests import commands_page, cost_page, translations
from tests.e2e.driver import run
from tests.servers import running

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
CHINESE = {name: (ROOT / name).read_text(encoding="utf-8") for name in translations.PAIRS.values()}
# Tested elsewhere: the suite itself, installation (.ci/run), and the servers that never end
# (tests/unit/embedded/test_server.py and tests/e2e/test_reward_server.py).
ELSEWHERE = {
    "bash tests/run.sh",
    "python3 -m venv .venv",
    "source .venv/bin/activate",
    "pip install .",
    "metajudge serve-judge --port 8000",
    "metajudge serve-reward --model embedded --port 8001",
    "METAJUDGE_TOKEN=… metajudge serve-reward --host 0.0.0.0 --concurrent-requests 256",
}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[str]:
    return [line for block in blocks(text, "bash") for line in block.splitlines() if line.strip()]


EXAMPLE = (ROOT / "example" / "README.md").read_text(encoding="utf-8")
TEXTS = (README, *PAGES.values(), EXAMPLE, *CHINESE.values())
COMMANDS = dict.fromkeys(c for text in TEXTS for c in commands(text) if c not in ELSEWHERE)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy a user's checkout without results of earlier runs."""
    folder = tmp_path_factory.mktemp("checkout")
    names = ["metajudge", "example", "images", "requirements.txt", "metajudge_infer.sh"]
    for name in [*names, "metajudge_infer.py", "metajudge_analysis.py"]:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with running("tests.servers.batches", "--looks", "0") as url:
        yield url


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_documents_runs(checkout: Path, model: str, command: str) -> None:
    """Commands that name an outside judge are dry runs; a scripted judge replaces one served on this machine."""
    if "gpt-4o" in command:
        assert "--dry-run" in command
    command = command.replace("http://127.0.0.1:8000/v1", model)
    tools = checkout / "bin"
    tools.mkdir(exist_ok=True)
    for name, arguments in (("python3", ""), ("metajudge", "-m metajudge")):
        if not (tools / name).exists():
            (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
            (tools / name).chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    result = run("bash", "-c", command, cwd=checkout, PYTHON=sys.executable, PATH=path, PYTHONPATH=str(checkout))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_the_page_of_commands_is_what_the_parsers_say() -> None:
    """To update it: `python -m tests.commands_page`."""
    assert PAGES["commands.md"] == commands_page.page()


def test_the_results_of_the_page_of_cost_follow_from_its_assumptions() -> None:
    """To update them: `python -m tests.cost_page`. Another price gives other results."""
    page = PAGES["cost.md"]
    assert cost_page.with_results(page) == page
    dearer = page.replace("| million prompt tokens ($) | 0.20 |", "| million prompt tokens ($) | 0.30 |")
    assert cost_page.with_results(dearer) != dearer


def test_the_requests_and_prompt_tokens_of_the_page_of_cost_are_those_of_the_example() -> None:
    """Tokens per row, rounded to tens."""
    found = metajudge.infer(
        input_file=ROOT / "example" / "infer_input_10samples.jsonl",
        output_file="unused.jsonl",
        model_be_evaluated="model-low_deceptive_alignment",
        granularity="item",
        dry_run=True,
    ).scan
    counts = [found.remaining, found.alternatives["pairs"], found.alternatives["row"]]
    per_row = cost_page.table(PAGES["cost.md"], "per row")
    assert per_row["requests"] == [count.requests / 10 for count in counts]
    assert per_row["prompt tokens"] == [round(count.prompt_tokens / 10, -1) for count in counts]


def shown(*arguments: str) -> str:
    """Return the stdout of a command that only prints."""
    with mock.patch.dict(os.environ, COLUMNS="200"), contextlib.suppress(SystemExit):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            main(arguments)
    return out.getvalue()


def test_the_page_of_labels_shows_what_its_commands_print() -> None:
    """The agreement as a whole, and the corrected figures of the report; line breaks may differ."""
    files = (str(ROOT / "example" / "deceptive_60samples"), "--human", str(ROOT / "example" / "labels_60samples.jsonl"))
    agreement, corrected = (block.split() for block in blocks(PAGES["labels.md"], "text")[-2:])
    assert shown("agreement", *files).split() == agreement
    assert " ".join(corrected) in " ".join(shown("report", *files).split())


def test_the_page_of_flaws_shows_what_its_report_prints() -> None:
    """The shares by model come first."""
    report = shown("report", str(ROOT / "example" / "flaw_labels_60reasons.jsonl"))
    (shares,) = blocks(PAGES["flaws.md"], "text")
    assert report.split()[: len(shares.split())] == shares.split()


def test_help_of_the_whole_command_names_every_command() -> None:
    """Each command has a line."""
    text = shown("--help")
    for name in COMMAND_NAMES:
        assert re.search(rf"^ +{name}\b", text, re.MULTILINE)
        assert f"| `metajudge {name}` |" in README


@pytest.mark.parametrize(
    ("command", "heavy"),
    [(["-m", "metajudge"], {"aiohttp", "httpx2", "pydantic", "numpy"}), (["metajudge_infer.py"], set()),
     (["metajudge_analysis.py"], set())],
)  # fmt: skip
def test_help_waits_for_nothing_heavy(command: list[str], heavy: set[str]) -> None:
    """The overview imports no command; the help of one imports what its configuration needs, never the SDK."""
    result = run("python", "-X", "importtime", *command, "--help")
    imported = {line.rsplit("|", 1)[-1].strip().partition(".")[0] for line in result.stderr.splitlines()}
    assert "argparse" in imported and result.stdout
    assert not imported & {*heavy, "openai", "matplotlib", "torch"}


def test_every_room_and_script_is_in_the_architecture_and_no_other() -> None:
    """Every named folder and file exists."""
    text = PAGES["architecture.md"]
    named = set(re.findall(r"^\| `metajudge/(\w+)/`", text, re.MULTILINE))
    assert named == {path.parent.name for path in (ROOT / "metajudge").glob("*/__init__.py")}
    files = set(re.findall(r"`((?:metajudge|tests|docs|example)/[\w/]+(?:\.\w+)?/?)`", text))
    assert not {name for name in files if "classify" not in name and not (ROOT / name).exists()}
    scripts = {"metajudge_infer.py", "metajudge_analysis.py", "metajudge_infer.sh"}
    assert all(f"`{name}`" in text for name in scripts)


PAIRS = """
metajudge.Judge = lambda model, base_url, **settings: judge(model, URL, **settings)
print([one.rc for one in asyncio.run(match_all([(human, human), (human, reasons)]))])
"""


def test_the_python_examples_run(checkout: Path, model: str) -> None:
    """All of the page as one script: the lines print its figures; a scripted judge replaces the named one."""
    code = "\n".join(blocks(PAGES["python.md"], "python"))
    code = f"{code}\nURL = {model!r}\njudge = metajudge.Judge\n{PAIRS}"
    result = run("python", "-c", code, cwd=checkout)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("20 judged, 0 empty, 0 failed")
    assert lines[1].endswith("output/from-python-model-low_deceptive_alignment.jsonl")
    first, second, pairs = lines[-3:]
    assert first == "0.375" and second.startswith("ReferenceMetrics(precision=0.52")
    assert pairs.startswith("[") and "Interval(value=0." in result.stdout and "Match(human_item=1" in result.stdout


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


def test_the_training_file_gives_rewards(checkout: Path, model: str) -> None:
    """Its three functions are called as the trainers call them, without a trainer."""
    code = blocks(PAGES["training.md"], "python")[0]
    result = run("python", "-c", f"{code}\ntext = {GENERATION!r}\n{CALLS}", cwd=checkout, OPENAI_BASE_URL=model)
    assert result.returncode == 0 and not result.stderr, result.stderr
    found = [float(line.strip("[]")) for line in result.stdout.splitlines()]
    assert len(found) == 3 and len(set(found)) == 1 and 0 < found[0] <= 1


ROWS = """
from metajudge.tasks.critic.step import CriticStep
from metajudge.rewards.gold import Gold
asked = CriticStep("m").questions(json.loads(open("example/infer_input_10samples.jsonl", encoding="utf-8").readline()))
print(len(rows), rows[0]["prompt"] == list(asked[0].messages))
golds = [Gold.from_json(row["label"]) for row in rows]
print(golds == [Gold.of(row["human-checklist"], row["overall_preference"]) for row in rows], golds[0])
"""


def test_the_training_rows_ask_what_critic_asks_and_hold_labels(checkout: Path) -> None:
    """The prompt is the question of `critic`, and both forms of the label are read alike."""
    code = blocks(PAGES["training.md"], "python")[1]
    result = run("python", "-c", code + ROWS, cwd=checkout)
    assert result.returncode == 0, result.stderr
    first, second = result.stdout.splitlines()
    assert first == "10 True" and second.startswith("True Gold(human=('Response 1 builds a set,")


def test_the_figures_of_the_embedded_judge_are_the_measured_ones() -> None:
    """The table equals a fresh measurement."""
    from metajudge.embedded.matcher import score_matrix
    from tests.bench.embedded_accuracy import agreement, pairs

    for split, label in (("dev", "used for the thresholds"), ("test", "not used")):
        found = agreement(pairs(split, score_matrix))
        figures = (found.average_precision, found.exact, found.within_one_step, found.kappa)
        line = f"| {found.n}, {label} | " + " | ".join(f"{value:.3f}".removeprefix("0") for value in figures) + " |"
        assert line in PAGES["embedded-judge.md"]


def test_version_changelog_and_citation_agree() -> None:
    """Program and changelog have one version."""
    assert f"## {metajudge.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "2602.04649" in README
    assert shown("--version") == f"metajudge {metajudge.__version__}\n"
    assert shlex.split(next(iter(COMMANDS))) == ["bash", "metajudge_infer.sh"]


def test_no_file_of_the_project_names_a_machine_path() -> None:
    """Texts for users hold no absolute path of a machine."""
    program = [*(ROOT / "metajudge").rglob("*.py"), *(ROOT / "example").glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*.sh"), *program]:
        assert not re.search(r"/(?:root|work|home)/", path.read_text(encoding="utf-8")), path


WORN = re.compile(r"\b(told|stands|bears?|mend|passed over|so many|as ever|of its own)\b", re.IGNORECASE)
RIDDLE = re.compile(r"(What|Whether|How|Where|Of|The same)\b")


def test_the_documents_are_short_and_plain() -> None:
    """Pages keep their length limits and avoid worn words; the page of commands may be long."""
    assert len(README.split()) <= 900
    for name, text in {"README.md": README, **PAGES, **CHINESE}.items():
        assert name == "commands.md" or len(text.split()) <= 1500, name
        assert not WORN.search(text), (name, WORN.search(text))


@pytest.mark.parametrize("path", sorted((ROOT / "metajudge").rglob("*.py")), ids=lambda path: path.stem)
def test_docstrings_and_messages_are_plain(path: Path) -> None:
    """No text of the code has a worn word, and no docstring begins like a question."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not WORN.search(node.value), (node.lineno, WORN.search(node.value))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            assert not RIDDLE.match(node.value.value), node.lineno


LINK = re.compile(r"\]\(([^)\s]+)\)")
LINKED = [
    *ROOT.glob("*.md"),
    *(
        path
        for folder in ("docs", "data", "example", "tests")
        for path in (ROOT / folder).rglob("*.md")
        if "node_modules" not in path.parts
    ),
]


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", LINKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_to_files_and_headings(path: Path) -> None:
    """Links to other sites are not checked."""
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_the_workflow_of_the_page_of_studies_runs_offline(model: str, tmp_path: Path) -> None:
    """Its steps are read as GitHub reads them; the last one runs a study of a scripted model, with its key set."""
    assert blocks(README, "yaml") == blocks(PAGES["study.md"], "yaml")
    workflow = yaml.safe_load(blocks(PAGES["study.md"], "yaml")[0])
    (job,) = workflow["jobs"].values()
    checkout, other, install, gate = job["steps"]
    assert len(blocks(PAGES["study.md"], "yaml")[0].splitlines()) == 10
    assert checkout == {"uses": other["uses"]} and other["with"]["path"] in install["run"]
    assert gate["env"] == {"JUDGE_KEY": "${{ secrets.JUDGE_KEY }}"}
    shutil.copy(ROOT / "metajudge" / "data" / "example_rows.jsonl", tmp_path / "rows.jsonl")
    endpoint = f'model = "scripted"\napi_base = "{model}"\napi_key_env = "JUDGE_KEY"\n'
    text = f'[data]\nrows = "rows.jsonl"\n[judge]\n{endpoint}[[models]]\nname = "my-model"\n{endpoint}'
    (tmp_path / "study.toml").write_text(text)
    words = shlex.split(gate["run"])
    assert words[:2] == ["metajudge", "study"]
    result = run("python", "-m", *words, cwd=tmp_path, JUDGE_KEY="sk-in-the-workflow")
    assert ("rc(my-model) >= 0.25: " in result.stderr and "missed" in result.stderr) or result.returncode == 0
    assert (tmp_path / "study" / "page.html").exists(), result.stderr
    without = run("python", "-m", *words, cwd=tmp_path)
    assert without.returncode == 2 and "api_key_env: the variable that it names is not set" in without.stderr
