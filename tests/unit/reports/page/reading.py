"""Reads a page as a browser does: the data elements, the program and its policy."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

_DATA = re.compile(r'<script type="text/plain" id="([a-z0-9-]+)">([A-Za-z0-9+/=]*)</script>')


def data_of(path: Path) -> dict[str, Any]:
    """Return the values of all data elements by id."""
    text = path.read_text(encoding="utf-8")
    return {name: json.loads(gzip.decompress(base64.b64decode(packed))) for name, packed in _DATA.findall(text)}


def entries(data: dict[str, Any], kind: str) -> list[Any]:
    """Return the entries of all blocks of a kind, in order."""
    found: list[Any] = []
    while f"{kind}-{len(found) // data['meta']['block']}" in data:
        found += data[f"{kind}-{len(found) // data['meta']['block']}"]
        if len(found) % data["meta"]["block"]:
            break
    return found
