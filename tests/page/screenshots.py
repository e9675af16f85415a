"""Makes the pictures of the page in `images/` from the example: `python -m tests.page.screenshots`. Needs Chromium.

Look at each picture before you keep it.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from metajudge.cli import main as metajudge
from tests.page.browser import Opener, launched
from tests.servers import ROOT

IMAGES = ROOT / "images"
ROW = "d975fb77abb90993"
WIDTH = 1280


def pictures(opener: Opener, path: Path, scheme: str) -> None:
    """Write the top, a row and two models in one scheme of colours."""
    suffix = "" if scheme == "light" else "_dark"

    def opened(fragment: str, height: int) -> Any:
        return opener(path, fragment, color_scheme=scheme, viewport={"width": WIDTH, "height": height})

    opened("", 900).screenshot(path=IMAGES / f"view_top{suffix}.png")
    row = opened(f"#row={ROW}&tab=0", 1100)
    row.locator(".line").first.wait_for(state="attached")
    row.screenshot(path=IMAGES / f"view_row{suffix}.png")
    two = opened(f"#row={ROW}&tab=0,1", 900)
    two.locator(".line").first.wait_for(state="attached")
    two.get_by_role("tablist").scroll_into_view_if_needed()
    two.get_by_label("reasons", exact=True).screenshot(path=IMAGES / f"view_two_models{suffix}.png")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        code = metajudge(["view", str(ROOT / "example" / "deceptive_60samples"), "--output-file", str(page)])
        for browser in launched():
            opener = Opener(browser)
            for scheme in ("light", "dark"):
                pictures(opener, page, scheme)
            opener.close()
    for path in IMAGES.glob("view_*.png"):
        with Image.open(path) as picture:
            picture.convert("P", palette=Image.Palette.ADAPTIVE).save(path, optimize=True)  # a third of the bytes
    return code


if __name__ == "__main__":
    sys.exit(main())
