"""The page in a real browser: opened from a file, without a server."""

import re
from pathlib import Path

import pytest

from tests.attacks.checklists import ATTACKS
from tests.page.browser import Opener, need_browser, serious
from tests.page.files import MARKUP, hostile, other_judge
from tests.page.view_page import chip, count, shown_ids, view
from tests.unit.result_rows import failed, write

need_browser()


def test_a_page_opens_from_a_path_with_spaces_and_shows_its_rows(opened: Opener, page_file: Path) -> None:
    """Offline, from file://, under a policy that forbids every request; the list has only rows in sight."""
    page = opened(page_file, offline=True)
    assert count(page) == 30 and shown_ids(page)[0] == "id0"
    assert "default-src 'none'" in page.locator('meta[http-equiv="Content-Security-Policy"]').get_attribute("content")
    assert page.locator("script[src], link, img, iframe, object").count() == 0


def test_three_clicks_lead_to_a_row_that_was_right_for_the_wrong_reasons(opened: Opener, page_file: Path) -> None:
    """The chip, a row, a model's tab: its verdict is right, and the page says what is missing."""
    page = opened(page_file)
    chip(page, "spurious").click()
    page.locator("#list-body .row").first.click()
    page.get_by_role("tab", name="shallow", exact=True).click()
    page.locator(".match.one").wait_for()
    assert page.locator(".verdicts .verdict.right").count() == 1
    assert page.locator(".verdicts .badge").all_text_contents() == ["right verdict, no sound reason"]


def test_the_keyboard_alone_is_enough(opened: Opener, page_file: Path) -> None:
    """Rows, a row, its tabs, search and help."""
    page = opened(page_file)
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    for key in ("j", "j", "ArrowDown", "k"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.textContent") == "id1"
    page.keyboard.press("Enter")
    page.locator("#row-title", has_text="id1").wait_for()
    page.keyboard.press("j")
    page.locator("#row-title", has_text="id2").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator(".match.one").wait_for()
    page.keyboard.press("Escape")
    page.locator("#list-view").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "id2"
    page.keyboard.press("Enter")
    page.locator("#row-title", has_text="id2").wait_for()
    page.go_back()
    page.locator("#list-view").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "id2"
    page.keyboard.press("/")
    page.keyboard.type("number 9?")
    page.wait_for_url(re.compile("q="))
    assert count(page) == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_colours_of_the_system(opened: Opener, page_file: Path, scheme: str) -> None:
    """Dark on light, or light on dark."""
    page = opened(page_file, color_scheme=scheme)
    red = int(page.evaluate("getComputedStyle(document.body).backgroundColor").split("(")[1].split(",")[0])
    assert (red > 200) == (scheme == "light")


@pytest.mark.parametrize("fragment", ["", "#row=id24&tab=0", "#row=id3&tab=0,1", "#view=missed"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened: Opener, page_file: Path, fragment: str, scheme: str) -> None:
    """axe-core's rules for screen readers, names, roles and contrast."""
    page = opened(page_file, fragment, color_scheme=scheme)
    page.locator("#row-title, #list-body .row, #missed-view td").first.wait_for()
    assert serious(page) == []


@pytest.mark.parametrize("fragment", ["", "#row=id1", "#row=id2"])
def test_axe_finds_nothing_serious_in_unusual_rows(opened: Opener, unusual_page: Path, fragment: str) -> None:
    """Long names, texts from right to left, no human points; on a phone."""
    page = opened(unusual_page, fragment, viewport={"width": 390, "height": 2400})
    assert serious(page) == []


@pytest.mark.parametrize("fragment", ["", "#row=id24&tab=0", "#row=id3&tab=0,1", "#view=missed"])
def test_a_phone_needs_no_sideways_scrolling(opened: Opener, page_file: Path, fragment: str) -> None:
    """At 390 pixels nothing is wider than the window."""
    page = opened(page_file, fragment, viewport={"width": 390, "height": 844})
    page.locator("#row-title, #list-body .row, #missed-view td").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    if fragment == "":
        page.locator("#list-body .row").first.click()
        page.locator(".match.one").wait_for()


def test_a_phone_shows_the_figure_to_cite(opened: Opener, page_file: Path) -> None:
    """RC, the flag and all other figures of each model, without scrolling the table."""
    page = opened(page_file, viewport={"width": 390, "height": 844})
    ends = page.locator(".models td").evaluate_all("cells => cells.map(cell => cell.getBoundingClientRect().right)")
    assert len(ends) == 14 and max(ends) <= 390
    assert "RC" in page.locator(".models td.main").first.evaluate("e => getComputedStyle(e, '::before').content")


def test_reduced_motion_is_kept(opened: Opener, page_file: Path) -> None:
    """No transition for those who asked for none."""
    for motion, expected in (("reduce", "0s"), ("no-preference", "0.12s")):
        page = opened(page_file, "#row=id24&tab=0", reduced_motion=motion)
        page.locator(".line").first.wait_for(state="attached")
        assert page.locator(".line").first.evaluate("e => getComputedStyle(e).transitionDuration") == expected


def test_hostile_texts_stay_texts(opened: Opener, folder: Path) -> None:
    """Tags, closing tags of the data elements, hidden characters: shown as they are, and nothing runs."""
    texts = MARKUP + [text for attack in ATTACKS for text in attack.items if len(text) < 5000]
    page = opened(view(folder / "hostile.html", hostile(folder, texts)))
    assert count(page) == len(texts)
    kinds = page.evaluate("[...new Set([...document.querySelectorAll('*')].map(e => e.localName))]")
    for number, text in enumerate(texts):
        page.evaluate(f"location.hash = '#row=id{number}'")
        page.locator("#row-title", has_text=re.compile(f"^id{number}$")).wait_for()
        items = page.locator(".card .item").evaluate_all("items => items.map(item => item.textContent)")
        wanted = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if wanted.strip() and len(wanted) <= 600 and "\ufffd" not in wanted:
            assert items[0] == items[-1] == wanted, number
    kinds += page.evaluate("[...new Set([...document.querySelectorAll('*')].map(e => e.localName))]")
    assert not {"img", "iframe", "b", "object", "link", "base"} & set(kinds)
    assert page.evaluate("document.querySelectorAll('script:not([type])').length") == 1
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("[...document.querySelectorAll('a')].every(a => a.getAttribute('href').startsWith('#'))")


def test_judges_are_never_mixed(opened: Opener, folder: Path, files: list[Path]) -> None:
    """A select field changes the judge; the table then has the models of this judge alone."""
    page = opened(view(folder / "judges.html", *files, other_judge(folder)))
    assert page.locator(".models tbody tr").count() == 2
    page.locator("#judge").select_option(label="k")
    assert page.locator(".models tbody tr").count() == 1
    assert "sound-k.jsonl" in page.locator(".models").inner_text()
    assert "difference" not in page.locator("#list-head").inner_text()


def test_points_missed_most_lead_to_their_rows(opened: Opener, page_file: Path) -> None:
    """By domain; each example is a link to its row."""
    page = opened(page_file)
    page.get_by_role("button", name="Points missed most").click()
    again = opened(page_file, "#" + page.url.partition("#")[2])
    again.get_by_role("button", name="Rows", exact=True).click()
    again.locator("#list-body .row").first.wait_for()
    page.locator("#missed-model").select_option(label="shallow")
    page.locator("table.missed").get_by_role("button", name="code").click()
    word = page.locator("details.word").first
    word.click()
    word.get_by_role("link").first.click()
    page.locator(".card.missed").first.wait_for()
    assert page.locator(".reasons h4").all_text_contents() == [" Reasons of shallow"]


def test_unscored_rows_alone_have_a_page(opened: Opener, folder: Path) -> None:
    """Without a figure or a picture, but with the reason of each row; no point was judged."""
    lost = [failed(n, error_message="the server hung up") for n in range(3)]
    path = view(folder / "lost.html", write(folder / "lost.jsonl", lost))
    page = opened(path)
    assert "No picture" in page.locator("#overview").inner_text()
    assert page.locator(".models td.main").inner_text() == "n/a"
    chip(page, "unscored").click()
    assert count(page) == 3 and chip(page, "reason:status error").count() == 1
    page.locator("#view-missed").click()
    page.get_by_text("No point was judged.").wait_for()
    page.goto(f"{path.resolve().as_uri()}#row=id1")
    page.locator(".verdicts", has_text="the server hung up").wait_for()
