"""Steps from the command line to the files, without a model."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main

READABLE = "Reasons:\n- Response A is wrong about the year.\n\\boxed{B>>A}"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def command(tmp_path: Path, step: str, rows: Sequence[dict[str, Any]], *flags: str) -> int:
    """Run a step on these rows without a server."""
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = ["--input-file", str(tmp_path / "in.jsonl"), "--output-file", str(tmp_path / "out.jsonl")]
    return main([step, *files, *flags])


def parse(tmp_path: Path, texts: Sequence[str], *flags: str) -> int:
    """Run `critic --from-field` on rows with these texts."""
    rows = [{"said": text} for text in texts]
    return command(tmp_path, "critic", rows, "--name", "m", "--from-field", "said", *flags)


def statuses(tmp_path: Path) -> list[str]:
    return [json.loads(line)["metajudge"]["status"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]


def test_texts_that_cannot_be_read_end_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is named with its line and its reason, and counted; a second run says the same."""
    for _ in range(2):
        assert parse(tmp_path, ["I like both.", "No idea."]) == 1
        out, err = capsys.readouterr()
        assert "in.jsonl: format_error: no boxed verdict behind the reasons" in err
        assert "0 judged, 0 empty, 0 failed, 2 unusable, 0 resumed" in out
        assert "2 unusable rows are named above;" in out.splitlines()[-1]
        assert statuses(tmp_path) == ["format_error"] * 2


def test_a_dry_run_estimates_the_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The prices give bounds for prompts and replies."""
    rows = [{"said": "Response 1 is wrong."}] * 3
    prices = ["--price-input", "1000000", "--price-output", "1000"]
    assert command(tmp_path, "decompose", rows, "--text-field", "said", "--dry-run", *prices) == 0
    out = capsys.readouterr().out
    tokens = int(re.search(r"about ([\d,]+) prompt", out)[1].replace(",", ""))  # type: ignore[index]
    assert f"Cost      {tokens}.00 for the prompts; {tokens + 3}.00 with replies of 1,000 tokens\n" in out


def test_texts_that_can_be_read_end_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They count as judged."""
    assert parse(tmp_path, [READABLE, READABLE.replace("B>>A", "A>B")]) == 0
    out = capsys.readouterr().out
    for part in ("2 judged, 0 empty", "(2 success)\n", f"Next      python -m metajudge check {tmp_path}"):
        assert part in out
    assert statuses(tmp_path) == ["success"] * 2


def test_a_smaller_limit_keeps_texts_parsed_before(tmp_path: Path) -> None:
    """Only the limit of a first run bounds the output."""
    for flags, count in ((("--limit", "2"), 2), ((), 3), (("--limit", "1"), 3)):
        assert parse(tmp_path, [READABLE] * 3, *flags) == 0 and len(statuses(tmp_path)) == count


@pytest.mark.parametrize("flag", [("--orders", "both"), ("--max-input-tokens", "500")])
def test_existing_text_does_not_go_with_flags_of_a_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: Sequence[str]
) -> None:
    """The flag is refused in one line with exit code 2."""
    assert parse(tmp_path, [READABLE], *flag) == 2
    error = capsys.readouterr().err
    assert "--from-field asks nothing: leave out --orders both" in error and len(error.splitlines()) == 1
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "field", "flag"),
    [
        (["decompose", "--text-field", "nots"], "nots", "--text-field"),
        (["decompose"], "individual_preference", "--text-field"),
        (["critic", "--name", "m"], "context", "--context-field"),
        (["critic", "--name", "m", "--context-field", "question"], "response1", "--response-fields"),
        (["critic", "--name", "m", "--from-field", "text"], "text", "--from-field"),
    ],
)
@pytest.mark.parametrize("dry", [True, False])
def test_a_field_that_no_row_has_is_a_wrong_flag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], field: str, flag: str, dry: bool
) -> None:
    """One line names the field, the flag and the rows' fields; an output made before stays."""
    (tmp_path / "out.jsonl").write_text("made before\n")
    (tmp_path / "out.jsonl.records").write_text("")
    rows = [{"question": "why", "notes": "bad"}] * 2
    more = ["--dry-run"] if dry else ["--api-base", "http://127.0.0.1:9/v1"]
    assert command(tmp_path, arguments[0], rows, *arguments[1:], *more) == 2
    error = capsys.readouterr().err
    assert f'has "{field}"; name another field with {flag} (line 1 has: question, notes)' in error
    assert len(error.splitlines()) == 1 and (tmp_path / "out.jsonl").read_text() == "made before\n"


def test_rows_that_lack_what_others_have_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The dry run gives the reason in the place of a question."""
    rows: list[dict[str, Any]] = [{"notes": " "}, {"other": 1}]
    assert command(tmp_path, "decompose", rows, "--text-field", "notes", "--dry-run") == 0
    out, err = capsys.readouterr()
    assert "line 2 of" in err and 'error: the row has no "notes"' in err
    assert "0 to decompose, 2 unusable" in out and "error: the row has no annotator's text)" in out


@pytest.mark.parametrize("arguments", [["decompose"], ["critic", "--name", "m"]])
def test_without_a_key_only_what_can_help_is_suggested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str]
) -> None:
    """The embedded judge cannot write lists."""
    assert command(tmp_path, arguments[0], [{"context": "x"}], *arguments[1:]) == 2
    error = capsys.readouterr().err
    assert "no key for the model: set OPENAI_API_KEY, or --api-base" in error and "embedded" not in error


def test_another_name_is_refused_where_it_would_replace_the_first_ones_fields(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each evaluated model has its output; upper and lower case make no difference."""
    assert parse(tmp_path, [READABLE]) == 0
    before = (tmp_path / "out.jsonl").read_bytes()
    flags = ("--from-field", "said")
    assert command(tmp_path, "critic", [{"said": READABLE}], "--name", "other", *flags) == 2
    assert "critic's name 'm', not 'other'" in capsys.readouterr().err
    assert (tmp_path / "out.jsonl").read_bytes() == before
    assert command(tmp_path, "critic", [{"said": READABLE}], "--name", "M", *flags) == 0


def test_an_output_that_is_a_link_stays_one(tmp_path: Path) -> None:
    """The target of the link is written, even if it does not exist yet."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out.jsonl").symlink_to("elsewhere/rows.jsonl")
    for _ in range(2):
        assert parse(tmp_path, [READABLE]) == 0
        assert (tmp_path / "out.jsonl").is_symlink() and statuses(tmp_path) == ["success"]
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["rows.jsonl"]
