"""`download`: fetch the published files into `data/` and `example/upstream/`."""

import argparse
import errno
from collections.abc import Mapping, Sequence
from pathlib import Path

from metajudge.cli.options.output import warn
from metajudge.data import Downloaded, PublishedFile, download_file
from metajudge.errors import DiskFull, UsageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def _file(name: str, size: int, sha256: str) -> PublishedFile:
    return PublishedFile(name, name.replace("example/", "example/upstream/"), size, sha256)


SETS: Mapping[str, Sequence[PublishedFile]] = {
    "test": [
        _file("data/helpsteer3_test_1000.jsonl", 16_917_945,
              "c83643ebb5c50ad1d2e606bb8e4c17ae7bfd3aa07b6db559dca5b1448e73c72f"),
    ],
    "full": [
        _file("data/helpsteer3_human_checklist.jsonl", 239_571_399,
              "354ba021ed5a4e8433e4f5bd6e3761769486573b9142cc568918bd1357445127"),
    ],
    "example": [
        _file("example/infer_input_10samples.jsonl", 148_454,
                 "733d9f0c8aee3e6c02639bf9f1263cf21d760ff2647d9ef224975bf0710210cb"),
        _file("example/model-high_deceptive_alignment.jsonl", 257_698,
                 "4fd9ec93b0a4e68fe609b4d8a368d3478e027b66f4e04a76f8ab71d6e1bfe5d6"),
        _file("example/model-low_deceptive_alignment.jsonl", 268_852,
                 "e216bca9041f419613dc083e0add63a03b2a90ab5ab6c9fe237d7f64d294ae13"),
    ],
}  # fmt: skip
"""The published files by the name that the command takes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the set of files and the directory."""
    parser.add_argument(
        "files", nargs="?", choices=tuple(SETS), default="test",
        help="test: HelpSteer3-Atomic, 1,000 rows, 17 MB; full: the 22,116 human checklists for training, 240 MB; "
        "example: the release's own example files, 0.7 MB; an interrupted file is downloaded again from its beginning",
    )  # fmt: skip
    where = "the directory that data/ and example/upstream/ are in"
    parser.add_argument("--directory", type=Path, default=Path(), metavar="DIR", help=where)


def run(args: argparse.Namespace) -> int:
    """Download what is not there yet; 0 when every file is in its place, 130 when interrupted."""
    try:
        for file in SETS[args.files]:
            _report(download_file(file, args.directory))
    except KeyboardInterrupt:
        warn("interrupted; the same command starts the unfinished file again")
        return 130
    except BrokenPipeError:
        raise  # the reader of stdout has closed it
    except OSError as error:
        where = error.filename or args.directory
        if error.errno in _FULL:
            raise DiskFull(f"{where}: {error.strerror}; make room, then run the same command again") from None
        raise UsageError(f"{where}: {error.strerror}; correct that, or name another place with --directory") from None
    return 0


def _report(done: Downloaded) -> None:
    how = "is there already" if done.was_there else "downloaded"
    print(f"{done.path} {how}: size and sha256 as published", flush=True)
    if done.set_aside is not None:
        warn(f"{done.set_aside} is the earlier file of this name: its content is not the published one")
