"""A browser, and the page of two models that most tests open."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.page.browser import Opener, launched
from tests.page.files import two_models, unusual
from tests.page.view_page import view


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


@pytest.fixture(scope="module")
def files(folder: Path) -> list[Path]:
    return two_models(folder)


@pytest.fixture(scope="module")
def page_file(folder: Path, files: list[Path]) -> Path:
    """Return a page of two models, in a folder whose name has spaces and other letters."""
    inside = folder / "Ergebnisse für 模型 & co"
    inside.mkdir()
    return view(inside / "die Seite.html", *files)


@pytest.fixture(scope="module")
def unusual_page(folder: Path) -> Path:
    """Return a page of four models with long names, and of rows that need much room."""
    return view(folder / "unusual.html", *unusual(folder))
