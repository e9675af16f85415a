"""Result files for the page: every kind of row, several models and judges."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.unit.result_rows import Matrix, failed, record, write

DOMAINS = ("code", "stem", "general")
TOP_K: Matrix = [[0.75, 0.0, None], [0.0, 0.0, None], [0.5, 0.25, None]]
"""Two of three reasons are judged: R2 is judged 0, S3 was not asked."""
MARKUP = [
    "</script><script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    "<!--<script>",
    "]]></style><style>*{display:none}</style>",
    "<a href='javascript:window.pwned=1'>x</a>",
    "{{constructor.constructor('window.pwned=1')()}}",
    "<svg onload=window.pwned=1>",
    "&lt;b&gt; &amp;",
    "__proto__",
    "constructor",
]
"""Texts that would run, or hide the page, if they were read as markup."""


def row(number: int, scores: Matrix, model: str, **fields: Any) -> dict[str, Any]:
    """Return a record with texts that name the row."""
    texts = {
        "context": [{"role": "user", "content": f"Question number {number}?"}],
        "response1": f"# First\n\nresponse to {number}\n\n```python\nprint({number})\n```",
        "response2": f"Second response to {number}",
        "domain": DOMAINS[number % 3],
        "language": "english" if number % 2 else "german",
        "human-checklist": [f"Response 1 lacks part {number}.{r}" for r in range(1, len(scores) + 1)],
        f"{model}-checklist": [f"A misses {number}.{s}, says {model}" for s in range(1, len(scores[0]) + 1)],
        f"{model}-generated_text": f"thoughts of {model} about {number}",
    }
    return record(number, scores, model, **{**texts, **fields})


def both_orders(number: int, scores: Matrix, model: str, judge: dict[str, Any] | None) -> dict[str, Any]:
    """Return a record whose verdict changed with the order of the responses."""
    labels = {"AB": "A>B", "BA": "B>A"}
    stamp: dict[str, Any] = {
        "id": "x",
        "step": "critic",
        "status": "success",
        "model": model,
        "consistent": False,
        "labels": labels,
    }
    stamp["generated_text_BA"] = "the other order"
    return row(number, scores, model, label="A=B", judge=judge, metajudge=stamp)


def of_model(model: str, sound: float, judge: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Yield 30 records; `sound`: the score of the first pair in even rows."""
    for number in range(24):
        first = sound if number % 2 == 0 else 0.25
        scores = [[first, 0.0], [0.0, 0.25 if number % 3 else 0.0]]
        yield row(number, scores, model, label="A>B" if number % 4 else "B>A", judge=judge)
    yield row(24, TOP_K, model, judge=judge)
    yield both_orders(25, [[sound, 0.0]], model, judge)
    yield row(26, [[0.9, 0.1]], model, more_samples=[[[0.6, 0.1]]], judge=judge)
    yield {**row(27, [[sound, 0.0]], model, judge=judge), "guard": {"S2": ["generic"]}}
    lost = failed(28, model, error_message="the server hung up")
    yield {**lost, "metadata": row(28, [[0.0]], model)["metadata"]}
    bad = failed(29, model, "format_error", format_error="no block")
    yield {**bad, "metadata": row(29, [[0.0]], model)["metadata"]}


def two_models(folder: Path) -> list[Path]:
    """Write the results of a sound and a shallow model by one judge."""
    return [
        write(folder / "sound.jsonl", of_model("sound", 1.0)),
        write(folder / "shallow.jsonl", of_model("shallow", 0.25)),
    ]


def row_wise(folder: Path) -> Path:
    """Write results of one question per row: only each point's best reason has a score."""
    scores: Matrix = [[0.75, None, None], [None, None, None], [None, 0.0, None]]
    records = [row(n, scores, "brief", row_granularity=True, judge={"top_k": 2}) for n in range(12)]
    return write(folder / "brief.jsonl", records)


FROM_RIGHT = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd (see 3.2). " * 9
"""A long Hebrew text: its beginning is at the right."""
CODE_FROM_RIGHT = f"{FROM_RIGHT}\n\n```python\nprint('\u05e9\u05dc\u05d5\u05dd')\n```\n\nIn English."


def unusual(folder: Path) -> list[Path]:
    """Write results of four models whose long names differ in their ends.

    Row 0 has 40 points and reasons, row 1 texts from right to left, row 2 no human points.
    """
    paths = []
    for letter in "abcd":
        model, judge = f"Organisation/Model-2.5-72B-with-reasons-{letter}", {"top_k": 40}
        many = [[1.0 if r == s else 0.25 * (r % 3 == s % 3) for s in range(40)] for r in range(40)]
        hebrew = row(1, [[0.25, 0.0]], model, judge=judge)
        hebrew["metadata"] |= {"context": FROM_RIGHT, "response1": CODE_FROM_RIGHT}
        nobody = {
            "status": "empty",
            "empty": "human",
            "n_human": 0,
            "score_matrix": [],
            "extraction_result": {"scores": []},
        }
        none = {**row(2, [[0.0]], model, judge=judge), **nobody}
        none["metadata"]["human-checklist"] = []
        records = [row(0, many, model, judge=judge), hebrew, none]
        records += [row(n, [[0.5, 0.0]], model, judge=judge) for n in range(3, 13)]
        paths.append(write(folder / f"unusual-{letter}.jsonl", records))
    return paths


def other_judge(folder: Path) -> Path:
    """Write results of the sound model by another judge."""
    return write(folder / "sound-k.jsonl", of_model("sound", 0.5, {"model": "k"}))


def hostile(folder: Path, texts: list[str]) -> Path:
    """Write results in which every text of a row is hostile."""
    records = []
    for number, text in enumerate(texts):
        one = row(number, [[1.0], [0.0]], "M", domain=text[:40] or "none")
        one["metadata"] |= {
            "context": [{"role": text[:30], "content": text}, {"role": "user", "content": text}],
            "response1": text,
            "response2": f"```\n{text}\n```",
            "human-checklist": [text, "plain"],
            "M-checklist": [text],
            "M-generated_text": text,
            "note": text,
            text[:50] or "no name": "value",
        }
        one |= {"samples": [{"generated_text": text, "finish_reason": text[:20]}], "prompt": text}
        records.append(one)
    path = folder / "hostile.jsonl"
    path.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in records))
    return path
