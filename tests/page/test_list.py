"""The figures and the list of rows, in a real browser."""

import re
from pathlib import Path

from metajudge.reports.overview.compact import figure
from metajudge.reports.report import report
from tests.page.browser import Opener, need_browser
from tests.page.view_page import chip, count, only, shown_ids

need_browser()


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


def test_the_far_end_of_the_list_is_reached(opened: Opener, page_file: Path) -> None:
    """Rows outside of the window are made when they come into sight; the others go."""
    page = opened(page_file, viewport={"width": 1280, "height": 600})
    assert page.locator("#list-body .row").count() < 30
    page.keyboard.press("j")
    page.keyboard.press("End")
    page.get_by_role("link", name="id29").wait_for()
    assert page.locator("#list-body .row").count() < 30


def test_long_rows_and_names_leave_their_figures_in_sight(opened: Opener, unusual_page: Path) -> None:
    """Four models with 40 points each fit into the window, RC is not cut, and names differ where they are shortened."""
    page = opened(unusual_page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    cut = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).length"
    figures = page.locator("#list-body .cell.model")
    assert figures.count() >= 40 and figures.evaluate_all(cut) == 0
    for names in (page.locator(".sort-name").filter(has_text="Org"), page.locator(".point .name")):
        assert sorted(name[-2:] for name in names.all_text_contents()) == ["-a", "-b", "-c", "-d"]
    assert page.locator(".sort-name").evaluate_all(cut) == 0


def test_a_prompt_from_right_to_left_shows_its_beginning(opened: Opener, unusual_page: Path) -> None:
    """The beginning is at the right of the cell, and the end is cut."""
    page = opened(unusual_page)
    cell = page.locator("#list-body .row", has_text="id1").first.locator(".cell.prompt")
    first = """cell => {
      const range = document.createRange();
      const text = cell.querySelector(".begin").firstChild;
      range.setStart(text, 0);
      range.setEnd(text, 1);
      return cell.getBoundingClientRect().right - range.getBoundingClientRect().right;
    }"""
    assert 0 <= cell.evaluate(first) < 5
