"""The page of `view`: the command that writes it, and readers of its list."""

import re
from pathlib import Path
from typing import Any

from metajudge.cli import main


def view(output: Path, *files: Path, flags: tuple[str, ...] = ()) -> Path:
    assert main(["view", *map(str, files), "--output-file", str(output), "--resamples", "200", *flags]) == 0
    return output


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


def only(page: Any, model: str) -> None:
    """Select one model."""
    for box in page.locator(".models input").all():
        if model not in box.get_attribute("aria-label"):
            box.uncheck()
