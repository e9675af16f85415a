"""Write the example's result files from the marks given by hand: `python -m tests.example_records`.

The marks go through the ordinary inference, with a judge that replies with them (`tests/servers/by_hand.py`).
"""

from pathlib import Path

from tests.e2e.driver import metajudge
from tests.servers import ROOT, running

EXAMPLE = ROOT / "example"
JUDGE = "rubric-by-hand"
OUTPUTS = {
    "infer_input_10samples.jsonl": "{model}.jsonl",
    "deceptive_60samples.jsonl": "deceptive_60samples/{model}.jsonl",
}
"""Result files by input file, below a directory."""


def write(directory: Path) -> None:
    """Judge both input files into a directory. Raises `RuntimeError` with the output of an inference that fails."""
    with running("tests.servers.by_hand") as url:
        for rows, results in OUTPUTS.items():
            files = ("--input-file", EXAMPLE / rows, "--output-file", directory / results)
            judge = ("--model", JUDGE, "--api-base", url, "--granularity", "item", "--concurrent-requests", "1")
            ran = metajudge("infer", *files, "--model-be-evaluated", "all", *judge)
            if ran.returncode:
                raise RuntimeError(ran.stderr)


def main() -> None:
    for results in OUTPUTS.values():
        for model in ("low", "high"):
            name = f"model-{model}_deceptive_alignment"
            (EXAMPLE / results.format(model=name)).unlink(missing_ok=True)
    write(EXAMPLE)
    for path in [*EXAMPLE.glob("*.matches.jsonl"), *EXAMPLE.glob("*/*.matches.jsonl")]:
        path.unlink()


if __name__ == "__main__":
    main()
