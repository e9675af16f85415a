"""What an inference will do, worked out before anything is asked or written: models, files, rows, problems."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from metajudge.data import SHOWN_PROBLEMS, InputFile, InvalidRow, Row, read_samples
from metajudge.engine import by_count
from metajudge.errors import UsageError
from metajudge.records import matches_path, side_file
from metajudge.tasks.match.task import ZERO, MatchTask

MODEL_PLACEHOLDER = "{model}"
# Bytes; a folder's entry may have 255, and the user's part and the side files' endings come behind.
_LONGEST_NAME = 150
_UNFIT = re.compile(r"[^\w.+-]")


@dataclass(slots=True)
class InputScan:
    """Counts of the first reading of the input; nothing of the rows is kept."""

    models: list[str]
    rows: int = 0
    """Lines that are not blank, up to the limit."""
    samples: Counter[str] = field(default_factory=Counter)
    """Usable rows by evaluated model."""
    empty_items: int = 0
    """Items that are empty strings; they keep their number and are judged."""
    flag_items: int = 0
    """Suspicious items that are put to the judge, with a guard."""
    issues: Counter[str] = field(default_factory=Counter)
    """Their reasons; an item may have several."""
    requests: int = 0
    """Questions that rows without a record would ask."""
    characters: int = 0
    """Length of these questions, instructions included."""
    wide_characters: int = 0
    """Of these, the ones outside ASCII (about a token each)."""
    problems: list[InvalidRow] = field(default_factory=list)
    """The first unusable rows."""
    unusable: int = 0
    first_question: str = ""

    @property
    def prompt_tokens(self) -> int:
        """A rough estimate: four ASCII characters a token, one other character a token."""
        return (self.characters - self.wide_characters) // 4 + self.wide_characters


def check_format(source: InputFile, limit: int | None) -> None:
    """Raise `UsageError` where the first `limit` lines are there and none is a row: it is no JSONL, or no UTF-8."""
    first: InvalidRow | None = None
    for row in islice(source.rows(), limit):
        if not isinstance(row, InvalidRow):
            return
        first = first or row
    if first is not None:
        raise UsageError(
            f"no line of {source.path} is a row (line {first.line} {first.reason}); it takes JSON objects in UTF-8, "
            "one a line"
        )


def output_paths(output: str, models: Sequence[str], source: Path) -> dict[str, Path]:
    """One results file a model: `{model}` replaced, else the name in front of the file's when there are several."""
    paths: dict[str, Path] = {}
    if not Path(output).name or output.endswith("/") or Path(output).is_dir():
        raise UsageError(f"--output-file {output or repr(output)} is a directory; name a file in it")
    for model in models:
        name = safe_filename(model)
        if MODEL_PLACEHOLDER in output:
            paths[model] = Path(output.replace(MODEL_PLACEHOLDER, name))
        else:
            path = Path(output)
            paths[model] = path if len(models) == 1 else path.with_name(f"{name}-{path.name}")
    taken = [owned.resolve() for path in paths.values() for owned in _side_files(path)]
    if len(set(taken)) < len(taken):
        way_out = "judge them one by one" if MODEL_PLACEHOLDER in output else f"put {MODEL_PLACEHOLDER} into it"
        raise UsageError(f"--output-file {output} gives two of {', '.join(models)} the same file; {way_out}")
    for path in paths.values():
        for owned in _side_files(path):
            if owned.exists() and source.exists() and owned.samefile(source):
                beside = "" if owned == path else f" writes {owned.name}, too, which"
                raise UsageError(f"--output-file {path}{beside} is the input file; name another one")
    return paths


def _side_files(results: Path) -> list[Path]:
    """Every file that a run may write for these results: another model's results must be none of them."""
    return [results, matches_path(results), *(side_file(results, end) for end in (".journal", ".torn", ".rescued"))]


def safe_filename(name: str) -> str:
    """`name` with the characters that do not fit a file name replaced by `_`, cut where it is too long for one."""
    fit = _UNFIT.sub("_", name)
    if len(fit.encode()) > _LONGEST_NAME:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        fit = f"{fit.encode()[: _LONGEST_NAME - 9].decode('utf-8', 'ignore')}-{digest}"
    return f"_{fit[1:]}" if fit.startswith((".", "-")) else fit


def scan_input(source: InputFile, models: Sequence[str], task: MatchTask, limit: int | None, *, ask: bool) -> InputScan:
    """Read the whole input once, keeping counts only; with `ask` the questions are made and measured too."""
    plan = InputScan(list(models))

    def counted() -> Iterator[Row | InvalidRow]:
        for row in islice(source.rows(), limit):
            plan.rows += 1
            yield row

    for sample in read_samples(counted(), models, named=False):
        if isinstance(sample, InvalidRow):
            plan.unusable += 1
            if len(plan.problems) < SHOWN_PROBLEMS:
                plan.problems.append(sample)
            continue
        plan.samples[sample.model] += 1
        plan.empty_items += [item.strip() for item in (*sample.human, *sample.model_items)].count("")
        for reasons in task.suspicious(sample).values():
            plan.flag_items += 1
            plan.issues.update(reasons)
        for question in task.questions(sample) if ask else ():
            plan.requests += 1
            for message in question.messages:
                text = message["content"]
                plan.characters += len(text)
                plan.wide_characters += len(text) - len(text.encode("ascii", "ignore"))
            if not plan.first_question:
                plan.first_question = "\n\n".join(f"[{m['role']}]\n{m['content']}" for m in question.messages)
    return plan


def analysis_commands(outputs: Sequence[Path]) -> str:
    """What shows the table of these results: of a folder's together where a folder is all it takes."""
    command = "python -m metajudge analysis"
    folders = {path.parent for path in outputs}
    if len(outputs) > 1 and len(folders) == 1 and all(path.suffix == ".jsonl" for path in outputs):
        return f"{command} --input-dir {shlex.quote(str(folders.pop()))}"
    return f"\n{' ' * 10}".join(f"{command} --input-file {shlex.quote(str(path))}" for path in outputs)


def guard_lines(plan: InputScan, guard: str | None) -> list[str]:
    """How many items of the input the guard has marked, by reason; nothing without guard."""
    if guard is None:
        return []
    zero = "; those of the model get no credit" if guard == ZERO and plan.flag_items else ""
    return [f"Guard     {plan.flag_items} items marked{by_count(plan.issues)}{zero}"]
