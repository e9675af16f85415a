"""Rate over several endpoints against a bare aiohttp loop: `python -m tests.bench.endpoints`.

Four servers answer after 0.2 s, each with 100 requests in flight. The bare loop has 400 workers, 100 per server.
"""

import contextlib
import tempfile
from pathlib import Path

from tests.bench.measure import best_of, inference, rate, run, write_rows
from tests.e2e.driver import log
from tests.servers import running

ENDPOINTS, IN_FLIGHT, LATENCY = 4, 100, 0.2
ROWS, RESPONSE_BYTES = 10_000, 2_000
LEAST_SHARE = 0.9


def measured(client: str) -> tuple[float, float, list[int]]:
    """Judge the rows; return the rate without its begin and end, CPU ms per request, and each server's requests."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        servers = [
            stack.enter_context(running("tests.bench.lean_server", "--latency", str(LATENCY))) for _ in range(ENDPOINTS)
        ]
        source, out, url = Path(folder, "in.jsonl"), Path(folder, "out.jsonl"), ",".join(servers)
        write_rows(source, ROWS, RESPONSE_BYTES)
        command = ["-m", "tests.bench.peers", client, url, str(source), str(ENDPOINTS * IN_FLIGHT)]
        if client == "metajudge":
            command = inference(source, out, url, "--concurrent-requests", str(IN_FLIGHT))
        process = run(*command)
        logs = [log(server) for server in servers]
    times = sorted(one["first"] + seconds for one in logs for seconds in one["replied"])
    if len(times) != ROWS:
        raise SystemExit(f"the servers answered {len(times)} requests of {ROWS}")
    edge = 2 * ENDPOINTS * IN_FLIGHT
    return rate(times, edge, edge), process.cpu / ROWS * 1000, [len(one["replied"]) for one in logs]


def attempt() -> bool:
    bare, bare_cpu, _ = measured("bare")
    ours, cpu, shares = measured("metajudge")
    share = ours / bare
    print(
        f"{ENDPOINTS} endpoints of {IN_FLIGHT} in flight, {LATENCY} s: bare loop {bare:.0f}/s "
        f"({bare_cpu:.2f} ms of CPU), metajudge {ours:.0f}/s ({cpu:.2f} ms), {share:.2f} of it; "
        f"requests of each endpoint: {shares}",
        flush=True,
    )
    return share >= LEAST_SHARE


if __name__ == "__main__":
    raise SystemExit(best_of(attempt))
