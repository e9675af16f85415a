"""Agreement on classes and flaws."""

import json
from pathlib import Path

import pytest

from metajudge.errors import UsageError
from metajudge.reports.flaws.agreement import flaw_agreement, flaw_agreement_notes
from metajudge.reports.flaws.tables import read_flaw_tables
from tests.unit.reports.flaws.files import flaw_file
from tests.unit.result_rows import Run, one_item, write


def test_two_judges_are_compared_reason_by_reason(tmp_path: Path) -> None:
    """Worked by hand: of 24 reasons both give EG to 12, GS to 6, and differ in 6; both give F4 to 6, x to 12."""
    x = flaw_file(tmp_path / "x.jsonl", [["EG F4", "GS F4"], ["EG", "GS"]] * 6, judge="x")
    y = flaw_file(tmp_path / "y.jsonl", [["EG F4", "CG"], ["EG", "GS"]] * 6, judge="y")
    (found,) = flaw_agreement(read_flaw_tables([x, y]), 300)
    assert (found.judges, found.model, found.rows, found.reasons) == (("x", "y"), "M", 12, 24)
    tags = {name: tag.agreement for name, tag in found.tags.items()}
    assert (whole := tags["class"]) and whole.confusion == [[12, 0, 0], [0, 0, 0], [0, 6, 6]]
    assert whole.measures["exact"].value == 0.75
    assert whole.measures["kappa"].value == pytest.approx((0.75 - 0.375) / (1 - 0.375))
    assert (f4 := tags["F4"]) and f4.confusion == [[12, 0], [6, 6]]
    assert f4.measures["kappa"].value == pytest.approx((0.75 - 0.5) / 0.5)
    assert (f1 := tags["F1"]) and f1.measures["kappa"].value is None and f1.measures["gwet_ac2"].value == 1.0


def test_what_one_side_has_not_read_is_left_out_and_counted(tmp_path: Path) -> None:
    """Unread is no agreement, whatever the other side says."""
    x = flaw_file(tmp_path / "x.jsonl", [["?EG F4", "EG ?F4", "EG F4"]] * 10, judge="x")
    y = flaw_file(tmp_path / "y.jsonl", [["EG F4", "EG F4", "?EG F4", "GS"]] * 10, judge="y")
    lines = [json.loads(line) | {"M-checklist": ["s"] * 3} for line in y.read_text().splitlines()]
    write(y, [line | {"M-flaws": line["M-flaws"][:3]} for line in lines])
    (found,) = flaw_agreement(read_flaw_tables([x, y]), 100)
    kinds, f4 = found.tags["class"], found.tags["F4"]
    assert kinds.agreement and (kinds.unread, kinds.agreement.things) == (20, 10)
    assert f4.agreement and (f4.unread, f4.agreement.things) == (10, 20)
    notes = list(flaw_agreement_notes([found]))
    assert notes == ["x and y, M: reasons left out, which one side has not read: class 20, F4 10"]


def test_a_person_may_have_labelled_some_reasons_only(tmp_path: Path) -> None:
    """Those count; a row whose list has changed does not. Several models are also taken together."""
    judged = [flaw_file(tmp_path / f"{m}.jsonl", [["EG", "GS"]] * 4, m, "judge") for m in "MN"]
    people = [flaw_file(tmp_path / f"p{m}.jsonl", [["", "GS"]] * 3, m, "person") for m in "MN"]
    first, *others = [json.loads(line) for line in people[1].read_text().splitlines()]
    write(people[1], [first | {"N-checklist": ["s", "other"]}, *others])
    m, n, together = flaw_agreement(read_flaw_tables([*judged, *people]), 100)
    assert [(one.model, one.rows, one.reasons, one.changed) for one in (m, n, together)] == [
        ("M", 3, 3, 0), ("N", 2, 2, 1), (None, 5, 5, 1),
    ]  # fmt: skip


def test_two_prompts_of_one_judge_are_two_judges(tmp_path: Path) -> None:
    """How far do the tags depend on the words of the question?"""
    one, other = (flaw_file(tmp_path / f"{n}.jsonl", [["EG"]] * 3) for n in "ab")
    text = other.read_text().replace('"instructions": "i"', '"instructions": "k"')
    other.write_text(text)
    (found,) = flaw_agreement(read_flaw_tables([one, other]), 100)
    assert found.judges == ("j (instructions i)", "j (instructions k)")


def test_files_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    x = flaw_file(tmp_path / "x.jsonl", [["EG"]], judge="x")
    with pytest.raises(UsageError, match="by only one judge"):
        flaw_agreement(read_flaw_tables([x]))
    again = flaw_file(tmp_path / "again.jsonl", [["EG"]], judge="x")
    with pytest.raises(UsageError, match="name one file for each judge"):
        flaw_agreement(read_flaw_tables([x, again]))
    other = flaw_file(tmp_path / "y.jsonl", [["EG"]], "N", "y")
    with pytest.raises(UsageError, match="no reason was read by two judges"):
        flaw_agreement(read_flaw_tables([x, other]))


def test_the_command_knows_files_of_flaws(tmp_path: Path, run: Run) -> None:
    """Two judges, or a judge and --human labels; beside result files they are left out with a note."""
    x = flaw_file(tmp_path / "x.jsonl", [["EG F4"], ["GS"]] * 6, judge="x")
    y = flaw_file(tmp_path / "y.jsonl", [["EG F4"], ["CG"]] * 6, judge="y")
    code, out, _ = run("agreement", x, y, "--output-file", tmp_path / "a.json")
    assert code == 0 and out.startswith("Reasons of M, by x and y: 12 reasons of 12 rows")
    line = next(line for line in out.splitlines() if line.startswith("F4"))
    assert line.split()[-6:] == ["12", "0.500", "0.500", "1.00", "1.00", "1.00"]
    (found,) = json.loads((tmp_path / "a.json").read_text())["flaws"]
    assert found["tags"]["F4"]["kappa"]["value"] == 1.0 and found["tags"]["class"]["reasons"] == 12
    assert run("agreement", x, "--human", y)[1] == out
    results = [
        write(tmp_path / f"{j}-results.jsonl", [one_item(n, 0.5, judge={"model": j}) for n in range(3)]) for j in "jk"
    ]
    code, _, err = run("agreement", *results, x)
    assert code == 0 and "left out, because they hold flaws of reasons: x.jsonl" in err
