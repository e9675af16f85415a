"""Fields that the study's file needs and no row has, found before anything is asked."""

from pathlib import Path

import pytest

from metajudge.errors import UsageError
from metajudge.studies import plan_study, run_study
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


FLAWS = GOOD.replace('"embedded"', '"x"\napi_base = "http://127.0.0.1:9/v1"').replace('name = "m"', 'name = "M"')


def test_the_stage_of_flaws_reads_the_checklist_as_the_rows_spell_it(tmp_path: Path) -> None:
    """Two reasons in each of 30 rows are two questions each."""
    study = study_of(tmp_path, f"flaws = true\n{FLAWS}")
    plans = {plan.title: plan for plan in plan_study(study)}
    assert list(plans) == ["judge M", "flaws M"]
    assert (plans["flaws M"].rows, plans["flaws M"].requests, plans["flaws M"].is_exact) == (30, 60, True)


def test_rows_without_a_conversation_cannot_be_asked_for_flaws(tmp_path: Path) -> None:
    """The judge reads it; `infer` alone does not."""
    study = study_of(tmp_path, f"flaws = true\n{FLAWS}")
    study.rows.write_text(study.rows.read_text().replace('"context"', '"contexts"'))
    with pytest.raises(UsageError, match=r'flaws: no row of .* has "context"; did you mean contexts\?'):
        run_study(study)


def test_a_field_of_the_last_row_only_is_enough(tmp_path: Path) -> None:
    """A row without a model's checklist is counted later, as by `infer`."""
    study = study_of(tmp_path)
    *others, last = study.rows.read_text().splitlines(keepends=True)
    study.rows.write_text("".join(line.replace("m-checklist", "x-checklist") for line in others) + last)
    assert run_study(study).exit_code == 1
