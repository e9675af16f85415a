"""First reading of an input: counts of the rows and requests."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from metajudge.data import SHOWN_PROBLEMS
from metajudge.engine import Question

log = logging.getLogger("metajudge")


@dataclass(slots=True)
class InputScan:
    """Counts of the first reading of the input; no row is kept."""

    rows: int = 0
    """Lines that are not blank, up to the limit."""
    asked: Counter[str] = field(default_factory=Counter)
    """Rows to be asked about, by evaluated model."""
    parsed: int = 0
    """Rows whose text exists already and could be read."""
    unusable: int = 0
    """Lines that are no row, and rows without a possible question."""
    problems: list[str] = field(default_factory=list)
    """The first unusable rows, by line and reason."""
    skipped: int = 0
    """Rows for which an earlier step did not succeed."""
    empty_items: int = 0
    """Items that are empty strings; they keep their number and are judged."""
    flagged_items: int = 0
    """Suspicious items among those put to the judge; counted with a guard."""
    issues: Counter[str] = field(default_factory=Counter)
    """Reasons of the flagged items; an item may have several."""
    requests: int = 0
    """Requests of all rows; this and the following fields are counted for a dry run only."""
    characters: int = 0
    """Length of the questions, instructions included."""
    wide_characters: int = 0
    """Characters outside ASCII (about a token each)."""
    first_question: str = ""

    @property
    def prompt_tokens(self) -> int:
        """Estimate the tokens: four ASCII characters per token, one other character per token."""
        return (self.characters - self.wide_characters) // 4 + self.wide_characters

    def add_unusable(self, problem: str) -> None:
        """Count an unusable row and keep the first problems."""
        self.unusable += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(problem)

    def add_questions(self, questions: Sequence[Question]) -> None:
        """Count and measure the questions of one row."""
        for question in questions:
            self.requests += 1
            for message in question.messages:
                text = message["content"]
                self.characters += len(text)
                self.wide_characters += len(text) - len(text.encode("ascii", "ignore"))
            if not self.first_question:
                self.first_question = "\n\n".join(f"[{m['role']}]\n{m['content']}" for m in question.messages)

    def warn(self) -> None:
        """Log the unusable and skipped rows and the empty items."""
        for problem in self.problems:
            log.warning("%s", problem)
        if self.unusable > len(self.problems):
            log.warning("and %d more unusable rows", self.unusable - len(self.problems))
        if self.skipped:
            log.warning("%d rows are skipped: an earlier step did not succeed for them", self.skipped)
        if self.empty_items:
            log.warning("%d items are empty strings; they keep their number and are judged", self.empty_items)
