"""A study as its file describes it: data, judge, decomposer, models under test, and what is made of the results."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from metajudge.engine import JudgeConfig
from metajudge.metrics.statistics.resampling import RESAMPLES
from metajudge.reports.row_scores import ScoringConfig
from metajudge.tasks.critic import CriticStep
from metajudge.tasks.decompose import DecomposeStep


@dataclass(frozen=True, slots=True)
class ModelUnderTest:
    """A model whose reasons are judged."""

    name: str
    """Its name in the rows, files and tables."""
    endpoint: JudgeConfig | None
    """Endpoint that is asked for its critiques; None if the rows have them."""
    critic: CriticStep | None
    """Step that makes its critiques; None if the rows have its checklist."""


@dataclass(frozen=True, slots=True)
class Decomposer:
    """A language model that makes human checklists of annotators' texts."""

    endpoint: JudgeConfig
    step: DecomposeStep


@dataclass(frozen=True, slots=True)
class Anchor:
    """Rows that are judged anew in each run, to see whether the judge has changed."""

    file: Path
    margin: float
    """Difference in rationale consistency beyond which the judge has drifted."""


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """Choices for the report."""

    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    resamples: int = RESAMPLES
    texts: str | None = None
    """Amount of texts in the page; None = as much as fits."""


@dataclass(frozen=True, slots=True)
class Study:
    """One study."""

    file: Path
    folder: Path
    """Folder of all its files."""
    rows: Path
    limit: int | None
    judge: JudgeConfig
    matching: Mapping[str, Any]
    """Fields of `InferConfig` that say how the judge is asked."""
    decomposer: Decomposer | None
    models: tuple[ModelUnderTest, ...]
    controls: tuple[str, ...] = ()
    human_reference: bool = False
    flaws: bool = False
    anchor: Anchor | None = None
    report: ReportSettings = field(default_factory=ReportSettings)

    def endpoints(self) -> dict[str, JudgeConfig]:
        """Return every endpoint that the study may ask, by its table."""
        found = {} if self.decomposer is None else {"decomposer": self.decomposer.endpoint}
        found["judge"] = self.judge
        return found | {model.name: model.endpoint for model in self.models if model.endpoint is not None}


def settings_of(config: JudgeConfig) -> dict[str, Any]:
    """Return the fields of an endpoint as keywords for a config that is derived from it."""
    return {one.name: getattr(config, one.name) for one in fields(JudgeConfig)}
