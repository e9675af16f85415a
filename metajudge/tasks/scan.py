"""First reading of an input: counts of the rows and requests."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from metajudge.data import SHOWN_PROBLEMS
from metajudge.engine import Question
from metajudge.text import estimate_tokens, plural

log = logging.getLogger("metajudge")


@dataclass(slots=True)
class RequestCount:
    """Requests of some questions."""

    requests: int = 0
    prompt_tokens: int = 0
    """Estimated."""

    def add(self, questions: Iterable[Question]) -> None:
        """Count and measure questions."""
        for question in questions:
            self.requests += 1
            self.prompt_tokens += estimate_tokens(question.messages)


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
    left_out: Counter[str] = field(default_factory=Counter)
    """Rows and reasons that a control cannot use, by reason."""
    empty_items: int = 0
    """Items that are empty strings; they keep their number and are judged."""
    flagged_items: int = 0
    """Suspicious items among those put to the judge; counted with a guard."""
    issues: Counter[str] = field(default_factory=Counter)
    """Reasons of the flagged items; an item may have several."""
    finished: int = 0
    """Rows whose finished record is in the output; this field and the next ones are counted for a dry run only."""
    skipped_failed: int = 0
    """Rows that are left out because their earlier record is a failure."""
    restored: int = 0
    """Replies of open rows that the journal holds."""
    remaining: RequestCount = field(default_factory=RequestCount)
    alternatives: dict[str, RequestCount] = field(default_factory=lambda: defaultdict(RequestCount))
    """Requests for the open rows with other granularities, by name."""
    first_question: str = ""
    """The first one that remains."""

    @property
    def has_no_row(self) -> bool:
        """True if the input is empty or an earlier step left every row unfit."""
        return not (self.asked.total() or self.parsed or self.unusable)

    def add_unusable(self, problem: str) -> None:
        """Count an unusable row and keep the first problems."""
        self.unusable += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(problem)

    def add_questions(self, questions: Sequence[Question]) -> None:
        """Count and measure the questions of one row."""
        self.remaining.add(questions)
        if questions and not self.first_question:
            self.first_question = "\n\n".join(f"[{m['role']}]\n{m['content']}" for m in questions[0].messages)

    def warn(self) -> None:
        """Log the unusable and skipped rows and the empty items."""
        for problem in self.problems:
            log.warning("%s", problem)
        if self.unusable > len(self.problems):
            log.warning("and %d more unusable rows", self.unusable - len(self.problems))
        if self.skipped:
            log.warning("%s skipped: an earlier step did not succeed there", plural(self.skipped, "row"))
        for what, count in self.left_out.items():
            log.warning("left out: %d %s", count, what)
        if self.empty_items:
            log.warning("%d items are empty strings; they keep their number and are judged", self.empty_items)
