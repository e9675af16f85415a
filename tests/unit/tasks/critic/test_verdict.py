"""Forms in which critics write their verdict, and text that leads to it: the verdict, the reasons or the refusal."""

import time

import pytest

from metajudge.tasks.critic.existing import read_existing
from metajudge.tasks.critic.reply import Critique, read_critique
from tests.unit.tasks.replies import accepted, block, rejected

UNIT, RUDE = "Response A omits the unit", "Response B is rude"
LIST = f"List of reasons:\n- {UNIT}\n- {RUDE}"
TITLE = "Final assessment result:"
NONE = "is none of A>>B, A>B, A=B, B>A, B>>A"


def read(*lines: str) -> Critique:
    """Read a reply of these lines, alike as an answer and as a text from elsewhere."""
    critique = accepted(read_critique(block(*lines)))
    assert accepted(read_existing(block(*lines))).critique == critique
    return critique


def reason(*lines: str) -> str:
    return rejected(read_critique(block(*lines)))


SURROUNDED = [
    r"\[ \boxed{A>B} \]", "\\[\n\\boxed{A>B}\n\\]", "\\\\[\n\\boxed{A>B}\n\\\\]", r"\( \boxed{A>B} \)",
    "\\(\n\\boxed{A>B}\n\\)", r"$\boxed{A>B}$",
    r"$$\boxed{A>B}$$", "$$\n\\boxed{A>B}\n$$", "```latex\n\\boxed{A>B}\n```",
    "```\n\\boxed{A>B}\n```", "~~~\n\\boxed{A>B}\n~~~", "```latex\n\\[\n\\boxed{A>B}\n\\]\n```",
    "\\begin{equation}\n\\boxed{A>B}\n\\end{equation}", r"\begin{center}\boxed{A>B}\end{center}",
    "\\begin{align*}\n& \\boxed{A>B} \\\\\n\\end{align*}", "\\[\n\\begin{array}{c}\n\\boxed{A>B}\n\\end{array}\n\\]",
    r"\;\boxed{A>B}\;", r"\,\boxed{A>B}\ ", r"~\boxed{A>B}~", r"{}\boxed{A>B}{}", r"\quad \boxed{A>B} \quad",
    "\\displaystyle\n\\boxed{A>B}", r"\Large{\boxed{A>B}}", r"\textbf{\boxed{A>B}}", r"\colorbox{yellow}{\boxed{A>B}}",
    "> \\boxed{A>B}", r"### \boxed{A>B}", r"**\boxed{A>B}**", "`\\boxed{A>B}`", "<b>\\boxed{A>B}</b>",
    "<div align=\"center\">\n\\boxed{A>B}\n</div>", "\n\n\\boxed{A>B}\n\n---", "\\boxed{\nA > B\n}",
    "\\[\n\\boxed{\n\\text{A}\n>\n\\text{B}\n}\n\\]", "[[A>B]]", "\\[ [[A>B]] \\]",
]  # fmt: skip
"""A verdict in formulas, environments, fences, tags and emphasis, on one line or several."""


@pytest.mark.parametrize("verdict", SURROUNDED)
@pytest.mark.parametrize("head", [f"{TITLE} ", f"{TITLE}\n", f"**{TITLE}**\n\n", ""])
def test_what_is_round_a_verdict_changes_neither_it_nor_the_reasons(head: str, verdict: str) -> None:
    """Named on its line, on the next ones, or without a name at the end."""
    assert read(LIST, head + verdict) == Critique((UNIT, RUDE), -1, "A>B")


FILLED = [
    (r"\fbox{A>B}", "A>B"), (r"\framebox{A>B}", "A>B"), (r"\boxed {A>B}", "A>B"), (r"\boxed{\texttt{A>B}}", "A>B"),
    (r"\boxed{\text{A>B}}", "A>B"), (r"\boxed{\mathbf{A>B}}", "A>B"), (r"\boxed{\textbf{\texttt{A>>B}}}", "A>>B"),
    (r"\boxed{\mathrm{A}\mathrel{>}\mathrm{B}}", "A>B"), (r"\boxed{\operatorname{A} > \operatorname{B}}", "A>B"),
    (r"\boxed{\textcolor{red}{A>B}}", "A>B"), (r"\boxed{\begin{array}{c}A>B\end{array}}", "A>B"),
    (r"\boxed{$A > B$}", "A>B"), (r"\boxed{\text{A $>$ B}}", "A>B"), (r"\boxed{\boxed{A>B}}", "A>B"),
    (r"\boxed{\left(A>B\right)}", "A>B"), (r"\boxed{\Large\textbf{A > B}}", "A>B"), (r"\boxed{\underline{A>B}}", "A>B"),
    (r"\boxed{\verb|A>B|}", "A>B"), (r"\boxed{`A>B`}", "A>B"), (r"\boxed{\text{A} \succ \text{B}}", "A>B"),
    (r"\boxed{A \succ B}", "A>B"), (r"\boxed{B \succ A}", "B>A"), (r"\boxed{A \prec B}", "B>A"),
    (r"\boxed{A \succ\succ B}", "A>>B"), (r"\boxed{A \succ\!\succ B}", "A>>B"), (r"\boxed{A \gg B}", "A>>B"),
    (r"\boxed{\text{B} \gg \text{A}}", "B>>A"), (r"\boxed{A \ll B}", "B>>A"), (r"\boxed{A\gg{}B}", "A>>B"),
    (r"\\boxed{\\text{A} \\gg \\text{B}}", "A>>B"), (r"\boxed{A \ggg B}", "A>>B"), (r"\boxed{A \gt B}", "A>B"),
    (r"\boxed{A\textgreater\textgreater{}B}", "A>>B"), (r"\boxed{A\textless{}B}", "B>A"),
    (r"\boxed{A&gt;&gt;B}", "A>>B"),
    (r"\boxed{A\;>\;B}", "A>B"), (r"\boxed{A\,>\,B}", "A>B"), (r"\boxed{A\ >\ B}", "A>B"), (r"\boxed{A~>~B}", "A>B"),
    (r"\boxed{A{>}B}", "A>B"), (r"\boxed{A{}>{}B}", "A>B"), (r"\boxed{A\!>\!>B}", "A>>B"), (r"\boxed{A\:=\:B}", "A=B"),
    (r"\boxed{\quad A > B\quad}", "A>B"), (r"\boxed{\hspace{1em}A>B}", "A>B"), (r"\boxed{A \approx B}", "A=B"),
    (r"\boxed{A \equiv B}", "A=B"), (r"\boxed{A \sim B}", "A=B"), (r"\boxed{A ~ B}", "A=B"), (r"\boxed{A ≻ B}", "A>B"),
    (r"\boxed{A ≺≺ B}", "B>>A"), (r"\boxed{\text{Response A} \succ \text{Response B}}", "A>B"),
    (r"\boxed{\text{Response~B} \gg \text{Response~A}}", "B>>A"), (r"[[ A \gg B ]]", "A>>B"),
    (r"$\boxed{A>B}$ (slightly)", "A>B"), (r"\boxed{A>B}. Response A is better.", "A>B"),
    (r"\boxed{A>B}. If length mattered, Response B might win.", "A>B"), (r"$\boxed{\mathbf{B \succ A}}$", "B>A"),
    (r"\boxed{\;\mathtt{A}\;\gg\;\mathtt{B}\;}", "A>>B"), (r"\boxed{{\bf A}>{\bf B}}", "A>B"),
    (r"\boxed{\rm A = B}", "A=B"),
]  # fmt: skip
"""Boxes with the commands, signs and spaces of LaTeX in them."""


@pytest.mark.parametrize(("box", "label"), FILLED)
@pytest.mark.parametrize("form", [f"{TITLE} %s", f"{TITLE}\n\\[\n%s\n\\]", "%s"])
def test_latex_in_a_box_is_read_as_its_sign(form: str, box: str, label: str) -> None:
    """Each of the five verdicts keeps its direction and strength."""
    assert read(LIST, form % box) == Critique((UNIT, RUDE), *verdict_of(label))


def verdict_of(label: str) -> tuple[int, str]:
    return {"A>>B": -2, "A>B": -1, "A=B": 0, "B>A": 1, "B>>A": 2}[label], label


@pytest.mark.parametrize(
    ("lines", "label"),
    [
        ([TITLE, r"\[ A \gg B \]"], "A>>B"),
        ([TITLE, "\\[\nA \\succ B\n\\]"], "A>B"),
        ([TITLE, "**A>>B**"], "A>>B"),
        ([TITLE, "```\nA=B\n```"], "A=B"),
        ([f"{TITLE} $B \\succ A$"], "B>A"),
        ([r"\textbf{Final assessment result:} \boxed{A>B}"], "A>B"),
        (["\\section*{Final assessment result:}", r"\boxed{A>B}"], "A>B"),
        (["### Final Verdict:", rf"{TITLE} \boxed{{A>B}}"], "A>B"),
        (["### Final Verdict", "Response A is better.", r"\boxed{A>B}"], "A>B"),
        ([TITLE, "Response A is better.", r"\boxed{A>B}"], "A>B"),
        ([f"{TITLE} Response A is better.", r"\boxed{A>B}"], "A>B"),
        ([r"\[\boxed{A>B}\]", rf"{TITLE} \boxed{{A>B}}"], "A>B"),
        (["", "**My final verdict is Assistant A is slightly better: [[A>B]]**.", "", "GGGGG"], "A>B"),
        (["", "My final verdict is: [[B>>A]]", "", r"\boxed{\lambda^2}"], "B>>A"),
    ],
)
def test_a_named_verdict_may_lack_its_box_or_follow_prose(lines: list[str], label: str) -> None:
    """Without a box it must be the whole line."""
    critique = read(LIST, *lines)
    assert (critique.label, critique.reasons) == (label, (UNIT, RUDE))


LEADING = [
    "### Verdict", "###Verdict", "**Verdict**", "**Verdict:**", "Verdict:", "__Decision__", "Conclusion",
    "> **Verdict**",
    "**Final Verdict**", "### Final Verdict:", "5. **Overall Verdict**", "- **Verdict:**", "## 🏆 Winner", "最终评价：",
    "<h3>Verdict</h3>", r"\section*{Verdict}", r"\textbf{Conclusion:}", "  ### Verdict", "So my answer is:",
    "### Response A is better", "---", "***", "- - -", "* * *", "===", "———", "  ---", "```", "```latex", "~~~", "`",
    r"\[", r"\(", "$$", r"\begin{center}", "\\[\n\\begin{array}{c}", r"\noindent", "<center>", "\n```\n\n",
    "---\n\n### Verdict\n\n```latex",
]  # fmt: skip
"""Headings, rules, fences and openings of formulas above the verdict."""


@pytest.mark.parametrize("line", LEADING)
@pytest.mark.parametrize("verdict", [r"\boxed{A>B}", rf"{TITLE} \boxed{{A>B}}"])
def test_what_leads_to_the_verdict_is_no_part_of_the_last_reason(line: str, verdict: str) -> None:
    """With and without a blank line before it."""
    for lines in ([LIST, line, verdict], [LIST, "", line, "", verdict]):
        assert read(*lines) == Critique((UNIT, RUDE), -1, "A>B")


@pytest.mark.parametrize(
    "reasons",
    [
        ("Response B's file:", "```yaml", "- a", "```"),
        ("Response B writes", "  \\[", "  x = 1", "  \\]"),
        ("Response B writes", "$$", "x", "$$"),
        ("Response B writes", r"  \begin{array}{c}", "  x", r"  \end{array}"),
        ("Response B says", "    ### Verdict"),
    ],
)
@pytest.mark.parametrize("verdict", [r"\boxed{A>B}", rf"{TITLE} \boxed{{A>B}}", "```\n\\boxed{A>B}\n```"])
def test_code_and_formulas_at_the_end_of_a_reason_stay(reasons: tuple[str, ...], verdict: str) -> None:
    """Their last line looks like a fence before the verdict but closes what the reason opened."""
    whole = " ".join(" ".join(reasons).split())
    assert read("List of reasons:", f"- {UNIT}", f"- {reasons[0]}", *reasons[1:], verdict).reasons == (UNIT, whole)


@pytest.mark.parametrize(
    "text",
    [
        f"List of reasons:\n```\n- {UNIT}\n- {RUDE}\n```\n{TITLE} \\boxed{{A>B}}",
        f"List of reasons:\n```markdown\n- {UNIT}\n- {RUDE}\n```\n\n{TITLE} \\boxed{{A>B}}",
        f"List of reasons:\n\n```\n- {UNIT}\n- {RUDE}\n{TITLE} \\boxed{{A>B}}\n```",
        f"```\n{LIST}\n{TITLE} \\boxed{{A>B}}\n```",
        f"{LIST}\n```\n{TITLE} \\boxed{{A>B}}\n```",
    ],
)
def test_a_fence_round_the_list_is_no_reason(text: str) -> None:
    """It may end behind the reasons or behind the verdict."""
    assert read(text) == Critique((UNIT, RUDE), -1, "A>B")
    assert read("List of reasons:", "```yaml", "- a", "```", f"- {UNIT}", rf"{TITLE} \boxed{{A>B}}").reasons == (UNIT,)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([r"I would not say \boxed{A>B}"], "a boxed verdict that is only mentioned"),
        ([rf"{TITLE} not \boxed{{A>B}}"], "a boxed verdict that is only mentioned"),
        ([r"\boxed{A>B} would be wrong"], "a boxed verdict that is only mentioned"),
        ([r"I can't give $\boxed{A>B}$"], "a boxed verdict that is only mentioned"),
        ([r"A verdict such as \boxed{A>B}"], "a boxed verdict that is only mentioned"),
        ([r"Write it as, for example, \[\boxed{A>B}\]"], "a boxed verdict that is only mentioned"),
        ([r"My final verdict is not clear, it could be \boxed{A>B}"], "a boxed verdict that is only mentioned"),
        ([TITLE, "A>B is what I thought first"], "no boxed verdict after the reasons"),
        ([TITLE, "I think that A > B"], "no boxed verdict after the reasons"),
        ([f"{TITLE} it is unclear whether A>B"], "no boxed verdict after the reasons"),
        (["Some would say A>B"], "no boxed verdict after the reasons"),
        (["A>B"], "no boxed verdict after the reasons"),
        ([r"\[ A \gg B \]"], "no boxed verdict after the reasons"),
        ([rf"{TITLE} \boxed{{A>B"], "no boxed verdict after the reasons"),
        ([TITLE, "\\[", "\\boxed{", "A>B"], "no boxed verdict after the reasons"),
        ([TITLE, r"- \boxed{A>B}"], "no boxed verdict after the reasons"),
        ([r"\[ \boxed{42} \]"], "no boxed verdict after the reasons"),
        ([rf"{TITLE} \[\boxed{{A>B}}\]", r"\[\boxed{B>A}\]"], "two verdicts"),
        ([r"\[\boxed{B>A}\]", rf"{TITLE} \boxed{{A>B}}"], "two verdicts"),
        ([rf"{TITLE} \fbox{{A>B}} or \fbox{{B>A}}"], "two verdicts"),
        ([TITLE, "```", r"\boxed{A \succ B}", "```", r"\boxed{A \gg B}"], "two verdicts"),
        ([rf"{TITLE} \[\boxed{{A>B}}\]", "- one more"], "reasons after the verdict"),
        ([TITLE, r"\[\boxed{A \geq B}\]"], rf"the verdict 'A \\geq B' {NONE}"),
        ([TITLE, r"\boxed{A \succeq B}"], rf"the verdict 'A \\succeq B' {NONE}"),
        ([TITLE, r"\boxed{A \not> B}"], rf"the verdict 'A \\not> B' {NONE}"),
        ([TITLE, r"\boxed{A \nsucc B}"], rf"the verdict 'A \\nsucc B' {NONE}"),
        ([TITLE, r"\boxed{A \neq B}"], rf"the verdict 'A \\neq B' {NONE}"),
        ([TITLE, r"\boxed{\neg(A>B)}"], rf"the verdict '\\neg(A>B)' {NONE}"),
        ([TITLE, r"\boxed{A>B?}"], f"the verdict 'A>B?' {NONE}"),
        ([TITLE, r"\[\boxed{\text{C}}\]"], rf"the verdict '\\text{{C}}' {NONE}"),
    ],
)
def test_a_verdict_that_is_not_given_clearly_is_refused(lines: list[str], why: str) -> None:
    """Prose that mentions one, a box that does not end, other relations, and two verdicts."""
    assert reason(LIST, *lines) == why


def test_no_negation_elsewhere_in_the_line_refuses_a_verdict() -> None:
    """What a response does not do is a reason, no doubt."""
    for line in (r"Response B does not compile, so \boxed{A>B}", r"A is not rude. Final verdict: \boxed{A>B}"):
        assert read(LIST, "", line).label == "A>B"


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("text", ["\\boxed{" * 20_000, "\\" * 20_000, "\\boxed{\n" * 5_000, "\\[\n" * 20_000 + "x"])
def test_long_texts_of_openings_are_read_in_no_time(text: str) -> None:
    """None is looked for to the end of the text from each of its places."""
    started = time.process_time()
    read_critique(block(LIST, text, f"{TITLE} \\boxed{{{text}}}"))
    assert time.process_time() - started < 3
