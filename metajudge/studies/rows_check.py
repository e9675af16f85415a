"""The rows of a study have what its file says, found out before anything is asked."""

from collections.abc import Iterable

from metajudge.data import CHECKLIST_SUFFIX, HUMAN_KEY, InputFile, Row, is_skipped
from metajudge.errors import UsageError
from metajudge.studies.study import ModelUnderTest, Study
from metajudge.studies.table import closest
from metajudge.tasks.decompose import INDIVIDUAL


def check_rows(study: Study) -> None:
    """Raise `UsageError` for a field that the study needs and no row has. Reads on until every field was seen."""
    missing = {key.lower(): (key, table) for key, table in _needed(study)}
    seen: dict[str, None] = {}
    for row in InputFile(study.rows, "rows").rows():
        if isinstance(row, Row) and not is_skipped(row.data):
            seen |= dict.fromkeys(row.data)
            for key in row.data:
                missing.pop(key.lower(), None)
            if not missing:
                return
    if missing and seen:
        key, table = next(iter(missing.values()))
        raise UsageError(f'{study.file}: {table}: no row of {study.rows} has "{key}"; {closest(key, seen)}')


def spelled(study: Study, model: ModelUnderTest) -> str:
    """Return the model's name as the key of its checklist in the rows spells it."""
    wanted = f"{model.name}{CHECKLIST_SUFFIX}".lower()
    rows = (row.data for row in InputFile(study.rows, "rows").rows() if isinstance(row, Row))
    keys = (key for row in rows for key in row if key.lower() == wanted)
    return next(keys, wanted)[: -len(CHECKLIST_SUFFIX)]


def _needed(study: Study) -> Iterable[tuple[str, str]]:
    """Yield the fields that some row must have, each with the table that needs it."""
    if study.decomposer is None:
        yield HUMAN_KEY, "[data] (or add a table [decomposer])"
    else:
        yield from ((name, "[decomposer] text_fields") for name in study.decomposer.step.text_fields or (INDIVIDUAL,))
    if study.flaws:
        yield from ((name, "flaws") for name in ("context", "response1", "response2"))
    for model in study.models:
        table = f"[[models]] {model.name}"
        if model.critic is None:
            yield f"{model.name}{CHECKLIST_SUFFIX}", table
        else:
            yield from ((name, f"{table} {key}") for name, key in model.critic.spec.fields.items())
