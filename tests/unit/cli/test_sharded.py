"""The flags of a run in shards: refusals, and each shard's command."""

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import COMMANDS as COMMAND_NAMES
from metajudge.cli import main
from metajudge.cli.critic import add_arguments as add_critic
from metajudge.cli.decompose import add_arguments as add_decompose
from metajudge.cli.infer import add_arguments as add_infer
from metajudge.cli.options.flags import command_line
from metajudge.cli.sharded import limits_of, problems_of
from metajudge.data import Shard
from metajudge.errors import UsageError
from metajudge.integrations.shard_worker import ShardEnd
from metajudge.tasks import TaskConfig
from tests.e2e import driver

RAY = ("--engine", "ray", "--shards", "2")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    driver.rows(tmp_path / "in.jsonl", [""] * 3)
    return tmp_path


def refused(folder: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    """Run an inference that must be refused in one line and without a file; return the line."""
    files = ("--input-file", str(folder / "in.jsonl"), "--output-file", str(folder / "out.jsonl"))
    assert main(["infer", *files, "--model-be-evaluated", "M", "--model", "embedded", *flags]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and [path.name for path in folder.iterdir()] == ["in.jsonl"]
    return line.removeprefix("metajudge: error: ")


def test_flags_that_do_not_fit_together_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flags, line in {
        ("--shards", "2"): "--shards belongs to --engine ray; add it, or leave the flag out\n",
        ("--ray-address", "a:1"): "--ray-address belongs to --engine ray; add it, or leave the flag out\n",
        ("--engine", "ray"): "--engine ray needs --shards N, such as 16\n",
        (*RAY, "--shard", "0/2"): "--engine ray starts all shards itself; leave out --shard\n",
        (*RAY, "--dry-run"): "--dry-run tries a run out: leave out --engine ray and --shards\n",
        (*RAY, "--limit", "2"): "--limit tries a run out: leave out --engine ray and --shards\n",
        (*RAY, "--input-file", "-"): "--input-file -: the shards cannot read this stdin; name a file on shared "
        "storage\n",
    }.items():
        assert refused(folder, capsys, *flags) == line
    with pytest.raises(SystemExit):
        main(["infer", "--engine", "ray", "--shards", "1"])
    assert "'1' is not a whole number from 2 up" in capsys.readouterr().err


def test_every_command_with_shards_runs_on_an_engine() -> None:
    """The flags of both are in the same commands."""
    for name in COMMAND_NAMES:
        parser = argparse.ArgumentParser()
        importlib.import_module(f"metajudge.cli.{name.replace('-', '_')}").add_arguments(parser)
        flags = {word for action in parser._actions for word in action.option_strings}
        assert ("--shard" in flags) == ("--engine" in flags), name
        assert "--shard" not in flags or parser.get_default("command") == name


def test_what_a_run_refuses_is_refused_before_ray_starts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no row" in refused(folder, capsys, *RAY, "--model-be-evaluated", "other")


def test_another_number_of_shards_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An earlier run has paid for rows in three shards. Empty files were only made."""
    earlier = folder / "shards" / "out.1-of-3.jsonl"
    earlier.parent.mkdir()
    earlier.write_text("{}\n")
    flags = ("--input-file", str(folder / "in.jsonl"), "--output-file", str(folder / "out.jsonl"), *RAY)
    assert main(["infer", *flags, "--model-be-evaluated", "M", "--model", "embedded"]) == 2
    line = f"{earlier} is of a run with --shards 3, not 2; continue with 3, or name another --output-file\n"
    assert capsys.readouterr().err == f"metajudge: error: {line}"


def test_without_ray_one_line_names_the_extra(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "metajudge.integrations.ray", raising=False)
    line = "--engine ray needs Ray; install it with: pip install '.[ray]' (or pip install ray)\n"
    assert refused(folder, capsys, *RAY) == line


COMMANDS = {
    add_infer: (
        ("--model-be-evaluated=M", "--guard", "--max-tokens=none", "--concurrent-requests=auto", "--batch-size=3"),
        ("--model-be-evaluated=-x", "--guard=zero", "--extra-body={\"a\": [1]}", "--no-system-message"),
        ("--model-be-evaluated=M", "--prompt-template=a b", "--temperature=0.1", "--max-cost=0.1", "--skip-failed"),
    ),
    add_decompose: (("--text-field=a", "--text-field=b", "--min-items=1", "--per-annotator"), ()),
    add_critic: (("--name=m", "--response-fields=x,y", "--orders=both"), ("--name=m", "--extract", "--from-field=f")),
}  # fmt: skip


@pytest.mark.parametrize("add", COMMANDS, ids=lambda add: str(add.__module__).rpartition(".")[2])
def test_the_command_of_a_shard_has_the_values_of_the_run(add: Any) -> None:
    """Read again, the words give the same values, but for those that a shard changes."""
    for flags in COMMANDS[add]:
        parser = argparse.ArgumentParser()
        add(parser)
        args = parser.parse_args(["--input-file", "i", "--output-file", "o", "--api-key", "secret", *RAY, *flags])
        changed = {"engine": "process", "shards": None, "api_key": None, "shard": "0/2"}
        words = command_line(parser, args, **changed)
        assert vars(parser.parse_args(words)) == {**vars(args), **changed}
        assert "secret" not in str(words)


def test_the_limits_of_all_shards_are_those_of_the_run() -> None:
    config = TaskConfig(
        input_file="i", requests_per_minute=90, tokens_per_minute=300, rate_limit_delay=0.1, prices=(1, 1), max_cost=3,
        concurrent_requests=11,
    )  # fmt: skip
    shares = [limits_of(config, Shard(number, 3)) for number in range(3)]
    assert [share.pop("concurrent_requests") for share in shares] == [4, 4, 3]
    one = {"requests_per_minute": 30, "tokens_per_minute": 100, "max_cost": 1, "rate_limit_delay": pytest.approx(0.3)}
    assert shares == [one] * 3
    assert limits_of(TaskConfig(input_file="i", concurrent_requests=None), Shard(0, 3)) == {"rate_limit_delay": 0}
    with pytest.raises(UsageError, match="`concurrent_requests` 10 cannot be shared by 16 shards"):
        limits_of(TaskConfig(input_file="i"), Shard(0, 16))


def test_the_gravest_end_of_a_shard_is_named_first() -> None:
    """Shards that were stopped because of it, and those with failed rows, say nothing."""
    again = "Run the same command again to resume."
    ends = [
        ShardEnd("0/5", 130, "stopped by a signal"),
        ShardEnd("1/5", 1, last_line=f"Stopped with 3 rows left: the judge is gone. {again}"),
        ShardEnd("2/5", 1, last_line="3 rows failed. Run the same command again to retry (without --skip-failed)."),
        ShardEnd("3/5", 2, last_line=f"Stopped with 1 row left: the key was refused; is it new? {again}"),
        ShardEnd("4/5", 0, last_line="Next      x"),
    ]
    assert problems_of(ends) == ["shard 3/5: the key was refused; is it new?", "shard 1/5: the judge is gone"]
