"""Grammar of a decomposer's reply: accepted, repaired and rejected texts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.tasks.decompose.reply import Claims, Ignored, read_claims
from metajudge.text.reading import ParseFailure
from metajudge.text.result_block import result_block
from metajudge.text.thoughts import TAG_PIECES
from tests.unit.tasks.replies import END, HARD, START, accepted, folded, rejected


def reply(*items: str, ignored: str = "- none", count: int | None = None) -> str:
    """Return a reply as the instructions ask for it, its items unchanged."""
    points = "\n".join(f"- C{number}: {item}" for number, item in enumerate(items, 1))
    shown = len(items) if count is None else count
    return f"{START}\nCLAIM_COUNT={shown}\nCLAIMS:\n{points}\nIGNORED_SUMMARY:\n{ignored}\n{END}"


def items(text: str, *, complete: bool = True) -> tuple[str, ...]:
    return accepted(read_claims(text, complete=complete)).items


def reason(text: str, *, complete: bool = True) -> str:
    return rejected(read_claims(text, complete=complete))


def test_a_reply_as_asked_for_is_read() -> None:
    """Points in order, ignored texts with their reasons."""
    text = f"""I compared the texts first.
{START}
CLAIM_COUNT=2
CLAIMS:
- C1: Response 1 bakes at 480 °C, which burns the loaf
- C2: Response 2 leaves out the salt
IGNORED_SUMMARY:
- "Response 2 reads nicely" (Reason: praise, nothing to improve)
- "I like it (a lot)" (Reason: a matter of taste (only))
{END}
"""
    assert read_claims(text) == Claims(
        ("Response 1 bakes at 480 °C, which burns the loaf", "Response 2 leaves out the salt"),
        (
            Ignored('"Response 2 reads nicely"', "praise, nothing to improve"),
            Ignored('"I like it (a lot)"', "a matter of taste (only)"),
        ),
    )


def test_a_point_may_go_on_over_several_lines() -> None:
    """Line breaks are folded to spaces; blank lines in between belong to the point."""
    text = reply("Response 1 calls\n  f(x) twice\n\n  and frees it", "Response 2 is slow")
    assert items(text) == ("Response 1 calls f(x) twice and frees it", "Response 2 is slow")


@pytest.mark.parametrize(
    "line",
    [
        "- C1: the loop ends early",
        "* C1: the loop ends early",
        "• C1：the loop ends early",
        "-C1:the loop ends early",
        "C1: the loop ends early",
        "1. C1: the loop ends early",
        "- **C1:** the loop ends early",
        "- **C1**: the loop ends early",
        "- **C1: the loop ends early**",
        "- `C1`: the loop ends early",
        "  - Ｃ１： the loop ends early",
        "\u200f- C1: the loop ends early",
    ],
)
def test_a_point_is_repaired_where_nothing_is_in_doubt(line: str) -> None:
    """Bullets, emphasis, numbering and full-width signs do not change what is said."""
    body = f"CLAIM_COUNT=1\nCLAIMS:\n{line}\nIGNORED_SUMMARY:\n- none"
    assert items(f"{START}\n{body}\n{END}") == ("the loop ends early",)


@pytest.mark.parametrize(
    "head",
    [
        "CLAIM_COUNT = 1\nCLAIMS:",
        "claim_count: 1\nClaims:",
        "**CLAIM_COUNT=1**\n\n**CLAIMS:**",
        "CLAIM\\_COUNT＝１\nCLAIMS：",
        "## CLAIM_COUNT=1,\n## CLAIMS:",
    ],
)
def test_the_headings_are_repaired(head: str) -> None:
    """Blanks, case, emphasis and full-width signs in any heading change nothing."""
    assert items(f"{START}\n{head}\n- C1: x\n**IGNORED_SUMMARY:**\n{END}") == ("x",)


def test_emphasis_within_a_point_stays() -> None:
    """Only emphasis that began before the number is removed."""
    text = reply("**Bold** at the start", "`code` and *more*", "at the **end**")
    assert items(text) == ("**Bold** at the start", "`code` and *more*", "at the **end**")


def test_a_fence_round_the_whole_is_no_content() -> None:
    """A fence may be inside or outside the tags."""
    body = "CLAIM_COUNT=1\nCLAIMS:\n- C1: x\nIGNORED_SUMMARY:\n- y (Reason: z)"
    expected = Claims(("x",), (Ignored("y", "z"),))
    assert read_claims(f"{START}\n```text\n{body}\n```\n{END}") == expected
    assert read_claims(f"```\n{START}\n{body}\n{END}\n```") == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("- too vague (Reason: names nothing)", Ignored("too vague", "names nothing")),
        ("- too vague (**Reason:** names nothing).", Ignored("too vague", "names nothing")),
        ("• 太笼统（Reason：没有说明）", Ignored("太笼统", "没有说明")),
        ("- too vague\n  (Reason: names\n  nothing)", Ignored("too vague", "names nothing")),
        ("- too vague", Ignored("too vague", "")),
        ("too vague (Reason: names nothing)", Ignored("too vague", "names nothing")),
        ("- (Reason: all texts are praise)", Ignored("", "all texts are praise")),
        ("- Reason: all texts are praise", Ignored("", "all texts are praise")),
        ("- No reason: given", Ignored("No reason: given", "")),
    ],
)
def test_an_ignored_text_has_its_reason(entry: str, expected: Ignored) -> None:
    """The last brackets are the reason; without them the entry is kept unchanged."""
    assert read_claims(reply("x", ignored=entry)) == Claims(("x",), (expected,))


@pytest.mark.parametrize("nothing", ["", "- none", "none", "(none)", "- N/A", "- -", "- None."])
def test_nothing_ignored_is_no_entry(nothing: str) -> None:
    """A line that only says "none" is dropped."""
    assert read_claims(reply("x", ignored=nothing)) == Claims(("x",), ())


def test_an_empty_list_needs_its_reason() -> None:
    """Nothing concrete may remain, but it must be said why."""
    why = '- "Response 1 is better" (Reason: no fault named)'
    assert read_claims(reply(ignored=why)) == Claims((), (Ignored('"Response 1 is better"', "no fault named"),))
    assert read_claims(reply("", ignored=why).replace("- C1: ", "- none").replace("=1", "=0")) == read_claims(
        reply(ignored=why)
    )
    assert reason(reply()) == "no points and no reason for it"
    assert reason(reply(ignored="- something")) == "no points and no reason for it"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no <RESULT_START> block"),
        ("- C1: x", "no <RESULT_START> block"),
        (f"C1: x{END}", "no <RESULT_START> block"),
        (reply("x", "y", count=3), "CLAIM_COUNT is 3 but the points are 2"),
        (reply("x", count=0), "CLAIM_COUNT is 0 but the points are 1"),
        (reply("x", "  "), "C2 is empty"),
        (reply("x", "y").replace("C2", "C3"), "C3 is in the place of C2"),
        (reply("x", "y").replace("C2", "C1"), "C1 is in the place of C2"),
        (reply("x").replace("C1: x", "x"), "text before C1"),
        (reply("x").replace("CLAIM_COUNT=1\n", ""), "no CLAIM_COUNT line"),
        (reply("x").replace("CLAIM_COUNT=1", "CLAIM_COUNT=one"), "no CLAIM_COUNT line"),
        (reply("x").replace("\nCLAIMS:", ""), "no CLAIMS line"),
        (reply("x").replace("IGNORED_SUMMARY:\n", ""), "no IGNORED_SUMMARY line"),
        (reply("x\nIGNORED_SUMMARY:"), "IGNORED_SUMMARY occurs 2 times"),
        (reply("x").replace("CLAIMS:", "These:\nCLAIMS:"), "text between CLAIM_COUNT and CLAIMS"),
        (
            f"{START}\nCLAIMS:\nCLAIM_COUNT=0\nIGNORED_SUMMARY:\n{END}",
            "CLAIM_COUNT, CLAIMS and IGNORED_SUMMARY are not in this order",
        ),
        (reply("x") + reply("y"), "2 different result blocks"),
        (reply("x <RESULT_START> y"), "a result block that begins twice"),
        (reply("x <RESULT_END> y"), "a result block that ends twice"),
        ("<think>" + reply("x"), "unclosed <think>"),
        (f"<think>{reply('x')}</think>", "no <RESULT_START> block"),
        (reply(f"x </think>{START}CLAIM_COUNT=1"), "</think> inside a result block"),
        (f"<think>so</think>{reply('x <think> y')}", "<think> inside a result block"),
    ],
)  # fmt: skip
def test_an_incomplete_or_contradictory_reply_is_rejected_with_its_reason(text: str, why: str) -> None:
    """Nothing is guessed."""
    assert reason(text) == why


def test_thoughts_and_tags_that_are_merely_mentioned_are_ignored() -> None:
    """A draft in a thought does not count; the same block twice is one."""
    assert items(f"<think>{reply('draft')}</think>{reply('x')}") == ("x",)
    assert items(f"I shall write {START} and {END}.\n{reply('x')}") == ("x",)
    assert items(f"First {START}.\n{reply('x')}\nI closed it with {END}.") == ("x",)
    assert items(reply("x") + "\n" + reply(" x")) == ("x",)


def test_a_missing_closing_tag_is_forgiven_when_everything_is_there() -> None:
    """A reply that was cut is rejected, and so is one without the last heading."""
    open_reply = reply("x", "y").removesuffix(END)
    assert items(open_reply) == ("x", "y")
    assert reason(open_reply, complete=False) == "a result block that does not end"
    assert reason(open_reply.partition("IGNORED")[0]) == "no IGNORED_SUMMARY line"
    assert items(reply("x") + "\nAnd so", complete=False) == ("x",)
    assert reason(reply("x") + open_reply, complete=False) == "a result block that does not end"


def test_the_block_of_any_grammar_is_found_by_its_telling_pattern() -> None:
    """Full-width tags count; the inside is returned unchanged."""
    telling = re.compile("yes")
    assert result_block("＜RESULT_START＞ yes：！ ＜RESULT_END＞", telling) == " yes：！ "
    assert result_block(f"{START} no {END}{START} yes {END}{START} no {END}", telling) == " yes "


# ------------------------------------------------------------------ properties

BREAKING = st.sampled_from(
    (
        START, END, "<think>", "</think>", "\nCLAIM_COUNT=1", "\nCLAIMS:\n", "\nIGNORED_SUMMARY:\n- none\n",
        "\n- C1: ", "\n- C2: b", "\n- C3: c", "＜RESULT_END＞",
    )
)  # fmt: skip
POINT = st.lists(st.one_of(HARD, st.text(max_size=10)), min_size=1, max_size=5).map("".join)
BROKEN = st.lists(st.one_of(HARD, BREAKING, st.text(max_size=4)), min_size=1, max_size=6).map("".join)


def says_something(point: str) -> bool:
    """Return whether a text can be a point: not "none", and without a tag of a thought."""
    if re.search(TAG_PIECES, point, re.IGNORECASE):
        return False
    return any(map(str.isalnum, point)) and re.sub(r"\W+", "", point).lower() not in ("none", "nothing", "na", "nil")


@given(st.lists(POINT.filter(says_something), min_size=1, max_size=5))
def test_points_on_a_line_each_are_read_back(points: list[str]) -> None:
    """Quotes, code, formulas, other scripts and long texts survive to the letter."""
    assert items(reply(*folded(points))) == folded(points)


@given(st.lists(BROKEN, min_size=1, max_size=4))
def test_no_content_of_a_point_is_ever_misread(points: list[str]) -> None:
    """Raw line breaks, tags, headings and numbers inside points: the first line as written and nothing invented."""
    answer = read_claims(reply(*points))
    if isinstance(answer, ParseFailure):
        return
    assert len(answer.items) == len(points) and answer.ignored == ()
    for item, point in zip(answer.items, points, strict=True):
        words = iter(point.split())
        first = point.replace("\r", "\n").split("\n")[0]
        assert item.startswith(" ".join(first.split())) and all(word in words for word in item.split())


@given(st.lists(st.one_of(BREAKING, HARD, st.text(max_size=6)), max_size=12).map("".join), st.booleans())
def test_no_text_raises(text: str, complete: bool) -> None:
    """Any text gives points or a reason."""
    answer = read_claims(text, complete=complete)
    assert isinstance(answer, Claims) or answer.reason
