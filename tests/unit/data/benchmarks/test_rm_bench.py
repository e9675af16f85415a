"""RM-Bench's files, and its rows for `critic`."""

import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.data.benchmarks import read_rm_bench, rm_bench_critic_rows
from metajudge.errors import UsageError
from tests.unit.benchmark_files import styles, write

DATA = {"id": 7, "prompt": "p", "chosen": ["a0", "a1", "a2"], "rejected": ["b0", "b1", "b2"]}


def refusal(*paths: Path) -> str:
    with pytest.raises(UsageError) as found:
        read_rm_bench(paths)
    return str(found.value)


@pytest.mark.parametrize(
    ("name", "fields", "domain", "part"),
    [
        ("x.json", {"domain": "safety-refuse"}, "safety", "safety-refuse"),
        ("x.json", {"subset": "xstest-should-respond"}, "safety", "safety-response"),
        ("x.json", {"subset": "bigcode/humanevalpack"}, "code", "code"),
        ("Chat_filtered_m_REWORD_MODEL_20250101.json", {"subset": "subset"}, "chat", "chat"),
        ("safety-response_filtered_m.json", {}, "safety", "safety-response"),
        ("math_filtered_Qwen1.5-7B-Chat_REWORD_MODEL.json", {}, "math", "math"),
        ("chat_filtered_m-safety-refuse.json", {}, "chat", "chat"),
    ],
)
def test_the_domain_is_that_of_the_row_or_the_files_name(
    tmp_path: Path, name: str, fields: dict[str, Any], domain: str, part: str
) -> None:
    (results,) = read_rm_bench([write(tmp_path / name, [styles(1, [1, 1, 1], [0, 0, 0], **fields)])])
    assert [(one.domain, one.part) for one in results.matrices] == [(domain, part)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (styles(1, [1, 1, 1], [0, 0, 0]), "has no domain; let the file's name contain one of safety-refuse"),
        (styles(1, [1, 1], [0, 0, 0], domain="chat"), 'has 2 scores in "score_chosen"; allowed are 3'),
        ({**DATA, "domain": "chat"}, 'has no "score_chosen"; to have the pairs judged, make rows for critic'),
        ({**DATA, "domain": "chat", "acc_matrix": [[1, 1], [0, 0]]}, 'has a "acc_matrix" that is not three lists'),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "x.jsonl", [row])
    assert refusal(path).startswith(f"{path}: line 1 {said}")


def test_a_matrix_of_outcomes_is_read(tmp_path: Path) -> None:
    """Whatever is no outcome is null."""
    for key in ("acc_matrix", "result"):
        row = {**DATA, "domain": "chat", key: [[1, 0.5, 0], [0.0, 2, None], [1, 1, 1]]}
        (results,) = read_rm_bench([write(tmp_path / "x.jsonl", [row])])
        assert results.matrices[0].cells == ((1, 0.5, 0), (0, None, None), (1, 1, 1))


def test_rows_of_one_id_but_other_prompts_are_two(tmp_path: Path) -> None:
    """The files of two models at once have rows in common."""
    rows = [styles(1, [1, 1, 1], [0, 0, 0], prompt=prompt) for prompt in ("p", "q")]
    first = write(tmp_path / "chat_1.json", rows)
    (results,) = read_rm_bench([first])
    assert len(results.matrices) == 2
    second = write(tmp_path / "chat_2.json", rows)
    expected = f"{second}: row 1 of chat is also in another file; name the files of one model, each once"
    assert refusal(first, second) == expected


def test_scores_are_compared_as_the_official_script_compares_them(tmp_path: Path) -> None:
    """Infinite scores by size, lists of several numbers element by element, and NaN never wins."""
    inf, nan = float("inf"), float("nan")
    rows = [styles(1, [inf, -inf, nan], [inf, 0, -inf], domain="chat")]
    rows.append(styles(2, [[1, 2], [1, 1], [0, 9]], [[1, 1], [0, 9], [0, 10]], domain="chat"))
    (results,) = read_rm_bench([write(tmp_path / "x.jsonl", rows)])
    cells = [one.cells for one in results.matrices]
    assert cells[0] == ((0.5, 1, 1), (0, 0, 0.5), (None, None, None))
    assert cells[1] == ((1, 1, 1), (0.5, 1, 1), (0, 0.5, 0))


def third(tmp_path: Path, name: str, rejected: list[str], row_id: int = 7) -> Path:
    row = {**DATA, "id": row_id, "domain": "code", "rejected": rejected, "result": [1, 0, 1]}
    return write(tmp_path / name, [row])


def test_three_files_must_be_the_three_thirds_of_one_run(tmp_path: Path) -> None:
    """Two files, files in another order, another row, and a file of scores beside them."""
    one = third(tmp_path, "one.json", ["b0", "b1", "b2"])
    two = third(tmp_path, "two.json", ["b1", "b2", "b0"])
    three = third(tmp_path, "three.json", ["b2", "b0", "b1"])
    assert len(read_rm_bench([one, two, three])[0].matrices) == 1
    assert "name the three files of a model" in refusal(one, two)
    assert f"{three}: row 7 has not the wrong responses of {one} rotated by 1" in refusal(one, three, two)
    other = third(tmp_path, "other.json", ["b2", "b0", "b1"], row_id=8)
    assert f"{other} has row 8 where {one} has 7" in refusal(one, two, other)
    scores = write(tmp_path / "chat.json", [styles(1, [1, 1, 1], [0, 0, 0])])
    assert "another file scores" in refusal(one, two, three, scores)
    short = write(tmp_path / "short.json", [{**DATA, "domain": "code", "result": [1, 0]}])
    assert 'has 2 results in "result"; allowed are 3' in refusal(short)


# ------------------------------------------------------------------ rows of critic


def test_nine_rows_lead_back_to_their_comparison(tmp_path: Path) -> None:
    """Each right response meets each wrong one; its position is a hash's, and the row says which."""
    path = write(tmp_path / "chat_filtered.json", [DATA, {**DATA, "prompt": "q"}, {**DATA, "id": 8}])
    made = rm_bench_critic_rows([path])
    assert len(made.rows) == 27 and made.about == "nine pairs of each row: 3 of chat"
    assert made.rows[5]["id"] == "rm-bench/chat/7/1-2" and made.rows[9]["id"] == "rm-bench/chat/7-2/0-0"
    for row in made.rows:
        part = row["benchmark"]
        pair = [f"a{part['chosen']}", f"b{part['rejected']}"]
        first = part["chosen_is"] == "A"
        assert [row["response1"], row["response2"]] == (pair if first else pair[::-1])
        assert row["overall_preference"] == (-1 if first else 1) and row["domain"] == "chat"
    assert {row["benchmark"]["chosen_is"] for row in made.rows} == {"A", "B"}
    assert made.rows == rm_bench_critic_rows([path]).rows


def test_lists_may_be_the_text_of_a_literal(tmp_path: Path) -> None:
    """A text that is no list, a list of two and a row that comes twice are refused."""
    (row,) = [{**DATA, "chosen": "['a\\'0', \"a1\", 'a2']"}]
    made = rm_bench_critic_rows([write(tmp_path / "chat.json", [row])])
    assert {one["response1"] for one in made.rows} | {one["response2"] for one in made.rows} >= {"a'0", "a1", "a2"}
    for wrong, said in (
        ({**DATA, "id": 8, "chosen": "a, b"}, 'has a "chosen" that is no list'),
        ({**DATA, "id": 8, "rejected": ["x", "y"]}, 'has a "rejected" that is no list of three texts'),
        (row, "line 2 repeats the row 7"),
    ):
        with pytest.raises(UsageError, match=said):
            rm_bench_critic_rows([write(tmp_path / "chat.json", [row, wrong])])


def judged(tmp_path: Path, change: dict[int, dict[str, Any]], name: str = "m") -> Path:
    """Nine rows with verdicts for the right response, but for changes to the rows of these numbers."""
    rows = rm_bench_critic_rows([write(tmp_path / "chat.json", [DATA])]).rows
    for number, row in enumerate(rows):
        label = "A>B" if row["benchmark"]["chosen_is"] == "A" else "B>A"
        row |= {f"{name}-label": label, "metajudge": {"step": "critic", "status": "success"}}
        for key, value in change.get(number, {}).items():
            row[key] = value
            if value is None:
                del row[key]
    return write(tmp_path / f"{name}.jsonl", rows)


def test_verdicts_make_the_matrix(tmp_path: Path) -> None:
    """A tie, a failed row, and the label that critic made of two orders which differ."""
    failed = {"m-label": None, "metajudge": {"step": "critic", "status": "error"}}
    (results,) = read_rm_bench([judged(tmp_path, {1: {"m-label": "A=B"}, 5: failed})])
    assert results.matrices[0].cells == ((1, 0.5, 1), (1, 1, None), (1, 1, 1))
    assert (results.model, results.kind) == ("m", "verdicts in one order")
    orders = {"step": "critic", "status": "success", "labels": {"AB": "A=B", "BA": "B>A"}, "orders_rule": "sum"}
    changes = {number: {"metajudge": orders} for number in range(9)}
    (results,) = read_rm_bench([judged(tmp_path, changes)])
    assert results.matrices[0].inconsistent == 9 and results.kind == "verdicts in both orders, rule sum"


def test_outputs_of_two_models_are_two_results(tmp_path: Path) -> None:
    """Those of one model are one; both must be judged in the same way."""
    first = judged(tmp_path, {})
    found = read_rm_bench([first, judged(tmp_path, {}, "n")])
    assert [one.model for one in found] == ["m", "n"]
    code = [json.loads(line) for line in first.read_text().splitlines()]
    for row in code:
        row["benchmark"]["domain"] = "code"
    second = write(tmp_path / "code.jsonl", code)
    (both,) = read_rm_bench([first, second])
    assert [one.domain for one in both.matrices] == ["chat", "code"] and both.paths == [first, second]
    for row in code:
        row["metajudge"]["labels"] = {"AB": "A>B", "BA": "A>B"}
    write(second, code)
    assert f"{second} holds verdicts in both orders, rule agree, another file verdicts in one" in refusal(first, second)


def test_an_unfinished_output_is_refused(tmp_path: Path) -> None:
    """A comparison is missing or comes twice, the rows were judged in two ways, or by two models."""
    path = judged(tmp_path, {})
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:8]))
    assert f"{path}: row 7 of chat has 8 of its 9 pairs; finish the run of critic" in refusal(path)
    path.write_text("".join([*lines, lines[0]]))
    assert "line 10 repeats the pair 0-0 of row 7 of chat" in refusal(path)
    orders = {"step": "critic", "status": "success", "labels": {"AB": "A>B", "BA": "A>B"}}
    assert "judge all rows in the same way" in refusal(judged(tmp_path, {3: {"metajudge": orders}}))
    mixed = judged(tmp_path, {3: {"m-label": None, "n-label": "A>B"}})
    assert "line 4 has a label of n, others of m" in refusal(mixed)
