"""Errors with causes outside our code, as one tree.

MetaJudgeError
├── UsageError    change something first (flag, path, key, file); exit code 2
├── OutputLost    the results file vanished or was replaced under a run; exit code 1
├── DiskFull      a record could not be written; exit code 1
└── JudgeError    a question got no reply (metajudge.llm lists its classes)
"""


class MetaJudgeError(Exception):
    """Base of every error for the user: one line, no traceback."""

    exit_code = 1


class UsageError(MetaJudgeError):
    """The user must change something first. The message says what, where, what is allowed and what to do."""

    exit_code = 2


class OutputLost(MetaJudgeError):
    """The path of the results file is no longer the file that this run writes; its content is rescued beside it."""

    def __init__(self, message: str, rescue: str = "") -> None:
        """`rescue`: the file that holds everything written so far, where it could be saved."""
        super().__init__(message)
        self.rescue = rescue


class DiskFull(MetaJudgeError):
    """A record could not be written; nothing half-written stays in the file."""
