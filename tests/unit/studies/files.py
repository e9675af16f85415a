"""Files of studies that ask nobody."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metajudge.studies import Study, read_study

GOOD = """
[data]
rows = "rows.jsonl"

[judge]
model = "embedded"

[[models]]
name = "m"
"""


def write_rows(path: Path, models: Sequence[str] = ("m",), count: int = 30, **more: Any) -> Path:
    """Write rows with checklists whose wording differs from row to row."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            row = {
                "context": f"question {n}",
                "response1": "yes",
                "response2": "no",
                "overall_preference": 1 if n % 2 else -1,
                "human-checklist": [f"Response A names city {n}.", f"Response B forgets the tax of {n}."],
                **{f"{model}-checklist": [f"Response A names city {n}.", "It is polite."] for model in models},
                **{f"{model}-label": "B>A" if n % 2 else "A>B" for model in models},
            }
            file.write(json.dumps(row | more) + "\n")
    return path


def study_of(folder: Path, text: str = GOOD, models: Sequence[str] = ("m",), **more: Any) -> Study:
    """Return the study of this text in `folder`, with rows beside it."""
    write_rows(folder / "rows.jsonl", models, **more)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return read_study(folder / "study.toml")
