"""Settings of a judge that make figures mean different things."""

from collections.abc import Iterable
from typing import Any

from metajudge.records import QUESTION, JudgeIdentity

SETTINGS = ("model", *QUESTION)
"""Fields of `JudgeIdentity` that make figures mean different things."""


def settings_of(judge: JudgeIdentity | None) -> tuple[Any, ...]:
    """Return what two judges must have in common for their figures to be comparable; () for an unnamed judge."""
    return () if judge is None else tuple(str(getattr(judge, name)) for name in SETTINGS)


def differences(judges: Iterable[JudgeIdentity | None]) -> dict[str, list[str]]:
    """Return the values of those `SETTINGS` in which the judges differ; None is an unnamed judge."""
    every = list(judges)
    values = {name: {str(getattr(judge, name)) for judge in every if judge} for name in SETTINGS}
    if None in every:
        values["model"].add("an unnamed judge")
    return {name: sorted(filter(None, found)) for name, found in values.items() if len(found) > 1}
