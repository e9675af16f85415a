"""The command: tables, files, notes and errors."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.unit.benchmark_files import pair, rationale, styles, write
from tests.unit.result_rows import Run

LAW, CODE = "mmlu-pro-law", "livecodebench"
GAMES = [(LAW, "AA")] * 12 + [(LAW, "BB")] * 4 + [(CODE, "A-")] * 12 + [(CODE, "==")]
PAIRS = [pair(n, source, "A", games) for n, (source, games) in enumerate(GAMES)]


def test_a_table_has_the_official_figures_and_stars_ours(run: Run, tmp_path: Path) -> None:
    """The interval of 12 of 16 is Wilson's: 50.50 to 89.82."""
    code, out, err = run("benchmark", "judgebench", write(tmp_path / "j.jsonl", PAIRS))
    assert code == 0 and out.startswith("JudgeBench: the-judge, split gpt-4o, two games a pair, protocol official\n\n")
    lines = [line.split() for line in out.splitlines()]
    assert lines[4][:6] == ["knowledge", "16", "16", "75.00", "[50.50,", "89.82]"]
    assert out.splitlines()[-1].startswith("mean of 2 categories (macro)*")
    assert "all (micro)  " in out and "all (micro)*" not in out
    assert "the-judge: 29 of the 350 pairs of the split gpt-4o: not comparable with published figures\n" in err
    assert "*: not printed by the benchmark's own script" in err


def test_json_has_every_figure_with_its_parts(run: Run, tmp_path: Path) -> None:
    """Figures to two decimals, and full values."""
    path = write(tmp_path / "j.jsonl", PAIRS)
    assert run("benchmark", "judgebench", path, path, "--output-file", tmp_path / "out.json")[0] == 0
    first, second = json.loads((tmp_path / "out.json").read_text())
    assert first == second and first["files"] == [str(path)] and first["protocol"] == "official"
    line = next(one for one in first["lines"] if one["group"] == "all (micro)")
    figure = line["figures"]["accuracy"]
    assert (figure["percent"], figure["value"]) == (82.76, 24 / 29) and 0 < figure["low"] < figure["high"] < 1
    assert line["official"] is True and line["counts"]["nulls"] == 12 and (line["n"], line["prompts"]) == (29, 29)


def test_csv_is_one_table_for_all_files(run: Run, tmp_path: Path) -> None:
    """A line per group; an unknown end is empty."""
    paths = [write(tmp_path / name, PAIRS) for name in ("a.jsonl", "b.jsonl")]
    code, out, _ = run("benchmark", "judgebench", *paths, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and len(rows) == 8
    assert rows[0]["accuracy"] == "75.00" and rows[0]["accuracy low"] == "50.50" and rows[0]["official"] == "1"
    few = write(tmp_path / "c.jsonl", [rationale(1, "A", "CallFail")])
    _, out, _ = run("benchmark", "r-align", few, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["figure"] for row in rows] == ["100.00", "", ""] and rows[0]["figure low"] == ""


def test_what_is_unknown_is_na(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("benchmark", "r-align", write(tmp_path / "c.jsonl", [rationale(1, "A", "CallFail")]))
    assert "100.00 [n/a]" in out and out.splitlines()[-1].split()[-1] == "n/a"


def test_rows_are_made_and_the_next_commands_named(run: Run, tmp_path: Path) -> None:
    """Made rows may be made again; a file of another kind stays."""
    data, rows = write(tmp_path / "data.jsonl", PAIRS), tmp_path / "rows.jsonl"
    for _ in range(2):
        code, out, _ = run("benchmark", "judgebench", data, "--make", rows)
        assert code == 0 and out.splitlines()[0] == f"{rows}: 29 rows: 29 of 350 pairs of the split gpt-4o"
        assert f"critic --input-file {rows} --output-file {tmp_path}/rows-judged.jsonl --orders both --name NAME" in out
        assert out.splitlines()[-1].endswith(f"metajudge benchmark judgebench {tmp_path}/rows-judged.jsonl")
        assert len(rows.read_text().splitlines()) == 29
    before = data.read_bytes()
    code, _, err = run("benchmark", "judgebench", rows, "--make", data)
    assert code == 2 and err == f"metajudge: error: --make {data} exists and may hold results; name another file\n"
    assert data.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["r-align", "X", "--make", "rows.jsonl"],
            "--make: no rows for critic can be made of R-Align, only of judgebench",
        ),
        (["judgebench", "X", "--make", "rows.json"], "--make rows.json: name a .jsonl file"),
        (["judgebench", "X", "--protocol", "rm-r1-published"], "--protocol rm-r1-published belongs to rm-bench"),
        (["judgebench", "none.jsonl"], "none.jsonl does not exist"),
        (["rm-bench", "X"], "holds JudgeBench, not RM-Bench"),
        (["judgebench", "X", "--output-file", "X"], "may hold results"),
    ],
)
def test_mistakes_get_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    """Nothing is written."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "X.jsonl", PAIRS)
    code, out, err = run("benchmark", *[word.replace("X", "X.jsonl") for word in words])
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["X.jsonl"]


def test_the_protocol_of_a_published_table_is_named(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "chat.jsonl", [styles(1, [1, 2, 3], [2, 2, 1])])
    _, out, _ = run("benchmark", "rm-bench", path, "--protocol", "rm-r1-published")
    assert out.startswith("RM-Bench: chat, scores, protocol rm-r1-published\n")
