"""Requests and cost of a study before anything is sent: exact where a stage's input exists, else estimated."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from metajudge.data import InputFile, Row, Sample
from metajudge.engine import FIRST_COMPLETION, JudgeConfig, Prices
from metajudge.llm import Usage
from metajudge.records import HUMAN_REFERENCE
from metajudge.studies.anchors import next_anchor
from metajudge.studies.files import StudyFiles
from metajudge.studies.rows_check import check_rows
from metajudge.studies.stages import Stage, anchor_stage, critic_stage, human_stages, judge_stages
from metajudge.studies.study import ModelUnderTest, Study
from metajudge.tasks import ITEM, ROW, InferConfig, make_task
from metajudge.text import estimate_tokens

TYPICAL_ITEMS = 5
"""Items of a list that nobody has made yet."""
_TYPICAL_ITEM = "Response B explains why the result is wrong and names the line that has to be changed."
_TYPICAL_STEP = (TYPICAL_ITEMS, 2000)
"""Requests of a row, and tokens of each prompt, of a step that asks about every item."""
_ANNOTATORS = 3
"""Annotators of a row whose lists nobody has made yet."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Requests that remain of one stage."""

    title: str
    requests: int
    prompt_tokens: int
    """Estimated."""
    rows: int
    """Rows that remain."""
    is_exact: bool
    """False if the input of the stage, or a part of it, does not exist yet."""
    prices: Prices | None

    @property
    def cost(self) -> tuple[float, float] | None:
        """Money for the prompts alone, and with replies of `FIRST_COMPLETION` tokens; None without prices."""
        if self.prices is None:
            return None
        lengths = (0, self.requests * FIRST_COMPLETION)
        return (
            self.prices.of(Usage(self.prompt_tokens, lengths[0])),
            self.prices.of(Usage(self.prompt_tokens, lengths[1])),
        )


def plan_study(study: Study) -> list[StagePlan]:
    """Count what a run would ask, stage by stage. Raises `UsageError` for a study that cannot begin."""
    check_rows(study)
    files = StudyFiles(study)
    plans: list[StagePlan] = []
    waiting = 0
    """Rows whose human checklists are still to be made."""
    for stage in human_stages(study, files):
        plans.append(_counted(stage))
        waiting = plans[0].rows
    for model in study.models:
        plans += _of_model(study, files, model, waiting)
    if study.anchor is not None:
        plans.append(_counted(anchor_stage(study, next_anchor(files.anchors))))
    return plans


def _of_model(study: Study, files: StudyFiles, model: ModelUnderTest, waiting: int) -> Iterator[StagePlan]:
    """Yield the plans of a model's stages; `waiting`: rows without a human checklist so far."""
    critic = critic_stage(study, files, model)
    if critic is not None:
        made = not waiting and files.checklists.exists()
        plan = _counted(critic) if made else replace(_counted(critic, of=study), is_exact=False)
        yield plan
        waiting = plan.rows
    for stage in judge_stages(study, files, model):
        yield _judging(study, stage, waiting)


def _judging(study: Study, stage: Stage, waiting: int) -> StagePlan:
    """Plan a stage of the judge: rows that are there are counted, `waiting` ones estimated."""
    known = StagePlan(stage.title, 0, 0, 0, True, _prices(study.judge))
    source = stage.config.input_file
    if stage.prepare is None and Path(source).exists():
        known = _counted(stage)
    elif stage.prepare is not None:
        waiting = max(waiting, _rows(study))
    if not waiting:
        return known
    requests, tokens = _typical(stage.config) if isinstance(stage.config, InferConfig) else _TYPICAL_STEP
    times = 2 * _ANNOTATORS if stage.title.startswith(HUMAN_REFERENCE) else 1
    count = waiting * times * requests
    return replace(
        known,
        requests=known.requests + count,
        prompt_tokens=known.prompt_tokens + count * tokens,
        rows=known.rows + waiting,
        is_exact=False,
    )


def _counted(stage: Stage, of: Study | None = None) -> StagePlan:
    """Count a stage over its input, or over the rows `of` a study whose checklists are not there yet."""
    scan = stage.dry_run(None if of is None else of.rows).scan
    left = scan.remaining
    rows = scan.asked.total() - scan.finished - scan.skipped_failed
    return StagePlan(stage.title, left.requests, left.prompt_tokens, rows, True, _prices(stage.config))


def _prices(config: JudgeConfig) -> Prices | None:
    return Prices(*config.prices) if config.prices else None


def _rows(study: Study) -> int:
    count = sum(isinstance(row, Row) for row in InputFile(study.rows).rows())
    return count if study.limit is None else min(count, study.limit)


def _typical(config: InferConfig) -> tuple[int, int]:
    """Return the requests of a row with typical lists, and the prompt tokens of each."""
    granularity = config.granularity or (ROW if config.prompt_template is not None else ITEM)
    task = make_task(config, granularity)
    items = (_TYPICAL_ITEM,) * TYPICAL_ITEMS
    questions = task.questions(Sample(0, "", "", "", items, items, {}))
    tokens = sum(estimate_tokens(question.messages) for question in questions)
    return len(questions), round(tokens / len(questions))
