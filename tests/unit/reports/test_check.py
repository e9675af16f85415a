"""Check of input files and result files: findings, verdict, tables and JSON."""

import json
import re
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from metajudge.data.rows import InputFile, InvalidRow
from metajudge.data.samples import read_samples
from metajudge.reports.check import Check, check_file
from metajudge.reports.dataset_stats import FINDINGS, MOST_NAMES, OTHERS, Lengths, Model, Place, vague
from tests.unit.result_rows import Run, failed, one_item, record, write

ITEM = "Response 1 bakes the loaf at 480 °C"


def row(number: int, **fields: Any) -> dict[str, Any]:
    """A good row with two human items and one of model M."""
    return {
        "domain": "code",
        "context": f"question {number}",
        "human-checklist": [f"{ITEM} in step {number}", f"Response 2 forgets the salt in step {number}"],
        "M-checklist": [f"A burns the loaf in step {number}"],
        "M-label": "A>B",
        **fields,
    }


def checked(tmp_path: Path, *rows: dict[str, Any] | bytes, asked: str = "all") -> Check:
    return check_file(write(tmp_path / "rows.jsonl", rows), asked)


def places(check: Check, finding: str) -> list[Place]:
    """Return the places of a finding, which leaves the file usable."""
    assert check.good
    return check.rows.findings[finding].first


# ------------------------------------------------------------------ a good file


GOOD = """\
{file}: 3 input rows, all can be judged for M

Human checklists

Domain    Rows    Items a row (mean)    min    max
--------  ------  --------------------  -----  -----
code      2       2.50                  2      3
stem      1       2.00                  2      2
all       3       2.33                  2      3

Model checklists

Model    Rows    With list    Items a row (mean)    min    max    Empty    Over 5    Over 10
-------  ------  -----------  --------------------  -----  -----  -------  --------  ---------
M        3       3            1.00                  1      1      0        0         0

Labels

Model    Label    Meaning        Rows
-------  -------  -------------  ------
M        "A>B"    A better       2
M        "B>>A"   B much better  1
"""


def test_a_good_file_is_counted_by_domain_model_and_label(tmp_path: Path, run: Run) -> None:
    """Three rows counted by hand; nothing found, so no table of findings."""
    third = [ITEM, "Response 2 has no crust at all", "Response 2 asks for two ovens"]
    rows = [row(1), row(2, domain="stem", **{"M-label": "B>>A"}), row(3, **{"human-checklist": third})]
    path = write(tmp_path / "in.jsonl", rows)
    assert run("check", path) == (0, GOOD.format(file=path), "")


def test_the_mean_is_over_the_rows_that_have_a_list(tmp_path: Path) -> None:
    """Lists of 2 and 0 items: 1 a row; the third row has none and is no 0."""
    lists = checked(tmp_path, row(1), row(2, **{"human-checklist": []}), row(3, **{"human-checklist": "x"})).rows.human
    assert (lists.rows, lists.lists, lists.mean, lists.least, lists.most, lists.empty) == (3, 2, 1.0, 0, 2, 1)
    assert Lengths().mean is None


# ------------------------------------------------------------------ what an inference would skip

PROBLEMS: list[tuple[dict[str, Any] | bytes, str]] = [
    (b"[1]", "is a JSON list, not an object"),
    (b"{broken", "is not JSON (Expecting property name enclosed in double quotes at column 2)"),
    (b'{"a": "\xff"}', "is not UTF-8 (byte 0xff at position 8)"),
    (row(1, **{"human-checklist": None}), 'has no "human-checklist"'),
    (row(1, **{"human-checklist": ["x", 3]}), 'has a "human-checklist" whose item 2 is a number, not a string'),
    (row(1, **{"M-checklist": "x"}), 'has a "M-checklist" that is a string, not a list of strings'),
    ({"context": "c", "human-checklist": [ITEM]}, 'has no "M-checklist"'),
    ({"context": "c", "M-checklist": [ITEM]}, 'has no "human-checklist"'),
]


@pytest.mark.parametrize(("bad", "reason"), PROBLEMS)
def test_a_row_that_cannot_be_judged_is_named_by_line_with_inferences_own_words(
    tmp_path: Path, run: Run, bad: dict[str, Any] | bytes, reason: str
) -> None:
    """Blank lines count as lines, not as rows."""
    path = write(tmp_path / "in.jsonl", [row(1), b"", bad])
    skipped = [one for one in read_samples(InputFile(path).rows(), ["M"]) if isinstance(one, InvalidRow)]
    check = check_file(path)
    assert [(place.line, place.text) for place in check.problems.first] == [(3, reason)]
    assert [(one.line, one.reason) for one in skipped] == [(3, reason)]
    assert (check.lines, check.judged, check.good) == (2, 1, False)
    code, out, _ = run("check", path)
    assert code == 1 and "2 input rows, 1 can be judged for M; 1 cannot: correct the lines named below" in out
    assert re.search(rf"^3 +{re.escape(reason)}$", out, re.MULTILINE)


def test_a_row_that_lacks_the_lists_of_several_models_is_one_problem(tmp_path: Path) -> None:
    """A bad human list is the same problem for each of them."""
    both = {"N-checklist": ["n"], "O-checklist": ["o"]}
    check = checked(tmp_path, row(1, **both), row(2), row(3, **both, **{"human-checklist": 1}))
    assert [(place.line, place.text) for place in check.problems.first] == [
        (2, 'has no "N-checklist" and has no "O-checklist"'),
        (3, 'has a "human-checklist" that is a number, not a list of strings'),
    ]
    assert check.judged == 2


def test_the_first_twenty_problems_are_named_and_the_rest_counted(tmp_path: Path, run: Run) -> None:
    code, out, _ = run("check", write(tmp_path / "in.jsonl", [row(1), *[b"x"] * 23]))
    assert code == 1 and "23 cannot" in out and "Problems (the first 20; 3 more)" in out
    assert re.findall(r"^(\d+) +is not JSON", out, re.MULTILINE) == [str(line) for line in range(2, 22)]


def test_rows_that_an_earlier_step_left_unfit_are_counted_and_no_problem(tmp_path: Path, run: Run) -> None:
    """They need no list, and are in no table."""
    unfit = {"context": "c", "metajudge": {"status": "too_few"}}
    code, out, _ = run("check", write(tmp_path / "in.jsonl", [unfit, row(1, metajudge={"status": "success"})]))
    assert code == 0 and "1 input row, all can be judged for M; 1 skipped: an earlier step left them unfit" in out
    assert re.search(r"^all +1 ", out, re.MULTILINE)
    code, out, _ = run("check", write(tmp_path / "in.jsonl", [unfit]))
    assert code == 1 and "an earlier step left every row unfit" in out


# ------------------------------------------------------------------ a file that an inference would refuse


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"question": "q", "response_A": "a", "label": "A>B"}] * 2, 'a row needs "human-checklist" and, for each mod'),
        ([], "0 input rows: it is empty"),
        ([{"matched_human_item": 1}], "per-item matches; check the result file beside it"),
        ([{"samples": [], "derived": {}}], "the replies of a step; check the file of its rows"),
    ],
)
def test_another_file_is_one_line_with_what_to_do(
    tmp_path: Path, run: Run, rows: list[dict[str, Any]], reason: str
) -> None:
    """There is no table, and no list of every row."""
    code, out, _ = run("check", write(tmp_path / "in.jsonl", rows))
    assert code == 1 and reason in out and len(out.splitlines()) == 1


def test_human_lists_alone_are_refused_and_counted_all_the_same(tmp_path: Path) -> None:
    """The statistics of a file to which no model's reasons were added yet; a bad list in it is named."""
    check = checked(tmp_path, {"human-checklist": [ITEM]}, {"human-checklist": 3}, {"context": "c"})
    assert 'has a "{model}-checklist"' in check.refusal and not check.good
    assert check.rows.human.mean == 1.0 and [place.line for place in check.problems.first] == [2]


@pytest.mark.parametrize("human", [{}, {"human-checklist": None}, {"Human-Checklist": "x"}, {"human-checklist": [1]}])
def test_the_lists_of_a_critic_are_counted_where_human_ones_are_missing(
    tmp_path: Path, run: Run, human: dict[str, Any]
) -> None:
    """Rows that `critic` made before `decompose`: the model's lists are there, and the message says what is not."""
    made = {"context": "c", "M-checklist": ["a", "b"], "M-label": "A>B", **human}
    path = write(tmp_path / "in.jsonl", [made, {**made, "M-checklist": []}, {**made, "M-checklist": None}])
    check = check_file(path)
    lengths = check.rows.models["m"].lengths
    assert (lengths.rows, lengths.lists, lengths.items, lengths.empty) == (3, 2, 2, 1)
    assert (check.judged, check.problems.count, check.good) == (0, 3, False)
    code, out, _ = run("check", path)
    assert code == 1 and 'none has a usable "human-checklist": make these lists with `decompose`' in out.splitlines()[0]
    assert re.search(r"^M +3 +2 +1.00 +0 +2 +1 ", out, re.MULTILINE)


def test_the_lists_of_a_result_file_are_counted_where_human_ones_are_missing(tmp_path: Path) -> None:
    """The record fails, but its row holds the model's list."""
    metadata = {"context": "c", "M-checklist": ["a", "b"]}
    check = checked(tmp_path, {"samples": [], "status": "error", "model_be_evaluated": "M", "metadata": metadata})
    assert check.rows.human.lists == 0 and check.rows.models["m"].lengths.items == 2


def test_a_file_of_other_text_says_what_a_row_is(tmp_path: Path) -> None:
    """Text without any object is not JSONL."""
    check = checked(tmp_path, b"human-checklist,", b"M-checklist", b"a,b")
    assert "one JSON object on one line (JSONL)" in check.refusal and check.problems.count == 3


def test_keys_with_an_underscore_refuse_the_file(tmp_path: Path) -> None:
    check = checked(tmp_path, {"human_checklist": [ITEM], "M_checklist": [ITEM]})
    assert not check.good and 'rename "human_checklist" to "human-checklist" and "M_checklist" to' in check.refusal


def test_a_number_label_through_pandas_is_the_same_label(tmp_path: Path) -> None:
    """1.0 is 1, and null is no label."""
    rows = [row(1, **{"M-label": 1}), row(2, **{"M-label": 1.0}), row(3, **{"M-label": None})]
    labels = checked(tmp_path, *rows).rows.models["m"].verdicts()[0]
    assert [(label.text, label.rows) for label in labels] == [("1", 2), ("", 1)]


@pytest.mark.parametrize(
    ("asked", "good", "models"), [("M", True, ["M"]), ("m, n", False, ["M", "N"]), ("all", False, ["M", "N"])]
)
def test_the_flag_says_whose_lists_must_be_there(tmp_path: Path, asked: str, good: bool, models: list[str]) -> None:
    """Line 2 has no list of N; for M alone that is no problem."""
    check = checked(tmp_path, row(1, **{"N-checklist": ["n"]}), row(2), asked=asked)
    assert check.good is good and [model.name for model in check.rows.models.values()] == models
    assert [place.line for place in check.problems.first] == ([] if good else [2])


def test_a_model_that_no_row_knows_refuses_the_file(tmp_path: Path) -> None:
    check = checked(tmp_path, row(1), asked="M,nobody")
    assert not check.good and "nobody" in check.refusal and check.refusal.endswith("models of the file: M")


# ------------------------------------------------------------------ labels


def test_each_spelling_of_a_label_has_its_meaning(tmp_path: Path) -> None:
    """The most frequent first, what cannot be read by name, rows without label at the end; keys in any case."""
    bare = {key: value for key, value in row(6).items() if key != "M-label"}
    labels = ["[[A]]", "A>B", "perhaps", "[[A]]"]
    rows = [row(number, **{"M-label": label}) for number, label in enumerate(labels)]
    model = checked(tmp_path, *rows, {**bare, "m-LABEL": 0}, bare).rows.models["m"]
    found, unknown = model.verdicts()
    assert unknown == ""
    assert [(one.text, one.rows, one.verdict, one.why) for one in found] == [
        ('"[[A]]"', 2, -1, ""),
        ('"A>B"', 1, -1, ""),
        ('"perhaps"', 1, None, "unreadable"),
        ("0", 1, 0, ""),
        ("", 1, None, "no label"),
    ]


def test_ones_and_twos_are_not_guessed_but_name_the_flag(tmp_path: Path, run: Run) -> None:
    """Words beside them keep their meaning; such a file can be judged."""
    rows = [row(number, **{"M-label": label}) for number, label in enumerate([1, 2, "2", "B>A"])]
    code, out, _ = run("check", write(tmp_path / "in.jsonl", rows))
    assert code == 0
    assert re.search(r"^M-label holds the numbers 1, 2: .*--label-scale choice .*report, compare or plot$", out, re.M)
    meanings = re.findall(r'^M +["\d]\S* +(\w.*\w) +1$', out, re.M)
    assert meanings == ["scale unknown"] * 3 + ["B better"]


def test_a_negative_number_makes_all_numbers_signed() -> None:
    """-1 and 2: Response 1 better, Response 2 better."""
    model = Model("M", Lengths(rows=2), labels=Counter(["-1", "2"]))
    assert [one.verdict for one in model.verdicts()[0]] == [-1, 1]


# ------------------------------------------------------------------ findings


def test_repeated_rows_and_lists_shared_by_contexts_are_distinguished(tmp_path: Path) -> None:
    """Line 2 repeats line 1; lines 4 and 5 have line 3's list for other contexts; empty lists are no repetition."""
    shared, nothing = {"human-checklist": [ITEM]}, {"human-checklist": []}
    rows = [row(1), row(1), row(3, **shared), row(5, **shared), row(4, **shared), row(6, **nothing), row(7, **nothing)]
    check = checked(tmp_path, *rows)
    assert places(check, "repeated_rows") == [Place(2)]
    assert places(check, "shared_lists") == [Place(4, why="as line 3"), Place(5, why="as line 3")]


def test_empty_lists_empty_items_and_repeated_items_are_named(tmp_path: Path) -> None:
    """White space and case make no other item; a third copy is compared with the first."""
    check = checked(
        tmp_path,
        row(1, **{"human-checklist": [], "M-checklist": ["x", " \n", "y", "X ", "x"]}),
        row(2, **{"M-checklist": []}),
    )
    assert places(check, "empty_human") == [Place(1, "human")]
    assert places(check, "empty_model") == [Place(2, "M")]
    assert places(check, "blank_items") == [Place(1, "M", 2)]
    assert places(check, "repeated_items") == [Place(1, "M", 4, "as item 1"), Place(1, "M", 5, "as item 1")]


@pytest.mark.parametrize(("length", "over_five", "over_ten"), [(5, 0, 0), (6, 1, 0), (10, 1, 0), (11, 1, 1)])
def test_model_lists_over_the_limits_are_counted(tmp_path: Path, length: int, over_five: int, over_ten: int) -> None:
    """Five items count in the reference metrics, a row of more than ten is skipped by them."""
    check = checked(tmp_path, row(1, **{"M-checklist": [f"reason {n}" for n in range(length)]}))
    model = check.rows.models["m"]
    assert (model.over_five, model.over_ten) == (over_five, over_ten)
    assert places(check, "over_ten") == [Place(1, "M", why="11 items")] * over_ten


def test_findings_are_a_table_with_their_lines(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "in.jsonl", [row(n, **{"M-checklist": ["x", "x"]}) for n in range(7)])
    code, out, _ = run("check", path, "--format", "github")
    places = ", ".join(f"{line} (M item 2, as item 1)" for line in range(1, 6))
    assert code == 0
    assert re.search(rf"\| {re.escape(FINDINGS['repeated_items'])} +\| 7 +\| {re.escape(places)}, and 2 more \|", out)


# ------------------------------------------------------------------ vague items


VAGUE = {
    "general praise or blame": [
        "better overall",
        "Response 2 is more helpful and accurate.",
        "Clear and concise",
        "回答1更清晰",
    ],
    "only says which response is better": [
        "Response 1 is better",
        "I prefer @Response 2 overall",
        "A > B",
        "回答A更好",
    ],
    "too short": ["Typo", "Response 2: formatting", "Bad formatting"],
    "no content words": ["It is so.", "..."],
    "a heading or a verdict": ["Details about how each answered:"],
    "": [
        "Response 2 does not rhyme",
        "Response 1 tells the reader to bake at 480 °C",
        "The answer is wrong: 12 * 12 is 144",
        "Missing tip about storage",
        "过于冗长",
        "回答B超过300字",
        "B uses `sorted` twice",
        "",
    ],
}
"""Human items by the reason why no reason of a model can match them; empty: short but concrete, or an empty item."""


@pytest.mark.parametrize(("item", "why"), [(item, why) for why, items in VAGUE.items() for item in items])
def test_an_item_that_no_reason_can_match_looks_vague(item: str, why: str) -> None:
    """Brevity is no fault; an empty item has another finding."""
    assert vague(item) == why


def test_no_human_item_of_the_labelled_pairs_looks_vague() -> None:
    """48 items in four languages that were written to be matched."""
    lines = (Path(__file__).parents[2] / "data" / "labelled_pairs.jsonl").read_text().splitlines()
    items = [item for line in lines for item in json.loads(line)["human"]]
    assert len(items) == 48 and [item for item in items if vague(item)] == []


def test_vague_items_are_named_by_line_and_number(tmp_path: Path, run: Run) -> None:
    """The first ten are shown and the rest counted; vague model items are no finding."""
    fields = {"human-checklist": [ITEM, "Better overall"], "M-checklist": ["Better overall"]}
    code, out, _ = run("check", write(tmp_path / "in.jsonl", [row(n, **fields) for n in range(12)]))
    assert code == 0 and "Human items that look vague (the first 10; 2 more)" in out
    found = re.findall(r"^(\d+) +R2 +general praise or blame +Better overall$", out, re.MULTILINE)
    assert found == [str(line) for line in range(1, 11)]


# ------------------------------------------------------------------ result files


def test_a_result_file_is_counted_by_record_judge_and_row(tmp_path: Path, run: Run) -> None:
    """Row 1 failed, then was judged: only its second record counts, and its row once."""
    records = [
        failed(1, error_message="HTTP 500"),
        one_item(1, 0.5, domain="code"),
        record(2, [[1.0, 0.0]], judge={"model": "other"}, domain="stem"),
    ]
    path = write(tmp_path / "r.jsonl", records)
    check = check_file(path)
    assert check.kind == "results" and check.good and check.records is not None
    assert (check.records.readable, check.records.superseded, check.records.failed) == (3, 1, 0)
    assert dict(check.records.states) == {("success", ""): 2}
    assert dict(check.records.judges) == {("j", "i", "item"): 1, ("other", "i", "item"): 1}
    assert {name: lengths.rows for name, lengths in check.rows.domains.items()} == {"code": 1, "stem": 1}
    assert check.rows.models["m"].lengths.most == 2
    code, out, _ = run("check", path)
    assert code == 0 and out.startswith(f"{path}: results of M: 2 rows in 3 records (1 superseded), all finished\n")
    assert re.search(r"^other +i +item +1$", out, re.MULTILINE)


def test_failed_records_and_unreadable_lines_are_left_to_do(tmp_path: Path, run: Run) -> None:
    """Records are counted by status and reason; a row without model items is finished."""
    empty = one_item(4, 0.0, **{"M-checklist": []}) | {"status": "empty", "empty": "model"}
    records = [
        failed(1, error_message="HTTP 500"),
        failed(2, status="format_error", format_error="no block"),
        one_item(3, 1.0) | {"extraction_result": {}},
        empty,
        b'{"torn',
    ]
    path = tmp_path / "r.jsonl"
    code, out, _ = run("check", write(path, records))
    assert code == 1
    assert (
        "4 rows in 4 records; 3 failed or unreadable; run the same inference again to retry them; 1 line cannot be"
        in out
    )
    for line in (
        r"error +HTTP 500 +1",
        r"format_error +no block +1",
        r"success +extraction_result unreadable +1",
        r"empty +model checklist empty +1",
        r"5 +is not JSON .*",
    ):
        assert re.search(rf"^{line}$", out, re.MULTILINE), line
    assert check_file(write(path, [empty])).good
    assert not check_file(write(path, [empty, records[0]])).good


def test_a_row_judged_for_two_models_is_one_row(tmp_path: Path) -> None:
    """Its human list counts once, and repeats nothing."""
    fields = {"M-checklist": ["m"], "N-checklist": ["n"]}
    records = [one_item(1, 1.0, model, **fields) | {"question_id": model} for model in "MN"]
    path = write(tmp_path / "r.jsonl", records)
    check = check_file(path)
    assert check.records is not None and dict(check.records.evaluated) == {"M": 1, "N": 1}
    assert check.rows.human.rows == 1 and not check.rows.findings["repeated_rows"].count
    assert check_file(path, "n,M").good and check_file(path, "N").good
    assert "no record is of O; there are records of M, N" in check_file(path, "N,O").refusal


def test_records_that_name_no_model_take_it_from_the_flag(tmp_path: Path) -> None:
    """The reference's records: no id, no model, no judge."""
    reply = {"samples": [{"generated_text": "<RESULT_START>\n- R1@S1: 1\n<RESULT_END>"}]}
    lists = {"human-checklist": [ITEM], "M-checklist": ["m"], "N-checklist": ["n"]}
    path = write(tmp_path / "r.jsonl", [{"status": "success", **reply, "metadata": lists}])
    assert "does not say which model was evaluated" in check_file(path).refusal
    check = check_file(path, "n")
    assert check.good and check.records is not None
    assert list(check.rows.models) == ["n"] and dict(check.records.judges) == {("", "", ""): 1}


# ------------------------------------------------------------------ the command


def test_all_files_are_checked_and_the_worst_code_wins(tmp_path: Path, run: Run) -> None:
    """A file that cannot be read is one line on stderr, without a flag that the user never gave."""
    good = write(tmp_path / "good.jsonl", [row(1)])
    bad = write(tmp_path / "bad.jsonl", [row(1), b"x"])
    assert run("check", bad, good)[0] == 1
    code, out, err = run("check", tmp_path / "nowhere.jsonl", tmp_path, bad, good)
    assert code == 2 and "bad.jsonl: 2 input rows" in out and "good.jsonl: 1 input row," in out
    assert [line.split(": ", 2)[2].split(";")[0] for line in err.splitlines()] == [
        f"{tmp_path / 'nowhere.jsonl'} does not exist (looked in {Path.cwd()})",
        f"{tmp_path} is a directory",
    ]


def test_csv_is_tables_only_each_with_the_file(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "in.jsonl", [row(1), b"x"])
    code, out, err = run("check", path, "--format", "csv")
    first, *_, last = out.split("\n\n")
    assert code == 1
    assert first == f"File,Domain,Rows,Items a row (mean),min,max\n{path},code,1,2.00,2,2\n{path},all,1,2.00,2,2"
    assert last == f"File,Line,Problem\n{path},2,is not JSON (Expecting value at column 1)\n"
    assert err.splitlines() == [
        f"{path}: 2 input rows, 1 can be judged for M; "
        "1 cannot: correct the lines named below, an inference would skip them"
    ]


def test_the_json_has_the_documented_keys(tmp_path: Path, run: Run) -> None:
    """The docstring lists every key; domains, models and evaluated models are keyed by name."""
    rows = write(tmp_path / "in.jsonl", [row(1, **{"human-checklist": ["Better overall"]}), row(2), b"x"])
    results = write(tmp_path / "r.jsonl", [one_item(1, 1.0), failed(2, error_message="HTTP 500")])
    output = tmp_path / "found.json"
    assert run("check", rows, results, "--output-file", output)[0] == 1
    found = json.loads(output.read_text())
    keys = set(re.findall(r'^ *"(.*)": ', output.read_text(), re.MULTILINE))
    documented = set(re.findall(r"`(\w+)`", Check.as_json.__doc__ or ""))
    assert keys - {"code", "M", "", *FINDINGS} == documented
    assert [one["kind"] for one in found] == ["input", "results"]
    problem = {"line": 3, "text": "is not JSON (Expecting value at column 1)"}
    assert found[0]["problems"] == {"count": 1, "first": [problem]}
    assert found[0]["findings"]["vague_items"]["first"] == [
        {"line": 1, "text": "Better overall", "item": 1, "why": "general praise or blame"}
    ]
    assert found[0]["models"]["M"]["labels"] == [{"label": '"A>B"', "rows": 2, "verdict": -1, "why": ""}]
    assert found[0]["human"] == {"rows": 2, "with_list": 2, "items": 3, "mean": 1.5, "min": 1, "max": 2, "empty": 0}
    assert found[1]["records"]["states"] == [
        {"status": "success", "reason": "", "rows": 1},
        {"status": "error", "reason": "HTTP 500", "rows": 1},
    ]


def test_no_file_that_is_checked_is_overwritten(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "in.json", [row(1)])
    before = path.read_bytes()
    code, _, err = run("check", path, "--output-file", path)
    assert code == 2 and "is the input file" in err and path.read_bytes() == before


def test_text_from_the_file_cannot_act_on_the_terminal(tmp_path: Path, run: Run) -> None:
    """Domains, names, labels, items, keys and reasons, with colours, direction overrides and lone surrogates."""
    evil = "x\x1b[31m\u202e\ud800"
    lists = {f"{evil}-checklist": ["m", "m"], f"{evil}-label": evil, "human-checklist": [f"good {evil}", "A"]}
    rows = write(tmp_path / "in.jsonl", [{"domain": evil, **lists}, {"human-checklist": []}])
    record = failed(1, evil, evil, error_message=evil, judge={"model": evil, "granularity": evil})
    results = write(tmp_path / "r.jsonl", [record])
    for style in ("table", "csv"):
        code, out, err = run("check", rows, results, "--format", style)
        assert code == 1 and out.count(r"\x1b[31m\u202e\ud800") > 5
        assert not set("\x1b\u202e\ud800") & set(out + err)


def test_names_without_end_are_counted_together(tmp_path: Path) -> None:
    rows = [row(n, domain=f"d{n}", **{"M-label": f"label {n}"}) for n in range(MOST_NAMES + 5)]
    check = checked(tmp_path, *rows)
    assert len(check.rows.domains) == MOST_NAMES + 1 and check.rows.domains[OTHERS].rows == 5
    assert check.rows.models["m"].verdicts()[0][0].why == "not looked at"
    assert check.rows.models["m"].labels[OTHERS] == 5


def test_memory_does_not_grow_with_the_text(tmp_path: Path) -> None:
    """300 rows of 50 kB, 15 MB in all: what is kept of a row are numbers."""
    path = write(tmp_path / "in.jsonl", [row(n, response1="x" * 50_000) for n in range(300)])
    check_file(write(tmp_path / "one.jsonl", [row(1)]))  # what is imported late
    tracemalloc.start()
    try:
        assert check_file(path).good
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000
