"""Reads a page as a browser does: the data elements, the program and its policy."""

import base64
import gzip
import hashlib
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

_DATA = re.compile(r'<script type="text/plain" id="([a-z0-9-]+)">([A-Za-z0-9+/=]*)</script>')


def data_of(path: Path) -> dict[str, Any]:
    """Return the values of all data elements by id."""
    text = path.read_text(encoding="utf-8")
    return {name: json.loads(gzip.decompress(base64.b64decode(packed))) for name, packed in _DATA.findall(text)}


def check_policy(path: Path) -> str:
    """Check that the policy of a page allows its program and its style alone; return the program."""
    text = path.read_text(encoding="utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert unescape(policy) == (
        f"default-src 'none'; script-src '{_hashed(script)}'; style-src '{_hashed(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return str(script)


def _hashed(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def entries(data: dict[str, Any], kind: str) -> list[Any]:
    """Return the entries of all blocks of a kind, in order."""
    found: list[Any] = []
    while f"{kind}-{len(found) // data['meta']['block']}" in data:
        found += data[f"{kind}-{len(found) // data['meta']['block']}"]
        if len(found) % data["meta"]["block"]:
            break
    return found
