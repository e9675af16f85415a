"""Files with flaws become tables."""

import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import UsageError
from metajudge.records import split_flaws
from metajudge.reports.flaws.tables import read_flaw_tables
from tests.unit.reports.flaws.files import flaw_file, flaw_row
from tests.unit.result_rows import one_item, write


def test_each_model_and_judge_of_a_file_has_a_table(tmp_path: Path) -> None:
    """A row that two runs have taken through the step has two stamps."""
    first = flaw_row(1, ["EG"], "M")
    second = flaw_row(1, ["GS", "CG F1"], "N", "other")
    both = {**first, **second, "metajudge": second["metajudge"] | {"earlier": first["metajudge"]}}
    n, m = read_flaw_tables([write(tmp_path / "f.jsonl", [both])])
    assert (n.model, n.judge, len(n.rows[0].items)) == ("N", "other", 2)
    assert (m.model, m.judge, m.rows[0].items[0].kind, m.rows[0].reasons) == ("M", "j", "EG", ("s",))


def test_models_that_two_files_share_have_the_names_of_their_files(tmp_path: Path) -> None:
    """Unless another judge has made the second one."""
    files = [flaw_file(tmp_path / name, [["EG"]]) for name in ("a.jsonl", "b.jsonl")]
    assert [table.model for table in read_flaw_tables(files)] == ["M (a.jsonl)", "M (b.jsonl)"]
    other = flaw_file(tmp_path / "c.jsonl", [["EG"]], judge="k")
    assert [table.model for table in read_flaw_tables([files[0], other])] == ["M", "M"]


def test_rows_without_a_list_and_lines_that_are_no_rows_are_counted(tmp_path: Path) -> None:
    without = flaw_row(2, ["EG"])
    del without["M-flaws"]
    path = write(tmp_path / "f.jsonl", [flaw_row(1, ["EG"]), without, b"{broken\n"])
    (table,) = read_flaw_tables([path])
    assert (len(table.rows), table.failed, table.unreadable.count) == (1, 1, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"M-flaws": [{"item": 1, "class": "??"}]}, 'line 1 has an entry in "M-flaws" whose "class" is'),
        ({"M-flaws": [{"item": 2, "class": "EG"}]}, "twice, or one that its list does not have"),
        ({"M-flaws": [{"item": 1, "class": "EG"}] * 2}, "names a reason of M twice"),
        ({"metajudge": {"step": "flaws", "id": "x"}}, "does not name the evaluated model"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = write(tmp_path / "f.jsonl", [flaw_row(1, ["EG"], **change)])
    with pytest.raises(UsageError, match=r"f\.jsonl") as error:
        read_flaw_tables([path])
    assert words in str(error.value)


def test_files_of_flaws_are_found_among_others(tmp_path: Path) -> None:
    """By their stamp, whatever their name; a directory may hold both kinds, or flaws alone."""
    both, alone = tmp_path / "both", tmp_path / "alone"
    both.mkdir()
    alone.mkdir()
    result, flaws = write(both / "m.jsonl", [one_item(1, 0.5)]), flaw_file(both / "x.jsonl", [["EG"]])
    more = flaw_file(alone / "y.jsonl", [["EG"]])
    critic = write(tmp_path / "critic.jsonl", [{"M-checklist": ["s"], "metajudge": {"step": "critic"}}])
    missing = tmp_path / "missing.jsonl"
    paths = [both, alone, flaws, critic, missing]
    assert split_flaws(paths) == ([both, critic, missing], [flaws, more])
    assert split_flaws(str(result)) == ([result], [])


def test_a_file_without_flaws_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"context": "q"}) + "\n")
    with pytest.raises(UsageError, match="holds no flaws of reasons"):
        read_flaw_tables([path])
