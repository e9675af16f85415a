"""Analysis against `json.loads` of every line, on 22,116 rows: `python -m tests.bench.analysis`.

Each side is a process of its own, one after the other on the same file, the better of two runs each. Our own records
may take at most 0.55 of that time and 60 MB, records without `id` (the reference's) 2.0.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from metajudge.data.rows import Row
from metajudge.data.samples import Sample, read_samples
from metajudge.engine.question import Answer
from metajudge.llm.client import Reply, Usage
from metajudge.records.results_file import encode
from metajudge.tasks.match.prompt import Prompt
from metajudge.tasks.match.task import MatchTask
from tests.bench.measure import run

ROWS, LINE_BYTES = 22_116, 17_400
OWN, REFERENCE, MOST_MB = 0.55, 2.0, 60
JUDGE = {"model": "gpt-4o", "temperature": 0.6, "max_tokens": 8192, "samples": 1, "granularity": "row", "top_k": None,
         "instructions": "0123456789abcdef", "version": "0", "adapted": []}  # fmt: skip
LOADS = "import json, sys\nfor line in open(sys.argv[1], 'rb'): json.loads(line)"


def write_files(folder: Path) -> tuple[Path, Path]:
    """Our records of 22,116 rows, and the same without what the reference does not write."""
    ours, theirs = folder / "ours.jsonl", folder / "theirs.jsonl"
    task = MatchTask(Prompt("row"), JUDGE)
    block = "\n".join(["<RESULT_START>", *(f"- R{n}@S{n}: 0.5" for n in range(1, 5)), "<RESULT_END>"])
    filler = 'A sentence of a response with "quotes" and a line end.\n' * (LINE_BYTES // 124)
    with ours.open("wb") as first, theirs.open("wb") as second:
        for number in range(ROWS):
            sample = one_sample(number, filler)
            (question,) = task.questions(sample)
            reply = Reply(block, "stop", Usage(2000, 60, 2060), 1.0)
            record = task.record(sample, [Answer(reply, question.read(reply))], 1.0)
            first.write(encode(record))
            second.write(encode({key: record[key] for key in ("status", "prompt", "samples", "metadata")}))
    return ours, theirs


def one_sample(number: int, filler: str) -> Sample:
    """A row of realistic size."""
    row = {
        "context": [{"role": "user", "content": f"question {number}"}],
        "response1": filler,
        "response2": filler,
        "human-checklist": [f"Response 1 lacks point {number}.{n} of what was asked for" for n in range(4)],
        "M-checklist": [f"A does not give point {number}.{n} although it was wanted" for n in range(5)],
    }
    (sample,) = read_samples([Row(number + 1, row)], ["M"])
    assert isinstance(sample, Sample)
    return sample


def seconds(*command: str) -> tuple[float, float]:
    """The better time of two runs, and the higher peak memory in MB."""
    runs = [run([sys.executable, *command]) for _ in range(2)]
    return min(one.seconds for one in runs), max(one.peak_mb for one in runs)


def main() -> int:
    """Measure and print; 0 within the bounds."""
    held = True
    with tempfile.TemporaryDirectory() as folder:
        for path, most in zip(write_files(Path(folder)), (OWN, REFERENCE), strict=True):
            loads, _ = seconds("-c", LOADS, str(path))
            own, peak = seconds("metajudge_analysis.py", "--input-file", str(path), "--model-be-evaluated", "M")
            size = path.stat().st_size / 1e6
            print(
                f"{path.stem}: {size:.0f} MB, json.loads {loads:.2f} s, analysis {own:.2f} s, "
                f"ratio {own / loads:.2f} (at most {most}), {peak:.0f} MB",
                flush=True,
            )
            held &= own <= most * loads and peak <= MOST_MB
    print("all bounds hold" if held else "a bound does not hold")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
