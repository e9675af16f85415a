"""Many requests: bounded, paced, retried, resumed.

Every layer between a question and the judge has the one method `ask` and wraps the next: `cache`, `retry`,
`endpoints`, `concurrency`, `circuit_breaker`, `rate_limit`, `budget`. `session` stacks them. `runner` takes rows
through a task and the layers, `row_writer` writes their records, `stats` has the counts.
"""

from metajudge.engine.budget import FIRST_COMPLETION, BudgetExceeded, Prices, Spending
from metajudge.engine.circuit_breaker import OUTAGE, OutageTooLong
from metajudge.engine.clock import Pending, Stopped
from metajudge.engine.config import JudgeConfig, JudgeSettings
from metajudge.engine.gathering import gather_or_cancel
from metajudge.engine.open_files import raise_open_file_limit
from metajudge.engine.progress import report_progress_to, show_progress
from metajudge.engine.question import Answer, Failed, Question, RequestResult
from metajudge.engine.row_writer import Item
from metajudge.engine.runner import (
    INCOMPLETE,
    INTERRUPTED,
    OK,
    USER_ERROR,
    RunContext,
    Runner,
    StopHook,
    Task,
    exit_code,
    run_rows,
    run_to_end,
)
from metajudge.engine.session import JudgeOpener, JudgeSession, check_key, client_config, open_judge
from metajudge.engine.stats import RunStats
