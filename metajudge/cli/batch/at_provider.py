"""`batch submit`, `batch status` and `batch cancel`: the parts at their provider."""

import argparse
import contextlib
import logging
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from metajudge.cli.options.judge import api_key
from metajudge.cli.options.log import start_log
from metajudge.engine import INCOMPLETE, OK
from metajudge.engine.batch.submission import Submission
from metajudge.errors import UsageError
from metajudge.llm import DEFAULT_BASE_URL, NO_KEY, ConnectError, TransientError
from metajudge.llm.batch import BatchClient
from metajudge.records import BatchFolder, Manifest, Part
from metajudge.text import plural, printable

log = logging.getLogger("metajudge")


@contextlib.contextmanager
def opened(key: str, folder: BatchFolder, manifest: Manifest) -> Iterator[Submission]:
    """Open the provider of a manifest. Raises `UsageError` if it needs a key and there is none."""
    if manifest.api_base == DEFAULT_BASE_URL and not key:
        raise UsageError("no API key for the provider: set OPENAI_API_KEY")
    with BatchClient(manifest.api_base, key or NO_KEY) as client:
        yield Submission(folder, manifest, client)


def submit(args: argparse.Namespace) -> int:
    """Send the parts that fit into the provider's queue."""

    def act(submission: Submission) -> None:
        submission.refresh()
        submission.submit(args.completion_window)

    def is_waiting(part: Part) -> bool:
        return part.is_unsent or part.state == "validating"

    folder, manifest = _watch(args, act, is_waiting if args.wait else lambda _: False)
    if any(part.is_unsent for part in manifest.parts):
        print("Next      the same command, once the provider's queue has room (or with --wait)")
        return INCOMPLETE
    print(f"Next      python3 -m metajudge batch status {shlex.quote(str(folder.path))} --wait")
    return OK


def status(args: argparse.Namespace) -> int:
    """Show the parts; wait until the provider has ended its work, if asked to."""
    _, manifest = _watch(args, Submission.refresh, lambda part: args.wait and part.is_in_flight)
    return OK if all(part.is_terminal for part in manifest.parts) else INCOMPLETE


def cancel(args: argparse.Namespace) -> int:
    """End what is not finished."""
    folder, manifest = _watch(args, Submission.cancel, lambda _: False)
    path = shlex.quote(str(folder.path))
    is_ended = all(part.is_terminal for part in manifest.parts)
    print(f"Next      python3 -m metajudge batch {f'collect {path}' if is_ended else f'status {path} --wait'}")
    return OK


def _watch(
    args: argparse.Namespace, act: Callable[[Submission], None], is_waiting: Callable[[Part], bool]
) -> tuple[BatchFolder, Manifest]:
    """Act until no part waits; print a line for each part whose state has changed. The folder is free meanwhile."""
    start_log(None)
    folder = BatchFolder.of(Path(args.path))
    shown: dict[str, str] = {}
    key = api_key(args)
    while True:
        with folder.locked():
            manifest = folder.read()
            assert manifest is not None
            try:
                with opened(key, folder, manifest) as submission:
                    act(submission)
            except (TransientError, ConnectError) as error:
                if not getattr(args, "wait", False):
                    raise
                log.warning("%s; trying again", error)
        for part in manifest.parts:
            line = _line(part)
            if shown.get(part.name) != line:
                shown[part.name] = line
                print(line, flush=True)
        if not any(map(is_waiting, manifest.parts)):
            return folder, manifest
        time.sleep(args.poll_seconds)


def _line(part: Part) -> str:
    done = "" if part.done is None else f", {part.done} done"
    message = f"  {part.message}" if part.message else ""
    batch = "" if part.batch_id is None else f"  {part.batch_id}"
    return printable(f"{part.name}  {part.state}  {plural(part.requests, 'request')}{done}{batch}{message}")
