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
    marks = []
    for r, s, v in re.findall(r"- R(\d+)@S(\d+): (\d+(?:\.\d+)?)", block.group(1)):
        try:
            marks.append((int(r), int(s), float(v)))
        except ValueError:
            return None
    if len(marks) == 0:
        return None
    for mark in marks:
        if mark[2] > 1:
            return None
    return marks


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
    kept = []
    for r, s, v in marks:
        if s == 0 or r > n_human or s > m:
            continue
        kept.append((r, s, v))
    recall = 0.0
    for r in range(n_human + 1):
        recall += max([v for (a, b, v) in kept if a == r], default=0.0)
    recall /= n_human
    precision = 0.0
    for s in range(1, m + 1):
        precision += max([v for (a, b, v) in kept if b == s], default=0.0)
    precision /= m
    f1 = 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)
    best = []
    for s in range(1, m + 1):
        values = [v for (a, b, v) in kept if b == s]
        if values:
            best.append(max(values))
    ap = 0.0
    for k in range(1, len(best) + 1):
        ap += sum(best[:k]) / k
    ap /= n_human
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
    counted = []
    for place, record in enumerate(records):
        if "id" not in record:
            counted.append(record)
            continue
        same = []
        for other_place, other in enumerate(records):
            if "id" in other and (str(other["id"]), str(other.get("question_id"))) == (
                str(record["id"]),
                str(record.get("question_id")),
            ):
                same.append(other_place)
        finished = [p for p in same if records[p].get("status") in ("success", "empty")]
        winner = finished[-1] if finished else same[-1]
        if winner == place:
            counted.append(record)
    outcomes = [judge_record(record, model, max_len) for record in counted]
    valid = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
    means, stds = [0.0] * 4, [0.0] * 4
    if valid:
        for column in range(4):
            values = [figures[column] for figures in valid]
            means[column] = sum(values) / len(values)
            stds[column] = (sum((v - means[column]) ** 2 for v in values) / len(values)) ** 0.5
    return {
        "total_samples": len(counted),
        "valid_samples": len(valid),
        "error_samples": outcomes.count("error"),
        "skipped_samples": outcomes.count("skipped"),
        "precision": means[0],
        "recall": means[1],
        "f1": means[2],
        "average_precision": means[3],
        "precision_std": stds[0],
        "recall_std": stds[1],
    }


if __name__ == "__main__":
    print(json.dumps(analyse(sys.argv[1], sys.argv[2]), indent=2))
