"""A toy world for a critic: two responses, a specification of eight slots, and a tempting cue. Pure, no torch.

A *flaw* is a slot of a response unlike the specification. People prefer the response with fewer flaws, except
for 15 % of noise. The *cue* (which response is longer) ignores flaws but mostly agrees with the preference, so it pays
more than reading. Every token is one line of text, so that prompts and generations are readable.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

SLOTS = ("currency", "units", "link", "grammar", "loop", "quote", "rhyme", "column")
_FLAWED = ("wrong currency", "swapped units", "stale link", "bad grammar", "broken loop", "false quote", "odd rhyme",
           "empty column")  # fmt: skip
_PRAISED = ("neat layout", "warm tone", "friendly", "vivid")
A, B = 0, 1
NAMES = ("A", "B")

FLAWS = tuple(tuple(f"Response {name}: {flaw}" for flaw in _FLAWED) for name in NAMES)
"""The reason that names a flaw, by response and slot. No two share a word or an ending, see `judge.matrix`."""
GENERIC = tuple(tuple(f"Response {name}: {praise}" for praise in _PRAISED) for name in NAMES)
"""Reasons that name none, by the response they praise."""
EVIDENCE_REASONS = frozenset(reason for side in FLAWS for reason in side)
GENERIC_REASONS = frozenset(reason for side in GENERIC for reason in side)

CUE_PAYS, CUE_FAILS = 0.9, 0.6
"""Share of rows in which the cue agrees with the preference: in the world, and in that of the control."""
FLAW_RATE, LABEL_NOISE = 0.2, 0.15
FEWEST_FLAWS, MOST_FLAWS = 3, 7
EVIDENCE_SHARE = 0.7
"""Share of the demonstrations that list flaws; the others give generic reasons and follow the cue."""
MOST_REASONS = 5

BEGIN, LIST, END, PADDING = "Task:\n", "List of reasons:\n", "<end>", "<padding>"
VERDICTS = ("Final assessment result: \\boxed{A>B}\n", "Final assessment result: \\boxed{B>A}\n")
_CUES = ("The longer one: A\n", "The longer one: B\n")
PROMPT_TOKENS = 3 * len(SLOTS) + 3
GENERATED_TOKENS = MOST_REASONS + 2
"""Reasons, verdict, end."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison."""

    specification: tuple[int, ...]
    """The wanted value of each slot, 0 or 1."""
    responses: tuple[tuple[int, ...], tuple[int, ...]]
    """The values of A and of B."""
    label: int
    """The response that people prefer, `A` or `B`."""
    cue: int
    """The response that is longer."""

    def flaws(self) -> tuple[str, ...]:
        """Return the human checklist: every flaw as the reason that names it."""
        return tuple(
            FLAWS[side][slot]
            for side in (A, B)
            for slot, wanted in enumerate(self.specification)
            if self.responses[side][slot] != wanted
        )

    def prompt(self) -> str:
        """Return the task as text, one line per token. The lines of a slot are adjacent, to be compared."""
        who = (("wanted", self.specification), ("A", self.responses[A]), ("B", self.responses[B]))
        lines = [slot_line(name, slot, values[slot]) for slot in range(len(SLOTS)) for name, values in who]
        return "".join([BEGIN, *lines, _CUES[self.cue], LIST])

    def record(self) -> dict[str, Any]:
        """Return the training row: the columns of `metajudge.integrations.trl`, and label and cue for the log."""
        return {
            "prompt": self.prompt(),
            "human-checklist": list(self.flaws()),
            "overall_preference": -1 if self.label == A else 1,
            "label": self.label,
            "cue": self.cue,
        }


def slot_line(who: str, slot: int, value: int) -> str:
    """Return the token for one slot of the specification or of a response."""
    return f"{who}: {SLOTS[slot]} {value}\n"


def reason_line(reason: str) -> str:
    """Return the token for a reason: an item of the critic's list."""
    return f"- {reason}\n"


def vocabulary() -> list[str]:
    """Return all 80 tokens in a fixed order."""
    slots = [
        slot_line(who, slot, value) for who in ("wanted", *NAMES) for slot in range(len(SLOTS)) for value in (0, 1)
    ]
    reasons = [reason_line(reason) for side in (*FLAWS, *GENERIC) for reason in side]
    return [PADDING, END, BEGIN, LIST, *slots, *_CUES, *reasons, *VERDICTS]


def draw_rows(count: int, seed: str, cue_agreement: float = CUE_PAYS) -> list[Row]:
    """Return independent rows, determined by the seed. Only the cue depends on `cue_agreement`."""
    rng = random.Random(seed)
    return [draw_row(rng, cue_agreement) for _ in range(count)]


def draw_row(rng: random.Random, cue_agreement: float = CUE_PAYS) -> Row:
    """Return a row with 3 to 7 flaws, not equally many in A and B."""
    specification = tuple(rng.randrange(2) for _ in SLOTS)
    while True:
        flaws = [[rng.random() < FLAW_RATE for _ in SLOTS] for _ in NAMES]
        counts = [sum(side) for side in flaws]
        if counts[A] != counts[B] and FEWEST_FLAWS <= sum(counts) <= MOST_FLAWS:
            break
    better = A if counts[A] < counts[B] else B
    label = 1 - better if rng.random() < LABEL_NOISE else better
    cue = label if rng.random() < cue_agreement else 1 - label
    first, second = (tuple(value ^ flaw for value, flaw in zip(specification, side, strict=True)) for side in flaws)
    return Row(specification, (first, second), label, cue)


def demonstrate(rng: random.Random, row: Row) -> list[str]:
    """Return a generation to imitate, as lines: mostly flaws and their verdict, else praise and the cue's verdict."""
    if rng.random() < EVIDENCE_SHARE:
        reasons, verdict = _evidence(rng, row.flaws())
    else:
        reasons, verdict = rng.sample(GENERIC[row.cue], rng.randint(2, len(_PRAISED))), row.cue
    return [*map(reason_line, reasons), VERDICTS[verdict]]


def _evidence(rng: random.Random, flaws: Sequence[str]) -> tuple[list[str], int]:
    """Return 2 to 5 of the flaws, and the response with fewer of them."""
    while True:
        listed = rng.sample(flaws, rng.randint(2, min(MOST_REASONS, len(flaws))))
        verdict = listed_verdict(listed)
        if verdict is not None:
            return listed, verdict


def listed_verdict(reasons: Collection[str]) -> int | None:
    """Return the response with fewer listed flaws, None if both have equally many."""
    of_a, of_b = (sum(reason in side for reason in reasons) for side in FLAWS)
    return None if of_a == of_b else A if of_a < of_b else B
