"""A run that goes on behind 100,000 finished records of 25 KB: `python -m tests.bench.resume`.

Seconds from the start of the process to its first request, and peak memory. Needs 3 GB of disk in the temporary
directory for the time of the run. Exits 1 beyond 10 s or 200 MB.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from metajudge.data.rows import Row
from metajudge.data.samples import Sample, read_samples
from metajudge.engine.question import Answer
from metajudge.llm.client import Reply, Usage
from metajudge.records.results_file import encode
from metajudge.tasks.match.infer import InferConfig, make_task
from tests.bench.lean_server import BLOCK
from tests.bench.measure import run
from tests.e2e.driver import log
from tests.servers import ROOT, running

RECORDS, ROW_BYTES, RECORD_BYTES = 100_000, 3000, 25_000
MOST_SECONDS, MOST_MB, NEEDED = 10.0, 200, 3_500_000_000


def write(source: Path, out: Path) -> None:
    """The input, and a finished record for each of its rows but the last."""
    task = make_task(InferConfig(input_file=source, output_file="", model_be_evaluated="M"))
    filler = "lorem ipsum " * (ROW_BYTES // 24)
    padding = "x" * (RECORD_BYTES - ROW_BYTES - 4000)
    with source.open("wb") as rows, out.open("wb") as records:
        for number in range(RECORDS):
            row = {
                "context": [{"role": "user", "content": f"question {number}"}],
                "response1": filler,
                "response2": filler,
                "human-checklist": [f"Response 1 lacks point {number}.{n} of what was asked for" for n in range(4)],
                "M-checklist": [f"A does not give point {number}.{n} although it was wanted" for n in range(5)],
            }
            rows.write(encode(row))
            if number == RECORDS - 1:
                break
            (sample,) = read_samples([Row(number + 1, row)], ["M"])
            assert isinstance(sample, Sample)
            (question,) = task.questions(sample)
            reply = Reply(f"{padding}\n{BLOCK}", "stop", Usage(2000, 60, 2060), 1.0)
            records.write(encode(task.record(sample, [Answer(reply, question.read(reply))], 1.0)))


def first_request(source: Path, out: Path, url: str) -> tuple[float, float]:
    """Seconds to the first request, as the server's log tells, and the peak memory of the process in MB."""
    command = [sys.executable, str(ROOT / "metajudge_infer.py"), "--input-file", str(source), "--output-file", str(out)]
    command += ["--model-be-evaluated", "M", "--api-base", url]
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        running_one = pool.submit(run, command)
        while not log(url)["replied"]:
            if running_one.done():
                raise SystemExit(f"the inference ended without a request: {running_one.result()}")
            time.sleep(0.02)
        return time.monotonic() - started, running_one.result().peak_mb


def main() -> int:
    """Measure once and print."""
    with tempfile.TemporaryDirectory() as folder, running("tests.bench.lean_server") as url:
        if shutil.disk_usage(folder).free < NEEDED:
            raise SystemExit(f"{folder} has no {NEEDED / 1e9:g} GB free")
        source, out = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        write(source, out)
        first, peak = first_request(source, out, url)
        print(f"{RECORDS} records, {out.stat().st_size / 1e9:.2f} GB, input {source.stat().st_size / 1e6:.0f} MB")
        print(f"first request after {first:.1f} s (at most {MOST_SECONDS:g}), {peak:.0f} MB (at most {MOST_MB})")
    return 0 if first <= MOST_SECONDS and peak <= MOST_MB else 1


if __name__ == "__main__":
    sys.exit(main())
