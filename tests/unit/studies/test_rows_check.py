"""Fields that the study's file needs and no row has, found before anything is asked."""

from pathlib import Path

import pytest

from metajudge.errors import UsageError
from metajudge.studies import Study, plan_study, run_study
from metajudge.studies.files import StudyFiles
from metajudge.studies.stages import Stage
from metajudge.studies.study import ModelUnderTest, settings_of
from metajudge.tasks import StepConfig
from metajudge.tasks.critic import CriticStep
from tests.unit.studies.files import GOOD, study_of

CRITIC = '[[models]]\nname = "c"\nmodel = "x"\napi_base = "http://127.0.0.1:9/v1"\n'
DECOMPOSER = '[decomposer]\nmodel = "x"\napi_base = "http://127.0.0.1:9/v1"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD.replace('"m"', '"mm"'),
            r'mm: no row of .* has "mm-checklist"; did you mean m-checklist\?',
        ),
        (GOOD + '[[models]]\nname = "t"\nfrom_field = "said"', r'\[\[models\]\] t from_field: no row of .* has "said"'),
        (f'{GOOD}{CRITIC}context_field = "contxt"', 'c context_field: no row .* "contxt"; did you mean context'),
        (f'{GOOD}{CRITIC}response_fields = ["response1", "b"]', 'c response_fields: no row of .* has "b"'),
        (GOOD + DECOMPOSER, r'\[decomposer\] text_fields: no row of .* has "individual_preference"'),
    ],
)
def test_a_field_that_no_row_has_is_named_with_its_table(tmp_path: Path, text: str, message: str) -> None:
    """Neither a plan nor a run begins."""
    study = study_of(tmp_path, text)
    for begin in (plan_study, run_study):
        with pytest.raises(UsageError, match=message):
            begin(study)
    assert not study.folder.exists()


def test_rows_without_human_checklists_need_a_decomposer(tmp_path: Path) -> None:
    """The message says so."""
    study = study_of(tmp_path)
    study.rows.write_text(study.rows.read_text().replace("human-checklist", "human"))
    with pytest.raises(UsageError, match=r'\(or add a table \[decomposer\]\): no row of .* has "human-checklist"'):
        run_study(study)


def test_a_stage_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    """Nothing is asked for a study that could not be finished."""
    with pytest.raises(UsageError, match="flaws: this stage is not available here"):
        run_study(study_of(tmp_path, f"flaws = true\n{GOOD}"))
    assert not (tmp_path / "study").exists()


def test_a_stage_of_a_step_is_planned_and_run_behind_the_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One function makes it; here a step that parses a text in place of asking."""

    def stage(study: Study, files: StudyFiles, model: ModelUnderTest) -> Stage:
        settings = {**settings_of(study.judge), "input_file": files.critic(model)}
        config = StepConfig(**settings, output_file=files.judge / "flaws" / "m.jsonl")
        return Stage(f"flaws {model.name}", config, CriticStep(model_name="x", from_field="said"))

    monkeypatch.setattr("metajudge.studies.stages.flaws_stage", stage)
    said = "Reasons:\n- Response A names the city.\n\\boxed{A>B}"
    study = study_of(tmp_path, f"flaws = true\n{GOOD}", said=said)
    assert [plan.title for plan in plan_study(study)] == ["judge m", "flaws m"]
    result = run_study(study)
    assert result.exit_code == 0 and [end.stage.title for end in result.ends] == ["judge m", "flaws m"]
    assert len(result.ends[1].stage.output.read_text().splitlines()) == 30


def test_a_field_of_the_last_row_only_is_enough(tmp_path: Path) -> None:
    """A row without a model's checklist is counted later, as by `infer`."""
    study = study_of(tmp_path)
    *others, last = study.rows.read_text().splitlines(keepends=True)
    study.rows.write_text("".join(line.replace("m-checklist", "x-checklist") for line in others) + last)
    assert run_study(study).exit_code == 1
