"""Controls and the human reference: the lists that go to the judge, and the marks in the records."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metajudge.cli import main
from metajudge.data.rows import InputFile, InvalidRow, Row
from metajudge.data.samples import RowIds, Sample
from metajudge.records import ANNOTATORS, HUMAN_REFERENCE, OTHER_ROW, SIDES_EXCHANGED
from metajudge.tasks.match.controls import Control, HumanReference, LeftOut, OtherRow, SidesExchanged, make_control
from tests.unit.rows import row

NO_PARTNER = "rows without another row of the same domain, language and number of human items"


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def samples_of(
    control: Control, source: InputFile, models: Sequence[str] = ("M",)
) -> tuple[list[Sample], list[LeftOut | InvalidRow]]:
    """Return the samples of a whole file, and what is left out."""
    numbers, found = RowIds(), []
    for line in source.rows():
        assert isinstance(line, Row)
        found += list(control.samples(line, numbers.id_of(line.data), models))
    return (
        [one for one in found if isinstance(one, Sample)],
        [one for one in found if not isinstance(one, Sample)],
    )


def sides(*items: str, top_k: int | None = None) -> tuple[list[Sample], list[LeftOut | InvalidRow]]:
    data = row(1) | {"M-checklist": list(items)}
    found = list(SidesExchanged(top_k).samples(Row(1, data), "id", ["M"]))
    return [one for one in found if isinstance(one, Sample)], [one for one in found if not isinstance(one, Sample)]


# ------------------------------------------------------------------ other-row


def test_the_human_list_is_that_of_a_row_of_the_same_kind(tmp_path: Path) -> None:
    """Rows 1 to 3 are alike and deal out their lists; of the others none has a partner."""
    rows = [row(n, domain="d", language="x") for n in (1, 2, 3)]
    rows += [row(4, domain="e", language="x"), row(5, domain="d", language="y"), row(6, 3, domain="d", language="x")]
    source = InputFile(write(tmp_path / "in.jsonl", rows))
    found, left_out = samples_of(OtherRow(source), source)
    ids = {RowIds().id_of(one): one["human-checklist"] for one in rows}
    assert sorted(one.human for one in found) == [tuple(one["human-checklist"]) for one in rows[:3]]
    for sample, own in zip(found, rows, strict=False):
        assert list(sample.human) != own["human-checklist"] and list(sample.model_items) == own["M-checklist"]
        assert sample.id == RowIds().id_of(own) and sample.control is not None
        assert sample.control["kind"] == OTHER_ROW and ids[sample.control["human_list_of"]] == list(sample.human)
        assert sample.row == own | {"human-checklist": list(sample.human)}
    assert left_out == [LeftOut(NO_PARTNER)] * 3


def test_a_row_without_a_list_is_named_and_one_without_human_items_has_no_partner(tmp_path: Path) -> None:
    """The reasons of ordinary runs stay."""
    rows = [row(1), row(2), {**row(3), "M-checklist": "text"}, {**row(4), "human-checklist": []}]
    source = InputFile(write(tmp_path / "in.jsonl", rows))
    found, left_out = samples_of(OtherRow(source), source)
    assert [one.line for one in found] == [1, 2]
    assert left_out == [
        InvalidRow(3, 'has a "M-checklist" that is a string, not a list of strings'),
        LeftOut(NO_PARTNER),
    ]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_a_partner_has_another_context_wherever_that_is_possible(tmp_path: Path, contexts: list[int]) -> None:
    """Each list serves at most once; rows stay alone only where one context has more than half of them."""
    rows = [row(n, context=f"question {context}") for n, context in enumerate(contexts)]
    source = InputFile(write(tmp_path / "in.jsonl", rows))
    found, left_out = samples_of(OtherRow(source), source)
    context_of = {one["human-checklist"][0]: one["context"] for one in rows}
    assert all(context_of[one.human[0]] != one.row["context"] for one in found)
    assert max(Counter(one.human for one in found).values(), default=1) == 1
    most = max(Counter(contexts).values())
    assert len(left_out) == max(0, 2 * most - len(rows))


def test_the_choice_is_the_same_every_time_and_for_every_form_of_the_input(tmp_path: Path) -> None:
    """A JSON array is read from a copy, in which a partner's line is read while the rows are."""
    rows = [row(n) for n in range(8)]
    array = tmp_path / "in.json"
    array.write_text(json.dumps(rows))
    sources = [InputFile(write(tmp_path / "in.jsonl", rows)), InputFile(array)]
    first, second = ([one.human for one in samples_of(OtherRow(source), source)[0]] for source in sources)
    assert first == second and len(first) == 8
    assert first != [tuple(rows[(n + 1) % 8]["human-checklist"]) for n in range(8)]  # not in the order of the file


# ------------------------------------------------------------------ sides-exchanged


def test_reasons_are_exchanged_and_those_that_name_no_response_are_left_out() -> None:
    """The record says which reasons these are, by their numbers in the model's list."""
    (sample,), left_out = sides("A is short", "The code crashes", "Response B is long")
    assert sample.model_items == ("B is short", "Response A is long") and sample.human == ("h1.1", "h1.2")
    assert sample.control == {"kind": SIDES_EXCHANGED, "items": [1, 3]}
    assert left_out == [LeftOut("reasons that name no response to exchange", 1)]


def test_only_reasons_that_are_judged_count() -> None:
    """Otherwise a later reason would replace one that cannot be exchanged."""
    (sample,), _ = sides("The code crashes", "A is short", "B is long", top_k=2)
    assert sample.model_items == ("B is short",)


@pytest.mark.parametrize("items", [(), ("The code crashes",)])
def test_a_row_without_a_reason_to_exchange_is_left_out(items: tuple[str, ...]) -> None:
    """Nothing is asked."""
    found, left_out = sides(*items)
    assert not found and LeftOut("rows without a reason to exchange or without a human item") in left_out


# ------------------------------------------------------------------ human reference


def annotated(*lists: Any, model: int = 3) -> Row:
    fields = {f"annotator-{n}-checklist": one for n, one in enumerate(lists, 1)}
    data = row(1, model=model, **fields)
    del data["human-checklist"]
    return Row(1, data)


def test_an_annotator_and_as_many_reasons_of_the_model_face_the_same_list() -> None:
    """The others' points are joined, and one that two of them make counts once."""
    lists = (
        ["a fails", "b is slow"],
        ["Response 1 has no tests at all"],
        ["response 1 has no tests at all", "c", "d", "e"],
    )
    found = list(HumanReference().samples(annotated(*lists), "id", ["M", ANNOTATORS]))
    assert all(isinstance(one, Sample) for one in found)
    seen = [(one.id, one.model, one.human, one.model_items) for one in found if isinstance(one, Sample)]
    others = ("Response 1 has no tests at all", "c", "d", "e")
    assert seen[:2] == [
        ("id-annotator-1", "M", others, ("m1.1", "m1.2")),
        ("id-annotator-1", ANNOTATORS, others, ("a fails", "b is slow")),
    ]
    assert [(name, len(items)) for name, _, _, items in seen[2:]] == [
        ("id-annotator-2", 1), ("id-annotator-2", 1), ("id-annotator-3", 3), ("id-annotator-3", 4),
    ]  # fmt: skip
    first = found[1]
    assert isinstance(first, Sample) and first.control == {"kind": HUMAN_REFERENCE, "annotator": "annotator-1"}
    assert first.row["human-checklist"] == list(others) and first.row["annotators-checklist"] == list(lists[0])


@pytest.mark.parametrize("lists", [(), (["a"],), (["a"], []), (["a"], None)])
def test_a_row_with_the_points_of_one_annotator_is_left_out(lists: tuple[Any, ...]) -> None:
    """There is nobody to compare with."""
    found = list(make_control(HUMAN_REFERENCE, InputFile(Path("/dev/null")), 5).samples(annotated(*lists), "id", ["M"]))
    assert found == [LeftOut("rows without the lists of two annotators")]


def test_a_row_without_the_models_list_is_named_once() -> None:
    """Once, not for each annotator."""
    found = list(HumanReference().samples(annotated(["a"], ["b"]), "id", ["N", ANNOTATORS]))
    assert found == [InvalidRow(1, 'has no "N-checklist"')]


# ------------------------------------------------------------------ the command


class Runs:
    """Runs `infer` with the embedded judge on rows of model M."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        rows = [row(n) | {"M-checklist": [f"A mentions h{n}.1", "B is long"]} for n in range(6)]
        self.rows = write(folder / "in.jsonl", rows)

    def __call__(self, out: str, *flags: str, model: str = "M") -> tuple[int, str, str]:
        files = ["--input-file", str(self.rows), "--output-file", str(self.folder / out)]
        code = main(["infer", *files, "--model-be-evaluated", model, "--model", "embedded", *flags])
        return code, *self._capsys.readouterr()

    def records(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]


@pytest.fixture
def infer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Runs:
    return Runs(tmp_path, capsys)


@pytest.mark.parametrize("kind", [OTHER_ROW, SIDES_EXCHANGED])
@pytest.mark.parametrize("granularity", ["item", "pairs", "row"])
def test_control_records_are_marked_and_stay_apart(infer: Runs, kind: str, granularity: str) -> None:
    """Resumed like others; neither file takes records of the other kind."""
    flags = ("--granularity", granularity)
    assert infer("own.jsonl", *flags)[0] == 0
    code, out, _ = infer("control.jsonl", "--control", kind, "--limit", "4", *flags)
    assert code == 0 and out.splitlines()[-1] == f"Next      python3 -m metajudge report {infer.folder}"
    own, control = infer.records("own.jsonl"), infer.records("control.jsonl")
    assert all("control" not in one and "control" not in one["judge"] for one in own) and len(control) == 4
    assert all(one["control"]["kind"] == one["judge"]["control"] == kind for one in control)
    assert [one["id"] for one in control] == [one["id"] for one in own][:4]
    assert infer("control.jsonl", "--control", kind, *flags)[0] == 0 and len(infer.records("control.jsonl")) == 6
    code, _, err = infer("own.jsonl", "--control", kind, *flags)
    assert code == 2 and f"control None, not {kind!r}" in err
    code, _, err = infer("control.jsonl", *flags)
    assert code == 2 and f"control {kind!r}, not None" in err


def test_the_judge_gives_less_for_another_rows_points(infer: Runs) -> None:
    """Each row's reason mentions its own first point; the embedded judge is lenient with the others."""
    infer("own.jsonl")
    infer("control.jsonl", "--control", OTHER_ROW)
    best = [[max(score for _, _, score in one["extraction_result"]["scores"]) for one in infer.records(name)]
            for name in ("own.jsonl", "control.jsonl")]  # fmt: skip
    assert min(best[0]) == 0.75 and max(best[1]) == 0.5


def test_rows_that_a_control_cannot_use_are_counted_and_cost_no_question(infer: Runs) -> None:
    """A dry run says so, too; with none left there is nothing to judge."""
    code, out, err = infer("out.jsonl", "--control", OTHER_ROW, "--dry-run", "--limit", "2")
    assert code == 0 and "Requests  4 in total" in out and "Instead   granularity pairs: 2 requests" in out
    write(infer.rows, [row(1), row(2, 3)])
    code, out, err = infer("out.jsonl", "--control", OTHER_ROW)
    assert code == 1 and f"left out: 2 {NO_PARTNER}" in err
    assert out == f"No row to judge: all are left out (2 {NO_PARTNER}).\n"


def test_the_human_reference_has_a_file_for_each_model_and_one_for_the_annotators(infer: Runs) -> None:
    """A second model's run asks nothing about the annotators again; the annotators' lists are no models."""
    lists = {f"annotator-{n}-checklist": [f"A loops {n}", "B stops"] for n in (1, 2)}
    write(infer.rows, [row(n) | {"N-checklist": ["A loops"]} | lists for n in range(3)])
    assert infer("{model}.jsonl", "--human-reference")[0] == 0
    mine, theirs = infer.records("M.jsonl"), infer.records("annotators.jsonl")
    assert len(mine) == len(theirs) == 6 and {one["id"] for one in mine} == {one["id"] for one in theirs}
    assert all(one["judge"]["control"] == one["control"]["kind"] == HUMAN_REFERENCE for one in mine + theirs)
    assert all(one["model_be_evaluated"] == ANNOTATORS and one["n_human"] == one["n_model"] == 2 for one in theirs)
    code, out, _ = infer("{model}.jsonl", "--human-reference", model="all")
    assert code == 0 and "12 resumed" in out and len(infer.records("N.jsonl")) == 6
    assert not (infer.folder / "annotator-1.jsonl").exists()


def test_two_kinds_in_one_run_are_refused(infer: Runs) -> None:
    """Each kind has its own files."""
    code, _, err = infer("out.jsonl", "--human-reference", "--control", OTHER_ROW)
    assert code == 2 and "--control and --human-reference are two runs: leave one of them out" in err
