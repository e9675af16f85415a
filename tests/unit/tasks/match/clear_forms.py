"""Replies whose scores are clear to a person, with these scores, made by combining forms."""

from collections.abc import Iterator

MARKS = [(1, 2, 0.75), (2, 0, 0.0), (3, 5, 1.0)]
"""Marks that every reply of `clear_forms` says; three human items, five model items."""

_WIDE = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
LINES = (
    "- R{r}@S{s}: {x}",
    "* R{r}@S{s}: {x}",
    "• R{r}@S{s}: {x}",
    "– R{r}@S{s}: {x}",
    "+ R{r}@S{s}: {x}",
    "R{r}@S{s}: {x}",
    "  - R{r}@S{s}: {x}",
    "\t- R{r}@S{s}: {x}",
    "{r}. R{r}@S{s}: {x}",
    "{r}) R{r}@S{s}: {x}",
    "> - R{r}@S{s}: {x}",
    "-R{r}@S{s}: {x}",
    "- R{r}@S{s}:{x}",
    "- R{r}@S{s}:  {x}",
    "- R{r} @ S{s} : {x}",
    "- **R{r}@S{s}:** {x}",
    "- **R{r}@S{s}**: {x}",
    "- **R{r}@S{s}: {x}**",
    "- R{r}@S{s}: **{x}**",
    "- *R{r}@S{s}*: {x}",
    "- __R{r}@S{s}__: {x}",
    "- `R{r}@S{s}: {x}`",
    "- `R{r}@S{s}`: `{x}`",
    "- R{r}@S{s}: `{x}`",
    "- [R{r}@S{s}: {x}]",
    "- (R{r}@S{s}: {x})",
    '- "R{r}@S{s}: {x}"',
    "| R{r}@S{s}: {x} |",
    "### R{r}@S{s}: {x}",
    "- Score R{r}@S{s}: {x}",
    "- Ｒ{r}＠Ｓ{s}：{x}",
    "<li>R{r}@S{s}: {x}</li>",
)
"""Lines with a mark."""
ENDS = (
    "", " ", "  ", "\t", "\r", "\u00a0", "\u3000", "\u200b", ".", ",", ";", " .", "。", "！", "<br>", "  \\\\",
    "/1", " / 1", "/1.0", " / 1.00", " out of 1", " ✓", " ✅", "\n", "\n  - same point",
)  # fmt: skip
"""Ends of a line after the score."""
REMARKS = (
    " (same point)", "(same point)", " (the same point, but without the year)", " (S{s} says so)",
    " (R{r} is met)", " (as Response 1 is blamed)", " （同一观点）", " (mostly; see f(x))", " [same point]",
    " # same point", " ## same point", " // same point", " <!-- same point -->", " /* same point */", " — same point",
    " – same point", " - same point", " -- same point", "—same point", ", as S{s} says so", ", the same point",
    "; the same point", ": the same point", ". The same point.", " | same point", " | same point |",
    " because S{s} says so", " since S{s} says so", "，因为S{s}提到了", "。同一观点", " (the 480 °C are missing)",
    " ({x})", " ({x} as S{s} says so)", " *(same point)*", " _same_", " (→ same point)", " {{same point}}",
)  # fmt: skip
"""Remarks after the score."""
FRAMES = (
    "<RESULT_START>\n{}\n<RESULT_END>",
    "<RESULT_START>\n{}\n<RESULT_END>\n",
    "<RESULT_START>{}<RESULT_END>",
    "So:\n\n<RESULT_START>\n\n{}\n\n<RESULT_END>\n\nDone.",
    "```\n<RESULT_START>\n{}\n<RESULT_END>\n```",
    "<RESULT_START>\n```text\n{}\n```\n<RESULT_END>",
    "**<RESULT_START>**\n{}\n**<RESULT_END>**",
    "＜RESULT_START＞\n{}\n＜RESULT_END＞",
    "<RESULT_START>\nHere are the scores:\n{}\n\nThat is all.\n<RESULT_END>",
    "I shall write <RESULT_START> and <RESULT_END>.\n<RESULT_START>\n{}\n<RESULT_END>",
    "<RESULT_START>\n- R1@S1: 0\n- R2@S1: 0\n- R3@S1: 0\n<RESULT_END>\nNo:\n<RESULT_START>\n{}\n<RESULT_END>",
    "<think>a <b> c</think>\n<RESULT_START>\n{}\n<RESULT_END>",
    "R1 is met by S2.</think><RESULT_START>\n{}\n<RESULT_END>",
    "<think>\n<RESULT_START>\n- R1@S1: 0\n- R2@S1: 0\n- R3@S1: 0\n<RESULT_END>\n</think>\n"
    "<RESULT_START>\n{}\n<RESULT_END>",
    "[THINK]I see[/THINK]<RESULT_START>\n{}\n<RESULT_END>",
    "<reasoning>I see</reasoning>\n<RESULT_START>\n{}\n<RESULT_END>",
    "<RESULT_START>\n{}\n<RESULT_END>\n<reasoning>\nI compared them.\n</reasoning>",
    "<|channel|>analysis<|message|>I see<|end|><|start|>assistant<|channel|>final<|message|>"
    "<RESULT_START>\n{}\n<RESULT_END><|return|>",
    "<RESULT_START>\n{}\n<RESULT_END><|im_end|>",
    "<RESULT_START>\n{}\n<RESULT_END><|end|>",
    '{{"thoughts": "1 of 3", "final": "<RESULT_START>\n{}\n<RESULT_END>"}}',
    "<answer>\n<RESULT_START>\n{}\n<RESULT_END>\n</answer>",
    "\ufeff<RESULT_START>\n{}\n<RESULT_END>",
    "<RESULT_START>\n{}\n",
)
"""Whole replies round the lines."""
JOINS = (
    " ",
    ", ",
    "; ",
    " | ",
    " and ",
    " - ",
    ",\n",
    ";\n",
    "\n\n",
    "\r\n",
    "\r\n\r\n",
    "\\n",
    "<br>",
    " / ",
    "\n---\n",
)
"""Signs between the marks."""
_NUMBERS = ("{:g}", "{:.1f}0", "{:.2f}", "{:.3f}")


def _lines(form: str, end: str = "", number: str = "{:g}", join: str = "\n") -> str:
    said = []
    for r, s, score in MARKS:
        x = "0.75" if score == 0.75 and number == "{:.1f}0" else number.format(score)
        said.append((form + end).format(r=r, s=s, x=x))
    return join.join(said)


def clear_forms() -> Iterator[str]:
    """Yield different replies that all say `MARKS`: each form alone, and combined with others."""
    plain, frame = LINES[0], FRAMES[0]
    seen: set[str] = set()
    for text in (
        *(one.format(_lines(line)) for line in LINES for one in (frame, FRAMES[3])),
        *(one.format(_lines(plain, end)) for end in (*ENDS, *REMARKS) for one in (frame, FRAMES[8])),
        *(one.format(_lines(LINES[5], join=join)) for join in JOINS for one in (frame, FRAMES[2])),
        *(one.format(_lines(line)) for one in FRAMES for line in (plain, LINES[15])),
        *(frame.format(_lines(plain, number=number)) for number in _NUMBERS),
        *(
            FRAMES[(place * 7) % (len(FRAMES) - 1)].format(_lines(line, REMARKS[(place * 5) % len(REMARKS)]))
            for place, line in enumerate(LINES)
        ),
        *(
            FRAMES[(place * 5 + 1) % (len(FRAMES) - 1)].format(_lines(LINES[(place * 3) % 24], remark))
            for place, remark in enumerate(REMARKS)
        ),
        *(
            FRAMES[(place * 3 + 2) % (len(FRAMES) - 1)].format(_lines(LINES[(place * 5 + 1) % 24], end))
            for place, end in enumerate(ENDS)
        ),
    ):
        if text not in seen:
            seen.add(text)
            yield text
