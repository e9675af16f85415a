"""Paths of the files of a study, all in its folder; the files are its only state."""

import hashlib
import json
from pathlib import Path

from metajudge.records import HUMAN_REFERENCE, JudgeIdentity
from metajudge.studies.study import ModelUnderTest, Study, settings_of
from metajudge.tasks import InferConfig, make_task, safe_filename

_IN_THE_NAME = ("model", "instructions", "granularity", "samples", "top_k", "guard")
"""Fields of a judge that give it another folder: those in which all records of a file agree."""


class StudyFiles:
    """Paths of one study."""

    def __init__(self, study: Study) -> None:
        """Name the files; nothing is read or made."""
        self._study = study
        self.folder = study.folder
        self.judge = self.folder / "judges" / _judge_name(study)
        """Results of this judge."""

    @property
    def checklists(self) -> Path:
        """The rows with human checklists."""
        return self._study.rows if self._study.decomposer is None else self.folder / "human" / "checklists.jsonl"

    @property
    def annotators(self) -> Path:
        """The rows with a list for each annotator."""
        return self._study.rows if self._study.decomposer is None else self.folder / "human" / "annotators.jsonl"

    def critic(self, model: ModelUnderTest) -> Path:
        """Return the rows with a model's checklist and verdict."""
        return self.checklists if model.critic is None else self.folder / "models" / file_of(model) / "critic.jsonl"

    def results(self, model: ModelUnderTest) -> Path:
        """Return the judge's records about a model."""
        return self.judge / f"{file_of(model)}.jsonl"

    def control(self, kind: str, model: ModelUnderTest) -> Path:
        """Return the judge's records about a control of a model."""
        return self.judge / kind / f"{file_of(model)}.jsonl"

    def flaws(self, model: ModelUnderTest) -> Path:
        """Return the rows with the kinds of a model's reasons."""
        return self.judge / "flaws" / f"{file_of(model)}.jsonl"

    @property
    def annotators_judged(self) -> Path:
        """The judge's records about annotators in place of a model."""
        return self.judge / HUMAN_REFERENCE / "annotators.jsonl"

    @property
    def anchors(self) -> Path:
        """Folder with a folder for each time that the anchor was judged."""
        return self.judge / "anchor"

    @property
    def report(self) -> Path:
        """The report as text; beside it are report.json, the picture and the page."""
        return self.folder / "report.txt"


def file_of(model: ModelUnderTest) -> str:
    """Return a model's name as that of a file."""
    return safe_filename(model.name)


def judge_of(study: Study) -> JudgeIdentity:
    """Return the judge of the records about a model's own lists."""
    config = InferConfig(
        **settings_of(study.judge), **study.matching, input_file=study.rows, output_file="-", model_be_evaluated="-"
    )
    default = "row" if config.prompt_template is not None else "item"
    return make_task(config, config.granularity or default).judge


def _judge_name(study: Study) -> str:
    """Return a readable name with a hash of what makes records comparable: another judge gets another folder."""
    judge = judge_of(study)
    parts = json.dumps([getattr(judge, name) for name in _IN_THE_NAME])
    return f"{safe_filename(study.judge.model)}-{judge.granularity}-{hashlib.sha256(parts.encode()).hexdigest()[:6]}"
