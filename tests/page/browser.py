"""Chromium for tests of the page: every test checks that no request leaves the page and that its console is quiet."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


def need_browser() -> None:
    """Skip the module where playwright or Chromium is missing."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed", allow_module_level=True)


def launched() -> Iterator[Any]:
    """Yield a running browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


class Opener:
    """Opens pages, and collects what they must not do."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.problems: list[str] = []

    def __call__(self, path: Path, fragment: str = "", **options: Any) -> Any:
        """Open a page and wait for its first row, or for the open one."""
        context = self._browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self._contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        address = path.resolve().as_uri()
        page.on("console", lambda message: self.problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request",
            lambda request: (
                self.problems.append(f"request: {request.url}") if not is_own(request.url, address) else None
            ),
        )
        page.goto(f"{address}{fragment}")
        page.locator("#list-body .row, #row-view h2, #missed-view h2, #task-title").first.wait_for(state="attached")
        return page

    def close(self) -> None:
        """Close everything."""
        for context in self._contexts:
            context.close()


def is_own(url: str, address: str) -> bool:
    """Return whether a request is for the page itself, or for a file that it has made."""
    return url.partition("#")[0] == address or url.startswith("blob:")


def serious(page: Any) -> list[str]:
    """Return the serious findings of axe-core about the page as it is now; skip the test where axe-core is missing."""
    if not _AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci --prefix tests/page")
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
