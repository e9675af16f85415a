"""Text shown to a person holds no control character and no direction override from the data."""

import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from metajudge.cli import main
from metajudge.cli.options.log import start_log
from metajudge.reports.show import by_id, show_rows, worst
from tests.attacks.checklists import ATTACKS, Attack
from tests.attacks.setting import SIDES, row_of
from tests.servers import ROOT
from tests.unit.fakes import ScriptedJudge
from tests.unit.rows import block, run_samples, samples

UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

attacks = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


def judged(path: Path, attack: Attack, judge: ScriptedJudge | None = None) -> Path:
    """Write result records of the attack in either list."""
    rows = [row_of(attack, side) for side in SIDES]
    run_samples(path, judge or ScriptedJudge(lambda text, _: block(text)), samples(rows))
    return path


@attacks
def test_the_view_of_a_row_holds_nothing_unsafe(attack: Attack, tmp_path: Path) -> None:
    """Every line of `show` fits the terminal and is printable."""
    views = list(show_rows(worst(judged(tmp_path / "r.jsonl", attack), 2), 80))
    assert len(views) == 2
    assert all(not UNSAFE.search(view) for view in views)
    assert all("HUMAN" in view and "R2" in view and "S4" in view for view in views)


@attacks
def test_the_view_of_a_failed_row_holds_nothing_unsafe(attack: Attack, tmp_path: Path) -> None:
    """The judge's last reply, here the raw item, is shown safely."""
    judge = ScriptedJudge(lambda text, _: f"{attack.items[0]} <think> and no answer")
    path = judged(tmp_path / "r.jsonl", attack, judge)
    for view in show_rows(by_id(path, json.loads(path.read_text().split("\n")[0])["id"]), 80):
        assert "not scored" in view and "last reply" in view and not UNSAFE.search(view)


def test_the_show_command_prints_all_attacks_safely(tmp_path: Path) -> None:
    """The process's stdout and stderr are both safe."""
    path = tmp_path / "r.jsonl"
    rows = [row_of(attack, side) for attack in ATTACKS if len(attack.items[0]) < 10_000 for side in SIDES]
    run_samples(path, ScriptedJudge(lambda text, _: block(text)), samples(rows))
    command = [sys.executable, "-m", "metajudge", "show", "--worst", "1000", str(path)]
    # Bytes: reading as text would turn a carriage return into a line end.
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    assert not UNSAFE.search((done.stdout + done.stderr).decode("utf-8"))
    assert done.stdout.decode("utf-8").count("HUMAN") == len(rows)


@attacks
def test_a_log_line_stays_one_line(attack: Attack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Quoted data neither breaks a line on the terminal nor in the file."""
    log = logging.getLogger("metajudge")
    path = tmp_path / "log.txt"
    start_log(str(path))
    try:
        for item in attack.items:
            log.warning("line 1 says %s", item)
    finally:
        for handler in log.handlers:
            handler.close()
        log.handlers = []
    for text in (path.read_bytes().decode("utf-8"), capsys.readouterr().err):
        lines = text.split("\n")
        assert len(lines) == len(attack.items) + 1
        assert not UNSAFE.search(text)


@pytest.mark.parametrize("flags", [("all", "--dry-run"), ("all",), ("nobody",)])
def test_no_stream_of_a_run_holds_anything_unsafe(
    flags: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hostile names, items and errors are safe on stdout, stderr and in the log."""
    names = ("a\x1b[31m\x07", "b\u202e\u2066", "c\u200f\u061c", "d\ud800", "e\x9b\x00", "f\u2028g")
    items = ["\x1b]0;owned\x07 x", "\u202e y \u200f", "\ud800 \x9b31m"]
    row = {"context": "c", "human-checklist": items, **{f"{name}-checklist": items for name in names}}
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in (row, {**row, f"{names[0]}-checklist": 3})))
    log = tmp_path / "log"
    files = ["--input-file", str(source), "--output-file", str(tmp_path / "o.jsonl"), "--log-file", str(log)]
    status = main(["infer", *files, "--model", "embedded", "--model-be-evaluated", *flags])
    assert status == (2 if flags == ("nobody",) else 0 if "--dry-run" in flags else 1)
    streams = capsys.readouterr()
    assert streams.out or streams.err
    for text in (streams.out, streams.err, log.read_text(encoding="utf-8")):
        assert not UNSAFE.search(text)
