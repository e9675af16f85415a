"""The page on which people label rows: the tasks of `label_sample`, and a program that writes label files."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metajudge.errors import UsageError
from metajudge.reports.page.blocks import data_element
from metajudge.reports.page.document import document
from metajudge.reports.page.row_texts import as_text, conversation_of, responses_of
from metajudge.reports.page.writer import LONGEST_PAGE
from metajudge.version import __version__

_TITLE = "MetaJudge: label rows"


def label_page(tasks: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the HTML file. Raises `UsageError` for one of more than `LONGEST_PAGE` bytes."""
    rows = list(dict.fromkeys(task["id"] for task in tasks))
    about = {
        "version": __version__,
        "key": _key(tasks),
        "rows": len(rows),
        "judge_shown": any(task["judge_shown"] for task in tasks),
        "tasks": list(_tasks(tasks, {name: number for number, name in enumerate(rows, 1)})),
    }
    page = b"".join(document(_TITLE, [data_element("labels", about)], [], labels=True))
    if len(page) > LONGEST_PAGE:
        raise UsageError(f"the page would have more than {LONGEST_PAGE // 1_000_000} MB; draw fewer rows")
    return page


def _key(tasks: Sequence[Mapping[str, Any]]) -> str:
    """Return the name under which a browser keeps the labels of these tasks."""
    names = [(task["id"], task["question_id"], task["judge_shown"]) for task in tasks]
    return "metajudge-labels-" + hashlib.sha256(repr(names).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _tasks(tasks: Sequence[Mapping[str, Any]], rows: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield what the page shows of each task; `rows`: number of each row by id, from 1."""
    lists = Counter(task["id"] for task in tasks)
    seen: Counter[str] = Counter()
    for task in tasks:
        name = task["id"]
        seen[name] += 1
        yield {
            "id": name,
            "question_id": task["question_id"],
            "row": rows[name],
            "list": [seen[name], lists[name]],
            "probability": task["probability"],
            "context": list(map(list, conversation_of(task))),
            "responses": list(responses_of(task)),
            "human": list(map(as_text, task["human-checklist"])),
            "reasons": list(map(as_text, task["model-checklist"])),
            "judge": task.get("judge_scores"),
        }
