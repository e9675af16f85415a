"""The three granularities on the same rows: `python -m tests.bench.granularities`.

Once with a judge whose scores scatter round planted ones, so that the true figure is known, and once with a small LLM
whose replies a grammar of llama.cpp holds to the form. The small LLM does not judge well: its figures show cost only.
"""

import json
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from metajudge.metrics import paper_metrics
from metajudge.reports.report import report
from metajudge.tasks import GRANULARITIES
from tests.e2e.driver import metajudge, records
from tests.servers import running
from tests.servers.noisy import planted

_SCORE = '("0" | "0.25" | "0.5" | "0.75" | "1")'
_BLOCK = 'root ::= "<RESULT_START>\\n" {lines} "<RESULT_END>"'


def grammar(granularity: str, n_human: int, n_model: int) -> str:
    """Return the reply grammar of a question in llama.cpp's notation."""
    some = f"[1-{n_model}]"
    if granularity == "pairs":
        lines = [f'("- R{r}@S0: 0\\n" | ("- R{r}@S" {some} ": " {_SCORE} "\\n"){{1,2}})' for r in range(1, n_human + 1)]
    else:
        s = some if granularity == "item" else f"[0-{n_model}]"
        lines = [f'"- R{r}@S" {s} ": " {_SCORE} "\\n"' for r in range(1, n_human + 1)]
    return _BLOCK.format(lines=" ".join(lines))


def write_rows(path: Path, count: int, n_human: int, n_model: int) -> None:
    """Write rows whose items have the same length and differ in their numbers."""
    with path.open("w") as file:
        for n in range(count):
            row = {
                "context": f"question {n}",
                "human-checklist": [f"Response 1 gives {n}.{r} as the result of step {r}" for r in range(n_human)],
                "M-checklist": [f"A has a wrong number, {n}.{s}, in step {s}" for s in range(n_model)],
            }
            file.write(json.dumps(row) + "\n")


def true_value(path: Path) -> float:
    """Return the mean rationale consistency of the planted scores."""
    found = []
    for row in map(json.loads, path.read_text().splitlines()):
        human, model = row["human-checklist"], row["M-checklist"]
        matrix = [[planted(one, other) for other in model] for one in human]
        found.append(paper_metrics(matrix, len(model)).rationale_consistency)
    return float(np.mean(found))


def judged(source: Path, folder: Path, granularity: str, url: str, flags: Sequence[str]) -> list[str]:
    """Judge the rows and return the cells of a line of the table."""
    out = folder / f"{granularity}.jsonl"
    files = ("--input-file", source, "--output-file", out, "--model-be-evaluated", "M")
    started = time.perf_counter()
    result = metajudge("infer", *files, "--api-base", url, "--granularity", granularity, *flags, timeout=900)
    seconds = time.perf_counter() - started
    requests = re.search(r"^Requests +(\d+)", result.stdout, re.MULTILINE)
    assert requests is not None, result.stderr
    usage = [entry["usage"] for record in records(out) for entry in record["samples"][:1]]
    tokens = sum(one["prompt_tokens"] for one in usage)
    cached = sum(one.get("cached_tokens") or 0 for one in usage)
    (model,) = report([out]).to_json()
    rc = model["paper"]["rationale_consistency"]
    value = "n/a" if rc["value"] is None else f"{rc['value']:.3f} [{rc['low'] or 0:.3f}, {rc['high'] or 0:.3f}]"
    if (bounds := model["rationale_consistency_bounds"]) is not None:
        value = f"{bounds['low']:.3f}–{bounds['high']:.3f}"
    scored = model["n"] - model["unscored"]
    return [
        granularity,
        str(scored),
        requests[1],
        f"{tokens:,}",
        f"{cached / max(tokens, 1):.0%}",
        value,
        f"{seconds:.1f}",
    ]


def main() -> int:
    headings = ["granularity", "scored", "requests", "prompt tokens", "cached", "RC", "seconds"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many, few = folder / "many.jsonl", folder / "few.jsonl"
        write_rows(many, 300, 4, 5)
        print(f"noisy judge, 300 rows of 4 × 5 items; planted RC {true_value(many):.3f}\n", "  ".join(headings), sep="")
        for granularity in GRANULARITIES:
            with running("tests.servers.noisy", "--noise", "0.2") as url:
                (folder / "noisy").mkdir(exist_ok=True)
                print("  ".join(judged(many, folder / "noisy", granularity, url, ())), flush=True)
        write_rows(few, 3, 3, 4)
        print("small LLM, 3 rows of 3 × 4 items\n", "  ".join(headings), sep="")
        for granularity in GRANULARITIES:
            body = json.dumps({"grammar": grammar(granularity, 3, 4), "cache_prompt": True})
            flags = ("--extra-body", body, "--model", "smollm2", "--temperature", "0", "--concurrent-requests", "2")
            with running("tests.servers.small_llm") as url:
                (folder / "small").mkdir(exist_ok=True)
                print("  ".join(judged(few, folder / "small", granularity, url, flags)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
