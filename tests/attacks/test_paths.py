"""The user alone chooses the output folder: a name in the data never leads out of it."""

import json
import os
from pathlib import Path

import pytest

from metajudge.cli import main
from metajudge.errors import UsageError
from metajudge.tasks.match.plan import output_paths, safe_filename
from tests.attacks.setting import HUMAN, MODEL

NAMES = (
    "../../etc/x", "/etc/passwd", "..", ".", "./x", "../", "a/../../b", "a\\..\\b", "C:\\x", "-rf", "~root",
    "{model}", "{input}", "%s{0}", "$(touch owned)", "a;b|c&d", "nul\x00x", "line\nbreak", "\x1b[31mred",
    "\u202egpj.exe", "\uff0e\uff0e\uff0fwide", "\u2025/dots", "half\ud800", " ", ".jsonl", "*?[x]",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_name_stays_in_the_folder_that_the_user_named(name: str, tmp_path: Path) -> None:
    """The name is a prefix of the file name, the file name itself, or a folder."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out"
    (front,) = (path for model, path in output_paths(f"{out}/r.jsonl", [name, "M"], source).items() if model == name)
    (place,) = output_paths(f"{out}/{{model}}.jsonl", [name], source).values()
    (folder,) = output_paths(f"{out}/{{model}}/r.jsonl", [name], source).values()
    for path in (front, place, folder.parent):
        assert Path(os.path.normpath(path)).parent == out and path.name not in ("", ".", "..")
        assert "\x00" not in str(path) and "{model}" not in str(path)
    assert folder.name == "r.jsonl"


@pytest.mark.parametrize("name", NAMES)
def test_a_fitted_name_is_one_harmless_word(name: str) -> None:
    """It has no separator, no leading dash or dot, and nothing for a shell. Fitting it again changes nothing."""
    fit = safe_filename(name)
    assert fit and not set(fit) & set("/\\ \n\x00\x1b;|&$*?[](){}~'\"`<>:") and fit[0] not in ".-"
    assert safe_filename(fit) == fit


@pytest.mark.parametrize("pattern", ["r.jsonl", "{model}.jsonl", "{model}/r.jsonl"])
def test_judging_all_models_of_a_hostile_file_writes_in_the_folder_only(pattern: str, tmp_path: Path) -> None:
    """The whole command runs with names from the rows' keys."""
    names = ("../../up", "/tmp/abs", "..", "-rf", "{model}", "half\ud800")
    row = {"context": "c", "human-checklist": HUMAN, **{f"{name}-checklist": MODEL for name in names}}
    home = tmp_path / "a" / "b"
    home.mkdir(parents=True)
    source = home / "in.jsonl"
    source.write_text(json.dumps(row) + "\n", encoding="utf-8")
    command = ["infer", "--input-file", str(source), "--output-file", str(home / "out" / pattern)]
    assert main([*command, "--model-be-evaluated", "all", "--model", "embedded"]) == 0
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != source]
    assert len(written) == 2 * len(names)
    assert all(path.is_relative_to(home / "out") for path in written)
    firsts = [json.loads(path.read_text(encoding="utf-8").split("\n")[0]) for path in written]
    assert {record["model_be_evaluated"] for record in firsts} == set(names)


@pytest.mark.parametrize(
    ("pattern", "other"),
    [("{model}.jsonl", "M.matches"), ("{model}", "M.matches.jsonl"), ("{model}", "M.journal"), ("{model}", "M.torn"),
     ("{model}", "M.rescued"), ("{model}.jsonl", "M")],
)  # fmt: skip
def test_no_model_gets_a_file_that_a_run_writes_for_another(pattern: str, other: str, tmp_path: Path) -> None:
    """One model's matches would otherwise replace another's paid records."""
    with pytest.raises(UsageError, match="the same file; judge them one by one"):
        output_paths(f"{tmp_path}/{pattern}", ["M", other] if other != "M" else ["M?", "M*"], tmp_path / "in.jsonl")
    assert len(output_paths(f"{tmp_path}/r.jsonl", ["M", f"{other}x"], tmp_path / "in.jsonl")) == 2


def test_a_name_too_long_for_a_file_is_cut_and_stays_different() -> None:
    """The limit counts bytes, not letters."""
    names = ["x" * 300, "x" * 301, "回" * 100, "回" * 101]
    fits = [safe_filename(name) for name in names]
    assert len(set(fits)) == 4
    assert all(len(fit.encode()) <= 150 and safe_filename(fit) == fit for fit in fits)
    assert safe_filename("x" * 150) == "x" * 150
