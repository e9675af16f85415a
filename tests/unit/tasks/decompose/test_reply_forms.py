"""Text among the points of a decomposer's reply: skipped, left out and named, or refused."""

import pytest

from metajudge.tasks.decompose.reply import Claims, Ignored, LeftOut, read_claims
from tests.unit.tasks.replies import accepted, block, rejected

UNIT, RUDE = "Response 1 omits the unit", "Response 2 is rude"
FIRST, SECOND = f"- C1: {UNIT}", f"- C2: {RUDE}"


def read(*lines: str, count: int = 2, ignored: str = "- none") -> Claims:
    return accepted(read_claims(block(f"CLAIM_COUNT={count}", "CLAIMS:", *lines, "IGNORED_SUMMARY:", ignored)))


def reason(*lines: str, count: int = 2, ignored: str = "- none") -> str:
    return rejected(read_claims(block(f"CLAIM_COUNT={count}", "CLAIMS:", *lines, "IGNORED_SUMMARY:", ignored)))


SKIPPED = [
    "### Response 2", "##Response 2", "#### **Claims about Response 2**", "###", "# 回答2", "<h3>Response 2</h3>",
    "**Response 2**", "**Response 2:**", "__Response 2__", "*Response 2*", "**Accuracy**", "**Annotator 2's points**",
    "Response 2", "Response 2:", "- Response 2:", "[Response 2]", "(Response 2)", "For Response 2:",
    "=== Response 2 ===", "— Response 2 —", "Claims about the second response:", "Annotator 2:", "回答2：", "Accuracy:",
    "Second response:", "1. **Response 2**", "Both responses", "The following points are about the second one:",
    "---", "***", "* * *", "===", "_____", "—————", "-", "•", "...", "|---|---|", ">",
    "```", "```text", "~~~", "<!-- Response 2 -->", "<!--\n- C7: dropped\n-->", "(none)", "none", "- None.", "N/A", "",
    "\u200b", "\n---\n\n### Response 2\n",
]  # fmt: skip
"""Headings, rules, fences, comments and empty lines."""


@pytest.mark.parametrize("line", SKIPPED)
@pytest.mark.parametrize("place", ["before", "between", "after"])
def test_what_is_clearly_no_point_is_skipped_without_a_doubt(line: str, place: str) -> None:
    """Neither point gets a word of it, before, between or after them."""
    lines = {"before": (line, FIRST, SECOND), "between": (FIRST, line, SECOND), "after": (FIRST, SECOND, line)}[place]
    if place == "after" and line.rstrip("*:：").endswith(("Accuracy", "second one")):
        assert read(*lines) == Claims((UNIT, RUDE), (), (LeftOut(2, line),))  # no points below it
    else:
        assert read(*lines) == Claims((UNIT, RUDE), ())


LEFT_OUT = [
    "  - in step 2", "- in step 2", "    1. in step 2", "• in step 2", "  - in step 2\n    and in step 3",
    "- in step 2\n- in step 3", "Note: both annotators say so.", "  Note: both annotators say so.", "*Note: so*",
    "note that both say so", "  Note that both say so", "N.B. both say so", "注：两位都这样说", "(both say so)",
    "  (merged with another one)", "[as annotator 2 writes]", "  Evidence: the second line", "  Source: annotator 2",
    "> the annotator's words", "| a | b |", "Both annotators say so.", "\nBoth annotators say so.", "\nand so on",
    "**the budget**", "  **the budget**", "*in italics*", "2.", "<details>", "  <li>x</li>", "Total: 2 claims",
    "  a) in step 2", "  (ii) in step 2", "  (1) in step 2", "  ① in step 2", "  C1a: in step 2", "  1.1. in step 2",
    "  → so the price is wrong", "  => so the price is wrong", "  ✅ in step 2", "- C1.1: a part of it",
    "clarity:", "  Annotators 1 and 3 agree.", "---\n  indented behind a rule",
]  # fmt: skip
"""Sub-bullets, notes and other lines that may say something about the point above them."""


@pytest.mark.parametrize("text", LEFT_OUT)
def test_what_may_belong_to_a_point_is_left_out_and_named(text: str) -> None:
    """The point above keeps its own line; consecutive lines are one text."""
    said = " ".join(text.removeprefix("---").split())
    assert read(FIRST, text, SECOND) == Claims((UNIT, RUDE), (), (LeftOut(1, said),))
    assert read(FIRST, SECOND, text) == Claims((UNIT, RUDE), (), (LeftOut(2, said),))


@pytest.mark.parametrize(
    ("lines", "points"),
    [
        (("- C1: the loop", "  ends early"), ("the loop ends early",)),
        (("- C1: the loop", "ends early"), ("the loop ends early",)),
        (("- C1:", "  the loop ends early"), ("the loop ends early",)),
        (("- C1: the loop", "", "  ends early"), ("the loop ends early",)),
        (("- [ ] C1: the loop", "- [x] C2: the test"), ("the loop", "the test")),
        (("### C1: the loop", "### C2: the test"), ("the loop", "the test")),
        (("| # | Claim |", "|---|---|", "| C1 | the loop |", "| **C2** | the test |"), ("the loop", "the test")),
        (("```", "- C1: the loop", "- C2: the test", "```"), ("the loop", "the test")),
        (("### A", "```", "- C1: the loop", "```", "### B", "```", "- C2: the test", "```"), ("the loop", "the test")),
        (("```", "- C1: the loop", "", "```", "```", "```"), ("the loop",)),
        (("```", "- C1: the loop", "- C2: the test```"), ("the loop", "the test")),
        (("Here they are:", "- C1: the loop"), ("the loop",)),
        (("- **Response 1**", "  - C1: the loop", "- **Response 2**", "  - C2: the test"), ("the loop", "the test")),
        (("- C1: the loop <!-- annotator 1 -->", "- C2: the test"), ("the loop", "the test")),
        (("- C1: a stray `<!-- x -->` remains",), ("a stray `<!-- x -->` remains",)),
        (("- C1: see <!-- x --> in line 2",), ("see <!-- x --> in line 2",)),
        (("- C1: calls ```f(x)``` twice",), ("calls ```f(x)``` twice",)),
        (("- C1: uses # as a heading",), ("uses # as a heading",)),
    ],
)
def test_a_point_in_another_dress_is_read(lines: tuple[str, ...], points: tuple[str, ...]) -> None:
    """Wrapped lines, check boxes, headings, two-column tables and fences hold the point itself."""
    assert read(*lines, count=len(points)) == Claims(points, ())


@pytest.mark.parametrize(
    ("lines", "count", "why"),
    [
        ((FIRST, "```py", "x = 1", "```", SECOND), 2, "a code block among the points"),
        ((FIRST, "  ```", "  x = 1", "  ```", SECOND), 2, "a code block among the points"),
        (("```", FIRST, "  ```", "  x = 1", "  ```", SECOND, "```"), 2, "a code block among the points"),
        ((FIRST, "<!-- and so", SECOND), 2, "a comment that does not end"),
        (("- C1: Response 1:", "  - omits the unit", SECOND), 2, "C1 is only a heading"),
        (("- C1: **Response 1**", SECOND), 2, "C1 is only a heading"),
        (("- C1: Response 1 fails:", "  - no unit", SECOND), 2,
         "C1 ends in a colon: what it names is not on its line"),
        ((FIRST, "- C2: Note: both agree"), 2, "C2 is only a note"),
        ((FIRST, "- C2: (no concrete fault)"), 2, "C2 is only a note"),
        ((FIRST, "- C2: none"), 2, "C2 is empty"),
        ((FIRST, "- C2: (none)"), 2, "C2 is empty"),
        ((FIRST, "- C2: ---"), 2, "C2 is empty"),
        ((FIRST, "- C2:", "- C3: x"), 3, "C2 is empty"),
        ((FIRST, "### Response 2", SECOND), 3, "CLAIM_COUNT is 3 but the points are 2"),
        ((FIRST, "<!--", SECOND, "-->"), 2, "CLAIM_COUNT is 2 but the points are 1"),
        ((FIRST, "- Response 2 is rude"), 2, "CLAIM_COUNT is 2 but the points are 1"),
        ((FIRST, "### Response 2", "- C1: Response 2 is rude"), 2, "C1 is in the place of C2"),
        (("Note: two points", FIRST, SECOND), 2, "text before C1"),
        (("| C1 | Response 1 | omits the unit |",), 1, "text before C1"),
    ],
)  # fmt: skip
def test_a_list_whose_points_are_not_sure_is_refused(lines: tuple[str, ...], count: int, why: str) -> None:
    """The number of points that remain must be CLAIM_COUNT, and each must be whole."""
    assert reason(*lines, count=count) == why


@pytest.mark.parametrize("line", ["- C3:", "- C3: none", "3. C3: (none)", "- **C3:** N/A", "- C3: <!-- nothing -->"])
def test_a_number_without_a_point_at_the_end_is_skipped_where_the_count_agrees(line: str) -> None:
    """One that is counted is a missing point."""
    assert read(FIRST, SECOND, line) == Claims((UNIT, RUDE), ())
    assert reason(FIRST, SECOND, line, count=3) == "C3 is empty"


@pytest.mark.parametrize("line", ["---", "```", "### Left out", "<!-- x -->", ""])
def test_marks_between_the_sections_are_skipped(line: str) -> None:
    """They are part neither of the headings nor of an ignored text."""
    text = block(line, "CLAIM_COUNT=1", line, "CLAIMS:", FIRST, line, "IGNORED_SUMMARY:", line, "- a (Reason: b)", line)
    assert read_claims(text) == Claims((UNIT,), (Ignored("a", "b"),))
