"""A small run of the training example from the warm-up to the log, with torch, TRL and a judge process."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.driver import records, run

pytest.importorskip("torch", reason="needs pip install '.[training]'")
pytest.importorskip("trl", reason="needs pip install '.[training]'")

pytestmark = pytest.mark.slow

STEPS = 2
SHARES = (
    "reward", "outcome", "rationale", "malformed", "unscored", "rc", "rc_floor", "evidence", "generic",
    "follows_reasons", "zero_variance_groups", "conflict_accuracy", "verdict_flips",
    "reasons_turn",
)  # fmt: skip


def script(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = ["python", "-m", "example.training.run", "--seeds", "1", "--evaluated", "64"]
    return run(*command, "--directory", str(folder), *more, timeout=1800)


def test_the_script_trains_every_arm_and_logs_every_step(tmp_path: Path) -> None:
    """A warm-up of 60 steps gives readable replies, so the rewards are real."""
    ended = script(tmp_path, "--warm-up-steps", "60", "--steps", str(STEPS), "--floor-factor", "0")
    assert ended.returncode == 0, ended.stderr
    logs = {path.stem: records(path) for path in (tmp_path / "logs").iterdir()}
    assert set(logs) == {"hybrid-1", "outcome-only-1", "control-1"}
    for found in logs.values():
        assert [line["step"] for line in found] == list(range(1, STEPS + 1))
        for line in found:
            assert set(line) == {"arm", "seed", "step", "entropy", *SHARES}
            assert all(line[name] is None or 0 <= line[name] <= 1 for name in SHARES)
            assert line["entropy"] > 0 and line["unscored"] == 0
    first = {name: found[0] for name, found in logs.items()}
    assert first["outcome-only-1"]["reward"] > first["hybrid-1"]["reward"] > 0
    for name in ("outcome", "rationale", "rc", "rc_floor", "conflict_accuracy"):  # the same model, rows and draws
        assert first["hybrid-1"][name] == first["outcome-only-1"][name]
    results = records(tmp_path / "results.jsonl")
    assert [(one["arm"], one["when"]) for one in results] == [
        (arm, when) for arm in ("hybrid", "outcome only", "control") for when in ("after the warm-up", "at the end")
    ]
    assert "| hybrid | at the end |" in ended.stdout


def test_a_model_that_does_not_see_flaws_is_not_trained_further(tmp_path: Path) -> None:
    """Two steps of warm-up teach nothing."""
    ended = script(tmp_path, "--warm-up-steps", "2", "--steps", "1")
    assert ended.returncode != 0
    assert "it does not see flaws, warm it up for longer" in ended.stderr
    assert not list((tmp_path / "logs").iterdir())
