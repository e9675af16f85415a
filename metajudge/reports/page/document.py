"""The HTML document around the data: scripts, styles and the policy that allows them and nothing else."""

import base64
import hashlib
import html
from collections.abc import Iterable, Iterator
from importlib.resources import files

from metajudge.version import __version__

_SHARED = ("base.css", "row.css", "blocks.js", "dom.js", "help.js", "texts.js")
"""Files of `assets/` that label pages use, too; their others are in `assets/labels/`."""
GENERATOR = b'<meta name="generator" content="MetaJudge '
"""Part of the first lines of every page."""
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="MetaJudge {version}">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
"""


def document(title: str, first: Iterable[bytes], rest: Iterable[bytes], labels: bool = False) -> Iterator[bytes]:
    """Yield the document in pieces; `first`: the data that the program starts with, `rest`: what it opens later.

    `labels`: a page on which people label rows.
    """
    script, style = program(labels), "".join(_assets(".css", labels))
    head = _HEAD.format(
        version=__version__,
        policy=policy(script, style),
        title=html.escape(title),
        style=style,
        body="".join(_assets(".html", labels)),
    )
    yield head.encode("utf-8", "replace")
    yield from first
    yield f"<script>{script}</script>\n".encode()
    yield from rest
    yield b"</body>\n</html>\n"


def program(labels: bool = False) -> str:
    """Return all scripts as one; the functions see each other, and the last line starts them when all are read."""
    return "".join(["'use strict';\n", *_assets(".js", labels), "startLabels();\n" if labels else "start();\n"])


def policy(script: str, style: str) -> str:
    """Return the content security policy: this script and this style, no request to anywhere."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _assets(suffix: str, labels: bool) -> Iterator[str]:
    """Yield the texts of a page's files with this suffix, by name."""
    folder = files("metajudge.reports.page") / "assets"
    paths = [path for path in folder.iterdir() if not labels or path.name in _SHARED]
    paths += (folder / "labels").iterdir() if labels else ()
    for path in sorted(paths, key=lambda path: path.name):
        if path.name.endswith(suffix):
            yield path.read_text(encoding="utf-8")
