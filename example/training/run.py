"""The whole experiment: a judge server, a warm-up per seed, a run per seed and arm, their logs and the table.

python -m example.training.run
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from example.training import judge
from example.training.table import AFTER, BEFORE, markdown

HERE = Path(__file__).parent
ARMS = ("hybrid", "outcome only", "control")


class BlindReader(Exception):
    """The warm-up did not teach the model to see flaws, so the result of GRPO would be chance."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run, from the warmed-up model of its seed."""

    arm: str
    seed: int
    steps: int
    evaluated: int
    """Rows of the evaluations."""
    model: Path
    judge_url: str
    log: Path


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the experiment of these arguments."""
    parser = argparse.ArgumentParser(description="Train the toy critic with hybrid rewards and with outcome ones.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="a warm-up and three runs each")
    parser.add_argument("--warm-up-steps", type=int, default=1500)
    parser.add_argument("--steps", type=int, default=200, help="of each run")
    parser.add_argument("--jobs", type=int, default=2, help="processes at the same time, of one core each")
    parser.add_argument("--evaluated", type=int, default=1024, help="rows of each evaluation, before and after a run")
    parser.add_argument("--floor-factor", type=float, default=2.0, help="least RC of a warmed-up model, in its floors")
    parser.add_argument("--directory", type=Path, default=HERE, help="where logs/ and results.jsonl are written")
    args = parser.parse_args(arguments)
    os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is downloaded
    (args.directory / "logs").mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    results: list[dict[str, Any]] = []
    for found in run(args):
        results = sorted([*results, *found], key=lambda one: (ARMS.index(one["arm"]), one["seed"]))
        text = "".join(json.dumps(one) + "\n" for one in results)
        (args.directory / "results.jsonl").write_text(text, encoding="utf-8")
    print(markdown(results))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    core = (used.ru_utime + used.ru_stime) / 60
    print(f"\n{(time.monotonic() - started) / 60:.1f} minutes, {core:.1f} of a core's time")


def run(args: argparse.Namespace) -> Iterator[list[dict[str, Any]]]:
    """Yield the evaluations before and after each run, as the runs end."""
    spawning = multiprocessing.get_context("spawn")
    with (
        judge.serving() as url,
        tempfile.TemporaryDirectory() as scratch,
        ProcessPoolExecutor(args.jobs, spawning) as pool,
    ):
        judge.check_identity(url)
        models = {seed: Path(scratch, str(seed)) for seed in args.seeds}
        warming = {
            seed: pool.submit(warm, seed, args.warm_up_steps, place, args.evaluated, args.floor_factor)
            for seed, place in models.items()
        }
        running = []
        for seed, warmed in warming.items():
            warmed.result()
            for arm in ARMS:
                log = args.directory / "logs" / f"{arm.replace(' ', '-')}-{seed}.jsonl"
                running.append(pool.submit(train, Job(arm, seed, args.steps, args.evaluated, models[seed], url, log)))
        for one in as_completed(running):
            yield one.result()


def warm(seed: int, steps: int, place: Path, evaluated: int, floor_factor: float) -> None:
    """Warm a model up and save it at `place`. Raises `BlindReader`."""
    from example.training.train import evaluate
    from example.training.warm_up import warm_up
    from example.training.world import CUE_PAYS

    model = warm_up(seed, steps)
    found = evaluate(model, seed, CUE_PAYS, evaluated)
    figures = f"RC {found['rc']}, floor {found['rc_floor']}"
    print(f"seed {seed} warmed up: {figures}", file=sys.stderr, flush=True)
    if found["rc"] < floor_factor * found["rc_floor"]:
        raise BlindReader(f"seed {seed} after {steps} steps: {figures}; it does not see flaws, warm it up for longer")
    model.save_pretrained(place)


def train(job: Job) -> list[dict[str, Any]]:
    """Train a run's model and return its evaluations before and after."""
    from transformers import Qwen2ForCausalLM

    from example.training.train import ARMS as SETTINGS
    from example.training.train import evaluate
    from example.training.train import train as train_model

    model = Qwen2ForCausalLM.from_pretrained(job.model)
    name = {"arm": job.arm, "seed": job.seed}
    cue = SETTINGS[job.arm].cue_agreement
    before = {**name, "when": BEFORE, **evaluate(model, job.seed, cue, job.evaluated)}
    with job.log.open("w", encoding="utf-8") as log:
        train_model(job.arm, job.seed, model, job.judge_url, log, job.steps)
    after = {**name, "when": AFTER, **evaluate(model, job.seed, cue, job.evaluated)}
    print(f"{job.arm}, seed {job.seed}: RC {before['rc']} -> {after['rc']}", file=sys.stderr, flush=True)
    return [before, after]


if __name__ == "__main__":
    main()
