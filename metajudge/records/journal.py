"""Accepted replies of rows that still have open questions: `<output>.journal`.

Append-only, under the lock of the results file. The key of an entry is the row (`id` and `question_id`, because rows
with equal lists share the latter), the question's name and the judge.
"""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metajudge.records.atomic import append_line, force_to_disk, side_file, unwritable
from metajudge.records.judge_identity import SAME_REPLY, JudgeIdentity
from metajudge.records.record import encode

log = logging.getLogger("metajudge")

RowName = tuple[str, str]
"""A row's `id` and `question_id`."""


class Journal:
    """Replies kept until their row's record is written. Without an open row there is no file at the end of a run."""

    def __init__(self, output: Path, judge: JudgeIdentity, *, read_only: bool = False) -> None:
        """Read the replies that an earlier run with the same judge left beside `output`.

        `read_only`: leave a torn end of the file as it is, and add nothing.
        """
        self.path = side_file(output, ".journal")
        self._judge = json.dumps({name: getattr(judge, name) for name in SAME_REPLY})
        self._kept: dict[RowName, dict[str, dict[str, Any]]] = {}
        self._foreign = False
        self._fd: int | None = None
        if self.path.exists():
            self._read(repair=not read_only)

    def kept(self, row: RowName, question: str) -> dict[str, Any] | None:
        """Return the reply that `add` kept for a question."""
        return self._kept.get(row, {}).get(question)

    def add(self, row: RowName, question: str, reply: Mapping[str, Any]) -> None:
        """Write a reply at once."""
        entry = {"id": row[0], "question_id": row[1], "question": question, "judge": self._judge, "reply": dict(reply)}
        if self._fd is None:
            try:
                self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except OSError as error:
                raise unwritable(self.path, error) from None
        append_line(self._fd, encode(entry), self.path)
        self._kept.setdefault(row, {})[question] = dict(reply)

    def discard(self, row: RowName) -> None:
        """Forget the replies of a row whose record is written."""
        self._kept.pop(row, None)

    def sync(self) -> None:
        """Force what was written onto the disk."""
        if self._fd is not None:
            force_to_disk(self._fd, self.path)

    def close(self) -> None:
        """Close; remove the file if no row is open."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        if not self._kept and not self._foreign:
            try:
                self.path.unlink(missing_ok=True)
            except OSError as error:  # harmless, and no reason to hide how the run ended
                log.warning("%s cannot be removed: %s", self.path, error.strerror)

    def _read(self, *, repair: bool) -> None:
        content = self.path.read_bytes()
        *lines, torn = content.split(b"\n")
        for line in lines:
            self._take(line)
        # The rest is torn by a kill: the question is asked again, unless only the newline is missing.
        entry = torn.rstrip(b"\0")
        is_whole = self._take(entry)
        if not repair:
            return
        os.truncate(self.path, len(content) - len(torn) + (len(entry) if is_whole else 0))
        if is_whole:
            with self.path.open("ab") as file:
                file.write(b"\n")

    def _take(self, line: bytes) -> bool:
        """Read a line; return True if it is an entry."""
        try:
            entry = json.loads(line)
            row, question, reply = (entry["id"], entry["question_id"]), entry["question"], entry["reply"]
        except (ValueError, KeyError, TypeError):
            return False
        if entry.get("judge") == self._judge:
            self._kept.setdefault(row, {})[question] = reply
        else:
            self._foreign = True  # another judge's replies are kept for its own run
        return True
