"""The document around the data: one program, one style, and a policy that allows no other."""

import re
from pathlib import Path

import pytest

from metajudge.reports.page.document import document, policy, program
from metajudge.reports.page.writer import PageOptions, write_page
from tests.unit.reports.page.reading import check_policy, data_of
from tests.unit.result_rows import one_item, write


def test_the_policy_names_the_hashes_of_program_and_style_alone(tmp_path: Path) -> None:
    """Computed from the page as it was written."""
    page = tmp_path / "page.html"
    write_page([write(tmp_path / "M.jsonl", [one_item(1, 1)])], page, PageOptions(resamples=100))
    assert check_policy(page) == program()
    assert policy("a", "b") != policy("a", "c") != policy("x", "c")


@pytest.mark.parametrize("labels", [False, True])
def test_the_program_has_nothing_that_ends_its_element_or_reads_markup(labels: bool) -> None:
    """Nor does it name an address of the network, except the namespace of SVG."""
    text = program(labels)
    assert not re.search(r"</script|<!--|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)
    assert set(re.findall(r"https?://[^\s\"']+", text)) == {"http://www.w3.org/2000/svg"}


def test_a_title_cannot_leave_its_element() -> None:
    """Names of models come from the files."""
    text = b"".join(document("</title><script>x</script>\ud800", [], [])).decode()
    assert "<title>&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;?</title>" in text


def test_data_elements_hold_no_markup(tmp_path: Path) -> None:
    """Whatever the texts say, an element is letters of Base64; lone surrogates come back as they were."""
    hostile = "</script><script>x</script><!-- \ud800 \u2028"
    page = tmp_path / "page.html"
    records = [one_item(1, 1, response1=hostile, response2="", **{"human-checklist": [hostile]})]
    write_page([write(tmp_path / "M.jsonl", records)], page, PageOptions(resamples=100))
    assert page.read_text(encoding="utf-8").count("</script>") == len(data_of(page)) + 1
    assert data_of(page)["texts-0"][0]["human"] == [hostile]
