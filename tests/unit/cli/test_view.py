"""`view`: the page's path on stdout, notes on stderr, and files that are not overwritten."""

from pathlib import Path

import pytest

from metajudge.cli import main
from tests.unit.result_rows import one_item, write


def view(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["view", *map(str, arguments), "--resamples", "100"])
    return code, *capsys.readouterr()


def test_the_path_is_printed_and_the_page_can_be_written_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory stands for its result files; stderr says how many rows the page has."""
    write(tmp_path / "M.jsonl", [one_item(n, 1) for n in range(2)])
    page = tmp_path / "page.html"
    for _ in range(2):
        code, out, err = view(capsys, tmp_path, "--output-file", page)
        assert (code, out) == (0, f"Page      {page}\n")
        assert err.startswith(f"{page}: 2 rows from 1 file, ") and err.endswith(" kB\n")


@pytest.mark.parametrize(("name", "content"), [("notes.html", "<p>mine</p>"), ("page.txt", ""), ("M.jsonl", "")])
def test_other_files_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str) -> None:
    """A page of somebody else, another form, and the results themselves."""
    results = write(tmp_path / "M.jsonl", [one_item(1, 1)])
    target = tmp_path / name
    if content:
        target.write_text(content)
    before = target.read_bytes() if target.exists() else None
    code, out, err = view(capsys, results, "--output-file", target)
    assert code == 2 and not out and err.count("\n") == 1 and str(target) in err
    assert (target.read_bytes() if target.exists() else None) == before


def test_notes_about_the_files_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unreadable lines are named, as in the report."""
    results = write(tmp_path / "M.jsonl", [one_item(1, 1), b"{broken"])
    code, _, err = view(capsys, results, "--output-file", tmp_path / "p.html")
    assert code == 0 and "1 unreadable line: line 2 is not JSON" in err


def test_the_page_is_opened_in_the_browser(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--open` runs the browser of the system with the page's address."""
    seen, browser = tmp_path / "seen", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{seen}"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    page = tmp_path / "the page.html"
    code, _, _ = view(capsys, write(tmp_path / "M.jsonl", [one_item(1, 1)]), "--output-file", page, "--open")
    assert code == 0 and seen.read_text() == page.resolve().as_uri()
