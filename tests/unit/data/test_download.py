"""Downloads by the command as a process, from a hub on loopback with small stand-ins for the published files."""

import hashlib
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import download as command
from metajudge.data import PublishedFile
from tests.servers.hub import PREFIX, LocalHub, serving

ROOT = Path(__file__).parents[3]
TOKEN = "hf_aSecretThatNobodySees"
NAMES = ("data/test.jsonl", "example/a.jsonl")
CONTENT = {name: random.Random(name).randbytes(300_000) for name in NAMES}
DATA = CONTENT[NAMES[0]]
FILES = [
    PublishedFile(name, target, len(CONTENT[name]), hashlib.sha256(CONTENT[name]).hexdigest())
    for name, target in zip(NAMES, ("data/test.jsonl", "example/upstream/a.jsonl"), strict=True)
]
DRIVER = """
import json, os, sys

def stay_here(event, args):
    if event == "socket.connect" and args[1][0] != "127.0.0.1":
        os._exit(99)

sys.addaudithook(stay_here)
from metajudge.cli import download, main
from metajudge.data import PublishedFile
download.SETS = {"test": [PublishedFile(*fields) for fields in json.loads(sys.argv[1])]}
sys.exit(main(["download", *sys.argv[2:]], "metajudge download"))
"""


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with serving(CONTENT) as served:
        yield served


def start(hub: LocalHub, root: Path, *flags: str, settings: Mapping[str, str] | None = None, **more: Any) -> Any:
    """Start the command as a process, without proxy, token or cache of the machine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not (name.lower().endswith("_proxy") or name.startswith(("HF_", "XDG_", "TRANSFORMERS_")))
    }
    known = {"HOME": str(root.parent), "PYTHONPATH": str(ROOT), "HF_ENDPOINT": hub.url, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, json.dumps([astuple(file) for file in FILES]), *flags],
        cwd=root, env=kept | known | dict(settings or {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        **more,
    )  # fmt: skip


def end(process: Any, code: int) -> tuple[str, str]:
    """Return the output lines and the last line of stderr; check the exit code, no traceback, no token."""
    out, error = process.communicate(timeout=120)
    assert process.returncode == code, out + error
    assert "Traceback" not in error and TOKEN not in out + error
    return out, (error.splitlines() or [""])[-1]


def names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def test_files_come_into_their_places_once_and_nothing_else_is_left(hub: LocalHub, tmp_path: Path) -> None:
    """HF_ENDPOINT and HF_TOKEN count; the second run asks for nothing and does not even need the package."""
    out, _ = end(start(hub, tmp_path, settings={"HF_TOKEN": TOKEN}), 0)
    assert out == "".join(f"{file.target} downloaded: size and sha256 as published\n" for file in FILES)
    assert (tmp_path / "data/test.jsonl").read_bytes() == DATA
    assert names(tmp_path) == [file.target for file in FILES]
    assert {authorization for path, authorization in hub.asked if PREFIX in path} == {f"Bearer {TOKEN}"}
    hub.asked.clear()
    out, error = end(start(hub, tmp_path, settings=without_package(tmp_path.parent)), 0)
    assert out.count("is there already: size and sha256 as published") == 2 and error == "" and hub.asked == []


def without_package(folder: Path) -> dict[str, str]:
    """Return the settings of a machine without huggingface_hub."""
    (folder / "blocked").mkdir(exist_ok=True)
    (folder / "blocked/huggingface_hub.py").write_text("raise ImportError")
    return {"PYTHONPATH": f"{folder / 'blocked'}{os.pathsep}{ROOT}"}


def test_only_what_is_missing_is_downloaded_and_another_file_of_the_name_is_set_aside(
    hub: LocalHub, tmp_path: Path
) -> None:
    """A file that is set aside never replaces an earlier one."""
    flags = ("--directory", "some/where")
    place = tmp_path / "some/where" / FILES[0].target
    end(start(hub, tmp_path, *flags), 0)
    hub.asked.clear()
    for text, aside in (("mine", "test.jsonl.set-aside"), ("mine, too", "test.jsonl.set-aside2")):
        place.write_text(text)
        assert f"{aside} is the earlier file of this name" in end(start(hub, tmp_path, *flags), 0)[1]
        assert (place.with_name(aside).read_text(), place.read_bytes()) == (text, DATA)
    assert {path.split(PREFIX)[1] for path, _ in hub.asked if PREFIX in path} == {NAMES[0]}


@pytest.mark.parametrize("data", [DATA[:-1] + b"x", DATA[:-1], DATA + b"x"], ids=["wrong byte", "shorter", "longer"])
def test_another_file_than_the_published_one_gets_no_name(hub: LocalHub, tmp_path: Path, data: bytes) -> None:
    """The error is one line with exit code 1, and an earlier file is kept."""
    (tmp_path / "data").mkdir()
    (tmp_path / FILES[0].target).write_text("mine")
    hub.files[NAMES[0]] = data
    assert "another size or sha256 than published" in end(start(hub, tmp_path), 1)[1]
    assert names(tmp_path) == ["data/test.jsonl"] and (tmp_path / FILES[0].target).read_text() == "mine"


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [(401, 2, "HF_TOKEN"), (403, 1, "access is refused"), (404, 1, "it is not there"), (410, 1, "try again later")],
)
def test_a_refusal_is_one_line(hub: LocalHub, tmp_path: Path, status: int, code: int, said: str) -> None:
    """The exit code is 2 if the user can change something."""
    hub.refusal = status
    error = end(start(hub, tmp_path, settings={"HF_TOKEN": TOKEN}), code)[1]
    assert error.startswith(f"metajudge: error: data/test.jsonl: the hub answers {status}") and said in error


def test_a_hub_that_is_down_is_one_line(tmp_path: Path) -> None:
    """The exit code is 1, and the line names what to check."""
    with serving(CONTENT) as gone:
        pass
    assert "data/test.jsonl: no connection to the hub (ConnectError)" in end(start(gone, tmp_path), 1)[1]
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set"), ({}, "huggingface_hub; install it with: pip install '.")],
    ids=["offline", "without the package"],
)
def test_a_setting_that_must_be_changed_is_one_line(
    hub: LocalHub, tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    """The exit code is 2, and the hub gets no request."""
    assert said in end(start(hub, tmp_path, settings=settings or without_package(tmp_path.parent)), 2)[1]
    assert hub.asked == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_download_leaves_nothing_and_starts_again(
    hub: LocalHub, tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM end with 130 and a line."""
    hub.stalls = True
    process = start(hub, tmp_path)
    until = time.monotonic() + 60
    while not any(path.startswith("GET") for path, _ in hub.asked) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    assert "the same command starts the unfinished file again" in end(process, 130)[1]
    assert names(tmp_path) == []


def test_a_full_disk_is_one_line(hub: LocalHub, tmp_path: Path) -> None:
    """The exit code is 1, and nothing is left."""
    limit: dict[str, Any] = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_001, 100_001))}
    assert "make room, then run the same command again" in end(start(hub, tmp_path, **limit), 1)[1]
    assert names(tmp_path) == []


def test_a_place_that_cannot_be_written_is_one_line(hub: LocalHub, tmp_path: Path) -> None:
    """The exit code is 2; the line has the path, the reason and the flag that helps."""
    (tmp_path / "data").write_text("")
    assert re.fullmatch(r"metajudge: error: data: File exists; .*--directory", end(start(hub, tmp_path), 2)[1])
    assert hub.asked == []


def test_the_table_of_files_is_the_one_in_the_documents() -> None:
    """Names, sizes and sums agree, file by file."""
    text = (ROOT / "data/README.md").read_text()
    rows = re.findall(r"^\| `([\w./-]+)` \|.*?([\d,]+) \| `([0-9a-f]{64})` \|$", text, re.MULTILINE)
    listed = {(Path(name).name, int(size.replace(",", "")), sha256) for name, size, sha256 in rows}
    files = [file for files in command.SETS.values() for file in files]
    assert listed == {(Path(file.target).name, file.size, file.sha256) for file in files}
    assert len(files) == 5 and all(Path(file.source).name == Path(file.target).name for file in files)
