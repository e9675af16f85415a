"""Many requests: bounded, paced, retried, resumed.

`session` puts the parts together, `runner` takes rows through a task, `retry` asks one question until it is answered
or given up; `cache`, `circuit_breaker`, `rate_limit` and `budget` decide when a request is sent.
"""

from metajudge.engine.budget import Budget
from metajudge.engine.cache import Outcome, ResponseCache
from metajudge.engine.circuit_breaker import OUTAGE, OutageTooLong
from metajudge.engine.clock import RealClock
from metajudge.engine.config import JudgeConfig
from metajudge.engine.delays import backoff
from metajudge.engine.open_files import raise_open_file_limit
from metajudge.engine.retry import Answer, Failed, Question, RetryingClient, Stopped
from metajudge.engine.runner import OutputFiles, Runner
from metajudge.engine.session import INCOMPLETE, OK, check_key, exit_code, judge_rows, open_asker
from metajudge.engine.stats import RunStats
from metajudge.engine.summary import by_count, expected_cost, summary_text

__all__ = [
    "INCOMPLETE",
    "OK",
    "OUTAGE",
    "Answer",
    "Budget",
    "Failed",
    "JudgeConfig",
    "OutageTooLong",
    "Outcome",
    "OutputFiles",
    "Question",
    "RealClock",
    "ResponseCache",
    "RetryingClient",
    "RunStats",
    "Runner",
    "Stopped",
    "backoff",
    "by_count",
    "check_key",
    "exit_code",
    "expected_cost",
    "judge_rows",
    "open_asker",
    "raise_open_file_limit",
    "summary_text",
]
