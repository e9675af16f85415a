"""Counts over the rows of a file: checklists, vague items, labels.

`make_sample` decides which rows are unusable, so that a check and an inference never differ.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from metajudge.data import InvalidRow, Labels, Row, as_integer, is_absent, make_sample
from metajudge.errors import UsageError
from metajudge.metrics import COUNTED_MODEL_ITEMS
from metajudge.reports.row_scores import MAX_CHECKLIST_LEN
from metajudge.text import GENERIC, item_issues

NAMED = 10
"""Maximum number of places that are kept of a finding; all are counted."""
MOST_NAMES = 100
"""Maximum number of domains, labels or reasons with a count each; the rest count as `OTHERS`."""
OTHERS = "(others)"
Name = TypeVar("Name", bound=Hashable)
FINDINGS = {
    "repeated_rows": "rows that repeat an earlier one: same context, responses and human list",
    "shared_lists": "rows with the human list of an earlier row, but another context",
    "empty_human": "empty human lists: nothing is asked",
    "empty_model": "empty model lists: nothing is asked",
    "blank_items": "items that are empty strings: they are judged",
    "repeated_items": "items that repeat an earlier one of their list",
    "over_ten": f"model lists over {MAX_CHECKLIST_LEN} items: the reference metrics skip the row",
    "vague_items": "human items that look vague: no reason can match them",
}
"""Findings that leave a row usable: key and meaning."""


@dataclass(frozen=True, slots=True)
class Place:
    """Place of a finding."""

    line: int
    """From 1."""
    text: str = ""
    """Text from the data: an item, a model's name, a reason."""
    item: int = 0
    """Number of the item in its list; 0 = the whole row or list."""
    why: str = ""


@dataclass(slots=True)
class Places:
    """Number of places of a finding, and the first of them."""

    most: int = NAMED
    count: int = 0
    first: list[Place] = field(default_factory=list)

    def add(self, place: Place) -> None:
        """Count a place; keep it if it is one of the first."""
        self.count += 1
        if len(self.first) < self.most:
            self.first.append(place)


@dataclass(slots=True)
class Lengths:
    """Lengths of the lists of some rows."""

    rows: int = 0
    """Rows, with or without a list."""
    lists: int = 0
    items: int = 0
    least: int = 0
    most: int = 0
    empty: int = 0

    def add(self, length: int) -> None:
        """Count a list."""
        self.least = min(self.least, length) if self.lists else length
        self.most = max(self.most, length)
        self.lists += 1
        self.items += length
        self.empty += not length

    @property
    def mean(self) -> float | None:
        """Mean number of items per list; None without a list."""
        return self.items / self.lists if self.lists else None


@dataclass(frozen=True, slots=True)
class Label:
    """One spelling of an evaluated model's label."""

    text: str
    """JSON text of the label; empty for rows without one."""
    rows: int
    verdict: int | None
    """-2 (A much better) to 2 (B much better); None without a verdict."""
    why: str = ""
    """Reason for having no verdict."""


@dataclass(slots=True)
class Model:
    """Lists and labels of one evaluated model."""

    name: str
    lengths: Lengths = field(default_factory=Lengths)
    over_five: int = 0
    """Lists of more than five items: the reference metrics count the first five."""
    over_ten: int = 0
    """Lists that the reference metrics skip; also counted in `over_five`."""
    labels: Counter[str] = field(default_factory=Counter)
    """Rows by label as JSON text; rows without a label are missing."""

    def verdicts(self) -> tuple[list[Label], str]:
        """Return every spelling with its verdict, and the reason for an unknown scale of numbers (or nothing).

        The most frequent spelling comes first; rows without a label come last, as a spelling.
        """
        name, unknown = f"{self.name}-label", ""
        values = {text: json.loads(text) for text in self.labels if text != OTHERS}
        labels = None
        try:
            labels = Labels(values.values(), name)
        except UsageError as error:
            unknown = str(error)
        found = []
        for text, rows in self.labels.most_common():
            verdict, why = _verdict(values[text], name, labels) if text in values else (None, "not looked at")
            found.append(Label(text, rows, verdict, why))
        without = self.lengths.rows - self.labels.total()
        return [*found, *([Label("", without, None, "no label")] if without else [])], unknown


def _verdict(value: Any, name: str, labels: Labels | None) -> tuple[int | None, str]:
    """Return a label's verdict, or the reason for having none; `labels` is None for an unknown scale of numbers."""
    try:
        # A number of an unknown scale is refused alone, too; words keep their meaning.
        verdict = (labels or Labels([value], name)).verdict(value)
    except UsageError:
        return None, "scale unknown"
    return verdict, "" if verdict is not None else "unreadable"


class Rows:
    """Counts over the rows of a file. Keeps three numbers per human list, and the text of the first places."""

    def __init__(self) -> None:
        self.human = Lengths()
        self.domains: dict[str, Lengths] = {}
        """Human lists by domain; an empty name for rows without one."""
        self.models: dict[str, Model] = {}
        """Evaluated models by name in lower case."""
        self.findings = {key: Places() for key in FINDINGS}
        self._first: dict[int, tuple[int, int]] = {}
        """Hashes of human lists: line and hash of the context of the first row that has the list."""

    def add(self, row: Row, row_id: str) -> str | None:
        """Count a row and its human list; return the reason if the list is unusable."""
        name = row.data.get("domain")
        domain = self.domains.setdefault(known(name if isinstance(name, str) else "", self.domains, OTHERS), Lengths())
        for lengths in (self.human, domain):
            lengths.rows += 1
        seen = make_sample(row, row_id, "human")  # both of its lists are the human one
        if isinstance(seen, InvalidRow):
            return seen.reason
        if "-" in row_id:
            self.findings["repeated_rows"].add(Place(row.line))
        for lengths in (self.human, domain):
            lengths.add(len(seen.human))
        self._look_at("human", seen.human, row.line)
        for number, item in enumerate(seen.human, 1):
            if why := vague(item):
                self.findings["vague_items"].add(Place(row.line, item, number, why))
        if seen.human:
            own = row.line, hash(json.dumps(row.data.get("context"), sort_keys=True))
            line, context = self._first.setdefault(hash(seen.human), own)
            if context != own[1]:
                self.findings["shared_lists"].add(Place(row.line, why=f"as line {line}"))
        return None

    def add_model(self, row: Row, row_id: str, name: str) -> str | None:
        """Count a row's list and label of an evaluated model; return the reason if it cannot be judged."""
        model = self.models.setdefault(name.lower(), Model(name))
        model.lengths.rows += 1
        key = f"{name}-label".lower()
        values = (value for k, value in row.data.items() if k.lower() == key and not is_absent(value))
        if (value := next(values, None)) is not None:
            label = json.dumps(as_integer(value), ensure_ascii=False)
            model.labels[known(label, model.labels, OTHERS)] += 1
        seen = make_sample(row, row_id, name)
        if isinstance(seen, InvalidRow):
            return seen.reason
        length = len(seen.model_items)
        model.lengths.add(length)
        model.over_five += length > COUNTED_MODEL_ITEMS
        if length > MAX_CHECKLIST_LEN:
            model.over_ten += 1
            self.findings["over_ten"].add(Place(row.line, name, why=f"{length} items"))
        self._look_at(name, seen.model_items, row.line)
        return None

    def _look_at(self, name: str, items: tuple[str, ...], line: int) -> None:
        if not items:
            self.findings["empty_human" if name == "human" else "empty_model"].add(Place(line, name))
        first: dict[str, int] = {}
        for number, item in enumerate(items, 1):
            folded = " ".join(item.split()).casefold()
            if not folded:
                self.findings["blank_items"].add(Place(line, name, number))
            elif first.setdefault(folded, number) != number:
                self.findings["repeated_items"].add(Place(line, name, number, f"as item {first[folded]}"))


def known(name: Name, names: Mapping[Name, object], others: Name) -> Name:
    """Return `name`, or `others` if it is new and there are too many names already."""
    return name if name in names or len(names) < MOST_NAMES else others


# ------------------------------------------------------------------ items that say little

_SIDE = re.compile(
    r"@?\b(?:responses?|answers?|assistant|model|option|completion|output)\s*(?:#\s*)?(?:[12ab]|one|two)\b"
    r"|(?<!\w)[12ab](?!\w)|(?:回复|回答|答案|响应|回應)\s*[12ab一二]|第[一二]个(?:回复|回答|答案)",
)
_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILLER = _words(
    "the an it its is are was be been and or but of in on to for with by as at that this these those which than so "
    "very much more most less far slightly somewhat quite really also both i we you my they their there has have had "
    "does do not no s t isn doesn don overall general generally all ways way other rather too just simply think because"
)
_VERDICT = _words(
    "better best worse worst prefer preferred preferable wins win winner superior inferior stronger weaker "
    "更好 最好 较好 更差"
)
_GENERAL = _VERDICT | _words(
    "good great excellent nice fine poor bad weak strong helpful useful unhelpful accurate inaccurate correct "
    "incorrect right wrong clear clearer unclear concise comprehensive thorough detailed detail details informative "
    "complete incomplete quality response responses answer answers output outputs structured structure organized "
    "organised written well readable relevant appropriate effective engaging easy easier understand follow follows "
    "instruction instructions prompt 很好 好 不好 整体更好 更清晰 更详细 优秀"
)


def vague(item: str) -> str:
    """Return the reason if a human item looks too vague for any reason to match it; empty for an item without text."""
    rest, sides = _SIDE.subn(" ", unicodedata.normalize("NFKC", item).casefold())
    words = _WORD.findall(rest)
    meaningful = set(words) - _FILLER
    content = meaningful - _GENERAL
    if not item.strip():
        return ""
    if not content:
        if sides and meaningful <= _VERDICT and (meaningful or sides > 1):
            return "only says which response is better"
        return "general praise or blame" if meaningful else "no content words"
    # A language without spaces says much in one "word".
    if len(content) == 1 and len(words) <= 2 and len(_UNSPACED.findall(rest)) < 3:
        return "too short"
    return "a heading or a verdict" if GENERIC in item_issues(item) else ""
