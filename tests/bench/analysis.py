"""Analysis against `json.loads` of every line, on 22,116 rows: `python -m tests.bench.analysis`.

The two sides run one after the other on the same file, each as a process.
"""

import sys
import tempfile
from pathlib import Path

from metajudge.records.judge_identity import JudgeIdentity
from metajudge.records.record import encode
from metajudge.tasks.match.prompt import Prompt
from metajudge.tasks.match.task import MatchTask
from tests.bench.measure import best_of, records, run

ROWS, LINE_BYTES = 22_116, 17_400
MOST, MOST_MB = {"ours": 0.9, "reference": 1.5}, 80
JUDGE = {"model": "gpt-4o", "temperature": 0.6, "max_tokens": 8192, "samples": 1, "granularity": "row", "top_k": None,
         "instructions": "0123456789abcdef", "version": "0", "adapted": []}  # fmt: skip
LOADS = "import json, sys\nfor line in open(sys.argv[1], 'rb'): json.loads(line)"


def write_files(ours: Path, reference: Path) -> None:
    """Write records of 22,116 rows, and the same records with only the reference's fields."""
    filler = 'A sentence of a response with "quotes" and a line end.\n' * (LINE_BYTES // 124)
    with ours.open("wb") as first, reference.open("wb") as second:
        for record in records(MatchTask(Prompt("row"), JudgeIdentity.from_json(JUDGE)), ROWS, filler):
            data = record.as_json()
            first.write(encode(data))
            second.write(encode({key: data[key] for key in ("status", "prompt", "samples", "metadata")}))


def attempt(path: Path) -> bool:
    """Measure both sides once. Return true within the bounds."""
    loads = run("-c", LOADS, str(path)).seconds
    own = run("metajudge_analysis.py", "--input-file", str(path), "--model-be-evaluated", "M")
    print(
        f"{path.stem}: {path.stat().st_size / 1e6:.0f} MB, json.loads {loads:.2f} s, analysis {own.seconds:.2f} s, "
        f"ratio {own.seconds / loads:.2f} (at most {MOST[path.stem]}), {own.peak_mb:.0f} MB",
        flush=True,
    )
    return own.seconds <= MOST[path.stem] * loads and own.peak_mb <= MOST_MB


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{name}.jsonl") for name in MOST]
        write_files(*paths)
        return max([best_of(lambda path=path: attempt(path)) for path in paths])  # type: ignore[misc]


if __name__ == "__main__":
    sys.exit(main())
