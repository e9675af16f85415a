"""The text of a run."""

from pathlib import Path

from metajudge.cli.summary import _analysis_commands


def test_the_next_command_shows_every_table() -> None:
    """One command for a folder; one per file for several folders and for names that a folder's table omits."""
    one, two = Path("o/a.jsonl"), Path("o/b c.jsonl")
    assert _analysis_commands([two]) == "python3 -m metajudge analysis --input-file 'o/b c.jsonl'"
    assert _analysis_commands([one, two]) == "python3 -m metajudge analysis --input-dir o"
    for other in (Path("p/a.jsonl"), Path("o/b.json")):
        first, second = _analysis_commands([one, other]).split("\n")
        assert first.endswith("--input-file o/a.jsonl") and second.strip().endswith(f"analysis --input-file {other}")
