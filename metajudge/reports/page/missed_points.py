"""Human points that a model misses most, by domain and by the words in them."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from metajudge.text import SCAFFOLDING, folded, stem, unspaced, words_of

MISSED = 25
"""A human point is missed if its best score is below this, in percent."""
LEAST = 3
"""Fewest points of a word or domain to be listed."""
_MOST_WORDS, _MOST_EXAMPLES, _MOST_DOMAINS = 20, 5, 40
_EXAMPLE, _READ = 200, 5000
"""Characters of a point that are shown, and read."""
_Z = 1.96


@dataclass(slots=True)
class _Group:
    """Points that share a word."""

    points: int = 0
    missed: int = 0
    spelled: dict[str, int] = field(default_factory=dict)
    """Number of points by form of the word."""
    examples: list[tuple[int, int]] = field(default_factory=list)
    """Row and human item, from 1, of missed points."""

    def add(self, word: str, missed: bool, place: tuple[int, int]) -> None:
        self.points += 1
        self.spelled[word] = self.spelled.get(word, 0) + 1
        if missed:
            self.missed += 1
            if len(self.examples) < _MOST_EXAMPLES:
                self.examples.append(place)

    @property
    def rank(self) -> float:
        """Lower end of Wilson's interval of the share missed: a high share of few points ranks lower."""
        share, n = self.missed / self.points, self.points
        centre, spread = share + _Z**2 / (2 * n), _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n))
        return (centre - spread) / (1 + _Z**2 / n)


@dataclass(slots=True)
class MissedPoints:
    """Points of one model by domain and word."""

    _domains: dict[str, list[int]] = field(default_factory=dict)
    """Points, and missed ones."""
    _words: defaultdict[str, defaultdict[str, _Group]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(_Group))
    )
    _texts: dict[tuple[int, int], str] = field(default_factory=dict)

    def add(self, row: int, domain: str, human: Sequence[str], strip: Sequence[int | None]) -> None:
        """Add the points of a row that were judged."""
        for item, (text, best) in enumerate(zip(human, strip, strict=False), 1):
            if best is not None:
                self._add_point((row, item), domain, text, best < MISSED)

    def _add_point(self, place: tuple[int, int], domain: str, text: str, missed: bool) -> None:
        words = _words(text)
        for name in {"", domain}:
            counts = self._domains.setdefault(name, [0, 0])
            counts[0] += 1
            counts[1] += missed
            groups = self._words[name]
            for one, word in words.items():
                groups[one].add(word, missed, place)
        if missed:
            self._texts[place] = text[:_EXAMPLE]

    def as_json(self) -> list[dict[str, Any]]:
        """Return all points together, then each domain; with the words whose points are missed most."""
        order = sorted(self._domains, key=lambda name: (name != "", -self._domains[name][0], name))
        return [
            {"domain": name, "points": points, "missed": missed, "words": list(self._ranked(name))}
            for name in order[:_MOST_DOMAINS]
            for points, missed in [self._domains[name]]
        ]

    def _ranked(self, domain: str) -> Iterator[dict[str, Any]]:
        groups = [group for group in self._words[domain].values() if group.points >= LEAST and group.missed]
        for group in sorted(groups, key=lambda group: (-group.rank, -group.points))[:_MOST_WORDS]:
            yield {
                "word": max(group.spelled, key=group.spelled.__getitem__),
                "points": group.points,
                "missed": group.missed,
                "examples": [[row, item, self._texts[row, item]] for row, item in group.examples],
            }


def _words(text: str) -> dict[str, str]:
    """Return the words of a point that are its content, by stem; pairs of characters where words have no spaces."""
    plain = folded(text[:_READ])
    found = {stem(word): word for word in words_of(plain) if len(word) > 2 and not word.isdigit()}
    pairs = (run[i : i + 2] for run in unspaced(plain) for i in range(len(run) - 1))
    return {one: word for one, word in found.items() if word not in SCAFFOLDING} | {pair: pair for pair in pairs}
