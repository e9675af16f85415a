"""Result files become summaries: every kind of record, of file and of mistake."""

import json
import os
import random
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from metajudge.errors import UsageError
from metajudge.records.discovery import SkippedFile, open_directory, open_results
from metajudge.records.record import BAD_SCORE, Record, Unscored
from metajudge.reports.scan import Summary, score_record, summarise
from tests import oracle
from tests.unit.result_rows import Run, write

LOW, HIGH = "model-low", "model-high"
Json = dict[str, Any]


def block(*marks: tuple[int, int, float]) -> str:
    return "\n".join(["<RESULT_START>", *(f"- R{r}@S{s}: {v}" for r, s, v in marks), "<RESULT_END>"])


def reference(*marks: tuple[int, int, float], human: int = 2, items: int = 5, **more: Any) -> Json:
    """Return a record as the reference writes it."""
    metadata = {"human-checklist": ["h"] * human, f"{LOW}-checklist": ["m"] * items}
    return {"status": "success", "samples": [{"generated_text": block(*marks)}], "metadata": metadata} | more


def ours(name: str, *marks: tuple[int, int, float], human: int = 2, items: int = 5, **more: Any) -> Json:
    """Return a record as we write it."""
    extra = {
        "id": name,
        "question_id": "q",
        "schema": 1,
        "model_be_evaluated": LOW,
        "extraction_result": {"scores": [list(mark) for mark in marks], "is_ordered": True, "errors": []},
        "judge": {"model": "gpt-4o"},
    }
    return extra | reference(*marks, human=human, items=items) | more


def summary_of(path: Path, flag: str | None = None, max_checklist_len: int = 10) -> Summary:
    """Summarise one file that the user named."""
    return summarise(open_results(path, flag), max_checklist_len)


def counts(summary: Summary) -> tuple[int, int, int, int]:
    """Return total, valid, error and skipped samples."""
    return summary.total, summary.valid, summary.errors, summary.skipped


def outcome(record: Json) -> str:
    """Return why a record is unscored, after "+" if it is skipped; empty if it is scored."""
    found = score_record(Record.from_json(record), LOW, 10)
    return ("+" if found.skipped else "") + found.reason if isinstance(found, Unscored) else ""


# ------------------------------------------------------------------ one record


SCORED = reference((1, 1, 1), (2, 0, 0))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"status": "error"}, ""),
        ({"status": ["odd"]}, ""),
        ({"samples": []}, "samples empty or missing"),
        ({"samples": {"0": 1}}, "samples empty or missing"),
        ({"samples": ["text"]}, "reply unreadable"),
        ({"samples": [{}]}, "reply unreadable"),
        ({"samples": [{"generated_text": None}]}, "reply unreadable"),
        ({"samples": [{"generated_text": "no block"}]}, "reply unreadable"),
        ({"samples": [{"generated_text": block((1, 1, 2.0), (2, 0, 0))}]}, "reply unreadable"),
        ({"samples": [{"generated_text": block((1, 1, 1))}]}, "number of marks differs from the number of human items"),
        ({"metadata": []}, "no list human-checklist in metadata"),
        ({"metadata": {"human-checklist": ["h"]}}, "no list model-low-checklist in metadata"),
        ({"metadata": {"human-checklist": "hh", f"{LOW}-checklist": []}}, "no list human-checklist in metadata"),
        ({"metadata": {"human-checklist": [], f"{LOW}-checklist": None}}, "no list model-low-checklist in metadata"),
        ({"metadata": {"human-checklist": ["h"], f"{LOW}-checklist": []}}, "+model checklist empty"),
        ({"metadata": {"human-checklist": ["h"], f"{LOW}-checklist": [1] * 11}}, "+model checklist longer than 10"),
        ({"metadata": {"human-checklist": [1, 2], f"{LOW}-checklist": [None] * 10}}, ""),
        ({"metadata": {"Human-Checklist": [1, 2], "MODEL-low-Checklist": [1], f"{LOW}-checklist": []}}, ""),
    ],
)
def test_a_record_of_the_reference_is_scored_or_unscored_with_its_reason(change: Json, why: str) -> None:
    """Rule 1 in its order; `status` is not looked at; only the lists' lengths matter; no odd type is a crash."""
    assert outcome(SCORED | change) == why


def test_reasons_follow_the_order_of_the_rule() -> None:
    """An unreadable reply comes before an empty model list, and that before the number of marks."""
    assert outcome(reference(items=0)) == "reply unreadable"
    assert outcome(reference((1, 1, 1), items=0)) == "+model checklist empty"
    assert outcome(reference((1, 1, 1), items=11)) == "+model checklist longer than 10"


OURS = ours("a", (1, 1, 1), (2, 0, 0))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"samples": []}, ""),
        ({"status": "error"}, "status error"),
        ({"status": "format_error"}, "status format_error"),
        ({"status": ["odd"]}, "status unknown"),
        ({"status": "empty", "empty": "model"}, "+model checklist empty"),
        ({"status": "empty", "empty": "human"}, "human checklist empty"),
        ({"status": "empty", "empty": "both"}, "human checklist empty"),
        ({"model_be_evaluated": "Model-LOW"}, ""),
        ({"model_be_evaluated": HIGH}, "record of another evaluated model"),
        ({"extraction_result": None}, "extraction_result unreadable"),
        ({"extraction_result": {"scores": []}}, "extraction_result unreadable"),
        ({"extraction_result": {"scores": [[1, 1, 1], [2, 1, 1.5]]}}, BAD_SCORE.reason),
        ({"n_human": 3}, "n_human or n_model is not the length of its list"),
        ({"extraction_result": {"scores": [[1, 1, 1]]}}, "number of marks differs from the number of human items"),
    ],
)
def test_a_record_of_ours_is_scored_from_its_accepted_scores(change: Json, why: str) -> None:
    """Rule 5: `success` is scored, `empty` without model items is skipped, all else is an error."""
    assert outcome(OURS | change) == why


def test_the_accepted_scores_count_and_not_the_reply() -> None:
    """The text beside the scores is for the reference's analysis."""
    record = ours("a", (1, 1, 0.5), (2, 0, 0), samples=[{"generated_text": block((1, 1, 1), (2, 2, 1))}])
    found = score_record(Record.from_json(record), LOW, 10)
    assert not isinstance(found, Unscored) and found.recall == 0.25


# ------------------------------------------------------------------ one file


def test_a_file_worked_by_hand(tmp_path: Path) -> None:
    """Two valid rows with recall .5 and 1, one error, one skipped; a broken line is reported and not counted."""
    path = write(
        tmp_path / "model-low.jsonl",
        [
            reference((1, 1, 1), (2, 0, 0)),
            b"{broken",
            reference((1, 1, 1), (2, 2, 1), items=2),
            reference(),
            reference((1, 1, 1), items=0),
        ],
    )
    summary = summary_of(path)
    assert counts(summary) == (4, 2, 1, 1)
    means = summary.metrics
    assert means is not None and means.mean.recall == 0.75
    assert means.mean.precision == pytest.approx((0.2 + 1) / 2)
    assert means.std.recall == 0.25
    assert summary.reasons == {"reply unreadable": 1, "model checklist empty": 1}
    assert summary.scan.unreadable.named[0].startswith("line 2 is not JSON")


def test_of_one_row_the_last_finished_record_counts_else_its_last(tmp_path: Path) -> None:
    """A later failure does not undo a score, a later score supersedes an earlier one, by place in the file."""
    path = write(
        tmp_path / "r.jsonl",
        [
            ours("a", (1, 1, 0), (2, 0, 0)),
            ours("b", status="error"),
            ours("a", (1, 1, 1), (2, 0, 0)),
            ours("a", status="error"),
            ours("b", status="format_error"),
            ours("a", (1, 1, 1), (2, 2, 1), question_id="another question"),
        ],
    )
    summary = summary_of(path)
    assert counts(summary) == (3, 2, 1, 0)
    assert summary.metrics is not None and summary.metrics.mean.recall == 0.75
    assert summary.reasons == {"status format_error": 1}
    assert summary.scan.superseded == 3 and summary.scan.changed == 1


def test_every_record_without_id_counts(tmp_path: Path) -> None:
    """Rule 4: the reference has no notion of repetition."""
    assert counts(summary_of(write(tmp_path / "r.jsonl", [*[SCORED] * 3]))) == (3, 3, 0, 0)


def test_byte_order_mark_line_ends_blank_lines_and_wrong_bytes_are_read_past(tmp_path: Path) -> None:
    """Lines that the reference fails on, or that editors add, cost no good record."""
    good = json.dumps(SCORED).encode()
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + good + b"\r\n\r\n  \n" + b'{"a": "\xff"}\n[1]\nnull\n' + good)
    summary = summary_of(path)
    assert counts(summary) == (2, 2, 0, 0)
    assert summary.scan.unreadable.count == 3
    assert [line.split()[1] for line in summary.scan.unreadable.named] == ["4", "5", "6"]


def test_the_longest_checklist_allowed_is_the_users_choice(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", [reference((1, 1, 1), (2, 0, 0), items=4)])
    assert counts(summary_of(path, max_checklist_len=4)) == (1, 1, 0, 0)
    assert counts(summary_of(path, max_checklist_len=3)) == (1, 0, 0, 1)


# ------------------------------------------------------------------ against the oracle


def random_marks(rng: random.Random, human: int) -> list[tuple[int, int, float]]:
    """Mostly one mark for each human item, else anything."""
    numbers: list[int] = list(range(1, human + 1))
    if rng.random() < 0.3:
        numbers = [rng.randrange(0, human + 3) for _ in range(rng.choice([human, human, human + 1, 0]))]
    return [
        (r, rng.randrange(0, 8), rng.choice([0, 0.25, 0.5, 0.75, 1, 1, 0.3, 1.5 if rng.random() < 0.1 else 0]))
        for r in numbers
    ]


def random_record(rng: random.Random, with_id: bool) -> Json:
    """A record that is right, or has one or several of the known defects."""
    human, items = rng.randrange(0, 7), rng.choice([0, 1, 3, 5, 5, 5, 7, 10, 11])
    record = reference(*random_marks(rng, human), human=human, items=items)
    if with_id:
        record = ours(rng.choice("abcdefgh"), *random_marks(rng, human), human=human, items=items)
        record["question_id"] = rng.choice(["p", "q", None])
        record["status"] = rng.choice(["success"] * 6 + ["error", "format_error", "empty", None, 7])
        record["empty"] = rng.choice(["human", "model", "both"])
    defects: list[Callable[[], Any]] = [
        lambda: record.pop("samples"),
        lambda: record.update(samples=rng.choice([[], None, "text", {}, [None], [[]], [{}], [{"generated_text": 3}]])),
        lambda: record.update(samples=[{"generated_text": rng.choice(REPLIES)}]),
        lambda: record.pop("metadata"),
        lambda: record.update(metadata=rng.choice([None, [], "text", {}])),
        lambda: record["metadata"].pop("human-checklist"),
        lambda: record["metadata"].pop(f"{LOW}-checklist"),
        lambda: record["metadata"].update({"human-checklist": rng.choice([None, "abc", 5, {}])}),
        lambda: record["metadata"].update({f"{LOW}-checklist": rng.choice([None, "abc", 5, {}])}),
        lambda: record["metadata"].update({f"{LOW.upper()}-CHECKLIST": ["other"]}),
        lambda: record.update(metadata={"MODEL-Low-checklist": ["x", 1], **record["metadata"]}),
        lambda: record.update(extraction_result=rng.choice([None, [], {}])),
        lambda: record.update(extraction_result={"scores": rng.choice([None, [[1, 1]], [[1, 1, "1"]]])}),
        lambda: record.update(status=rng.choice(["success", "error", "unheard of"])),
    ]
    for defect in rng.sample(defects, rng.choice([0, 0, 0, 1, 1, 2])):
        try:
            defect()
        except (KeyError, TypeError, AttributeError):
            continue  # an earlier defect has taken away what this one would spoil
    return record


REPLIES = [
    "",
    "<RESULT_START>",
    "<RESULT_END> <RESULT_START>",
    "<RESULT_START> - R1@S1: 1",
    "<RESULT_START> none <RESULT_END>",
    block((1, 1, 1)) + block((1, 1, 0.5), (2, 1, 0.5)),
    "a - R9@S9: 1 " + block((1, 1, 0.5)) + " - R2@S2: 1",
    "<RESULT_START>- R1@S1: 1 - R2@S2: 0.5; - R1@S1: 0.25<RESULT_START><RESULT_END>",
    "<RESULT_START>* R1@S1: 1\n- R 1@S1: 1\n- R2@S1:0.5\n- R1@S1: -1<RESULT_END>",
    f"<RESULT_START>- R{'9' * 4400}@S1: 1<RESULT_END>",
    "<RESULT_START>- R1@S1: 1e3 - R2@S2: .5<RESULT_END>",
    "<RESULT_START>- R\u0661@S\uff11: \u0660.5<RESULT_END>",
]
BROKEN = [b"{", b"", b"   ", b'{"a": "\xff"}', b"3", b"null", b'["samples"]', b'{"a": 1} x']


@pytest.mark.parametrize("with_id", [False, True, None])
def test_two_thousand_random_records_agree_with_the_oracle(tmp_path: Path, with_id: bool | None) -> None:
    """Every kind of defect, with ids, without, and mixed: figures to 1e-12, counts exactly."""
    rng = random.Random(f"records {with_id}")
    totals = [0, 0, 0, 0]
    for number in range(70):
        kinds = [with_id if with_id is not None else rng.random() < 0.5 for _ in range(30)]
        lines: list[Json | bytes] = [random_record(rng, kind) for kind in kinds]
        for _ in range(rng.randrange(3)):
            lines.insert(rng.randrange(1, len(lines)), rng.choice(BROKEN))
        lines.insert(0, reference((1, 1, 1), (2, 0, 0)))  # says that this is a result file
        path = write(tmp_path / f"{number}.jsonl", [*lines])
        summary, expected = summary_of(path, LOW).as_json(), oracle.analyse(path, LOW)
        assert {key: summary[key] for key in expected} == pytest.approx(expected, abs=1e-12)
        assert list(summary)[:10] == ["model", *(key for key in expected if key != "skipped_samples")]
        for place, key in enumerate(("total_samples", "valid_samples", "error_samples", "skipped_samples")):
            totals[place] += expected[key]
    assert min(totals) > 70, "the generator must make every kind of outcome"


# ------------------------------------------------------------------ evaluated model


def test_the_first_readable_record_says_what_a_file_is(tmp_path: Path) -> None:
    """A broken first line is skipped."""
    file = open_results(write(tmp_path / "r.jsonl", [b"{", OURS]), None)
    assert file.first["id"] == "a" and counts(summarise(file, 10)) == (1, 1, 0, 0)


def two_candidates(**more: Any) -> Json:
    """Return a record of the reference whose row has checklists of three models."""
    record = reference((1, 1, 1), (2, 0, 0))
    record["metadata"] |= {f"{HIGH}-checklist": ["m"] * 3, "model-checklist": ["m"]}
    return record | more


def test_the_record_names_the_evaluated_model_first(tmp_path: Path) -> None:
    """The record wins over the file's name; another flag is a mistake, another case is not."""
    path = write(tmp_path / "model-low.jsonl", [two_candidates(model_be_evaluated=HIGH)])
    assert open_results(path, None).model == HIGH
    assert open_results(path, "MODEL-HIGH").model == HIGH
    with pytest.raises(UsageError, match="holds results of model-high"):
        open_results(path, LOW)


def test_without_a_name_in_the_record_the_flag_then_the_only_candidate_then_the_file_name_decide(
    tmp_path: Path,
) -> None:
    """The order of DESIGN's last resort; the longest candidate wins, without regard to case."""
    several = write(tmp_path / "Model-Low_by_gpt.jsonl", [two_candidates()])
    assert open_results(several, "model-x").model == "model-x"
    assert open_results(several, None).model == LOW
    shortest_first = two_candidates()
    shortest_first["metadata"] = dict(reversed(shortest_first["metadata"].items()))
    assert open_results(write(several, [shortest_first]), None).model == LOW
    assert open_results(write(tmp_path / "results.jsonl", [SCORED]), None).model == LOW


def test_a_file_without_a_model_is_an_error_with_the_candidates(tmp_path: Path) -> None:
    """The error names the candidates, the file-name rule of every command, and the flag of some commands."""
    path = write(tmp_path / "results.jsonl", [two_candidates()])
    message = (
        r"checklists of model-low, model-high, model\); let the file's name begin .* analysis and show, .*model.be"
    )
    with pytest.raises(UsageError, match=message):
        open_results(path, None)
    with pytest.raises(UsageError, match="has no checklist"):
        open_results(write(tmp_path / "r.jsonl", [SCORED | {"metadata": None}]), None)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "no readable record; it is empty"),
        ([b"{"], "no readable record: line 1 is not JSON"),
        ([{"human-checklist": [], "m-checklist": []}], "holds input rows.*python3 -m metajudge infer --input-file"),
        ([{"response1": "", "m-checklist": []}], "lack human-checklist, make it first: .* decompose --input-file"),
        ([{"response1": "", "Human-Checklist": []}], "lack a model's checklist, make it first: .* critic --input"),
        (
            [{"human-checklist": [], "m-checklist": [], "metadata": {"source": "x"}}],
            "holds input rows.*judge them",
        ),
        (
            [{"human_checklist": [], "m_checklist": []}],
            "holds input rows.*rename .human_checklist. to .human-",
        ),
        (
            [{"prompt": "p", "chosen": "c", "rejected": "r"}],
            "holds no results .its first line has: prompt, chosen",
        ),
        ([{"id": "a", "model_item": 1, "matched_human_item": None}], "holds per-item matches"),
    ],
)
def test_a_file_of_another_kind_is_named_as_such(tmp_path: Path, records: list[Json | bytes], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_results(write(tmp_path / "x.jsonl", [*records]), LOW)


def test_a_result_file_whose_first_record_lacks_samples_is_still_one_when_named(tmp_path: Path) -> None:
    """The reference counts such a record as an error and reads on."""
    path = write(tmp_path / "r.jsonl", [{"status": "error", "metadata": SCORED["metadata"]}, SCORED])
    assert counts(summary_of(path)) == (2, 1, 1, 0)


def chosen(directory: Path, flag: str | None = None, judge: str | None = None) -> list[str]:
    """Return the names of a directory's files without .jsonl, with "-" before skipped ones."""
    found = open_directory(directory, flag, judge)
    return [("-" if isinstance(file, SkippedFile) else "") + file.path.stem for file in found]


def test_a_directory_gives_its_result_files_by_name(tmp_path: Path) -> None:
    """Only *.jsonl, not recursive, sorted; a file without results is skipped with its reason."""
    write(tmp_path / "b.jsonl", [OURS])
    write(tmp_path / "a.jsonl", [b"{", SCORED])
    write(tmp_path / "c.jsonl", [{"human-checklist": []}])
    write(tmp_path / "d.jsonl", [])
    write(tmp_path / "e.json", [SCORED])
    (tmp_path / "sub.jsonl").mkdir()
    write(tmp_path / "sub.jsonl" / "f.jsonl", [SCORED])
    assert chosen(tmp_path) == ["a", "b", "-c", "-d"]
    reasons = [file.reason for file in open_directory(tmp_path, None, None) if isinstance(file, SkippedFile)]
    assert reasons == ["input rows, no results", "no readable line"]


def test_flags_select_files_of_a_directory(tmp_path: Path) -> None:
    """The evaluated model by what each file says; the judge by file name or record."""
    for name in ("model-high-x", "model-low-x", "unnamed"):
        write(tmp_path / f"{name}.jsonl", [two_candidates()])
    write(tmp_path / "ours.jsonl", [OURS])
    assert chosen(tmp_path, "MODEL-low") == ["model-low-x", "ours", "unnamed"]
    assert chosen(tmp_path, "model-HIGH, MODEL-low") == ["model-high-x", "model-low-x", "ours", "unnamed"]
    assert chosen(tmp_path, LOW, "gpt-4o") == ["ours"]
    assert chosen(tmp_path, LOW, "low-x") == ["model-low-x"]
    message = r"no result file for \S*model.be.evaluated\S* zzz \(there are results of model-high"
    with pytest.raises(UsageError, match=message):
        chosen(tmp_path, "zzz")
    with pytest.raises(UsageError, match=r"unnamed\.jsonl does not say which model"):
        chosen(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "does not exist"),
        ("file", "is no directory"),
        ("empty", r"has no \*.jsonl file"),
        ("input", "has no result file"),
        ("forbidden", "cannot be read: Permission denied; check its permissions"),
    ],
)
def test_a_directory_that_cannot_be_analysed_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    for directory in ("forbidden", "empty", "input"):
        (tmp_path / directory).mkdir()
    write(tmp_path / "file", [SCORED])
    write(tmp_path / "input" / "x.jsonl", [{"human-checklist": []}])
    if name == "forbidden":
        monkeypatch.setattr(Path, "iterdir", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(UsageError, match=message):
        chosen(tmp_path / name)


def test_a_pipe_can_be_analysed(tmp_path: Path) -> None:
    """One pass is enough for the first record and all the others."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: write(pipe, [OURS, ours("b", (1, 1, 1), (2, 2, 1))]))
    writer.start()
    assert counts(summary_of(pipe)) == (2, 2, 0, 0)
    writer.join()


def test_a_file_is_held_line_by_line(tmp_path: Path) -> None:
    """Flat memory: 300 records of 100 KB are summarised in a few hundred KB more than nothing."""
    record = reference((1, 1, 1), (2, 0, 0)) | {"prompt": "x" * 100_000}
    path = write(tmp_path / "r.jsonl", [*[record] * 300])
    tracemalloc.start()
    try:
        assert summary_of(path).valid == 300
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_memory_grows_by_a_few_numbers_per_record(tmp_path: Path) -> None:
    """2,000 more records need at most 150 bytes each: no text, no object."""

    def peak(records: int) -> int:
        path = write(tmp_path / f"{records}.jsonl", [ours(f"{n:016x}", (1, 1, 0.5), (2, 0, 0)) for n in range(records)])
        tracemalloc.start()
        try:
            assert summary_of(path).valid == records
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(3000) - peak(1000) < 2000 * 150


# ------------------------------------------------------------------ the command


def test_the_command_prints_the_table_and_counts_what_failed(tmp_path: Path, run: Run) -> None:
    """The table alone on stdout; reasons, broken lines and superseded records on stderr; exit 0."""
    path = write(tmp_path / "r.jsonl", [OURS, OURS, ours("b", status="error"), b"{", *[b"x"] * 4])
    code, out, err = run("analysis", "--input-file", path)
    assert code == 0 and "model-low                                     0.2000       0.5000" in out
    unscored, unreadable, superseded = (line.removeprefix("r.jsonl (model-low): ") for line in err.splitlines())
    assert unscored == "of 2 rows 1 error, 0 skipped: 1 status error"
    assert unreadable.startswith("5 unreadable lines: line 4 is not JSON (") and "; line 6 is not JSON" in unreadable
    assert unreadable.endswith("; and 2 more")
    assert superseded == "1 record superseded by a later or finished one of the same row"


def test_records_that_do_not_belong_together_get_a_note(tmp_path: Path, run: Run) -> None:
    """A row whose list has changed counts twice; records of two judges are averaged, if both have scored."""
    x, y = ({"judge": {"model": name}} for name in "xy")
    scored = [ours("a", (1, 1, 0), (2, 0, 0), **x), ours("a", (1, 1, 1), (2, 0, 0), question_id="changed", **y)]
    code, _, err = run("analysis", "--input-file", write(tmp_path / "r.jsonl", scored))
    changed, mixed = err.splitlines()
    assert code == 0
    assert "(model-low): 1 record in addition to an earlier one of the same row, whose lists have changed" in changed
    assert mixed == "r.jsonl: its records come from different judges (x, y): its figures mix them"
    failures = [ours(name, status="error", **x) for name in "ab"]
    path = write(tmp_path / "r.jsonl", [*failures, ours("a", (1, 1, 0), (2, 0, 0), **y)])
    assert "different judges" not in run("analysis", "--input-file", path)[2]


def test_a_file_without_a_valid_record_is_a_row_of_not_available_alone_and_no_row_in_a_directory(
    tmp_path: Path, run: Run
) -> None:
    """Unscored is never 0, and null in JSON; either way stderr says so and the exit code is 1."""
    bad = write(tmp_path / "bad.jsonl", [ours("a", status="error")])
    good = write(tmp_path / "good.jsonl", [OURS])
    code, out, err = run("analysis", "--input-file", bad, "--output-file", tmp_path / "bad.json")
    nothing = "n/a          n/a          n/a          n/a          0       "
    assert code == 1 and f"model-low                                     {nothing}" in out
    (summary,) = json.loads((tmp_path / "bad.json").read_text())
    figures = ("precision", "recall", "f1", "average_precision", "precision_std", "recall_std")
    assert [summary[name] for name in figures] == [None] * 6
    assert "nothing valid to analyse in bad.jsonl" in err
    code, out, err = run("analysis", "--input-dir", tmp_path)
    assert code == 1 and out.count("model-low") == 1
    assert "nothing valid to analyse in bad.jsonl" in err
    good.unlink()
    assert run("analysis", "--input-dir", tmp_path)[:2] == (1, "")


def test_the_json_has_the_references_keys_first_and_the_files_order(tmp_path: Path, run: Run) -> None:
    """A script that reads the reference's output reads ours."""
    write(tmp_path / "a.jsonl", [ours("a", (1, 1, 0), (2, 0, 0))])
    write(tmp_path / "b.jsonl", [OURS, ours("c", status="error")])
    target = tmp_path / "out.json"
    assert run("analysis", "--input-dir", tmp_path, "--output-file", target)[0] == 0
    first, second = json.loads(target.read_text())
    counted = ["total_samples", "valid_samples", "error_samples"]
    figures = ["precision", "recall", "f1", "average_precision", "precision_std", "recall_std"]
    assert list(second)[:10] == ["model", *counted, *figures]
    assert (first["file"], first["recall"], second["file"], second["recall"]) == ("a.jsonl", 0.0, "b.jsonl", 0.5)
    assert second["reasons"] == {"status error": 1}
    assert second["skipped_samples"] == 0


def test_skipped_files_are_named(tmp_path: Path, run: Run) -> None:
    """One line on stderr for each, and the table of the others."""
    write(tmp_path / "a.jsonl", [OURS])
    write(tmp_path / "a.matches.jsonl", [{"id": "a", "matched_human_item": 1}])
    code, out, err = run("analysis", "--input-dir", tmp_path)
    assert code == 0 and out.count("model-low") == 1
    assert err == "a.matches.jsonl is skipped: per-item matches, no results\n"


def test_figures_of_the_embedded_judge_are_labelled(tmp_path: Path, run: Run) -> None:
    """stderr says so, also if an LLM judge's figures are shown beside them; the table keeps its bytes."""
    write(tmp_path / "a.jsonl", [ours("a", (1, 1, 1), (2, 0, 0), judge={"model": "embedded"})])
    err = run("analysis", "--input-dir", tmp_path)[2]
    assert "a.jsonl: judged by the embedded judge" in err and "the table mixes" not in err
    write(tmp_path / "b.jsonl", [OURS])
    _, out, err = run("analysis", "--input-dir", tmp_path)
    assert "the table mixes" in err and "embedded" not in out
    assert "model-low has several files; b.jsonl: 0.5000 recall, judged by gpt-4o" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input-file", "missing.jsonl"], "--input-file missing.jsonl does not exist"),
        (["--input-dir", "missing"], "--input-dir missing does not exist"),
        (["--input-file", "."], "is a directory"),
        (["--input-file", "r.jsonl", "--output-file", "."], "--output-file . is a directory"),
        (["--input-file", "r.jsonl", "--output-file", "no/such/x.json"], "does not exist; create it first"),
        (["--input-file", "r.jsonl", "--output-file", "r.jsonl"], "exists and may hold results"),
        (["--input-file", "copy", "--output-file", "copy"], "is the input file"),
        (["--input-file", "r.jsonl", "--output-file", "/dev/full"], "cannot be written: No space left"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    before = write(tmp_path / "r.jsonl", [OURS]).read_bytes()
    write(tmp_path / "copy", [OURS])
    code, _, err = run("analysis", *arguments)
    assert code == 2 and message in err and err.count("\n") == 1
    assert (tmp_path / "r.jsonl").read_bytes() == before == (tmp_path / "copy").read_bytes()


def test_files_and_directories_are_named_without_a_flag_too(tmp_path: Path, run: Run) -> None:
    """One file alone has its row even without a valid record; a file that its directory holds, too, counts once."""
    file, failed = write(tmp_path / "r.jsonl", [OURS]), write(tmp_path / "z.jsonl", [{**OURS, "status": "error"}])

    def table(*arguments: object) -> str:
        return run("analysis", *arguments)[1]

    assert table(file) == table("--input-file", file) == table(file, tmp_path) == table("--input-dir", tmp_path)
    assert "model-low" in table(failed) and table(file, failed) == table(file)


@pytest.mark.parametrize(
    "line", ["", "a --input-dir b", "--input-file a --input-dir b", "--input-file a --max-checklist-len 0"]
)
def test_flags_that_do_not_fit_are_refused(run: Run, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("analysis", *line.split())
    assert "error:" in capsys.readouterr().err


def test_the_table_needs_no_numpy(tmp_path: Path) -> None:
    """Importing it takes longer than reading a small file."""
    path = write(tmp_path / "r.jsonl", [OURS])
    code = (
        "import sys; from metajudge.cli import main; main(['analysis', sys.argv[1]]); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False, capture_output=True).returncode == 0
