"""Destinations of the log: warnings to the terminal, above the progress bar; everything to a named file."""

import contextlib
import logging
import sys
import threading
from pathlib import Path

from metajudge.cli.parameters import with_flags
from metajudge.errors import UsageError
from metajudge.text import printable


class _OneLine(logging.Formatter):
    """A formatter of single, harmless lines: control characters and direction overrides from data are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        is_main = record.thread == threading.main_thread().ident
        record.stage = "" if is_main else f"{record.threadName}: "
        return printable(with_flags(super().format(record)))


class _AboveTheBar(logging.Handler):
    """A handler that writes to stderr without tearing the progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        with contextlib.suppress(OSError):  # a closed stderr does not end a run
            tqdm.write(self.format(record), file=sys.stderr)


class _LogFile(logging.FileHandler):
    """A log file that is dropped, with one warning, when it can no longer be written."""

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        log = logging.getLogger("metajudge")
        log.removeHandler(self)
        reason = error.strerror if isinstance(error, OSError) else error
        log.warning("the log file %s cannot be written: %s; going on without it", self.baseFilename, reason)


def start_log(path: str | None, *others: str, with_thread: bool = False) -> None:
    """Send warnings to stderr and everything to the file at `path`, if named, which is none of `others`.

    `with_thread`: name the thread of each line unless it is the main one; a stage of a study has a thread.
    """
    log = logging.getLogger("metajudge")
    who = "%(stage)s" if with_thread else ""
    log.setLevel(logging.INFO)
    log.propagate = False
    terminal = _AboveTheBar(logging.WARNING)
    terminal.setFormatter(_OneLine(f"metajudge: {who}%(message)s"))
    handlers: list[logging.Handler] = [terminal]
    if path:
        if any(Path(path).resolve() == Path(other).resolve() for other in others):
            raise UsageError(f"--log-file {path} is the input or the output; name another file")
        if path.endswith(".jsonl") and Path(path).exists():
            raise UsageError(f"--log-file {path} exists and may hold rows or results; name a .log file")
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            file = _LogFile(path, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise UsageError(f"--log-file {path} cannot be written: {error.strerror}") from None
        file.setFormatter(_OneLine(f"%(asctime)s %(levelname)s {who}%(message)s"))
        handlers.append(file)
    log.handlers = handlers
