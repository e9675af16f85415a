"""The page in a real browser: opened from a file, without a server."""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from metajudge.reports.overview.compact import figure
from metajudge.reports.report import report
from tests.attacks.checklists import ATTACKS
from tests.e2e.driver import metajudge, run
from tests.page.browser import TOOLS, Opener, launched, need_browser, serious
from tests.page.files import hostile, other_judge, row, row_wise, two_models
from tests.servers import running
from tests.unit.result_rows import write

need_browser()
MARKUP = [
    "</script><script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    "<!--<script>",
    "]]></style><style>*{display:none}</style>",
    "<a href='javascript:window.pwned=1'>x</a>",
    "{{constructor.constructor('window.pwned=1')()}}",
    "<svg onload=window.pwned=1>",
    "&lt;b&gt; &amp;",
    "__proto__",
    "constructor",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from launched()


@pytest.fixture
def opened(browser: Any) -> Iterator[Opener]:
    """Return a function that opens a page; at the end, requests, errors and dialogs fail the test."""
    opener = Opener(browser)
    yield opener
    opener.close()
    assert not opener.problems


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


def view(output: Path, *files: Path, flags: tuple[str, ...] = ()) -> Path:
    assert main(["view", *map(str, files), "--output-file", str(output), "--resamples", "200", *flags]) == 0
    return output


@pytest.fixture(scope="module")
def files(folder: Path) -> list[Path]:
    return two_models(folder)


@pytest.fixture(scope="module")
def page_file(folder: Path, files: list[Path]) -> Path:
    """Return a page of two models, in a folder whose name has spaces and other letters."""
    inside = folder / "Ergebnisse für 模型 & co"
    inside.mkdir()
    return view(inside / "die Seite.html", *files)


def shown_ids(page: Any) -> list[str]:
    """Return the ids of the rows in sight, from the top."""
    cells = page.locator("#list-body .row-link")
    order = page.locator("#list-body .row").evaluate_all("rows => rows.map(row => parseFloat(row.style.top))")
    ids = cells.all_text_contents()
    return [name for _, name in sorted(zip(order, ids, strict=True))]


def count(page: Any) -> int:
    """Return the number of rows that the list says it has."""
    page.locator("#count").filter(has_not_text="searching").wait_for()
    return int(re.match(r"([\d,]+) of", page.locator("#count").text_content())[1].replace(",", ""))  # type: ignore[index]


def chip(page: Any, key: str) -> Any:
    return page.locator(f'#chips [data-chip="{key}"]')


def test_a_page_opens_from_a_path_with_spaces_and_shows_its_rows(opened: Opener, page_file: Path) -> None:
    """Offline, from file://, under a policy that forbids every request; the list has only rows in sight."""
    page = opened(page_file, offline=True)
    assert count(page) == 30 and shown_ids(page)[0] == "id0"
    assert "default-src 'none'" in page.locator('meta[http-equiv="Content-Security-Policy"]').get_attribute("content")
    assert page.locator("script[src], link, img, iframe, object").count() == 0


def test_three_clicks_lead_to_a_row_that_was_right_for_the_wrong_reasons(opened: Opener, page_file: Path) -> None:
    """The chip, a row: two clicks."""
    page = opened(page_file)
    chip(page, "spurious").click()
    page.locator("#list-body .row").first.click()
    page.locator("#row-view .badge", has_text="right verdict, no sound reason").first.wait_for()


def only(page: Any, model: str) -> None:
    """Select one model."""
    for box in page.locator(".models input").all():
        if model not in box.get_attribute("aria-label"):
            box.uncheck()


def test_counts_and_figures_are_those_of_the_report(opened: Opener, page_file: Path, files: list[Path]) -> None:
    """For each model: its figures, the chips, the reasons, and the domains of the select field."""
    by_domain = report(files, group_by="domain", resamples=200).to_json()
    for summary in (one for one in by_domain if one["group"] is None):
        page = opened(page_file)
        line = page.locator(".models tr", has=page.get_by_label(f"show {summary['model']}"))
        for group, metric in (("outcome", "accuracy"), ("paper", "rationale_consistency")):
            assert figure(summary[group][metric]["value"], 3) in line.inner_text()
        assert summary["deceptive_alignment"]["verdict"] in line.inner_text()
        only(page, summary["model"])
        assert count(page) == summary["n"] == 30
        for reason, number in summary["unscored_reasons"].items():
            chip(page, f"reason:{reason}").click()
            assert count(page) == number
        chip(page, "unscored").click()
        assert count(page) == summary["unscored"] == 2
        chip(page, "wrong").click()
        labelled = summary["labels"]["gold"]
        assert count(page) == round(labelled * (1 - summary["outcome"]["accuracy"]["value"])) > 0
        chip(page, "spurious").click()
        right = labelled - round(labelled * (1 - summary["outcome"]["accuracy"]["value"])) - summary["unscored"]
        assert count(page) == round(right * summary["outcome"]["spurious_correctness"]["value"]) > 0
        page.get_by_text("clear filters").click()
        for group in (one for one in by_domain if one["group"] and one["model"] == summary["model"]):
            field = page.locator('select[data-field="domain"]')
            field.select_option(label=f"{group['group']} ({group['n']})")
            assert count(page) == group["n"]
            if group["unscored"]:
                chip(page, "unscored").click()
                assert count(page) == group["unscored"]
            assert chip(page, "unscored").count() == int(group["unscored"] > 0)
            page.get_by_text("clear filters").click()


def test_the_figures_link_to_their_rows(opened: Opener, page_file: Path) -> None:
    """Unscored and S-Corr of one model lead to the rows behind them."""
    page = opened(page_file)
    line = page.locator(".models tr", has=page.get_by_label("show shallow"))
    line.get_by_role("link").first.click()
    assert count(page) == 2 and "chip=unscored" in page.url and "models=1" in page.url
    page.go_back()
    assert count(page) == 30


def test_the_other_chips_find_their_rows(opened: Opener, page_file: Path) -> None:
    """Orders that disagree, samples that differ, the guard, and models that differ most, the largest first."""
    page = opened(page_file)
    page.evaluate("location.hash = '#row=id27&tab=0'")
    assert page.locator(".card .badge.warn").last.text_content() == "guard: generic"
    page.go_back()
    for key, name in (("orders", "id25"), ("samples", "id26"), ("guard", "id27")):
        chip(page, key).click()
        assert shown_ids(page) == [name]
    chip(page, "differ").click()
    found = [float(text) for text in page.locator("#list-body .cell:last-child").all_text_contents()]
    assert count(page) == len(found) == 2 and found == sorted(found, reverse=True) and min(found) >= 0.5


def test_a_link_leads_to_the_same_view_and_row(opened: Opener, page_file: Path) -> None:
    """The fragment holds models, chip, filter, search, order and the open row."""
    page = opened(page_file)
    only(page, "shallow")
    chip(page, "spurious").click()
    page.locator('select[data-field="language"]').select_option(index=1)
    page.get_by_role("button", name="shallow").last.click()
    ids, number = shown_ids(page), count(page)
    again = opened(page_file, "#" + page.url.partition("#")[2])
    assert shown_ids(again) == ids and count(again) == number < 30
    page.locator("#list-body .row").first.click()
    page.locator("#row-title").wait_for()
    third = opened(page_file, "#" + page.url.partition("#")[2])
    assert third.locator("#row-title").text_content() == ids[0]
    third.get_by_role("button", name="← all rows").click()
    assert count(third) == number


def test_rows_are_sorted_by_a_model_and_unscored_ones_come_last(opened: Opener, page_file: Path) -> None:
    """A click sorts upward, a second one downward, a third one restores the order of the file."""
    page = opened(page_file, viewport={"width": 1280, "height": 2600})
    head = page.locator("#list-head").get_by_role("button", name="sound")
    orders = []
    for _ in range(3):
        head.click()
        rows = page.locator("#list-body .row")
        places = rows.evaluate_all("rows => rows.map(row => [parseFloat(row.style.top), row.innerText])")
        orders.append([text for _, text in sorted(places)])
    assert "error" in orders[0][-1] + orders[0][-2] and "error" in orders[1][-1] + orders[1][-2]
    figures = [
        [float(found) for text in order[:-2] if (found := re.findall(r"(?:^|\n)(1?\.\d\d)\b", text)[0])]
        for order in orders
    ]
    assert figures[0] == sorted(figures[0]) and figures[1] == sorted(figures[1], reverse=True)
    assert orders[2][0].startswith("id0")


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


def test_search_reads_all_texts(opened: Opener, page_file: Path) -> None:
    """Conversations, responses, reasons and generated texts of the selected models; and nothing of the others."""
    page = opened(page_file)
    search = page.locator("#search")
    for query, number in (
        ("NUMBER 17?", 1),
        ("misses 3.2, says sh", 1),
        ("thoughts of sound about 5", 1),
        ("no such text", 0),
    ):
        search.fill(query)
        page.wait_for_url(re.compile("q=" + query.split()[0], re.IGNORECASE))
        assert count(page) == number, query
    only(page, "sound")
    search.fill("says shallow")
    page.wait_for_url(re.compile("q=says"))
    assert count(page) == 0


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
    page.keyboard.press("/")
    page.keyboard.type("number 9?")
    page.wait_for_url(re.compile("q="))
    assert count(page) == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"


def test_the_far_end_of_the_list_is_reached(opened: Opener, page_file: Path) -> None:
    """Rows outside of the window are made when they come into sight; the others go."""
    page = opened(page_file, viewport={"width": 1280, "height": 600})
    assert page.locator("#list-body .row").count() < 30
    page.keyboard.press("j")
    page.keyboard.press("End")
    page.get_by_role("link", name="id29").wait_for()
    assert page.locator("#list-body .row").count() < 30


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
    if not (TOOLS / "axe-core").is_dir():
        pytest.skip("axe-core is not installed: npm ci --prefix tests/page")
    page = opened(page_file, fragment, color_scheme=scheme)
    page.locator("#row-title, #list-body .row, #missed-view td").first.wait_for()
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


def test_long_texts_open_on_demand(opened: Opener, folder: Path) -> None:
    """Items of 100 kB are cut on the screen until somebody asks for all of them."""
    texts = [text for attack in ATTACKS for text in attack.items if len(text) >= 5000]
    page = opened(view(folder / "long.html", hostile(folder, texts)), "#row=id0")
    item = page.locator(".humans .item").first
    item.wait_for()
    assert len(item.text_content()) < 1000
    item.get_by_role("button").click()
    assert item.text_content() == texts[0]


def test_judges_are_never_mixed(opened: Opener, folder: Path, files: list[Path]) -> None:
    """A select field changes the judge; the table then has the models of this judge alone."""
    page = opened(view(folder / "judges.html", *files, other_judge(folder)))
    assert page.locator(".models tbody tr").count() == 2
    page.locator("#judge").select_option(label="k")
    assert page.locator(".models tbody tr").count() == 1
    assert "sound-k.jsonl" in page.locator(".models").inner_text()
    assert "difference" not in page.locator("#list-head").inner_text()


def test_files_with_different_human_points_are_shown_one_at_a_time(opened: Opener, folder: Path) -> None:
    """The same id in both: lines would lead to the wrong points."""
    for model, point in (("A", "old point"), ("B", "new point")):
        write(folder / f"{model}.jsonl", [row(1, [[1.0]], model, **{"human-checklist": [point]})])
    page = opened(view(folder / "differ.html", folder / "A.jsonl", folder / "B.jsonl"), "#row=id1&tab=0,1")
    page.get_by_text("choose one model").wait_for()
    assert page.locator(".humans .item").all_text_contents() == ["old point"] and page.locator(".reasons").count() == 1
    page.get_by_role("tab", name="B", exact=True).click()
    page.locator(".humans .item", has_text="new point").wait_for()


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
