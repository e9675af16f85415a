"""Result files of ours, small and made to measure, for tests of what reads them."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

Matrix = Sequence[Sequence[float | None]]
Run = Callable[..., tuple[int, str, str]]
"""Runs `metajudge …` and returns exit code, stdout and stderr."""
JUDGE = {"model": "j", "instructions": "i", "granularity": "item", "top_k": 5, "samples": 1}


def best(scores: Matrix) -> list[list[float]]:
    """Each human item with its best model item, as `extraction_result.scores` holds it."""
    marks = []
    for r, row in enumerate(scores, 1):
        value = max((score for score in row if score is not None), default=0.0)
        marks.append([r, list(row).index(value) + 1 if value else 0, value])
    return marks


def record(
    number: int | str,
    scores: Matrix,
    model: str = "M",
    *,
    label: Any = "A>B",
    preference: Any = -1,
    judge: dict[str, Any] | None = None,
    row_granularity: bool = False,
    more_samples: Iterable[Matrix] = (),
    **row: Any,
) -> dict[str, Any]:
    """A finished record whose judge gave `scores` (human items × model items)."""
    metadata = {
        "context": f"question {number}",
        "human-checklist": ["h"] * len(scores),
        f"{model}-checklist": ["s"] * len(scores[0]),
        f"{model}-label": label,
        "overall_preference": preference,
        **row,
    }
    marks = best(scores)
    samples: list[dict[str, Any]] = [{"generated_text": ""}]
    samples += [{"generated_text": "", "score_matrix": other} for other in more_samples]
    return {
        "id": f"id{number}",
        "question_id": f"q{number}",
        "status": "success",
        "model_be_evaluated": model,
        "n_human": len(scores),
        "n_model": len(scores[0]),
        "extraction_result": {"scores": marks},
        **({} if row_granularity else {"score_matrix": scores}),
        "judge": {**JUDGE, **({"granularity": "row", "top_k": None} if row_granularity else {}), **(judge or {})},
        "samples": samples,
        "metadata": {key: value for key, value in metadata.items() if value is not None},
    }


def failed(number: int, model: str = "M", status: str = "error", **fields: Any) -> dict[str, Any]:
    """A record without scores."""
    return {**record(number, [[0.0]], model), "status": status, "samples": [{"generated_text": ""}], **fields}


def write(path: Path, records: Iterable[dict[str, Any] | bytes]) -> Path:
    """A file with a line for each record; bytes are written unchanged."""
    path.write_bytes(b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in records))
    return path


def one_item(number: int, score: float, model: str = "M", **fields: Any) -> dict[str, Any]:
    """A record of one human and one model item, whose rationale consistency is `score`."""
    return record(number, [[score]], model, **fields)
