"""A user's script for the type checker, with each public name. It runs, too: `python typed_use.py FOLDER`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import assert_type

import metajudge
from metajudge import (
    EMBEDDED,
    CriticPrompt,
    ExportedRow,
    FlagRule,
    Gold,
    InferConfig,
    Judge,
    JudgeConfig,
    Match,
    MatchResult,
    MetaJudgeError,
    ParseFailure,
    ReferenceMetrics,
    Report,
    RewardConfig,
    RowTable,
    RunResult,
    ScoringConfig,
    Summary,
    UsageError,
    infer,
    infer_async,
    match,
    read_conversation,
    read_critique,
    read_reply,
    reference_metrics,
    report,
    scores,
    select_reasons,
    summarise_file,
)

HUMAN = ["Response A names the wrong year.", "Response B gives no source."]
REASONS = ["The year in Response A is wrong.", "Response B is longer."]


def judge_rows(folder: Path) -> RunResult:
    """Judge a file of one row; paths may be texts."""
    row = {"human-checklist": HUMAN, "m-checklist": REASONS, "m-label": "B>A", "overall_preference": 2}
    (folder / "rows.jsonl").write_text(json.dumps(row) + "\n")
    result = infer(
        input_file=f"{folder}/rows.jsonl", output_file=folder / "out.jsonl", model_be_evaluated="m", model=EMBEDDED
    )
    config = InferConfig(input_file="rows.jsonl", output_file="out.jsonl", model_be_evaluated="all")
    assert config.model_be_evaluated == "all" and result.exit_code == 0
    assert_type(result.paths, list[Path])
    return result


def look(paths: list[Path]) -> None:
    """Look at the results in three ways."""
    found: Report = report(paths, options=ScoringConfig(match_threshold=0.25), rule=FlagRule(), resamples=100)
    value = found.models["m"].metrics["paper", "rationale_consistency"].value
    assert_type(value, float | None)
    table: RowTable = scores(str(paths[0]))
    row: ExportedRow = table[0]
    assert_type(row.rc, float | None)
    assert row.rc == value and str(found) and found.to_json()
    summary: Summary = summarise_file(paths[0])
    assert summary.valid == 1


async def match_lists(folder: Path) -> MatchResult:
    """Judge one pair of lists, and the file once more."""
    async with Judge(EMBEDDED, granularity="item", temperature=None) as judge:
        result = await match(HUMAN, REASONS, judge=judge)
    again = await infer_async(
        input_file=folder / "rows.jsonl", output_file=folder / "out.jsonl", model_be_evaluated="m", model=EMBEDDED
    )
    assert_type(again, RunResult)
    assert_type(result.scores, list[list[float | None]])
    assert_type(result.matching, tuple[Match, ...])
    return result


def read_replies() -> None:
    """Read a judge's and a critic's reply; make a critic's prompt and a label of training."""
    accepted = read_reply("<RESULT_START>\n- R1@S1: 0.75\n<RESULT_END>", n_human=1, n_model=2)
    assert not isinstance(accepted, ParseFailure)
    metrics: ReferenceMetrics = reference_metrics(accepted.marks, n_human=1, n_model=2)
    assert_type(metrics.recall, float)
    assert isinstance(read_critique("no critique"), ParseFailure)
    conversation = read_conversation("Which year was it?")
    assert not isinstance(conversation, str)
    assert CriticPrompt(top_k=3).messages(conversation, "1453", "1492")
    assert select_reasons(REASONS, RewardConfig(max_reasons=1)) == (REASONS[0],)
    assert Gold.of(HUMAN, 2).human == tuple(HUMAN) and JudgeConfig(model="m").temperature == 0.6


def mistakes(folder: Path) -> None:
    """Each line with an ignore is an error; mypy --strict complains about an ignore that hides none."""
    JudgeConfig(modell="m")  # type: ignore[call-arg]
    infer(input_file="rows.jsonl", output_file="out.jsonl")  # type: ignore[call-arg]
    infer(input_file=1, output_file="", model_be_evaluated="")  # type: ignore[arg-type]
    Judge(EMBEDDED, temperature="hot")  # type: ignore[arg-type]
    Judge(EMBEDDED, heat=1.0)  # type: ignore[call-arg]
    scores(folder).to_panda()  # type: ignore[attr-defined]
    report(folder).models["m"].metrics["rc"]  # type: ignore[index]


def main(folder: Path) -> None:
    """Use everything."""
    try:
        look(judge_rows(folder).paths)
        print(metajudge.__version__, asyncio.run(match_lists(folder)).rc)
        read_replies()
        report(folder / "none.jsonl")
    except UsageError as error:
        assert isinstance(error, MetaJudgeError) and error.exit_code == 2 and "none.jsonl" in str(error)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
