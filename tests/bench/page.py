"""The page of 22,116 rows in a real browser: `python -m tests.bench.page`. Needs Chromium and playwright.

Printed: seconds and memory of `view`, size of the page, seconds to the first row, to a filter's rows, to the last row's
detail and to the end of a search of all texts, and the heap of the page.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from metajudge.records import encode
from tests.bench.measure import run
from tests.page.browser import Opener, launched
from tests.unit.result_rows import record

ROWS = 22_116
BOUNDS = {"first row": 1.5, "filter": 0.2, "search": 3.0, "heap MB": 150.0}
"""Most seconds, and most megabytes."""
WORDS = (
    "response user list order code answer wrong missing part format step detail claim source number test result "
    "function example error case value length question reason point language tone summary table plan text"
)
STEPS = (0.0, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0)
RARE = "needle"


def rows(rng: random.Random) -> Iterator[bytes]:
    """Yield result records with lists, replies, conversations and responses."""

    known = WORDS.split()

    def text(words: int) -> str:
        return " ".join(rng.choices(known, k=words)) + f" {rng.random():.6f}"

    for number in range(ROWS):
        human, items = rng.randint(2, 6), 5
        scores = [[rng.choice(STEPS) for _ in range(items)] for _ in range(human)]
        one = record(
            number, scores, label=rng.choice(["A>B", "B>A"]), preference=rng.choice([-3, -2, -1, 1, 2, 3]),
            domain=rng.choice(["code", "general", "stem", "multilingual"]), language=rng.choice(known),
            context=[{"role": "user", "content": text(40)}], response1=text(120), response2=text(120),
        )  # fmt: skip
        one["metadata"]["human-checklist"] = [f"Response 1 {text(12)}" for _ in range(human)]
        one["metadata"]["M-checklist"] = [f"A {text(12)}" for _ in range(items)]
        one |= {"samples": [{"generated_text": text(30)}], "prompt": text(60)}
        if number == ROWS - 1:
            one["metadata"]["M-checklist"][-1] += f" {RARE}"
        yield encode(one)


def taken(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(opener: Opener, path: Path) -> dict[str, float]:
    """Return seconds and megabytes of one visit."""
    found: dict[str, float] = {}
    pages: list[Any] = []
    found["first row"] = taken(lambda: pages.append(opener(path)))
    page = pages[0]

    def filtered() -> None:
        page.locator('[data-chip="spurious"]').click()
        page.locator('#chips [data-chip="spurious"][aria-pressed="true"]').wait_for()

    def last_row() -> None:
        page.evaluate(f"location.hash = '#row=id{ROWS - 1}'")
        page.locator(".card").first.wait_for()

    def searched() -> None:
        page.locator("#search").fill(RARE)
        page.locator("#count", has_text="1 of 22,116 rows").wait_for(timeout=60_000)

    found["filter"] = taken(filtered)
    page.get_by_text("clear filters").click()
    found["last row"] = taken(last_row)
    page.get_by_role("button", name="← all rows").click()
    found["search"] = taken(searched)
    session = page.context.new_cdp_session(page)
    for method in ("HeapProfiler.collectGarbage", "Performance.enable"):
        session.send(method)
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    found["heap MB"] = metrics["JSHeapUsedSize"] / 1e6
    page.close()
    return found


def main() -> int:
    held = True
    with tempfile.TemporaryDirectory() as folder:
        source, page = Path(folder, "M-j.jsonl"), Path(folder, "page.html")
        with source.open("wb") as file:
            file.writelines(rows(random.Random(0)))
        for texts in ("short", "full"):
            made = run("-m", "metajudge", "view", str(source), "--output-file", str(page), "--texts", texts)
            size = page.stat().st_size / 1e6
            print(f"view --texts {texts}: {made.seconds:.1f} s, {made.peak_mb:.0f} MB; page {size:.1f} MB")
            for browser in launched():
                opener = Opener(browser)
                visits = [measure(opener, page) for _ in range(3)]
                opener.close()
                held = held and not opener.problems
            best = {name: min(visit[name] for visit in visits) for name in visits[0]}
            for name, value in best.items():
                bound = BOUNDS.get(name) if texts == "short" else None
                print(f"  {name}: {value:.2f}" + (f", at most {bound:g}" if bound else ""))
                held = held and (bound is None or value <= bound)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
