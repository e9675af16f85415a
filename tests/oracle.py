"""The reference metrics once more, as one plain script: an outside check that shares no line with the library.

python tests/oracle.py RESULTS.jsonl EVALUATED_MODEL
"""

import json
import re
import sys


def lookup(metadata, wanted):
    if not isinstance(metadata, dict):
        return None
    for key in metadata:
        if key.lower() == wanted.lower():
            value = metadata[key]
            return value if isinstance(value, list) else None
    return None


def literal_reply(record):
    """Return [(r, s, v), ...] of the first result block, or None."""
    samples = record.get("samples")
    if not isinstance(samples, list) or len(samples) == 0 or not isinstance(samples[0], dict):
        return None
    text = samples[0].get("generated_text")
    if not isinstance(text, str):
        return None
    block = re.search(r"<RESULT_START>(.*?)<RESULT_END>", text, re.DOTALL)
    if block is None:
        return None
    found = re.findall(r"- R(\d+)@S(\d+): (\d+(?:\.\d+)?)", block.group(1))
    try:
        marks = [(int(r), int(s), float(v)) for (r, s, v) in found]
    except ValueError:
        return None
    return None if any(v > 1 for (r, s, v) in marks) else marks or None


def stored_scores(record):
    """Return [(r, s, v), ...] of extraction_result, or None."""
    result = record.get("extraction_result")
    if not isinstance(result, dict) or not isinstance(result.get("scores"), list):
        return None
    marks = []
    for entry in result["scores"]:
        if not isinstance(entry, list) or len(entry) != 3:
            return None
        r, s, v = entry
        if not isinstance(r, int) or not isinstance(s, int) or not isinstance(v, (int, float)):
            return None
        if r < 1 or s < 0 or not 0 <= v <= 1:
            return None
        marks.append((r, s, float(v)))
    if {r for (r, s, v) in marks} != set(range(1, len(marks) + 1)):
        return None
    return marks or None


def four_figures(marks, n_human, n_model):
    """Return precision, recall, f1 and average precision by the definitions, with no shortcut."""
    m = min(n_model, 5)
    kept = [(r, s, v) for (r, s, v) in marks if s != 0 and r <= n_human and s <= m]
    recall = sum(max([v for (a, b, v) in kept if a == r], default=0.0) for r in range(n_human + 1)) / n_human
    by_item = [[v for (a, b, v) in kept if b == s] for s in range(1, m + 1)]
    precision = sum(max(values, default=0.0) for values in by_item) / m
    f1 = 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)
    best = [max(values) for values in by_item if values]
    ap = sum(sum(best[:k]) / k for k in range(1, len(best) + 1)) / n_human
    return precision, recall, f1, ap


def judge_record(record, model, max_len):
    """Return 'error', 'skipped' or the four figures of one record."""
    if "id" in record:
        if record.get("status") == "empty":
            return "skipped" if record.get("empty") == "model" else "error"
        if record.get("status") != "success":
            return "error"
        marks = stored_scores(record)
    else:
        marks = literal_reply(record)
    if marks is None:
        return "error"
    human = lookup(record.get("metadata"), "human-checklist")
    mine = lookup(record.get("metadata"), model + "-checklist")
    if human is None or mine is None:
        return "error"
    if len(mine) == 0 or len(mine) > max_len:
        return "skipped"
    if len(marks) != len(human):
        return "error"
    return four_figures(marks, len(human), len(mine))


def analyse(path, model, max_len=10):
    """Return the reference's summary of one file, with the count of skipped rows."""
    records = []
    with open(path, "rb") as file:
        for number, line in enumerate(file):
            if number == 0 and line.startswith(b"\xef\xbb\xbf"):
                line = line[3:]
            try:
                record = json.loads(line.decode("utf-8"))
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                records.append(record)
    keys = [(str(r["id"]), str(r.get("question_id"))) if "id" in r else place for place, r in enumerate(records)]
    counted = []
    for place, record in enumerate(records):
        same = [p for p in range(len(records)) if keys[p] == keys[place]]
        finished = [p for p in same if records[p].get("status") in ("success", "empty")]
        if place == (finished or same)[-1]:
            counted.append(record)
    outcomes = [judge_record(record, model, max_len) for record in counted]
    valid = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
    columns = list(zip(*valid, strict=True)) if valid else [(0.0,)] * 4
    means = [sum(values) / len(values) for values in columns]
    stds = [(sum((v - sum(c) / len(c)) ** 2 for v in c) / len(c)) ** 0.5 for c in columns]
    return {
        "total_samples": len(counted),
        "valid_samples": len(valid),
        "error_samples": outcomes.count("error"),
        "skipped_samples": outcomes.count("skipped"),
        **dict(zip(("precision", "recall", "f1", "average_precision"), means, strict=True)),
        "precision_std": stds[0],
        "recall_std": stds[1],
    }


if __name__ == "__main__":
    print(json.dumps(analyse(sys.argv[1], sys.argv[2]), indent=2))
