"""Files with flaws of reasons, made to measure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.unit.result_rows import write

Kinds = Sequence[str]
"""Kinds of a row's reasons, such as "EG F4"; `?EG` and `?F4` are unread, and "" is a reason without an entry."""


def entry(number: int, kind: str) -> dict[str, Any]:
    words = kind.split()
    unread = ["class" if word == "?EG" else word[1:] for word in words if word.startswith("?")]
    classes = [word for word in words if word in ("EG", "CG", "GS")]
    return {
        "item": number,
        "class": classes[0] if classes else None,
        "flaws": [word for word in words if word.startswith("F")],
        "unread": unread,
    }


def flaw_row(number: int, kinds: Kinds, model: str = "M", judge: str = "j", **more: Any) -> dict[str, Any]:
    """Return the row of the result record with this number, as `tests.unit.result_rows` makes it."""
    stamp = {"id": f"id{number}", "step": "flaws", "status": "success", "model": judge, "model_be_evaluated": model,
             "instructions": "i"}  # fmt: skip
    row = {
        "context": f"question {number}",
        f"{model}-checklist": ["s"] * len(kinds),
        f"{model}-flaws": [entry(place, kind) for place, kind in enumerate(kinds, 1) if kind],
        "metajudge": stamp,
    }
    return {**row, **more}


def flaw_file(path: Path, rows: Sequence[Kinds], model: str = "M", judge: str = "j", **more: Any) -> Path:
    return write(path, [flaw_row(number, kinds, model, judge, **more) for number, kinds in enumerate(rows)])
