"""Small files in the forms that the benchmarks' own scripts write."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SIGNS = {"A": "A>B", "B": "B>A", "=": "A=B", "-": None}
"""Decisions by a letter; `-` is null."""
FLIPPED = {"A": "B", "B": "A"}


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def pair(number: int, source: str, label: str, games: str | None = None, **more: Any) -> dict[str, Any]:
    """A pair of JudgeBench; `games`: what each game chose in terms of the pair's own order, such as `A-`."""
    row = {
        "pair_id": f"p{number}", "original_id": number, "source": source, "question": f"question {number}",
        "response_model": "gpt-4o-2024-05-13", "response_A": f"first {number}",
        "response_B": f"second, longer {number}", "label": SIGNS[label],
    }  # fmt: skip
    if games is not None:
        # The file has the second game as it was played, with the responses exchanged.
        played = [game if place == 0 else FLIPPED.get(game, game) for place, game in enumerate(games)]
        row["judge_name"] = "arena_hard"
        row["judgments"] = [{"judgment": {"judge_model": "the-judge"}, "decision": SIGNS[game]} for game in played]
    return {**row, **more}


def styles(number: int, chosen: Sequence[Any], rejected: Sequence[Any], **more: Any) -> dict[str, Any]:
    """A row of RM-Bench with scores."""
    return {
        "id": number, "prompt": f"prompt {number}", "chosen": ["a", "bb", "ccc"],
        "rejected": ["dddd", "eeeee", "ffffff"], "score_chosen": list(chosen), "score_rejected": list(rejected), **more,
    }  # fmt: skip


def best_of(row_id: str, subset: str, scores: Sequence[Any] | None, right: int = 1, **more: Any) -> dict[str, Any]:
    """A row of RewardBench 2."""
    return {"id": row_id, "subset": subset, "num_correct": right, "scores": scores, **more}


def rationale(number: int, label: str | None, verdict: str, **more: Any) -> dict[str, Any]:
    """A row of R-Align whose gold label is A."""
    row = {"id": number, "conversations": [{"role": "user", "content": f"prompt {number}"}], "gt_label": "A"}
    return {**row, "model_pred": label, "metarm_verdict": verdict, "meta": {"model_name": "the-critic"}, **more}
