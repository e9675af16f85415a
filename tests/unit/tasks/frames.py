"""Frames of a reply, the same for every reader: thoughts, tags of the block, finish reasons."""

from metajudge.data.samples import Sample
from metajudge.llm.completion import Reply, Usage
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.tasks.critic.step import CriticStep
from metajudge.tasks.decompose.step import DecomposeStep
from metajudge.tasks.flaws.step import FlawsStep
from metajudge.tasks.match.prompt import Prompt
from metajudge.tasks.match.task import MatchTask

_ROW = {"context": "Why?", "response1": "one", "response2": "two", "note": "A is short", "m-checklist": ["A is short"]}
_SAMPLE = Sample(0, "", "", "", ("h1", "h2"), ("m1", "m2"), {})
QUESTIONS = {
    "match": MatchTask(Prompt(), JudgeIdentity()).questions(_SAMPLE)[0],
    "critic": CriticStep("m").questions(_ROW)[0],
    "decompose": DecomposeStep(text_fields=("note",)).questions(_ROW)[0],
    "flaws": FlawsStep("m").questions(_ROW)[0],
}
ANSWERS = {
    "match": "- R1@S1: 0.75\n- R2@S2: 0",
    "critic": "List of reasons:\n- A is short\n- A is slow\nFinal assessment result: \\boxed{B>A}",
    "decompose": "CLAIM_COUNT=1\nCLAIMS:\n- C1: A is short\nIGNORED_SUMMARY:\n- none",
    "flaws": "CLASS=GS\nFLAWS=F1\n- F1@REASON: A is short",
}
DRAFTS = {
    "match": "- R1@S1: 0.25\n- R2@S1: 0.25",
    "critic": "List of reasons:\n- B is short\nFinal assessment result: \\boxed{A>B}",
    "decompose": "CLAIM_COUNT=1\nCLAIMS:\n- C1: B is short\nIGNORED_SUMMARY:\n- none",
    "flaws": "CLASS=CG\nFLAWS=none",
}
READ = ""
"""Expectation that the answer is read, and no draft."""
_OPEN, _NO_BLOCK = "a result block that does not end", "no <RESULT_START> block"
_NONE = {"": _NO_BLOCK, "critic": "no boxed verdict after the reasons"}
_TWO = {"": "2 different result blocks", "match": READ}

FRAMES: list[tuple[str, str | None, str | dict[str, str]]] = [
    # A block with its end tag is whole, whatever the server says.
    ("{block}", "stop", READ),
    ("{block}", "STOP", READ),
    ("{block}", "end_turn", READ),
    ("{block}", "length", READ),
    ("{block}\nAnd so", "length", READ),
    ("{block}", "error", READ),
    ("{block}", "abort", READ),
    ("{block}", None, READ),
    ("So:\n{block}\n\nDone.", "stop", READ),
    ("```\n{block}\n```", "stop", READ),
    ("**I write <RESULT_START> and <RESULT_END>.**\n{block}", "stop", READ),
    ("\r\n{block}\r\n", "stop", READ),
    ("{block}{block}", "stop", READ),
    # Without it, only a reply that is known to be complete.
    ("{open}\n", "stop", READ),
    ("{open}\n", "STOP", READ),
    ("{open}\n", "eos", READ),
    ("{open}\n", "end_turn", READ),
    ("{open}\n```\n", "stop", READ),
    ("{open}\n", "length", _OPEN),
    ("{open}\n", "MAX_TOKENS", _OPEN),
    ("{open}\n", "max_tokens", _OPEN),
    ("{open}\n", "model_length", _OPEN),
    ("{open}\n", "error", _OPEN),
    ("{open}\n", "abort", _OPEN),
    ("{open}\n", "network_error", _OPEN),
    ("{open}\n", "tool_calls", _OPEN),
    ("{open}\n", "", _OPEN),
    ("{open}\n", None, _OPEN),
    ("{open}", "length", _OPEN),
    ("{open}", "stop", {"": READ, "match": "the score of R2 may be cut off at the end of the text"}),
    # A later block that breaks off replaces an earlier one.
    ("{draft}\nNo:\n<RESULT_START>", "stop", _OPEN),
    ("{draft}\nNo:\n<RESULT_START>\n", "length", _OPEN),
    ("{draft}\nNo:\n{open}\n", "length", _OPEN),
    ("{draft}\nNo:\n{open}\n", None, _OPEN),
    ("{draft}\nNo:\n{open}\n", "stop", _TWO),
    ("{draft}\nNo:\n{block}", "stop", _TWO),
    ("{block}\nI wrote <RESULT_START> above.", "stop", READ),
    # A thought is no answer, in whatever tags.
    ("<think>{draft}</think>{block}", "stop", READ),
    ("<think>{draft}</think>\n\n{open}\n", "stop", READ),
    ("<thinking>\n{draft}\n</thinking>\n{block}", "stop", READ),
    ("<thought>{draft}</thought>{block}", "stop", READ),
    ("<thoughts>{draft}</thoughts>{block}", "stop", READ),
    ("<reasoning>{draft}</reasoning>{block}", "stop", READ),
    ("<reflection>{draft}</reflection>{block}", "stop", READ),
    ("<scratchpad>{draft}</scratchpad>{block}", "stop", READ),
    ("[THINK]{draft}[/THINK]{block}", "stop", READ),
    ("◁think▷{draft}◁/think▷{block}", "stop", READ),
    ("<seed:think>{draft}</seed:think>{block}", "stop", READ),
    ("<|think|>{draft}<|/think|>{block}", "stop", READ),
    ("<|START_THINKING|>{draft}<|END_THINKING|>{block}", "stop", READ),
    ("<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant<|channel|>final<|message|>{block}", "stop", READ),
    ("analysisWe try {draft}assistantfinal{block}", "stop", READ),
    ("&lt;think&gt;{draft}&lt;/think&gt;{block}", "stop", READ),
    ("< think >{draft}< / think >{block}", "stop", READ),
    ("＜think＞{draft}＜/think＞{block}", "stop", READ),
    ('<think effort="low">{draft}</think>{block}', "stop", READ),
    ("{draft}\n</think>\n{block}", "stop", READ),
    ("{draft}\n[/THINK]\n{block}", "stop", READ),
    ("<think>a <thinking> tag</think>{block}", "stop", READ),
    ("{block}\n<reasoning>\nI compared both.\n</reasoning>", "stop", READ),
    ("{block}\n<thinking>I am done.</thinking>\n", "stop", READ),
    ("<think>{draft}</think>\n{block}\n<think>done</think>", "stop", READ),
    ("{block}\n<|end|>", "stop", READ),
    ("{block}<|return|>", "stop", READ),
    ("<think>{block}", "stop", "unclosed <think>"),
    ("<thinking>{block}", "stop", "unclosed <thinking>"),
    ("<thought>\n{block}\n", "stop", "unclosed <thought>"),
    ("<reasoning>{block} But", "length", "unclosed <reasoning>"),
    ("[THINK]{block} But", "length", "unclosed [THINK]"),
    ("◁think▷{block}", "stop", "unclosed ◁think▷"),
    ("<seed:think>{block}", "stop", "unclosed <seed:think>"),
    ("<|think|>{block}", "stop", "unclosed <|think|>"),
    ("<|channel|>analysis<|message|>{block}", "stop", "unclosed <|channel|>analysis"),
    ("<|START_THINKING|>{block}", "stop", "unclosed <|START_THINKING|>"),
    ("&lt;think&gt;{block}", "stop", "unclosed &lt;think&gt;"),
    ("< think >{block}", "stop", "unclosed < think >"),
    ("<think>{block}</reasoning>", "stop", "unclosed <think>"),
    ("{draft}\n<thinking>\nNo, {block}", "stop", "unclosed <thinking>"),
    ("<think>{block}</think>", "stop", _NONE),
    ("<thinking>{block}</thinking>", "stop", _NONE),
    ("{draft}\n<thinking>\nNo: {block}\n</thinking>", "stop", _NONE),
    # Other names and signs.
    ("<analysis>\n{draft}\n</analysis>\n{block}", "stop", READ),
    ("<inner_monologue>{draft}</inner_monologue>{block}", "stop", READ),
    ("<thinking_process>\n{draft}\n</thinking_process>\n{block}", "stop", READ),
    ("<antThinking>{draft}</antThinking>\n{block}", "stop", READ),
    ("<chain-of-thought>{draft}</chain-of-thought>{block}", "stop", READ),
    ("<思考>\n{draft}\n</思考>{block}", "stop", READ),
    ("&#60;think&#62;{draft}&#60;/think&#62;{block}", "stop", READ),
    ("\\u003cthink\\u003e{draft}\\u003c/think\\u003e{block}", "stop", READ),
    ("<|thought_start|>{draft}<|thought_end|>{block}", "stop", READ),
    ("<|startofthink|>{draft}<|endofthink|>{block}", "stop", READ),
    ("<unused94>thought\n{draft}<unused95>{block}", "stop", READ),
    ("[REASONING]{draft}[/REASONING]{block}", "stop", READ),
    ("[thinking]\n{draft}\n[/thinking]\n{block}", "stop", READ),
    ("<|im_start|>think\n{draft}<|im_end|>\n<|im_start|>answer\n{block}", "stop", READ),
    ('<details type="reasoning" done="true">\n{draft}\n</details>\n{block}', "stop", READ),
    ("<details><summary>Thinking</summary>\n{draft}\n</details>\n{block}", "stop", READ),
    ("<rationale>{block}</rationale>", "stop", _NONE),
    ("<cot>{block}", "stop", "unclosed <cot>"),
    ("<unused94>thought\n{block}", "stop", "unclosed <unused94>"),
    ("<|im_start|>think\n{block}", "stop", "unclosed <|im_start|>think"),
    # Nothing to read.
    ("", "stop", _NONE),
    ("I cannot say.", "stop", _NONE),
    ("", "length", _NO_BLOCK),
    ("I cannot say.", None, _NO_BLOCK),
]
"""Text, finish reason, and expectation: `READ`, or the reason of the refusal; of a dict, the reader's or that of ""."""


def framed(text: str, reader: str) -> str:
    """Return a frame's text with the reader's answer and draft."""
    begin, end = "<RESULT_START>\n", "\n<RESULT_END>"
    fills = {
        "{block}": begin + ANSWERS[reader] + end,
        "{open}": begin + ANSWERS[reader],
        "{draft}": begin + DRAFTS[reader] + end,
    }
    for name, filling in fills.items():
        text = text.replace(name, filling)
    return text


def read(reader: str, text: str, finish_reason: str | None) -> object:
    """Read a reply as the command does."""
    return QUESTIONS[reader].read(Reply(text, finish_reason, Usage(), 0.0))
