"""Stages of a study: each is an ordinary run of `decompose`, `critic`, `infer` or `flaws` with its resumable output.

A new stage about every model is a function from study and model to a `Stage`, named in `judge_stages`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from metajudge.engine import JudgeConfig, RunContext, StopHook
from metajudge.errors import UsageError
from metajudge.records import HUMAN_REFERENCE, read_first_judge, side_file
from metajudge.studies.files import StudyFiles
from metajudge.studies.human_reference import write_reference_rows
from metajudge.studies.rows_check import spelled
from metajudge.studies.study import ModelUnderTest, Study, settings_of
from metajudge.tasks import InferConfig, RunResult, Step, StepConfig, run_infer, run_step
from metajudge.tasks.flaws import FlawsStep


@dataclass(frozen=True, slots=True)
class Stage:
    """One run of a study."""

    title: str
    """Its name in the display: `critic my-model`."""
    config: StepConfig | InferConfig
    step: Step | None = None
    """None: the judge matches lists."""
    prepare: partial[None] | None = None
    """Makes the input before the run."""

    @property
    def output(self) -> Path:
        """The file that it makes."""
        return Path(self.config.output_file)

    def run(self, stop_hook: StopHook, context: RunContext) -> RunResult:
        """Ask what has not been asked. Raises a `MetaJudgeError`."""
        if self.step is not None:
            self._check_model()
        if self.prepare is not None:
            self.prepare()
        self.output.parent.mkdir(parents=True, exist_ok=True)
        return self._run(self.config, stop_hook=stop_hook, context=context)

    def _check_model(self) -> None:
        """Raise `UsageError` if another model has made the output."""
        first = read_first_judge(side_file(self.output, ".records"))
        if first is not None and first.model != self.config.model and self.step and self.step.spec.needs_model:
            raise UsageError(
                f"{self.output} is by model {first.model}, not {self.config.model}: give this one another name in the "
                f"study's file, or remove {self.output.parent}"
            )

    def dry_run(self, input_file: Path | None = None) -> RunResult:
        """Count what would be asked, also of another input. Raises `UsageError`."""
        config = replace(self.config, dry_run=True, input_file=input_file or self.config.input_file)
        return self._run(config)

    def _run(self, config: StepConfig | InferConfig, **more: Any) -> RunResult:
        if self.step is None:
            assert isinstance(config, InferConfig)
            return run_infer(config, **more)
        assert isinstance(config, StepConfig)
        return run_step(config, self.step, **more)[0]


def human_stages(study: Study, files: StudyFiles) -> Iterator[Stage]:
    """Yield the stages that make human checklists; none if the rows have them."""
    if study.decomposer is None:
        return
    endpoint, step = study.decomposer.endpoint, study.decomposer.step
    outputs = {"decompose": (files.checklists, False)}
    if study.human_reference:
        outputs["decompose annotators"] = (files.annotators, True)
    for title, (output, per_annotator) in outputs.items():
        config = StepConfig(**_of(study, study.rows, endpoint), output_file=output)
        yield Stage(title, config, replace(step, per_annotator=per_annotator))


def critic_stage(study: Study, files: StudyFiles, model: ModelUnderTest) -> Stage | None:
    """Return the stage in which a model writes its critiques; None if the rows have its checklist."""
    if model.critic is None:
        return None
    output = files.critic(model)
    config = StepConfig(**_of(study, files.checklists, model.endpoint or study.judge), output_file=output)
    return Stage(f"critic {model.name}", config, model.critic)


def judge_stages(study: Study, files: StudyFiles, model: ModelUnderTest) -> Iterator[Stage]:
    """Yield the stages in which the judge is asked about a model, in their order."""
    yield Stage(f"judge {model.name}", _matching(study, model, files.critic(model), files.results(model)))
    for kind in study.controls:
        config = _matching(study, model, files.critic(model), files.control(kind, model), control=kind)
        yield Stage(f"{kind} {model.name}", config)
    if study.human_reference:
        yield _reference_stage(study, files, model)
    if study.flaws:
        yield flaws_stage(study, files, model)


def flaws_stage(study: Study, files: StudyFiles, model: ModelUnderTest) -> Stage:
    """Return the stage in which the judge names the class of each reason and its flaws."""
    name = spelled(study, model) if model.critic is None else model.name
    step = FlawsStep(name, study.matching.get("top_k"), study.judge.system_message)
    config = StepConfig(**_of(study, files.critic(model), study.judge), output_file=files.flaws(model))
    return Stage(f"flaws {model.name}", config, step)


def anchor_stage(study: Study, folder: Path) -> Stage:
    """Return the stage in which the judge is asked about the rows of the anchor, into `folder`."""
    assert study.anchor is not None
    config = InferConfig(
        **settings_of(study.judge), **study.matching, input_file=study.anchor.file, model_be_evaluated="all",
        output_file=folder / "{model}.jsonl",
    )  # fmt: skip
    return Stage("anchor", config)


def _reference_stage(study: Study, files: StudyFiles, model: ModelUnderTest) -> Stage:
    output, rows, make = files.control(HUMAN_REFERENCE, model), files.critic(model), None
    if study.decomposer is not None:
        rows = output.with_suffix(".rows")
        make = partial(write_reference_rows, files.critic(model), files.annotators, rows)
    config = InferConfig(
        **_of(study, rows, study.judge), **study.matching, model_be_evaluated=model.name, human_reference=True,
        output_file=output.with_name("{model}.jsonl"),
    )  # fmt: skip
    return Stage(f"{HUMAN_REFERENCE} {model.name}", config, prepare=make)


def _matching(study: Study, model: ModelUnderTest, rows: Path, output: Path, **more: Any) -> InferConfig:
    settings = _of(study, rows, study.judge) | dict(study.matching) | more
    return InferConfig(**settings, model_be_evaluated=model.name, output_file=output)


def _of(study: Study, rows: Path, endpoint: JudgeConfig) -> dict[str, Any]:
    return settings_of(endpoint) | {"input_file": rows, "limit": study.limit}
