"""Steps from the command line to the files, without a model."""

import gzip
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from metajudge.data.rows import Row
from metajudge.engine.config import JudgeConfig
from metajudge.tasks.decompose.step import DecomposeStep
from metajudge.tasks.pipeline import judge_identity
from metajudge.tasks.step import StepResult, StepRow, StepTask, step_rows

READABLE = "Reasons:\n- Response A is wrong about the year.\n\\boxed{B>>A}"
PARSE = ("critic", "--name", "m", "--from-field", "said")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A step on these rows without a server; a text stands for a row that holds it."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    files = ["--input-file", str(tmp_path / "in.jsonl"), "--output-file", str(tmp_path / "out.jsonl")]

    def command(rows: Sequence[dict[str, Any] | str], *words: str) -> tuple[int, str, str]:
        data = [{"said": row} if isinstance(row, str) else row for row in rows]
        (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in data))
        return main([words[0], *files, *words[1:]]), *capsys.readouterr()

    return command


def statuses(tmp_path: Path) -> list[str]:
    return [json.loads(line)["metajudge"]["status"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]


def test_texts_that_cannot_be_read_end_with_1(run: Run, tmp_path: Path) -> None:
    """Each is named with its line and its reason, and counted; a second run says the same."""
    for _ in range(2):
        code, out, err = run(["I like both.", "No idea."], *PARSE)
        assert code == 1 and "in.jsonl: format_error: no boxed verdict\n" in err
        assert "0 judged, 0 empty, 0 failed, 2 unusable, 0 resumed" in out
        assert "2 unusable rows named above:" in out.splitlines()[-1]
        assert statuses(tmp_path) == ["format_error"] * 2


def test_a_dry_run_estimates_the_cost(run: Run) -> None:
    """The prices give bounds for prompts and replies."""
    prices = ["--price-input", "1000000", "--price-output", "1000"]
    rows = [{"said": "Response 1 is wrong.", "response1": "a", "response2": "b"}] * 3
    code, out, _ = run(rows, "decompose", "--text-field", "said", "--dry-run", *prices)
    tokens = int(re.search(r"about ([\d,]+) prompt", out)[1].replace(",", ""))  # type: ignore[index]
    assert code == 0
    assert f"Cost      {tokens}.00 for the prompts; {tokens + 3}.00 with replies of 1,000 tokens\n" in out


def test_texts_that_can_be_read_end_with_0(run: Run, tmp_path: Path) -> None:
    """They count as judged."""
    code, out, _ = run([READABLE, READABLE.replace("B>>A", "A>B")], *PARSE)
    assert code == 0 and "2 judged, 0 empty" in out and "(2 success)\n" in out
    assert f"Next      python3 -m metajudge check {tmp_path}" in out and statuses(tmp_path) == ["success"] * 2


def test_a_smaller_limit_keeps_texts_parsed_before(run: Run, tmp_path: Path) -> None:
    """Only the limit of a first run bounds the output."""
    for flags, count in ((("--limit", "2"), 2), ((), 3), (("--limit", "1"), 3)):
        assert run([READABLE] * 3, *PARSE, *flags)[0] == 0 and len(statuses(tmp_path)) == count


@pytest.mark.parametrize(
    ("words", "field", "flag"),
    [
        ("decompose --text-field nots", "nots", "--text-field"),
        ("decompose", "individual_preference", "--text-field"),
        ("critic --name m", "context", "--context-field"),
        ("critic --name m --context-field question", "response1", "--response-fields"),
        ("critic --name m --from-field text", "text", "--from-field"),
    ],
)
@pytest.mark.parametrize("more", ["--dry-run", "--api-base=http://127.0.0.1:9/v1"])
def test_a_field_that_no_row_has_is_a_wrong_flag(
    run: Run, tmp_path: Path, words: str, field: str, flag: str, more: str
) -> None:
    """One line names the field, the flag and the rows' fields; an output made before stays."""
    (tmp_path / "out.jsonl").write_text("made before\n")
    (tmp_path / "out.jsonl.records").write_text("")
    code, _, error = run([{"question": "why", "notes": "bad"}] * 2, *words.split(), more)
    assert f'has "{field}"; name another field with {flag} (line 1 has: question, notes)' in error
    assert code == 2 and len(error.splitlines()) == 1
    assert (tmp_path / "out.jsonl").read_text() == "made before\n"


def test_rows_that_lack_what_others_have_are_named(run: Run) -> None:
    """The dry run gives the reason in the place of a question; there is nothing to do: exit 1."""
    flags = ("--dry-run", "--show-prompt")
    code, out, err = run([{"notes": " "}, {"other": 1}], "decompose", "--text-field", "notes", *flags)
    assert code == 1 and "line 2 of" in err and 'error: the row has no "notes"' in err
    assert "0 to decompose, 2 unusable" in out and "error: the row has no annotator's text)" in out


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
@pytest.mark.parametrize("words", [PARSE, ("decompose", "--text-field", "said", "--api-base=http://127.0.0.1:9/v1")])
def test_an_input_without_a_row_is_1(run: Run, tmp_path: Path, words: tuple[str, ...], flags: tuple[str, ...]) -> None:
    """One line, and no output."""
    code, out, _ = run([], *words, *flags)
    assert (code, out) == (1, f"No row to ask about: {tmp_path / 'in.jsonl'} is empty.\n")
    code, out, _ = run([{"said": "x", "metajudge": {"status": "too_few"}}] * 2, *words, *flags)
    assert (code, out) == (1, "No row to ask about: an earlier step did not succeed for any of the 2 rows.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_dry_run_of_a_step_counts_the_requests_that_remain(run: Run, tmp_path: Path) -> None:
    """The rows of an earlier run with the same model and settings are left out."""
    flags = ("decompose", "--text-field", "said", "--dry-run")
    rows = [{"said": said, "response1": "a", "response2": "b"} for said in ("Response 1 is wrong.", "B.", "C is long.")]
    assert "Requests  3 in total\n" in run(rows, *flags)[1]
    step = DecomposeStep(text_fields=("said",))
    judge = judge_identity(JudgeConfig(), step.spec.instructions, "decompose", samples=1, settings=step.spec.settings)
    (first, *_) = step_rows([Row(1, rows[0])], step)
    assert isinstance(first, StepRow)
    record = StepTask(step, judge).record(replace(first, precomputed=StepResult("success")), [], 0.0)
    (tmp_path / "out.jsonl.records").write_bytes(record.to_line())
    out = run(rows, *flags)[1]
    assert "Requests  2 remain; 1 row finished in the output\n" in out


def test_the_output_of_a_step_is_jsonl(run: Run, tmp_path: Path) -> None:
    code, _, err = run([READABLE], *PARSE, "--output-file", str(tmp_path / "rows.jsonl.gz"))
    assert code == 2 and "the output is JSONL; give it a name such as rows.jsonl" in err and err.count("\n") == 1


@pytest.mark.parametrize("compress", [lambda text: text, gzip.compress])
def test_a_step_reads_an_array(run: Run, tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    """Elements are rows; the output is JSONL."""
    run([], *PARSE)
    (tmp_path / "in.jsonl").write_bytes(compress(json.dumps([{"said": READABLE}] * 2, indent=1).encode()))
    code = main([PARSE[0], "--input-file", str(tmp_path / "in.jsonl"), "--output-file", str(tmp_path / "out.jsonl"),
                 *PARSE[1:]])  # fmt: skip
    assert code == 0 and statuses(tmp_path) == ["success"] * 2


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        ({"response2": None}, 'has a "response2" that is null'),
        ({"response2": {"role": "assistant", "content": "b"}}, 'has a "response2" that is an object'),
        ({"response2": []}, 'has a "response2" whose messages hold no text'),
        ({"response2": ["b"]}, 'has a "response2" that has a message 1 that is no object'),
    ],
)
@pytest.mark.parametrize("step", ["decompose --text-field said", "critic --name m --context-field said"])
def test_a_row_without_one_of_its_responses_is_an_error_before_anything_is_asked(
    run: Run, tmp_path: Path, response: dict[str, Any], problem: str, step: str
) -> None:
    """One line names row and field; no server is there, and the run does not miss it."""
    rows = [{"said": "Response 1 is wrong.", "response1": "a", **response}]
    code, out, err = run(rows, *step.split(), "--api-base=http://127.0.0.1:9/v1")
    (line,) = [line for line in err.splitlines() if "response2" in line]
    assert code == 1 and f"in.jsonl: error: the row {problem}" in line and "1 unusable" in out
    assert statuses(tmp_path) == ["error"]


def test_a_row_to_decompose_that_has_no_response_at_all_is_an_error(run: Run) -> None:
    """The annotators' texts alone are no question."""
    code, _, err = run(["Too long."], "decompose", "--text-field", "said", "--api-base=http://127.0.0.1:9/v1")
    assert code == 1 and 'error: the row has no "response1"; give each response as a string' in err


def test_another_name_is_refused_where_it_would_replace_the_first_ones_fields(run: Run, tmp_path: Path) -> None:
    """Each evaluated model has its output; upper and lower case make no difference."""
    assert run([READABLE], *PARSE)[0] == 0
    before = (tmp_path / "out.jsonl").read_bytes()
    code, _, error = run([READABLE], *PARSE, "--name", "other")
    assert code == 2 and "critic's name 'm', not 'other'" in error
    assert (tmp_path / "out.jsonl").read_bytes() == before
    assert run([READABLE], *PARSE, "--name", "M")[0] == 0


def test_an_output_that_is_a_link_stays_one(run: Run, tmp_path: Path) -> None:
    """The target of the link is written, even if it does not exist yet."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out.jsonl").symlink_to("elsewhere/rows.jsonl")
    for _ in range(2):
        assert run([READABLE], *PARSE)[0] == 0
        assert (tmp_path / "out.jsonl").is_symlink() and statuses(tmp_path) == ["success"]
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["rows.jsonl"]
