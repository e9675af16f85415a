"""An open row in a real browser: its points, reasons and texts."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.attacks.checklists import ATTACKS
from tests.e2e.driver import metajudge, run
from tests.page.browser import Opener, need_browser, serious
from tests.page.files import MARKUP, hostile, row, row_wise
from tests.page.view_page import chip, count, view
from tests.servers import running
from tests.unit.result_rows import write

need_browser()


def test_two_models_have_a_difference_and_stand_beside_each_other(opened: Opener, page_file: Path) -> None:
    """The column is the first model's RC minus the second's; the row shows both lists over the same points."""
    page = opened(page_file)
    assert "difference" in page.locator("#list-head").inner_text()
    first = page.locator("#list-body .row").first.inner_text()
    assert [found.replace("\u2212", "-") for found in re.findall(r"\n([+\u2212]?\.\d\d)", first)] == [
        ".50",
        ".13",
        "+.38",
    ]
    page.locator("#list-body .row").first.click()
    page.locator(".reasons").nth(1).wait_for()
    assert page.locator(".reasons h4").all_text_contents() == [" Reasons of sound", " Reasons of shallow"]
    assert page.locator(".line").count() == 2 and page.locator(".line.matched").count() == 2
    page.get_by_role("tab", name="shallow", exact=True).click()
    page.locator(".match.one").wait_for()
    assert page.locator(".reasons h4").all_text_contents() == [" Reasons of shallow"]


def test_what_was_not_asked_looks_different_from_0(opened: Opener, page_file: Path, folder: Path) -> None:
    """In the strip and beside the points; a reason that nobody was asked about is not unclaimed."""
    page = opened(page_file, "#row=id24&tab=0")
    page.locator(".card").first.wait_for()
    assert page.locator('.reasons [data-s="3"]').get_attribute("class") == "card not-judged"
    assert page.locator('.reasons [data-s="2"]').get_attribute("class") == "card claimed"
    missed = page.locator('.humans [data-r="2"]')
    assert "missed" in (missed.get_attribute("class") or "")
    missed.hover()
    assert "S1 .00" in missed.inner_text() and "S3 not asked" in missed.inner_text()
    brief = opened(view(folder / "brief.html", row_wise(folder)))
    assert brief.locator(".strip").first.get_attribute("title") == ".75, 0.00, .00".replace("0.00", ".00")
    brief.locator("#list-body .row").first.click()
    kinds = brief.locator(".reasons .card").evaluate_all("cards => cards.map(card => card.className)")
    assert kinds == ["card claimed", "card unclaimed", "card not-judged"]
    only_lost = opened(page_file, "#chip=unscored&models=0")
    assert only_lost.locator(".strip").first.get_attribute("title") == "not asked"
    shape = "e => getComputedStyle(e).backgroundImage"
    lost = only_lost.locator(".score.not-asked").first.evaluate(shape)
    assert lost != brief.locator(".score.s0").first.evaluate(shape)


def test_focus_on_a_point_shows_all_its_scores_and_lights_its_lines(opened: Opener, page_file: Path) -> None:
    """Scores of 0 are hidden until then; other lines fade."""
    page = opened(page_file, "#row=id24&tab=0")
    point = page.locator('.humans [data-r="3"]')
    point.wait_for()
    assert not point.locator(".pill.more").last.is_visible()
    point.focus()
    assert point.locator(".pill.more").last.is_visible()
    assert page.locator(".line.on").count() == 2


def test_markdown_becomes_blocks_and_no_text_is_lost(opened: Opener, folder: Path) -> None:
    """Headings, bold words, code in a line and in a block; powers and three backquotes on one line are no markup."""
    text = "# The **title**\n\n**Bold: `x`** and 2**3 + 4**5\n\n```DDDDD```\n\nafter\n\n```python\ny\n```"
    path = write(folder / "markdown.jsonl", [row(0, [[1.0]], "M", response1=text)])
    page = opened(view(folder / "markdown.html", path), "#row=id0")
    shown = page.locator(".fold .text", has_text="after")
    assert shown.locator("p").all_text_contents() == ["The title", "Bold: x and 2**3 + 4**5", "``DDDDD``", "after"]
    assert shown.locator("strong").all_text_contents() == ["title", "Bold: x"]
    assert shown.locator("code").all_text_contents() == ["x", "DDDDD", "y"]
    assert shown.locator("pre").all_text_contents() == ["y"]


def test_code_runs_from_the_left_within_a_text_from_the_right(opened: Opener, unusual_page: Path) -> None:
    """Each paragraph has the direction of its own words."""
    page = opened(unusual_page, "#row=id1&tab=0")
    text = page.locator(".fold .text", has_text="In English.")
    assert text.locator("pre").evaluate("e => getComputedStyle(e).direction") == "ltr"
    starts = text.locator("p").evaluate_all(
        """paragraphs => paragraphs.map(one => {
          const range = document.createRange();
          range.setStart(one.firstChild, 0);
          range.setEnd(one.firstChild, 1);
          return range.getBoundingClientRect().left - one.getBoundingClientRect().left;
        })"""
    )
    assert starts[0] > 300 and starts[-1] < 5


def test_a_row_without_human_points_says_so(opened: Opener, unusual_page: Path) -> None:
    page = opened(unusual_page, "#row=id2&tab=0")
    assert page.locator(".humans .card").all_text_contents() == ["no human points"]


def test_the_lists_beside_each_other_begin_at_one_height(opened: Opener, unusual_page: Path) -> None:
    """The headings have several lines where the models' names are long."""
    page = opened(unusual_page, "#row=id0&tab=0,1", viewport={"width": 900, "height": 900})
    tops = page.locator(".side .card:first-child").evaluate_all(
        "cards => cards.map(card => Math.round(card.getBoundingClientRect().top))"
    )
    heights = page.locator(".side h4").evaluate_all(
        "heads => heads.map(head => Math.round(head.getBoundingClientRect().height))"
    )
    assert len(tops) == 3 and len(set(tops)) == 1 and len(set(heights)) > 1


def test_lines_of_long_lists_are_drawn_at_once(opened: Opener, unusual_page: Path) -> None:
    """Each card is measured once: after a new line the browser would have to lay out the page anew."""
    page = opened(unusual_page, "#row=id0&tab=0,1")
    page.locator(".line").first.wait_for(state="attached")
    measured = page.evaluate(
        """() => {
          const measure = Element.prototype.getBoundingClientRect;
          let count = 0;
          Element.prototype.getBoundingClientRect = function () { count++; return measure.call(this); };
          drawLines();
          Element.prototype.getBoundingClientRect = measure;
          return count;
        }"""
    )
    assert page.locator(".line").count() > 1000 and measured <= 3 * 40 + 1


def test_long_texts_open_on_demand(opened: Opener, folder: Path) -> None:
    """Items of 100 kB are cut on the screen until somebody asks for all of them."""
    texts = [text for attack in ATTACKS for text in attack.items if len(text) >= 5000]
    page = opened(view(folder / "long.html", hostile(folder, texts)), "#row=id0")
    item = page.locator(".humans .item").first
    item.wait_for()
    assert len(item.text_content()) < 1000
    item.get_by_role("button").click()
    assert item.text_content() == texts[0]


def test_files_with_different_human_points_are_shown_one_at_a_time(opened: Opener, folder: Path) -> None:
    """The same id in both: lines would lead to the wrong points."""
    for model, point in (("A", "old point"), ("B", "new point")):
        write(folder / f"{model}.jsonl", [row(1, [[1.0]], model, **{"human-checklist": [point]})])
    page = opened(view(folder / "differ.html", folder / "A.jsonl", folder / "B.jsonl"), "#row=id1&tab=0,1")
    page.get_by_text("choose one model").wait_for()
    assert page.locator(".humans .item").all_text_contents() == ["old point"] and page.locator(".reasons").count() == 1
    page.get_by_role("tab", name="B", exact=True).click()
    page.locator(".humans .item", has_text="new point").wait_for()


def test_the_show_command_and_the_json_are_copied(opened: Opener, page_file: Path) -> None:
    """The copied command runs in a shell and prints the row."""
    page = opened(page_file, "#row=id24&tab=0", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="copy show command of sound").click()
    page.get_by_text("Copied.").wait_for()
    command = shlex.split(page.evaluate("navigator.clipboard.readText()"))
    assert command[:2] == ["python3", "-m"]
    result = run(sys.executable, *command[1:])
    assert result.returncode == 0 and result.stdout.startswith("id24, line 25")
    page.get_by_role("button", name="copy as JSON").click()
    data = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert data["id"] == "id24" and data["models"]["sound"]["matrix"][0] == [0.75, 0, None]


@pytest.fixture(scope="module")
def steps_file(folder: Path) -> Path:
    """Return the page of rows that decompose and critic have made."""
    made, criticised = folder / "made.jsonl", folder / "criticised.jsonl"
    with running("tests.servers.scripted") as url:
        judge = ("--api-base", url, "--model", "m")
        rows = "example/raw_preferences_5samples.jsonl"
        first = metajudge("decompose", "--input-file", rows, "--output-file", made, *judge)
        critic = ("critic", "--input-file", made, "--output-file", criticised, "--name", "M", "--orders", "both")
        assert first.returncode == metajudge(*critic, *judge).returncode == 0
    return view(folder / "steps.html", criticised)


def test_annotators_texts_are_beside_their_points(opened: Opener, steps_file: Path) -> None:
    """With the doubts about a point, what was ignored, and the critic's reasons in both orders."""
    page = opened(steps_file)
    assert count(page) == 5
    chip(page, "doubts").click()
    page.locator("#list-body .row").first.click()
    row = page.locator("#row-view")
    row.get_by_text("Where the human points come from").wait_for()
    said = row.inner_text()
    for part in (
        "annotator 1: about Response 1",
        "Response 2 handles even lengths",
        "doubt: preference",
        "Ignored",
        "Reasons of M",
        "verdict in both orders: AB: B>A, BA: B>A",
    ):
        assert part in said
    assert serious(page) == []


def test_each_reason_has_its_class_and_flaws_with_quotes_as_text(opened: Opener, folder: Path) -> None:
    """Quotes open on demand; hostile ones stay text; what is unread says so."""
    hostile_quote = MARKUP[1]
    result = row(1, [[0.75, 0.0, 0.5]], "sound")
    items = [
        {"item": 1, "class": "EG", "flaws": ["F4"], "quotes": [{"tag": "EG", "in": "A", "text": hostile_quote}]},
        {"item": 2, "class": None, "flaws": [], "unread": ["class", "F1"]},
    ]
    stamp = {"id": result["id"], "step": "flaws", "status": "success", "model": "j", "model_be_evaluated": "sound"}
    found = {**result["metadata"], "sound-flaws": items, "metajudge": stamp}
    files = write(folder / "tags.jsonl", [result]), write(folder / "tags-flaws.jsonl", [found])
    page = opened(view(folder / "tags.html", *files), f"#row={result['id']}")
    first = page.locator('.reasons [data-s="1"]')
    first.wait_for()
    assert first.locator(".tags .badge").all_text_contents() == ["EG evidence-grounded", "F4 praise without a contrast"]
    assert not first.locator("q").is_visible()
    first.locator("summary").click()
    assert first.locator("li").inner_text().startswith("EG in response A: ") and hostile_quote in first.inner_text()
    assert page.locator(".reasons img").count() == 0
    assert page.locator('.reasons [data-s="2"] .unread').text_content() == "unread: class, F1"
    assert page.locator('.reasons [data-s="3"] .tags').count() == 0
    assert not serious(page)
    alone = opened(view(folder / "alone.html", files[1]), f"#row={result['id']}")
    assert alone.locator(".critic .tags").count() == 2
