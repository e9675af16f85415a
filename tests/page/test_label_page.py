"""The page on which people label rows, in a real browser: opened from a file, without a server."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from metajudge.data import read_annotations
from tests.attacks.checklists import ATTACKS
from tests.page.browser import Opener, need_browser, serious
from tests.page.files import MARKUP, hostile, row, two_models
from tests.unit.result_rows import write

need_browser()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("Ergebnisse für 模型")


@pytest.fixture(scope="module")
def files(folder: Path) -> list[Path]:
    return [questioned(path) for path in two_models(folder)]


def questioned(path: Path) -> Path:
    """Give the records of a file question ids of its model, as the inference does."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for record in records:
        record["question_id"] = f"{path.stem} {record['id']}"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    return path


def drawn(output: Path, *files: Path, flags: tuple[str, ...] = ("--n", "12")) -> Path:
    assert main(["label-sample", *map(str, files), "--output-file", str(output), *flags]) == 0
    return output


@pytest.fixture(scope="module")
def page_file(folder: Path, files: list[Path]) -> Path:
    return drawn(folder / "die Seite.html", *files)


def named(page: Any, name: str) -> None:
    """Write the annotator's name by keyboard; the page asks for it when it opens."""
    page.locator("#annotator").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(name)
    page.keyboard.press("Enter")


def progress(page: Any) -> str:
    return str(page.locator("#progress-text").text_content().split(" confirmed")[0])


def marks(page: Any) -> list[str]:
    """Return the marks of each human point of the open list."""
    points = page.locator(".humans .card").all()
    return ["; ".join(point.locator(".pill").all_text_contents()) for point in points]


def exported(page: Any, kind: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"export {kind}").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def label_three(page: Any) -> None:
    """Label three lists by keyboard alone."""
    named(page, "anna")
    for keys in (("4", "ArrowDown", "1"), ("ArrowRight", "3", "u", "z"), ("n",)):
        for key in keys:
            page.keyboard.press(key)
        if keys == ("n",):
            page.keyboard.type('"quoted", =1+1; x')
            page.keyboard.press("Escape")
        page.keyboard.press("Enter")


def labelled(path: Path) -> list[Any]:
    fields = ("id", "question_id", "annotator", "marks", "unclear", "probability", "judge_shown", "seconds")
    return [tuple(getattr(row, name) for name in fields) for row in read_annotations([path]).rows]


def test_rows_are_labelled_by_keyboard_and_exported(
    opened: Opener, page_file: Path, files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Marks, a note and undo; JSONL and CSV are the same labels, and `agreement --human` says the same of both."""
    page = opened(page_file, offline=True)
    assert page.evaluate("document.activeElement.id") == "annotator"
    label_three(page)
    assert progress(page) == "3 of 24 lists"
    paths = [exported(page, kind, tmp_path) for kind in ("JSONL", "CSV")]
    assert [path.name for path in paths] == ["labels-anna.jsonl", "labels-anna.csv"]
    first, second = map(labelled, paths)
    assert first == second and len(first) == 3
    assert first[0][3] == ((1, 1, 1.0), (1, 2, 0.25)) and not any(row[4] for row in first)
    assert first[1][3] == ((2, 1, 0.75),) or first[1][3] == ((1, 1, 0.75),), "a list of one point has no second"
    notes = [json.loads(line)["note"] for line in paths[0].read_text(encoding="utf-8").splitlines()]
    with paths[1].open(encoding="utf-8-sig", newline="") as file:
        assert [row["note"] for row in csv.DictReader(file)] == notes == ["", "", '"quoted", =1+1; x']
    found = []
    for path in paths:
        capsys.readouterr()
        assert main(["agreement", *map(str, files), "--human", str(path)]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1] and "anna" in found[0]


def test_models_are_blinded_and_scores_hidden(opened: Opener, page_file: Path) -> None:
    """No score of the judge is in the data of the page; the names of the models only where a text has them."""
    page = opened(page_file)
    tasks = page.evaluate("labelPage.tasks")
    assert len(tasks) == 24 and all(task["judge"] is None for task in tasks)
    assert "judge" not in page.locator("#task").inner_text()
    assert page.locator("#task-title").text_content().startswith("Row 1 of 12, list 1 of 2")
    firsts = {task["reasons"][0].rpartition(" ")[2] for task in tasks[::2]}
    assert firsts == {"sound", "shallow"}


def test_undo_reaches_back_over_lists(opened: Opener, page_file: Path) -> None:
    """The last change first, on the list where it was made; a confirmation is a change."""
    page = opened(page_file)
    named(page, "anna")
    page.keyboard.press("2")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    assert progress(page) == "1 of 24 lists" and "list 2 of 2" in page.locator("#task-title").text_content()
    page.keyboard.press("z")
    assert progress(page) == "0 of 24 lists" and marks(page)[0] == "S1 1"
    page.keyboard.press("z")
    assert marks(page)[0] == "S1 .5"
    page.keyboard.press("z")
    page.keyboard.press("z")
    assert marks(page)[0] == ""


def test_a_key_that_is_held_confirms_one_list(opened: Opener, page_file: Path) -> None:
    """The repeated Enter would give all other lists the score 0. Letters work with Caps Lock, too."""
    page = opened(page_file)
    named(page, "anna")
    for _ in range(4):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    assert progress(page) == "1 of 24 lists"
    page.keyboard.press("B")
    assert page.locator("#task-title").text_content().startswith("Row 1 of 12, list 1 of 2")


def test_labels_outlive_a_reload(opened: Opener, page_file: Path) -> None:
    """Confirmed lists, marks of the open one, the name and the place."""
    page = opened(page_file)
    label_three(page)
    page.keyboard.press("3")
    page.reload()
    page.locator("#task-title").wait_for()
    assert progress(page) == "3 of 24 lists" and page.locator("#annotator").input_value() == "anna"
    assert page.locator("#task-title").text_content().startswith("Row 2 of 12, list 2 of 2")
    assert marks(page)[0] == "S1 .75"


@pytest.mark.parametrize("kind", ["JSONL", "CSV"])
def test_an_exported_file_is_gone_on_from(opened: Opener, page_file: Path, tmp_path: Path, kind: str) -> None:
    """In another browser: the labels, the name and the next open list; the next export has old and new ones."""
    page = opened(page_file)
    label_three(page)
    earlier = exported(page, kind, tmp_path)
    before = labelled(earlier)
    again = opened(page_file)
    again.locator("#earlier").set_input_files(earlier)
    again.get_by_text("3 labels taken").wait_for()
    assert again.locator("#annotator").input_value() == "anna" and progress(again) == "3 of 24 lists"
    again.keyboard.press("Enter")
    assert progress(again) == "4 of 24 lists"
    assert labelled(exported(again, kind, tmp_path))[:3] == before


def test_a_file_that_a_spreadsheet_has_saved_is_gone_on_from(opened: Opener, page_file: Path, tmp_path: Path) -> None:
    """With semicolons, decimal commas, rounded probabilities and small letters; `agreement` reads it alike."""
    page = opened(page_file)
    label_three(page)
    earlier = exported(page, "CSV", tmp_path)
    lines = list(csv.DictReader(earlier.read_text(encoding="utf-8-sig").splitlines()))
    with earlier.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]), delimiter=";")
        writer.writeheader()
        for line in lines:
            line |= {"judge_shown": "FALSE", "probability": f"{float(line['probability']):.9f}".replace(".", ",")}
            writer.writerow({**line, "marks": line["marks"].replace(".", ",").lower()})
    again = opened(page_file)
    again.locator("#earlier").set_input_files(earlier)
    again.get_by_text("3 labels taken").wait_for()
    assert [one[3] for one in labelled(exported(again, "JSONL", tmp_path))] == [one[3] for one in labelled(earlier)]


def test_a_file_of_another_drawing_or_kind_is_refused(
    opened: Opener, page_file: Path, folder: Path, files: list[Path], tmp_path: Path
) -> None:
    """One line says why; the labels that are there stay."""
    page = opened(page_file)
    label_three(page)
    earlier = exported(page, "JSONL", tmp_path)
    other = opened(drawn(folder / "other.html", *files, flags=("--n", "9", "--seed", "4")))
    other.locator("#earlier").set_input_files(earlier)
    other.get_by_text("0 labels taken, 3 refused (line 1 is of").wait_for()
    page.locator("#earlier").set_input_files(files[0])
    page.get_by_text("0 labels taken").wait_for()
    page.locator("#earlier").set_input_files({"name": "x.jsonl", "mimeType": "text/plain", "buffer": b"no JSON"})
    page.get_by_text("x.jsonl cannot be read").wait_for()
    page.locator("#earlier").set_input_files(earlier)
    page.get_by_text("3 left out because this page has them").wait_for()
    assert progress(page) == "3 of 24 lists"


def test_annotators_do_not_see_each_others_labels(opened: Opener, page_file: Path, tmp_path: Path) -> None:
    """Another name begins at 0, as the page says, and its file has its labels alone; no list is confirmed without."""
    page = opened(page_file)
    page.locator("#task-title").click()
    page.keyboard.press("Enter")
    page.get_by_text("Write your name first.").wait_for()
    label_three(page)
    named(page, "bert")
    kept = page.get_by_text("3 lists of anna kept: write this name again to go on with them.")
    kept.wait_for()
    page.keyboard.press("z")
    page.get_by_text("Nothing to undo.").wait_for()
    assert progress(page) == "0 of 24 lists"
    page.keyboard.press("Enter")
    path = exported(page, "JSONL", tmp_path)
    assert path.name == "labels-bert.jsonl" and {row[2] for row in labelled(path)} == {"bert"}
    named(page, "anna")
    assert progress(page) == "3 of 24 lists" and kept.count() == 0


def test_shown_scores_are_marked_and_refused_for_correction(
    opened: Opener, folder: Path, files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --show-judge the page shows them and says so; `report --human` refuses the labels."""
    page = opened(drawn(folder / "shown.html", *files, flags=("--n", "12", "--show-judge")))
    page.get_by_text("these labels cannot correct the judge").wait_for()
    assert page.locator(".reasons .pill").first.text_content().startswith("judge ")
    label_three(page)
    path = exported(page, "JSONL", tmp_path)
    assert all(row[6] for row in labelled(path))
    assert main(["report", *map(str, files), "--human", str(path), "--resamples", "200"]) == 2
    assert "judge's scores in view" in capsys.readouterr().err
    blind = opened(drawn(folder / "blind.html", *files))
    blind.locator("#earlier").set_input_files(path)
    blind.get_by_text("3 labels taken").wait_for()
    blind.keyboard.press("Enter")
    assert [row[6] for row in labelled(exported(blind, "JSONL", tmp_path))] == [True, True, True, False]


def test_a_browser_that_keeps_nothing_is_named(opened: Opener, page_file: Path, tmp_path: Path) -> None:
    """Without storage the page works on, and says that labels are lost when it is closed."""
    page = opened(page_file)
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    label_three(page)
    page.get_by_text("This browser keeps nothing when the page is closed").wait_for()
    assert len(labelled(exported(page, "JSONL", tmp_path))) == 3


def test_a_second_window_is_named(opened: Opener, page_file: Path) -> None:
    """Both keep labels under one name, so that the later one would replace the other's."""
    page = opened(page_file)
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("#task-title").wait_for()
    named(other, "anna")
    warning = page.locator("#label-notes").get_by_text("open in another window")
    warning.wait_for()
    assert warning.count() == 1 and other.locator("#label-notes").inner_text() == ""


def test_the_mouse_is_enough(opened: Opener, page_file: Path) -> None:
    """Points, scores, unclear, undo, the lists before and after."""
    page = opened(page_file)
    page.locator("#annotator").fill("anna")
    page.get_by_role("button", name="R2").click()
    page.get_by_role("button", name="S2: .75").click()
    page.get_by_role("button", name="unclear").click()
    assert marks(page)[1] == "? unclear; S2 .75"
    page.get_by_role("button", name="undo").click()
    page.get_by_role("button", name="confirm and go on").click()
    page.get_by_role("button", name="← previous").click()
    assert marks(page)[1] == "S2 .75" and progress(page) == "1 of 24 lists"
    page.locator("#task-state", has_text="✓ confirmed").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened: Opener, page_file: Path, scheme: str) -> None:
    """axe-core's rules, with marks, an unclear point and the message of a file."""
    page = opened(page_file, color_scheme=scheme)
    named(page, "anna")
    for key in ("3", "ArrowDown", "u"):
        page.keyboard.press(key)
    assert serious(page) == []
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible() and serious(page) == []


def test_a_phone_needs_no_sideways_scrolling(opened: Opener, page_file: Path) -> None:
    """At 390 pixels nothing is wider than the window."""
    page = opened(page_file, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_phone_shows_the_point_beside_its_reasons(opened: Opener, page_file: Path) -> None:
    """The points are above the reasons: the current one is repeated, and the next one is a button below."""
    page = opened(page_file, viewport={"width": 390, "height": 844}, has_touch=True)
    point = page.locator(".humans .item").nth(1).text_content()
    page.get_by_role("button", name="next point: R2").tap()
    assert page.locator("p.narrow").inner_text() == point
    heading = page.locator("#question")
    assert heading.text_content() == "Which reasons make the point R2?"
    assert 0 <= heading.bounding_box()["y"] < 844
    wide = opened(page_file)
    assert not wide.locator("p.narrow").is_visible()


def test_hostile_texts_stay_texts(opened: Opener, folder: Path, tmp_path: Path) -> None:
    """In lists, texts, names, notes and files: shown as they are, and nothing runs."""
    texts = MARKUP + [text for attack in ATTACKS for text in attack.items if len(text) < 5000]
    page = opened(drawn(folder / "hostile.html", hostile(folder, texts), flags=("--n", str(len(texts)))))
    named(page, MARKUP[1][:80])
    for _ in texts:
        page.keyboard.press("4")
        page.keyboard.press("Enter")
    assert progress(page) == f"{len(texts)} of {len(texts)} lists"
    paths = [exported(page, kind, tmp_path) for kind in ("JSONL", "CSV")]
    assert labelled(paths[0]) == labelled(paths[1]) and len(labelled(paths[0])) == len(texts)
    page.locator("#earlier").set_input_files({"name": f"{MARKUP[1]}.jsonl", "mimeType": "", "buffer": b"<script>"})
    page.get_by_text("cannot be read").wait_for()
    kinds = page.evaluate("[...new Set([...document.querySelectorAll('*')].map(e => e.localName))]")
    assert not {"img", "iframe", "b", "object", "link", "base"} & set(kinds)
    assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize("name", ["=1+1", "'quoted", "@anna", "Änne 模", "__proto__"])
def test_names_come_back_from_a_spreadsheet(opened: Opener, page_file: Path, tmp_path: Path, name: str) -> None:
    """A name that a spreadsheet may run as a formula is quoted, and the same one in both files."""
    page = opened(page_file)
    named(page, name)
    page.keyboard.press("Enter")
    paths = [exported(page, kind, tmp_path) for kind in ("JSONL", "CSV")]
    assert [row[2] for path in paths for row in labelled(path)] == [name, name]
    with paths[1].open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["annotator"][0] not in "=@" and row["annotator"].endswith(name)


def test_ids_that_look_like_numbers_come_back_from_a_spreadsheet(opened: Opener, folder: Path, tmp_path: Path) -> None:
    """A spreadsheet would round a hash of digits alone; commands and page read it as it was."""
    one = {**row(0, [[1.0]], "M"), "id": "1234567890123456", "question_id": "12345678901234e7"}
    path = drawn(folder / "digits.html", write(tmp_path / "digits.jsonl", [one]))
    page = opened(path)
    named(page, "42")
    page.keyboard.press("Enter")
    saved = exported(page, "CSV", tmp_path)
    assert "'1234567890123456,'12345678901234e7,'42," in saved.read_text(encoding="utf-8")
    assert [found[:3] for found in labelled(saved)] == [(one["id"], one["question_id"], "42")]
    again = opened(path)
    again.locator("#earlier").set_input_files(saved)
    again.get_by_text("1 label taken").wait_for()
    assert again.locator("#annotator").input_value() == "42"
