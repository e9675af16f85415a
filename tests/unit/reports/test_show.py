"""Rows as text: selection, layout, and safety of the terminal."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import UsageError
from metajudge.reports.show import by_id, show_rows, worst
from metajudge.text.terminal import coloured, columns, printable, wrapped
from tests.servers import ROOT
from tests.unit.result_rows import Run, write

Marks = list[tuple[int, int, float]]
HUMAN = ["The proof skips a case", "The tone is rude"]
MODEL = ["It forgets the case n = 0", "Nice layout", "Too long"]
HALF = [(1, 1, 1.0), (2, 0, 0.0)]
"""Marks: R1 is matched, R2 is missed."""


def ours(name: str, marks: Marks, human: list[str] = HUMAN, model: list[str] = MODEL, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "question_id": "q",
        "status": "success",
        "model_be_evaluated": "m",
        "extraction_result": {"scores": [list(mark) for mark in marks]},
        "samples": [{"generated_text": ""}],
        "metadata": {"human-checklist": human, "m-checklist": model},
    } | more


def theirs(marks: Marks, model: list[str] = MODEL) -> dict[str, Any]:
    text = "".join(f"- R{r}@S{s}: {v}\n" for r, s, v in marks)
    return {
        "samples": [{"generated_text": f"<RESULT_START>{text}<RESULT_END>"}],
        "metadata": {"human-checklist": HUMAN, "m-checklist": model},
    }


def shown(path: Path, name: str, width: int = 80) -> list[str]:
    """Return the lines of the one row with this id."""
    (text,) = show_rows(by_id(path, name), width)
    return text.splitlines()


# ------------------------------------------------------------------ one row


def test_a_row_shows_matches_misses_and_unclaimed_items_side_by_side(tmp_path: Path) -> None:
    """Worked by hand: R1 is made by S1 in part, R2 is missed (S2 scored 0), S2 and S3 are claimed by none."""
    path = write(tmp_path / "r.jsonl", [ours("abc", [(1, 1, 0.75), (2, 2, 0)])])
    assert shown(path, "abc") == [
        "abc, line 1, m",
        "reference recall 0.3750, precision 0.2500, F1 0.3000, AP 0.5625",
        "HUMAN                              score    MODEL",
        "R1 The proof skips a case          0.75     S1 It forgets the case n = 0",
        "R2 The tone is rude                missed",
        "                                            unclaimed by any human item:",
        "                                            S2 Nice layout",
        "                                            S3 Too long",
    ]


def test_long_items_are_wrapped_under_their_own_text(tmp_path: Path) -> None:
    """Both columns stay columns at any width, and nothing is wider than the terminal."""
    record = ours("abc", HALF, human=["one two three four five", "x" * 30])
    path = write(tmp_path / "r.jsonl", [record])
    assert shown(path, "abc", 40)[3:] == [
        "HUMAN          score    MODEL",
        "R1 one two     1        S1 It forgets",
        "   three four              the case n =",
        "   five                    0",
        f"R2 {'x' * 11} missed",
        f"   {'x' * 11}",
        f"   {'x' * 8}",
        "                        unclaimed by",
        "                        any human item:",
        "                        S2 Nice layout",
        "                        S3 Too long",
    ]
    assert max(map(columns, shown(path, "abc", 10))) <= 40


def test_wide_characters_keep_the_columns(tmp_path: Path) -> None:
    """A line of Chinese takes two columns a character and is cut where it is full."""
    record = ours("abc", HALF, human=["回答一遗漏了关键条件", "e\u0301te\u0301"])
    path = write(tmp_path / "r.jsonl", [record])
    lines = shown(path, "abc", 40)
    assert lines[4] == "R1 回答一遗漏  1        S1 It forgets"
    assert lines[5].startswith("   了关键条件 ")
    assert max(map(columns, lines)) <= 40
    assert "R2 e\u0301te\u0301         missed" in lines[-5:]


def test_marks_that_earn_nothing_say_why(tmp_path: Path) -> None:
    """Items after S5, and numbers beyond the lists (only in files of others), are shown as what they are."""
    six = [*MODEL, "d", "e", "f"]
    path = write(tmp_path / "r.jsonl", [theirs([(1, 6, 1), (5, 1, 1)], six), theirs([(1, 9, 0.5), (1, 1, 1)])])
    text = "\n".join(shown(path, "1", 120))
    assert re.search(r"R1 The proof skips a case +\(1\) +S6 \(after S5: no credit\) f", text)
    assert re.search(r"R5 \(no such item\) +1 +S1 It forgets", text)
    text = "\n".join(shown(path, "2", 120))
    assert re.search(r"R1 The proof skips a case +\(0.5\) +S9 \(after S5: no credit\) \(no such item\)\n +1 +S1", text)
    assert re.search(r"R2 The tone is rude +missed", text)


def test_an_unscored_row_shows_its_lists_and_its_reason(tmp_path: Path) -> None:
    """A failed row can be looked at, too."""
    samples = [{"generated_text": "", "raw_text": "I will\nnot"}]
    failed = ours("abc", [], status="error", error_message="context\x1b[31m too long", samples=samples)
    assert shown(write(tmp_path / "r.jsonl", [failed]), "abc") == [
        "abc, line 1, m",
        "not scored: status error",
        r"error_message: context\x1b[31m too long",
        "last reply: I will not",
        "HUMAN                              score    MODEL",
        "R1 The proof skips a case                   S1 It forgets the case n = 0",
        "R2 The tone is rude                         S2 Nice layout",
        "                                            S3 Too long",
    ]


def test_of_a_long_failed_reply_the_end_is_shown(tmp_path: Path) -> None:
    """The result block is at the end of a reply."""
    samples = [{"generated_text": "", "raw_text": "x" * 500 + "<RESULT_START>"}]
    failed = ours("abc", [], status="format_error", format_error="R2 is missing", samples=samples)
    _, _, reason, reply, *_ = shown(write(tmp_path / "r.jsonl", [failed]), "abc", 400)
    assert (reason, reply) == ("format_error: R2 is missing", f"last reply: ... {'x' * 286}<RESULT_START>")


def test_lists_that_are_none_are_shown_as_nothing(tmp_path: Path) -> None:
    """No shape of a record is a crash."""
    odd = ours("abc", [], metadata={"human-checklist": "text", "m-checklist": [1, None]})
    assert shown(write(tmp_path / "r.jsonl", [odd]), "abc")[-2:] == [" " * 44 + "S1 1", " " * 44 + "S2 None"]
    assert "not scored" in shown(write(tmp_path / "r.jsonl", [ours("abc", [], metadata=None)]), "abc")[1]


# ------------------------------------------------------------------ which rows


def test_the_worst_rows_have_the_lowest_recall(tmp_path: Path) -> None:
    """Lowest first, ties by place; rows without figures are not among them; a row counts once."""
    marks = {"good": [(1, 1, 1), (2, 2, 1)], "half": HALF, "bad": [(1, 0, 0), (2, 0, 0)], "late": HALF}
    failures = [ours(name, [], status="error") for name in ("failed", "good")]
    path = write(tmp_path / "r.jsonl", [*(ours(name, own) for name, own in marks.items()), *failures])
    assert [rated.id for rated in worst(path, 3).rated] == ["bad", "half", "late"]
    assert [rated.id for rated in worst(path, 9).rated] == ["bad", "half", "late", "good"]
    assert [text.split(",")[0] for text in show_rows(worst(path, 2), 80)] == ["bad", "half"]


def test_a_row_is_found_by_its_id_or_the_beginning_of_it(tmp_path: Path) -> None:
    """The whole id wins over longer ones; a beginning must be of one id only."""
    path = write(tmp_path / "r.jsonl", [*(ours(name, HALF) for name in ("ab", "ab-2", "cd"))])
    assert [rated.line for rated in by_id(path, "ab").rated] == [1]
    assert [rated.line for rated in by_id(path, "c").rated] == [3]
    with pytest.raises(UsageError, match=r"2 ids of .* begin with it, such as ab; give more of the id"):
        by_id(path, "a")
    with pytest.raises(UsageError, match=r"no row of .* has this id; the first ids there: ab, ab-2, cd"):
        by_id(path, "zz")


FAILURES = [
    ours("late", [], status="error", error_message="the judge is busy", samples=[{"generated_text": ""}]),
    ours("bad", [], status="format_error", format_error="no R2", samples=[{"raw_text": "So.\n" + "x" * 400}]),
]


def test_failed_rows_are_shown_with_their_reason_and_the_beginning_of_the_reply(tmp_path: Path, run: Run) -> None:
    """Scored rows and those left out on purpose are not shown."""
    empty = ours("none", [], model=[], status="empty", empty="model")
    path = write(tmp_path / "r.jsonl", [ours("a", HALF), *FAILURES, empty])
    code, out, err = run("show", path, "--failed")
    assert code == 0 and err == f"{path}: 2 rows not scored: 1 status error, 1 status format_error (late, bad)\n"
    first, second = out.rstrip().split("\n\n")
    assert first.splitlines() == [
        "late, line 2, m", "not scored: status error", "error_message: the judge is busy", "no reply"
    ]  # fmt: skip
    assert second.splitlines()[:3] == ["bad, line 3, m", "not scored: status format_error", "format_error: no R2"]
    reply = "".join(second.splitlines()[3:])
    assert reply.startswith("reply: So.") and reply.count("x") == 296 and reply.endswith("...")


def test_failed_rows_are_named_beside_the_scored_ones(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "r.jsonl", [ours("a", HALF), *FAILURES])
    code, out, err = run("show", path)
    assert code == 0 and out.startswith("a, line 1") and "late" not in out
    assert "2 rows not scored: 1 status error, 1 status format_error (late, bad); their replies: show --failed" in err
    assert run("show", write(path, [ours("a", HALF)])) == (0, out, "")
    code, out, err = run("show", path, "--failed")
    assert (code, out) == (0, "") and err.endswith("no row has failed\n")


def test_a_file_with_no_scored_row_or_a_pipe_says_why(tmp_path: Path, run: Run) -> None:
    """The failed rows are shown instead, exit 1. A pipe cannot be read twice."""
    path = write(tmp_path / "r.jsonl", FAILURES)
    code, out, err = run("show", path, "--worst", "1")
    assert code == 1 and out.count("not scored") == 1 and "the judge is busy" in out
    assert f"{path} has no scored row: 2 rows not scored: 1 status error" in err and err.count("\n") == 1
    write(path, [ours("none", [], model=[], status="empty", empty="model")])
    code, out, err = run("show", path)
    assert (code, out) == (1, "") and "every row is left out on purpose" in err
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is no ordinary file"):
        worst(tmp_path / "pipe", 5)


def test_standard_input_is_read(tmp_path: Path) -> None:
    """It is saved first, and so can be read twice."""
    path = write(tmp_path / "r.jsonl", [ours("a", HALF)])
    line = [sys.executable, "-m", "metajudge", "show"]
    with path.open("rb") as file:
        shown = subprocess.run([*line, "-"], cwd=ROOT, stdin=file, capture_output=True, text=True, check=False)
    assert shown.returncode == 0 and "recall 0.5000" in shown.stdout and not shown.stderr


# ------------------------------------------------------------------ the command


def test_the_command_shows_five_rows_by_default(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """--worst and --id choose others; a pipe gets no colour; lines fit the terminal."""
    monkeypatch.setenv("COLUMNS", "60")
    path = write(tmp_path / "r.jsonl", [ours(f"id{n}", HALF) for n in range(7)])
    code, out, _ = run("show", path)
    assert code == 0 and out.count("recall") == 5 and "\x1b" not in out
    assert max(map(columns, out.splitlines())) <= 60
    assert run("show", path, "--worst", "2")[1].count("recall") == 2
    assert run("show", path, "--id", "id6")[1].startswith("id6, line 7, m\n")


@pytest.mark.parametrize(
    ("name", "value", "colour"), [("X", "", True), ("NO_COLOR", "1", False), ("TERM", "dumb", False)]
)
def test_colour_is_for_terminals_that_want_it(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, colour: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    code, out, _ = run("show", write(tmp_path / "r.jsonl", [ours("a", [(1, 1, 0.5), (2, 0, 0)])]))
    assert code == 0 and ("\x1b[31mmissed" in out) is colour


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing"], "does not exist"),
        (["."], "is a directory"),
        (["rows.jsonl"], "holds input rows"),
        (["r.jsonl", "--id", "zz"], "has this id; the first ids there: a"),
        (["r.jsonl", "--model-be-evaluated", "x"], "holds results of m"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "r.jsonl", [ours("a", HALF)])
    write(tmp_path / "rows.jsonl", [{"human-checklist": []}])
    code, _, err = run("show", *arguments)
    assert code == 2 and message in err and err.count("\n") == 1


def test_worst_wants_a_positive_number(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("show", "r.jsonl", "--worst", "0")
    assert "'0' is not a whole number from 1 up" in capsys.readouterr().err


# ------------------------------------------------------------------ text for a terminal


def test_control_characters_of_data_are_shown_not_obeyed() -> None:
    """Escape sequences, direction overrides and lone surrogates; letters, emoji and joiners stay."""
    assert printable("a\x1b]0;t\x07\x9b\u202eb\ud800") == r"a\x1b]0;t\x07\x9b\u202eb\ud800"
    assert printable("né 回 👩\u200d💻") == "né 回 👩\u200d💻"


def test_wrapping_keeps_every_word_within_the_width() -> None:
    """White space is folded, long words are cut, nothing is lost."""
    assert wrapped("a  bb\nccc dddddddd", 5) == ["a bb", "ccc", "ddddd", "ddd"]
    assert wrapped("", 5) == [""]
    assert wrapped("回答一", 5) == ["回答", "一"]
    assert wrapped("\x1b" * 2, 4) == [r"\x1b", r"\x1b"]


def test_a_coloured_text_ends_its_colour() -> None:
    assert coloured("missed", "none") == "\x1b[31mmissed\x1b[0m"
