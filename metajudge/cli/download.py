"""`download`: the published files come into `data/` and `example/upstream/`."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metajudge.cli.options.output import warn
from metajudge.data.download import ENDPOINT, PARTIAL, Fetched, Hub, PublishedFile, fetch
from metajudge.errors import DiskFull, UsageError

if TYPE_CHECKING:
    from tqdm import tqdm

LINE_SECONDS = 30.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def _data(name: str, size: int, sha256: str) -> PublishedFile:
    return PublishedFile(f"data/{name}", f"data/{name}", size, sha256)


def _example(name: str, size: int, sha256: str) -> PublishedFile:
    return PublishedFile(f"example/{name}", f"example/upstream/{name}", size, sha256)


SETS: Mapping[str, Sequence[PublishedFile]] = {
    "test": [
        _data("helpsteer3_test_1000.jsonl", 16_917_945,
              "c83643ebb5c50ad1d2e606bb8e4c17ae7bfd3aa07b6db559dca5b1448e73c72f"),
    ],
    "full": [
        _data("helpsteer3_human_checklist.jsonl", 239_571_399,
              "354ba021ed5a4e8433e4f5bd6e3761769486573b9142cc568918bd1357445127"),
    ],
    "example": [
        _example("infer_input_10samples.jsonl", 148_454,
                 "733d9f0c8aee3e6c02639bf9f1263cf21d760ff2647d9ef224975bf0710210cb"),
        _example("model-high_deceptive_alignment.jsonl", 257_698,
                 "4fd9ec93b0a4e68fe609b4d8a368d3478e027b66f4e04a76f8ab71d6e1bfe5d6"),
        _example("model-low_deceptive_alignment.jsonl", 268_852,
                 "e216bca9041f419613dc083e0add63a03b2a90ab5ab6c9fe237d7f64d294ae13"),
    ],
}  # fmt: skip
"""The published files by the name that the command takes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to fetch, and to where."""
    parser.add_argument(
        "files", nargs="?", choices=tuple(SETS), default="test",
        help="test: HelpSteer3-Atomic, 1,000 rows, 17 MB; full: the 22,116 human checklists for training, 240 MB; "
        "example: the release's own example files, 0.7 MB",
    )  # fmt: skip
    parser.add_argument(
        "--directory", type=Path, default=Path(), metavar="DIR",
        help="the directory that data/ and example/upstream/ are in",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Fetch what is not there yet; 0 when every file is in its place, 130 when interrupted."""
    return fetch_all(SETS[args.files], args.directory)


def fetch_all(files: Sequence[PublishedFile], root: Path) -> int:
    """Fetch `files` to below `root` and tell what became of each."""
    hub = Hub(_endpoint(), _token())
    shown = ShownProgress(hub.shown)
    try:
        with _ended_by_sigterm(), _disk(root):
            for fetched in fetch(files, root, hub, shown.tell, shown.pause):
                shown.close()
                _report(fetched)
    except KeyboardInterrupt:
        shown.close()
        warn(f"interrupted; what has arrived is kept as *{PARTIAL}, and the same command goes on from there")
        return 130
    finally:
        shown.close()
    return 0


def _report(fetched: Fetched) -> None:
    how = "is there already" if fetched.was_there else "fetched"
    print(f"{fetched.path} {how}: size and sha256 as published", flush=True)
    if fetched.set_aside is not None:
        warn(f"{fetched.set_aside} is what had this name before: other content than published")


# ------------------------------------------------------------------ the surroundings


def _endpoint() -> str:
    endpoint = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or ENDPOINT
    if not endpoint.lower().startswith(("http://", "https://")):
        raise UsageError(f"HF_ENDPOINT is {endpoint!r}; write an address that begins with https://, or unset it")
    return endpoint


def _token() -> str | None:
    """HF_TOKEN, or what the library has saved; None without the library, which may not be needed."""
    try:
        from huggingface_hub import constants, get_token

        token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
    except ImportError:
        return None
    except Exception as error:  # the library reads files and variables here; its text might show a token
        what = f"no token for the hub can be read ({type(error).__name__})"
        raise UsageError(f"{what}; check the environment's variables that begin with HF_") from None
    if token and not (token.isascii() and token.isprintable()):
        raise UsageError("HF_TOKEN, or the saved token, has characters that no token has; set it again, or unset it")
    return token


@contextmanager
def _disk(root: Path) -> Iterator[None]:
    """Faults of the file system as errors that a user is meant to read."""
    try:
        yield
    except BrokenPipeError:
        raise  # the reader of stdout went away
    except OSError as error:
        where = error.filename or root
        if error.errno in _FULL:
            raise DiskFull(f"{where}: {error.strerror}; make room, then the same command goes on") from None
        raise UsageError(f"{where}: {error.strerror}; mend that, or name another place with --directory") from None


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the command as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# ------------------------------------------------------------------ progress


class ShownProgress:
    """Bytes on stderr: a bar on a terminal, else a line now and then."""

    def __init__(self, source: str) -> None:
        """`source` is where the files come from."""
        self._source = source
        self._file: PublishedFile | None = None
        self._bar: tqdm[Any] | None = None
        self._last_line = 0.0

    def tell(self, file: PublishedFile, done: int) -> None:
        """`done` bytes of `file` are here."""
        if file is not self._file:
            self._begin(file, done)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
        elif time.monotonic() - self._last_line >= LINE_SECONDS:
            self._last_line = time.monotonic()
            warn(f"{file.target}: {done:,} of {file.size:,} bytes")

    def pause(self, seconds: float, reason: str) -> None:
        """Wait, and say why."""
        if self._bar is not None:
            self._bar.clear()
        warn(f"{reason}; goes on in {seconds:.0f} s")
        time.sleep(seconds)

    def close(self) -> None:
        """Leave the last state on the screen."""
        if self._bar is not None:
            self._bar.close()
        self._bar = self._file = None

    def _begin(self, file: PublishedFile, done: int) -> None:
        from huggingface_hub.constants import HF_HUB_DISABLE_PROGRESS_BARS
        from tqdm import tqdm

        self.close()
        resumed = f", of which {done:,} are here already" if done else ""
        warn(f"{file.target}: {file.size:,} bytes from {self._source}{resumed}")
        self._file, self._last_line = file, time.monotonic()
        if sys.stderr.isatty() and not HF_HUB_DISABLE_PROGRESS_BARS:
            self._bar = tqdm(
                total=file.size, initial=done, unit="B", unit_scale=True, file=sys.stderr, dynamic_ncols=True
            )
