"""Whole studies: one file names data, judge and models under test; the stages are ordinary runs in one folder.

`reading` makes a `Study` (`study`) of the file by `table`, `files` says where its files are. `stages` makes the runs,
`run` takes them where they are missing, several endpoints at the same time; `plan` counts what remains, `probe` asks
each endpoint once. `products` writes report, picture and page. `anchors` and `trend` watch the judge, `gate` holds
figures against requirements and, by `row_values`, against an earlier study.
"""

from metajudge.studies.gate import (
    Checked,
    Margin,
    Requirement,
    Verdict,
    check_against,
    check_requirements,
    parse_margin,
    parse_requirement,
    without_partner,
)
from metajudge.studies.plan import StagePlan, plan_study
from metajudge.studies.probe import Probe, probe_endpoints
from metajudge.studies.products import Products, write_products
from metajudge.studies.reading import read_study
from metajudge.studies.row_values import read_tables
from metajudge.studies.run import StageEnd, StudyResult, run_study
from metajudge.studies.starter import write_starter
from metajudge.studies.study import Study
from metajudge.studies.table import closest
