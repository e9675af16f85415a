"""Fetching: a hub on loopback, small stand-ins for the published files."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from metajudge.cli import download as command
from metajudge.cli import main
from metajudge.data.download import PARTIAL, TRIES, Hub, NotFetched, PublishedFile, fetch
from metajudge.errors import UsageError
from tests.servers import hub as servers
from tests.servers.hub import LocalHub, serving

ROOT = Path(__file__).parents[3]
TOKEN = "hf_aSecretThatNobodySees"
NAMES = ("data/test.jsonl", "example/a.jsonl", "example/b.jsonl")
CONTENT = {name: random.Random(name).randbytes(300_000) for name in NAMES}
DATA = CONTENT[NAMES[0]]
WRONG = DATA[:-1] + bytes([DATA[-1] ^ 1])


def published(name: str, data: bytes | None = None) -> PublishedFile:
    """What is known of a file before it is fetched."""
    data = CONTENT[name] if data is None else data
    target = name.replace("example/", "example/upstream/")
    return PublishedFile(name, target, len(data), hashlib.sha256(data).hexdigest())


FILE = published(NAMES[0])
FILES = [published(name) for name in NAMES]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No proxy, token or endpoint of the machine decides a test; no connection outlives one."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("HF_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)  # of whoever imported it first
    huggingface_hub.close_session()
    yield
    huggingface_hub.close_session()


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with serving(CONTENT) as served:
        yield served


class Pauses(list[tuple[float, str]]):
    """Waits no time and remembers what it was asked for."""

    def __call__(self, seconds: float, reason: str) -> None:
        self.append((seconds, reason))


def get(hub: LocalHub, root: Path, *files: PublishedFile, token: str | None = None, **flags: Any) -> list[Path]:
    """Fetch without waiting; the paths that were fetched, not those that were there."""
    found = fetch(files or [FILE], root, Hub(hub.url, token), **{"pause": Pauses(), **flags})
    return [fetched.path for fetched in found if not fetched.was_there]


def names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def refused(hub: LocalHub, root: Path, *files: PublishedFile, **flags: Any) -> NotFetched | UsageError:
    """The error that fetching ends with."""
    with pytest.raises((NotFetched, UsageError)) as caught:
        get(hub, root, *files, **flags)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, NotFetched | UsageError)
    return caught.value


# ------------------------------------------------------------------ files come whole


def test_a_file_comes_into_its_place_and_nothing_else_is_left(hub: LocalHub, tmp_path: Path) -> None:
    """By way of a redirect to another origin, as the hub does it."""
    assert get(hub, tmp_path) == [tmp_path / "data/test.jsonl"]
    assert (tmp_path / "data/test.jsonl").read_bytes() == DATA
    assert names(tmp_path) == ["data/test.jsonl"]
    assert [(asked.of, asked.path) for asked in hub.asked] == [("hub", NAMES[0]), ("store", NAMES[0])]


def test_the_examples_go_to_a_directory_of_their_own(hub: LocalHub, tmp_path: Path) -> None:
    """`example/` holds our own rows under the same names."""
    get(hub, tmp_path, *FILES)
    assert names(tmp_path) == ["data/test.jsonl", "example/upstream/a.jsonl", "example/upstream/b.jsonl"]


def test_what_is_there_and_right_is_not_fetched_again(hub: LocalHub, tmp_path: Path) -> None:
    """Only the file that is missing is asked for, and the others are told of first."""
    get(hub, tmp_path, *FILES)
    (tmp_path / FILES[0].target).unlink()
    hub.asked.clear()
    found = list(fetch(FILES, tmp_path, Hub(hub.url)))
    assert [fetched.was_there for fetched in found] == [True, True, False]
    assert {asked.path for asked in hub.asked} == {NAMES[0]}


def test_another_file_of_the_name_is_set_aside_once_the_right_one_is_here(hub: LocalHub, tmp_path: Path) -> None:
    """It may be somebody's work: not before, and never over an earlier one."""
    place = tmp_path / FILE.target
    place.parent.mkdir()
    for text, aside in (("mine", "test.jsonl.set-aside"), ("mine, too", "test.jsonl.set-aside2")):
        place.write_text(text)
        hub.refusals.append((404, {}))
        refused(hub, tmp_path)
        assert place.read_text() == text
        [fetched] = fetch([FILE], tmp_path, Hub(hub.url))
        assert fetched.set_aside == place.with_name(aside)
        assert (place.with_name(aside).read_text(), place.read_bytes()) == (text, DATA)


# ------------------------------------------------------------------ broken connections


def test_a_cut_connection_is_resumed_where_it_broke(hub: LocalHub, tmp_path: Path) -> None:
    """Nothing that has arrived is asked for again."""
    hub.faults += [servers.cut_after(100_000), servers.cut_after(150_000)]
    pauses = Pauses()
    get(hub, tmp_path, pause=pauses)
    assert (tmp_path / FILE.target).read_bytes() == DATA
    assert hub.ranges() == ["-", "bytes=100000-", "bytes=250000-"]
    assert len(pauses) == 2 and "connection broke" in pauses[0][1]


def test_a_connection_that_never_gets_further_is_given_up_and_resumed_by_the_next_run(
    hub: LocalHub, tmp_path: Path
) -> None:
    """What has arrived is kept, and the line says how much."""
    hub.faults += [servers.cut_after(100_000), *[servers.cut_after(0)] * TRIES]
    error = refused(hub, tmp_path)
    assert error.exit_code == 1 and "100,000 of 300,000 bytes are kept, the same command goes on" in str(error)
    assert names(tmp_path) == ["data/test.jsonl" + PARTIAL]
    hub.faults.clear()
    hub.asked.clear()
    get(hub, tmp_path)
    assert hub.ranges() == ["bytes=100000-"]
    assert (tmp_path / FILE.target).read_bytes() == DATA and names(tmp_path) == ["data/test.jsonl"]


def test_a_store_that_cannot_send_parts_sends_all_again(hub: LocalHub, tmp_path: Path) -> None:
    """The kept bytes are not doubled."""
    hub.faults += [servers.cut_after(100_000), servers.whole]
    get(hub, tmp_path)
    assert (tmp_path / FILE.target).read_bytes() == DATA


def test_a_download_that_was_whole_but_had_no_name_yet_is_not_asked_for(hub: LocalHub, tmp_path: Path) -> None:
    """Killed between the last byte and the name."""
    partial(tmp_path, DATA)
    get(hub, tmp_path)
    assert hub.asked == [] and names(tmp_path) == ["data/test.jsonl"]


@pytest.mark.parametrize("kept", [b"x" * 1000, WRONG, DATA + b"x"], ids=["other start", "wrong byte", "too long"])
def test_a_partial_download_that_is_no_good_is_begun_anew(hub: LocalHub, tmp_path: Path, kept: bytes) -> None:
    """It costs one more download, not the user's attention."""
    partial(tmp_path, kept)
    get(hub, tmp_path)
    assert (tmp_path / FILE.target).read_bytes() == DATA
    assert hub.ranges()[-1] == "-"


def partial(root: Path, kept: bytes) -> Path:
    path = root / (FILE.target + PARTIAL)
    path.parent.mkdir(parents=True)
    path.write_bytes(kept)
    return path


@pytest.mark.parametrize("headers, waited", [({"Retry-After": "7"}, (7, 7)), ({}, (0, 30))])
def test_a_busy_hub_is_asked_again_when_it_says(
    hub: LocalHub, tmp_path: Path, headers: dict[str, str], waited: tuple[float, float]
) -> None:
    """429 and 503; without a word from the hub the wait is ours."""
    hub.refusals += [(429, headers), (503, headers)]
    pauses = Pauses()
    get(hub, tmp_path, pause=pauses)
    assert [reason for _, reason in pauses] == ["answer 429", "answer 503"]
    assert all(waited[0] <= seconds <= waited[1] for seconds, _ in pauses)


def test_a_hub_that_stays_busy_is_given_up(hub: LocalHub, tmp_path: Path) -> None:
    """After a few tries, with the address."""
    hub.refusals += [(503, {})] * TRIES
    error = refused(hub, tmp_path)
    assert error.exit_code == 1 and "answer 503" in str(error) and len(hub.asked) == TRIES
    assert names(tmp_path) == []


# ------------------------------------------------------------------ another file than published


@pytest.mark.parametrize(
    "fault, said",
    [
        (servers.other(WRONG), "other content than published"),
        (servers.other(DATA[:-1]), "(299999 bytes of 300,000)"),
        (servers.other(DATA + b"x"), "(300001 bytes of 300,000)"),
        (servers.other(b"version https://git-lfs"), "a page, or a pointer"),
        (servers.page, "a page, or a pointer"),
        (servers.without_length(DATA + b"x"), "more than the published 300,000 bytes"),
    ],
    ids=["wrong byte", "truncated", "longer", "pointer", "page", "endless"],
)
def test_what_is_not_the_published_file_gets_no_name(
    hub: LocalHub, tmp_path: Path, fault: servers.Fault, said: str
) -> None:
    """One line, exit 1, nothing left."""
    hub.faults.append(fault)
    error = refused(hub, tmp_path)
    assert error.exit_code == 1 and said in str(error)
    assert names(tmp_path) == []


@pytest.mark.parametrize("fault", [servers.page, servers.other(DATA[:-1]), servers.other(b"")])
def test_a_page_on_the_way_does_not_cost_what_is_kept(hub: LocalHub, tmp_path: Path, fault: servers.Fault) -> None:
    """A sign-in page of a network: after it, the download goes on."""
    path = partial(tmp_path, DATA[:1000])
    hub.faults.append(fault)
    refused(hub, tmp_path)
    assert path.read_bytes() == DATA[:1000]


def test_a_short_file_of_unknown_length_is_no_file(hub: LocalHub, tmp_path: Path) -> None:
    """It is asked for again, and given up when no more comes."""
    hub.faults += [servers.without_length(DATA[:1000])] * TRIES
    assert "the connection ended early" in str(refused(hub, tmp_path))
    assert not (tmp_path / FILE.target).exists()


def test_a_changed_file_is_noticed_before_it_is_downloaded(hub: LocalHub, tmp_path: Path) -> None:
    """By the sum that the hub announces."""
    hub.announced[NAMES[0]] = "0" * 64
    assert "another version" in str(refused(hub, tmp_path))
    assert names(tmp_path) == []


# ------------------------------------------------------------------ refused, blocked, offline


@pytest.mark.parametrize("status, code", [(401, 2), (403, 1), (404, 1), (407, 2), (410, 1)])
def test_a_refusal_names_the_address_and_the_place(hub: LocalHub, tmp_path: Path, status: int, code: int) -> None:
    """Exit 2 where the user can change something; nothing of the page is shown."""
    hub.refusals.append((status, {}))
    error = refused(hub, tmp_path)
    address = f"{hub.url}/datasets/Qwen/RationaleRM/resolve/main/data/test.jsonl"
    assert error.exit_code == code and f"answers {status}" in str(error) and "nobody needs" not in str(error)
    assert str(error).endswith(f"to fetch by hand: open {address} and save it as {tmp_path / 'data/test.jsonl'}")


def test_every_file_that_is_missing_is_named_with_its_address(hub: LocalHub, tmp_path: Path) -> None:
    """So that one failure tells all that must be fetched by hand, and nothing else."""
    get(hub, tmp_path, FILES[0])
    del hub.files[NAMES[1]]
    error = str(refused(hub, tmp_path, *FILES))
    assert [error.count(f"/main/{name} ") for name in NAMES] == [0, 1, 1]


@pytest.mark.parametrize("kept", [b"", DATA[:5]])
def test_a_hub_that_is_down_is_told_at_once(tmp_path: Path, kept: bytes) -> None:
    """No waiting: nobody is there. What is kept stays."""
    partial(tmp_path, kept)
    pauses = Pauses()
    with serving(CONTENT) as gone:
        pass
    error = refused(gone, tmp_path, pause=pauses)
    assert error.exit_code == 1 and "no connection (" in str(error) and f"open {gone.url}/" in str(error)
    assert pauses == [] and names(tmp_path) == (["data/test.jsonl" + PARTIAL] if kept else [])


def test_a_store_that_goes_down_meanwhile_is_waited_for(hub: LocalHub, tmp_path: Path) -> None:
    """Once something has arrived, the network is there."""
    hub.faults.append(servers.cut_after(100_000))
    store, hub_url = hub.store_url, hub.url

    def pause(seconds: float, reason: str) -> None:
        hub.store_url = "http://127.0.0.1:9" if "broke" in reason else store

    assert get(hub, tmp_path, pause=pause) and hub.url == hub_url
    assert (tmp_path / FILE.target).read_bytes() == DATA


def test_a_name_without_an_address_is_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a machine without network says; no resolver is asked here."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = refused(LocalHub({}, url="http://hub.invalid"), tmp_path)
    assert error.exit_code == 1 and str(error).startswith("http://hub.invalid: no connection (")
    assert "Name or service not known" in str(error) and "open http://hub.invalid/datasets/" in str(error)


def test_redirects_without_end_are_given_up(hub: LocalHub, tmp_path: Path) -> None:
    """Exit 1 and the address."""
    hub.refusals += [(302, {"Location": hub.url + servers.PREFIX + NAMES[0]})] * 50
    assert "redirect" in str(refused(hub, tmp_path)).lower()


def test_the_token_goes_to_the_hub_alone(hub: LocalHub, tmp_path: Path) -> None:
    """Not to the store that it redirects to, and into no text."""
    get(hub, tmp_path, token=TOKEN)
    assert [asked.headers.get("authorization") for asked in hub.asked] == [f"Bearer {TOKEN}", None]
    assert TOKEN not in repr(Hub(hub.url, TOKEN))
    hub.refusals.append((401, {}))
    assert TOKEN not in str(refused(hub, tmp_path, FILES[1], token=TOKEN))


def test_a_password_in_the_endpoint_is_used_and_not_shown(hub: LocalHub, tmp_path: Path) -> None:
    """Of a mirror that wants one."""
    hub.refusals.append((404, {}))
    private = LocalHub({}, url=hub.url.replace("//", "//me:pass@"))
    error = str(refused(private, tmp_path))
    assert "pass@" not in error and f"open {hub.url}/" in error
    assert hub.asked[0].headers["authorization"].startswith("Basic ")


# ------------------------------------------------------------------ the package and its variables


def test_without_the_package_one_line_says_how_to_go_on(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that installs it, and the address for those who cannot; a file that is there needs neither."""
    get(hub, tmp_path, FILES[0])
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert get(hub, tmp_path, FILES[0]) == []
    error = refused(hub, tmp_path, *FILES)
    assert error.exit_code == 2 and "pip install 'metajudge[data]'" in str(error) and f"open {hub.url}/" in str(error)


def test_a_package_of_another_time_is_as_none(hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older versions stand on another HTTP library, with other errors."""
    monkeypatch.setattr(huggingface_hub, "get_session", lambda: object())
    assert "2.4 or newer" in str(refused(hub, tmp_path))


def test_a_proxy_is_asked(hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the hub is resolved by nobody here."""
    monkeypatch.setenv("HTTP_PROXY", hub.url)
    get(LocalHub({}, url="http://hub.invalid"), tmp_path)
    assert (tmp_path / FILE.target).read_bytes() == DATA
    assert hub.asked[0].headers["host"] == "hub.invalid"


def test_a_proxy_that_is_none_is_the_users_to_mend(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the password that stands in it."""
    monkeypatch.setenv("HTTP_PROXY", "gopher://me:secret@127.0.0.1:9")
    error = refused(hub, tmp_path)
    assert error.exit_code == 2 and "proxy variables" in str(error) and "secret" not in str(error)


# ------------------------------------------------------------------ the file system


def test_a_place_that_is_no_directory_is_told(hub: LocalHub, tmp_path: Path) -> None:
    """Before anything is asked."""
    (tmp_path / "data").write_text("")
    with pytest.raises(OSError):
        get(hub, tmp_path)
    assert hub.asked == []


def test_a_directory_in_the_files_place_is_set_aside(hub: LocalHub, tmp_path: Path) -> None:
    """With what is in it."""
    (tmp_path / FILE.target).mkdir(parents=True)
    (tmp_path / FILE.target / "inside").write_text("x")
    get(hub, tmp_path)
    assert names(tmp_path) == ["data/test.jsonl", "data/test.jsonl.set-aside/inside"]


def test_a_disk_without_room_is_told_before_anything_is_asked(hub: LocalHub, tmp_path: Path) -> None:
    """How much is needed, how much is there."""
    huge = PublishedFile(FILE.source, FILE.target, 10**18, FILE.sha256)
    with pytest.raises(OSError, match=r"1,000,000,000,000,000,000 bytes more are needed, [\d,]+ are free"):
        get(hub, tmp_path, huge)
    assert hub.asked == [] and names(tmp_path) == []


def test_two_runs_do_not_write_one_file(hub: LocalHub, tmp_path: Path) -> None:
    """The second stops, and the first one's bytes are as they were."""
    path = partial(tmp_path, DATA[:1000])
    with path.open("rb") as first:
        fcntl.flock(first.fileno(), fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError, match="another run is writing it"):
            get(hub, tmp_path)
    assert hub.asked == [] and path.read_bytes() == DATA[:1000]


def test_a_download_that_another_run_has_just_finished_is_left_alone(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that was opened has got its name meanwhile: not a byte may be added to it."""
    path = partial(tmp_path, DATA)
    lock = fcntl.flock

    def finished_first(number: int, how: int) -> None:
        path.rename(tmp_path / FILE.target)
        lock(number, how)

    monkeypatch.setattr(fcntl, "flock", finished_first)
    with pytest.raises(BlockingIOError, match="just finished"):
        get(hub, tmp_path)
    assert (tmp_path / FILE.target).read_bytes() == DATA and hub.asked == []


def test_a_file_system_without_locks_will_do(hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems have none."""

    def none(number: int, how: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", none)
    assert get(hub, tmp_path)


# ------------------------------------------------------------------ the command

DRIVER = """
import json, os, sys

def stay_here(event, args):
    if event == "socket.connect" and args[1][0] != "127.0.0.1":
        os._exit(99)

sys.addaudithook(stay_here)
from metajudge.cli import download, main
from metajudge.data.download import PublishedFile
download.SETS = {"test": [PublishedFile(*fields) for fields in json.loads(sys.argv[1])]}
sys.exit(main(["download", *sys.argv[2:]], "metajudge download"))
"""


def start(hub: LocalHub, root: Path, *flags: str, files: list[PublishedFile] | None = None, **more: Any) -> Any:
    """The command as a process, with stand-ins for the published files; `more` in small letters goes to `Popen`."""
    home = root / "home"
    home.mkdir(parents=True, exist_ok=True)
    settings = {name: more.pop(name) for name in list(more) if name.isupper()}
    known = {"HOME": str(home), "PYTHONPATH": str(ROOT), "HF_ENDPOINT": hub.url, **settings}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "TRANSFORMERS_"))}
    arguments = json.dumps([astuple(file) for file in files or [FILE]])
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, arguments, *flags],
        cwd=root, env=environment | known, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,
    )  # fmt: skip


def end(process: Any, code: int) -> tuple[str, str]:
    """What it printed; it ended with `code`, showed no traceback and no token, and left nothing at home."""
    out, error = process.communicate(timeout=60)
    assert process.returncode == code, out + error
    assert "Traceback" not in error and TOKEN not in out + error
    return out, error


def test_the_command_fetches_tells_and_fetches_no_more(hub: LocalHub, tmp_path: Path) -> None:
    """HF_TOKEN and HF_ENDPOINT count; the home directory stays as it was."""
    out, error = end(start(hub, tmp_path, HF_TOKEN=TOKEN, files=FILES), 0)
    assert out.splitlines()[0] == "data/test.jsonl fetched: size and sha256 as published" and out.count("\n") == 3
    assert f"data/test.jsonl: 300,000 bytes from {hub.url}" in error
    assert {asked.headers.get("authorization") for asked in hub.asked if asked.of == "hub"} == {f"Bearer {TOKEN}"}
    assert names(tmp_path) == [file.target for file in FILES]
    hub.asked.clear()
    out, error = end(start(hub, tmp_path, files=FILES), 0)
    assert out.count("is there already: size and sha256 as published") == 3 and error == "" and hub.asked == []


def test_another_directory_can_be_named(hub: LocalHub, tmp_path: Path) -> None:
    """It is made where it is missing."""
    out, _ = end(start(hub, tmp_path, "--directory", "some/where"), 0)
    assert out.startswith("some/where/data/test.jsonl fetched")
    assert names(tmp_path) == ["some/where/data/test.jsonl"]


def test_a_machine_without_the_package_gets_one_line(hub: LocalHub, tmp_path: Path) -> None:
    """No traceback from the progress or the token, which use it, too."""
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked/huggingface_hub.py").write_text("raise ImportError")
    error = end(start(hub, tmp_path, PYTHONPATH=f"{tmp_path / 'blocked'}{os.pathsep}{ROOT}"), 2)[1]
    assert error.startswith("metajudge: error: download needs huggingface_hub") and error.count("\n") == 1


def test_a_file_set_aside_is_told(hub: LocalHub, tmp_path: Path) -> None:
    """On stderr, with its new name."""
    (tmp_path / "data").mkdir()
    (tmp_path / FILE.target).write_text("mine")
    assert "data/test.jsonl.set-aside is what had this name before" in end(start(hub, tmp_path), 0)[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_download_is_kept_and_resumed(hub: LocalHub, tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM: 130 and a line; the next run asks for the rest."""
    hub.faults.append(servers.stall_after(100_000, hub))
    process = start(hub, tmp_path)
    kept = tmp_path / (FILE.target + PARTIAL)
    until = time.monotonic() + 30
    while not (kept.exists() and kept.stat().st_size == 100_000) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    assert "the same command goes on from there" in end(process, 130)[1]
    assert kept.read_bytes() == DATA[:100_000]
    error = end(start(hub, tmp_path), 0)[1]
    assert "of which 100,000 are here already" in error and hub.ranges() == ["-", "bytes=100000-"]
    assert (tmp_path / FILE.target).read_bytes() == DATA


def test_a_stalled_connection_is_cut_and_resumed(hub: LocalHub, tmp_path: Path) -> None:
    """After the library's own time, HF_HUB_DOWNLOAD_TIMEOUT."""
    hub.faults.append(servers.stall_after(100_000, hub))
    error = end(start(hub, tmp_path, HF_HUB_DOWNLOAD_TIMEOUT="1"), 0)[1]
    assert "the connection broke" in error and "goes on in" in error
    assert hub.ranges() == ["-", "bytes=100000-"]


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_mode_is_kept_to(hub: LocalHub, tmp_path: Path, name: str) -> None:
    """Exit 2, one line with the way out and the address."""
    setting: dict[str, Any] = {name: "1"}
    error = end(start(hub, tmp_path, **setting), 2)[1].splitlines()[-1]
    assert "HF_HUB_OFFLINE is set" in error and f"open {hub.url}/" in error and hub.asked == []


def test_a_token_that_shall_not_be_sent_is_not_sent(hub: LocalHub, tmp_path: Path) -> None:
    """HF_HUB_DISABLE_IMPLICIT_TOKEN, as everywhere with the library."""
    end(start(hub, tmp_path, HF_TOKEN=TOKEN, HF_HUB_DISABLE_IMPLICIT_TOKEN="1"), 0)
    assert all("authorization" not in asked.headers for asked in hub.asked)


def test_a_token_with_strange_characters_is_refused_unseen(hub: LocalHub, tmp_path: Path) -> None:
    """No header can hold it, and the error of the library would show it."""
    error = end(start(hub, tmp_path, HF_TOKEN=TOKEN + "é"), 2)[1]
    assert "HF_TOKEN" in error and error.count("\n") == 1 and hub.asked == []


def test_an_endpoint_that_is_no_address_is_refused(hub: LocalHub, tmp_path: Path) -> None:
    """With the value and what is allowed."""
    error = end(start(hub, tmp_path, HF_ENDPOINT="mirror.example"), 2)[1]
    assert "HF_ENDPOINT is 'mirror.example'; write an address that begins with https://" in error


def test_a_broken_variable_of_the_library_is_one_line(hub: LocalHub, tmp_path: Path) -> None:
    """The library would not even start."""
    error = end(start(hub, tmp_path, HF_HUB_DOWNLOAD_TIMEOUT="soon"), 2)[1]
    assert "variables that begin with HF_" in error and error.count("\n") == 1


def test_a_full_disk_is_one_line_and_the_download_goes_on_later(hub: LocalHub, tmp_path: Path) -> None:
    """Full in the middle of a piece: what fitted is kept."""
    limit: dict[str, Any] = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_001, 100_001))}
    error = end(start(hub, tmp_path, PYTHONDONTWRITEBYTECODE="1", **limit), 1)[1].splitlines()[-1]
    assert "make room, then the same command goes on" in error
    assert (tmp_path / (FILE.target + PARTIAL)).read_bytes() == DATA[:100_001]
    end(start(hub, tmp_path), 0)
    assert hub.ranges() == ["-", "bytes=100001-"]


def test_a_place_that_cannot_be_written_is_one_line(hub: LocalHub, tmp_path: Path) -> None:
    """Exit 2: what, why, and the flag that helps."""
    (tmp_path / "data").write_text("")
    error = end(start(hub, tmp_path), 2)[1]
    assert re.fullmatch(r"metajudge: error: data: File exists; .*--directory\n", error) and hub.asked == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_the_right_to_write_is_one_line(hub: LocalHub, tmp_path: Path) -> None:
    """The same for permissions."""
    (tmp_path / "data").mkdir(mode=0o555)
    assert "data/test.jsonl.partial: Permission denied" in end(start(hub, tmp_path), 2)[1]


def test_an_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 before anything is asked."""
    with pytest.raises(SystemExit) as caught:
        main(["download", "everything"], "metajudge download")
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert all(name in error for name in ("everything", "test", "full", "example"))


def test_the_table_of_files_is_the_one_in_the_documents() -> None:
    """Names, sizes and sums, file by file."""
    text = (ROOT / "data/README.md").read_text()
    rows = re.findall(r"^\| `([\w./-]+)` \|.*?([\d,]+) \| `([0-9a-f]{64})` \|$", text, re.MULTILINE)
    told = {(Path(name).name, int(size.replace(",", "")), sha256) for name, size, sha256 in rows}
    files = [file for files in command.SETS.values() for file in files]
    assert told == {(Path(file.target).name, file.size, file.sha256) for file in files}
    assert len(files) == 5 and all(Path(file.source).name == Path(file.target).name for file in files)


# ------------------------------------------------------------------ progress


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar(hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That begins where the last run ended."""
    partial(tmp_path, DATA[:100_000])
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert command.fetch_all([FILE], tmp_path) == 0
    assert "33%" in screen.getvalue() and "100%" in screen.getvalue()


def test_elsewhere_a_line_comes_now_and_then(
    hub: LocalHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a log file."""
    monkeypatch.setattr(command, "LINE_SECONDS", 0)
    shown = command.ShownProgress("somewhere")
    for done in (0, 100_000):
        shown.tell(FILE, done)
    shown.pause(0, "answer 503")
    shown.close()
    assert capsys.readouterr().err.splitlines() == [
        "data/test.jsonl: 300,000 bytes from somewhere",
        "data/test.jsonl: 0 of 300,000 bytes",
        "data/test.jsonl: 100,000 of 300,000 bytes",
        "answer 503; goes on in 0 s",
    ]
