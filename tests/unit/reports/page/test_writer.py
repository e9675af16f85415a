"""The page as a file: its data, how much of the texts is in it, and what cannot become a page."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import UsageError
from metajudge.reports.page import writer
from metajudge.reports.page.blocks import ROWS
from metajudge.reports.page.row_index import OPEN, SPURIOUS
from metajudge.reports.page.writer import PageOptions, write_page
from metajudge.reports.row_scores import ScoringConfig
from tests.page.files import other_judge, row_wise, two_models
from tests.unit.reports.page.reading import data_of, entries
from tests.unit.result_rows import Matrix, failed, one_item, record, write


def made(tmp_path: Path, *files: Path, **options: Any) -> dict[str, Any]:
    """Return the data of the page of these files."""
    page = tmp_path / "page.html"
    write_page(list(files), page, PageOptions(resamples=100, **options))
    return data_of(page)


def test_rows_that_models_share_are_one_row_with_its_texts_once(tmp_path: Path) -> None:
    """Each model has its own details, in the order of its file."""
    data = made(tmp_path, *two_models(tmp_path))
    index = data["index"]
    assert index["ids"] == [f"id{number}" for number in range(30)]
    assert len(entries(data, "texts")) == len(entries(data, "model0")) == len(entries(data, "model1")) == 30
    assert index["tables"][1]["rows"] == list(range(30))
    assert entries(data, "texts")[3]["context"] == [["user", "Question number 3?"]]
    assert entries(data, "model1")[3]["items"] == ["A misses 3.1, says shallow", "A misses 3.2, says shallow"]
    assert "human" not in entries(data, "model1")[3]


def test_a_human_list_of_one_model_alone_is_kept_with_its_record(tmp_path: Path) -> None:
    """Files may have the same ids and other human points."""
    first = write(tmp_path / "A.jsonl", [one_item(1, 1, "A", **{"human-checklist": ["old"]})])
    second = write(tmp_path / "B.jsonl", [one_item(1, 1, "B", **{"human-checklist": ["new"]})])
    data = made(tmp_path, first, second)
    assert data["texts-0"][0]["human"] == ["old"] and data["model1-0"][0]["human"] == ["new"]


def test_rows_of_a_file_may_have_any_order(tmp_path: Path) -> None:
    """The latest record counts, wherever it is; columns and details agree."""
    first = write(tmp_path / "A.jsonl", [one_item(n, n / 10, "A") for n in range(5)])
    records = [failed(1, "B"), *(one_item(n, n / 10, "B") for n in (4, 0, 1, 3))]
    second = write(tmp_path / "B.jsonl", records)
    data = made(tmp_path, first, second)
    columns = data["index"]["tables"][1]
    assert [data["index"]["ids"][row] for row in columns["rows"]] == ["id4", "id0", "id1", "id3"]
    assert columns["rc"] == [0.4, 0.0, 0.1, 0.3] and columns["lines"] == [2, 3, 4, 5]
    assert [detail["matrix"][0][0] for detail in data["model1-0"]] == [0.4, 0, 0.1, 0.3]


def test_long_files_have_several_blocks(tmp_path: Path) -> None:
    """The last block is the rest."""
    path = write(tmp_path / "M.jsonl", [one_item(n, 1) for n in range(2 * ROWS + 1)])
    data = made(tmp_path, path)
    assert [len(data[f"model0-{number}"]) for number in range(3)] == [ROWS, ROWS, 1]
    assert len(entries(data, "texts")) == 2 * ROWS + 1


def test_two_records_of_an_id_that_count_are_two_rows(tmp_path: Path) -> None:
    """A list has changed; the report counts both."""
    changed = {**one_item(1, 1), "question_id": "q1b"}
    data = made(tmp_path, write(tmp_path / "M.jsonl", [one_item(1, 0), changed]))
    assert data["index"]["ids"] == ["id1", "id1 (2)"] and data["meta"]["tables"][0]["n"] == 2


def test_judges_and_parts_of_one_file_are_apart(tmp_path: Path) -> None:
    """Each judge has its tables; one of them can be chosen."""
    files = [*two_models(tmp_path), other_judge(tmp_path)]
    meta = made(tmp_path, *files)["meta"]
    assert [(judge["name"], judge["tables"]) for judge in meta["judges"]] == [("j", [0, 1]), ("k", [2])]
    assert [judge["name"] for judge in made(tmp_path, *files, judge="k")["meta"]["judges"]] == ["k"]
    both = [one_item(n, 0.5) for n in range(3)] + [record(n, [[1.0]], judge={"model": "k"}) for n in range(3, 5)]
    data = made(tmp_path, write(tmp_path / "M.jsonl", both))
    assert [table["n"] for table in data["meta"]["tables"]] == [3, 2]
    assert [len(table["rows"]) for table in data["index"]["tables"]] == [3, 2]


def test_scores_of_0_and_scores_that_were_not_asked_differ(tmp_path: Path) -> None:
    """One question per row names the best reasons; a point that none makes was judged 0."""
    data = made(tmp_path, row_wise(tmp_path))
    assert data["index"]["tables"][0]["strips"][0] == [75, 0, 0]
    assert data["model0-0"][0]["matrix"] == [[0.75, None, None], [None, None, None], [None, None, None]]
    assert data["model0-0"][0]["unmatched"] == [2, 3]
    lost = made(tmp_path, write(tmp_path / "M.jsonl", [failed(1), one_item(2, 1)]))
    assert lost["index"]["tables"][0]["strips"] == [[None], [100]]
    assert lost["index"]["tables"][0]["rc"] == [None, 1.0]


def test_the_matching_is_the_one_of_the_figure(tmp_path: Path) -> None:
    """Two points want the same reason: the one-to-one matching gives it to one of them."""
    data = made(tmp_path, write(tmp_path / "M.jsonl", [record(1, [[0.75, 0.0, 0.0], [0.5, 0.0, 0.25]])]))
    detail = data["model0-0"][0]
    assert detail["pairs"] == [[1, 1, 0.75], [2, 3, 0.25]] and detail["samples"][0]["rc"] == 0.5


TEXT = "x" * 3000


def long_row(tmp_path: Path) -> Path:
    """Write a row with long texts."""
    texts = {"context": [{"role": "user", "content": TEXT}], "response1": TEXT, "response2": "short", "note": TEXT}
    one = {**one_item(1, 1, **texts), "samples": [{"generated_text": TEXT}], "prompt": TEXT}
    return write(tmp_path / "M.jsonl", [one])


@pytest.mark.parametrize(("texts", "body", "reply"), [("full", TEXT, TEXT), ("short", 400, 1000), ("none", 0, 1000)])
def test_texts_are_whole_cut_or_left_out(tmp_path: Path, texts: str, body: Any, reply: Any) -> None:
    """A cut text has the number of all its characters."""
    data = made(tmp_path, long_row(tmp_path), texts=texts)

    def cut(length: Any) -> Any:
        return TEXT if length == TEXT else [TEXT[:length], 3000]

    row = data["texts-0"][0]
    assert row["context"] == [["user", cut(body)]]
    assert row["responses"] == [cut(body), "short" if texts != "none" else ["", 5]]
    assert data["model0-0"][0]["samples"][0]["reply"] == cut(reply)
    assert data["index"]["begins"] == ["x" * 140 if texts != "none" else ""]
    assert [name for name, _ in row["other"]] == (["overall_preference", "note"] if texts != "none" else [])


def test_long_pages_have_short_texts_unless_asked_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a size the default is `short`; whoever names `full` gets it."""
    source, page = write(tmp_path / "M.jsonl", noise(600)), tmp_path / "page.html"
    monkeypatch.setattr(writer, "LONG_PAGE", 600_000)
    assert write_page([source], page, PageOptions(resamples=100)).texts == "short"
    assert page.stat().st_size < 600_000 < write_page([source], page, PageOptions(texts="full", resamples=100)).size


def noise(count: int) -> list[dict[str, Any]]:
    """Return rows whose responses cannot be compressed."""
    return [one_item(n, 1, response1=os.urandom(500).hex(), response2=os.urandom(500).hex()) for n in range(count)]


def test_a_page_that_no_browser_should_open_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to do, and an earlier page stays."""
    monkeypatch.setattr(writer, "LONG_PAGE", 100_000)
    monkeypatch.setattr(writer, "LONGEST_PAGE", 100_000)
    page = tmp_path / "page.html"
    page.write_text("earlier")
    with pytest.raises(UsageError, match=r"more than 0 MB; name fewer files, or leave texts out with `texts` none"):
        write_page([write(tmp_path / "M.jsonl", noise(600))], page, PageOptions(resamples=100))
    assert page.read_text() == "earlier" and sorted(os.listdir(tmp_path)) == ["M.jsonl", "page.html"]


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    """Input rows, an empty file, results beside the output of a step, and a pipe that cannot be read twice."""
    page, results = tmp_path / "page.html", write(tmp_path / "M.jsonl", [one_item(1, 1)])
    rows = write(tmp_path / "rows.jsonl", [{"human-checklist": ["h"], "M-checklist": ["s"]}])
    empty = write(tmp_path / "empty.jsonl", [])
    step = write(tmp_path / "step.jsonl", [{"context": "c", "metajudge": {"id": "a", "step": "critic"}}])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for files, said in (
        ([rows], "holds input rows, no results"),
        ([empty], "has no readable record"),
        ([step, results], f"{step} is the output of a step and {results} holds results; make a page of each kind"),
        ([pipe], "is no ordinary file; view reads it twice"),
        ([Path("-")], "is no ordinary file"),
        ([tmp_path / "missing.jsonl"], "does not exist"),
    ):
        with pytest.raises(UsageError) as error:
            write_page(files, page)
        assert said in str(error.value) and "\n" not in str(error.value)
    assert not page.exists()
    with pytest.raises(ValueError, match="it is one of full, short, none, or None"):
        write_page([results], page, PageOptions(texts="some"))


def test_compressed_results_make_the_same_page(tmp_path: Path) -> None:
    """Gzip is read twice, too."""
    plain = write(tmp_path / "M.jsonl", [one_item(n, 1) for n in range(3)])
    first = made(tmp_path, plain)["index"]
    packed = tmp_path / "M.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert made(tmp_path, packed)["index"] == first


def test_records_of_the_reference_have_a_page(tmp_path: Path) -> None:
    """They have no id and no judge."""
    reply = "<RESULT_START>\n- R1@S1: 1\n- R2@S0: 0\n<RESULT_END>"
    row = {"context": "q", "human-checklist": ["a", "b"], "M-checklist": ["s"]}
    one = {"samples": [{"generated_text": reply}], "metadata": row}
    path = tmp_path / "M.jsonl"
    path.write_text(json.dumps(one) + "\n")
    data = made(tmp_path, path)
    assert data["meta"]["judges"][0]["name"] == "an unnamed judge"
    assert data["index"]["tables"][0]["strips"] == [[100, 0]] and len(data["index"]["ids"][0]) == 16


def test_the_first_model_items_alone_are_shown_if_asked(tmp_path: Path) -> None:
    """As in the report, as if the judge had seen no more."""
    path = write(tmp_path / "M.jsonl", [record(1, [[0.25, 1.0], [0.0, 0.5]])])
    detail = made(tmp_path, path, scoring=ScoringConfig(top_k=1))["model0-0"][0]
    assert detail["items"] == ["s"] and detail["matrix"] == [[0.25], [0.0]] and detail["pairs"] == [[1, 1, 0.25]]


def test_a_score_that_the_guard_took_was_not_judged_0(tmp_path: Path) -> None:
    """The next best reason is not known: with one question per row only the best one has a score."""
    one = record(1, [[None, None], [0.75, None]], row_granularity=True, judge={"guard": "zero"})
    path = write(tmp_path / "M.jsonl", [{**one, "guard": {"S2": ["generic"]}}])
    data = made(tmp_path, path)
    assert data["index"]["tables"][0]["strips"] == [[None, 75]] and "unmatched" not in data["model0-0"][0]
    unguarded = made(tmp_path, write(tmp_path / "M.jsonl", [{**one, "guard": {}}]))
    assert unguarded["index"]["tables"][0]["strips"] == [[0, 75]] and unguarded["model0-0"][0]["unmatched"] == [1]


def test_a_row_whose_sound_reason_is_open_is_not_counted_as_without_one(tmp_path: Path) -> None:
    """Two points want one reason: the whole matrix could give each another one, of .3 upward."""
    both: Matrix = [[0.6, None], [0.6, None]]
    rows = [record(n, scores, row_granularity=True) for n, scores in enumerate((both, [[0.25, None]]))]
    (table,) = made(tmp_path, write(tmp_path / "M.jsonl", rows))["index"]["tables"]
    assert [marks & (SPURIOUS | OPEN) for marks in table["marks"]] == [OPEN, SPURIOUS]
