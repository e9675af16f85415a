"""R-Align: right labels whose reasons a meta-judge finds unsound.

arXiv 2602.06763; files and rules of lyn22333/R-Align.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from metajudge.data.benchmarks.entries import R_ALIGN, Entry, read_entries

CORRECT, INCORRECT, CALL_FAIL, PARSE_FAIL = "Correct", "Incorrect", "CallFail", "ParseFail"


@dataclass(frozen=True, slots=True)
class Rationale:
    """One judged row."""

    id: str
    prompt: str
    group: str
    """Subset that the row comes from; empty if it names none."""
    is_right: bool
    """The label agrees with the gold label; an unreadable one does not."""
    is_readable: bool
    verdict: str
    """Verdict of the meta-judge: `CORRECT`, `INCORRECT`, `CALL_FAIL`, `PARSE_FAIL`; another one = it was not asked."""


@dataclass(frozen=True, slots=True)
class RAlignResults:
    """Rows of one model and one benchmark with gold rationales."""

    path: Path
    model: str
    data: str
    """Data set of the rows, from the name of their file; empty if it has none."""
    rationales: list[Rationale]


def read_r_align(path: Path) -> RAlignResults:
    """Read the output of R-Align's meta-judge."""
    rationales: list[Rationale] = []
    model = ""
    for entry in read_entries(path, R_ALIGN):
        rationales.append(_rationale(entry))
        meta = entry.data.get("meta")
        name = meta.get("model_name") if isinstance(meta, dict) else None
        model = model or (name if isinstance(name, str) else "")
    data, _, named = path.stem.partition("__")  # helpsteer3_aug__MODEL_metarm_META-JUDGE.jsonl
    named = named.partition("_metarm_")[0]
    return RAlignResults(path, model or named or path.stem, data if named else "", rationales)


def _rationale(entry: Entry) -> Rationale:
    if "metarm_verdict" not in entry.data:
        raise entry.error('has no "metarm_verdict"; run R-Align\'s metarm_judge.py on this file first')
    gold = "" if entry.data.get("gt_label") is None else entry.text("gt_label").strip()
    label, verdict = entry.data.get("model_pred"), entry.data["metarm_verdict"]
    source = entry.data.get("source")
    group = source.get("subset") if isinstance(source, dict) else source
    conversation = entry.data.get("conversations")
    row_id = str(entry.data.get("id", entry.line))
    prompt = row_id if conversation is None else json.dumps(conversation)
    own = json.dumps([row_id, *map(entry.data.get, ("conversations", "response_A", "response_B"))])
    is_readable = label in ("A", "B")
    return Rationale(
        own, prompt, group if isinstance(group, str) else "", is_readable and label == gold, is_readable, str(verdict)
    )
