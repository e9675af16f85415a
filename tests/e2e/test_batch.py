"""Batches from the command line: create, submit, status, collect and cancel, against a provider's API."""

import hashlib
import json
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.batch_files import Files, comparable
from tests.e2e.driver import KEY, environment, log, records, start, until
from tests.servers import ROOT, running
from tests.servers.batches import HOLDS
from tests.servers.scripted import answer

PROVIDER = "tests.servers.batches"
POLL = ("--poll-seconds", "0.01")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with running(PROVIDER) as url:
        yield url


@pytest.fixture
def files(tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch) -> Files:
    """A folder; the key is in the environment."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return Files(tmp_path, provider)


def batch_command(files: Files, action: str, *flags: str) -> list[str]:
    return [sys.executable, "-m", "metajudge", "batch", action, str(files.out), *flags]


def test_500_rows_with_an_expired_part_and_malformed_replies(files: Files) -> None:
    """After a kill and a second round the records are an online run's, and nothing paid was asked twice."""
    faults = ["[[malformedx1]]" if number % 33 == 32 else "" for number in range(500)]
    files.write(faults)
    with running(PROVIDER, "--expire", "3", "--looks", "4") as url, running(PROVIDER) as other:
        files.url = url
        assert files.create("--max-requests", "100") == 0
        assert files.batch("submit") == 0, files.error
        waiting = start(batch_command(files, "status", "--wait", *POLL), env=environment(OPENAI_API_KEY=KEY))
        until(lambda: any(one["status"] != "validating" for one in log(url)["batches"]))
        waiting.send_signal(signal.SIGKILL)
        waiting.communicate()
        assert files.finish() == 1
        assert files.states() == ["collected"] * 5
        done = set(comparable(files.out))
        answered = Counter(log(url)["executed"])
        assert max(answered.values()) == 1 and sum(answered.values()) == 450

        assert files.create("--max-requests", "100") == 0
        first = {one["custom_id"]: one["body"] for one in files.requests("001", "002", "003", "004", "005")}
        second = {one["custom_id"]: one["body"] for one in files.requests("006")}
        assert len(first) == 500 and len(second) == 500 - len(done) and 50 < len(second) <= 65
        assert second.items() <= first.items()
        assert files.batch("submit") == 0
        if files.finish():  # an expired question got its malformed reply only now
            assert files.create() == 0 and len(files.requests("007")) == 500 - len(comparable(files.out))
            assert files.batch("submit") == 0 and files.finish() == 0, files.said + files.error
        answered = Counter(log(url)["executed"])
        assert set(answered) == set(first) and Counter(answered.values()) == {1: 485, 2: 15}
        assert log(url)["keys"] == [f"Bearer {KEY}"] and files.says_nothing_secret()

        files.url = other
        assert files.infer(files.online) == 0
    assert comparable(files.out) == comparable(files.online) and len(records(files.out)) == 500


@pytest.mark.parametrize("step", HOLDS)
def test_a_kill_at_any_step_of_submit_pays_nothing_twice(files: Files, step: str) -> None:
    """The next submit finds the file and the batch of the killed one."""
    files.write([""] * 6)
    with running(PROVIDER, "--hold", step) as url:
        files.url = url
        assert files.create("--max-requests", "3") == 0
        submitting = start(batch_command(files, "submit"), env=environment(OPENAI_API_KEY=KEY))
        until(lambda: log(url)["held"])
        submitting.send_signal(signal.SIGKILL)
        submitting.communicate()
        assert files.states() == ["submitting", "created"]
        assert files.batch("submit") == 0, files.error
        assert ("interrupted" in files.error) == (step == "batches-after")
        assert files.finish() == 0, files.said + files.error
        seen = log(url)
    assert len(seen["batches"]) == 2 and len(seen["uploads"]) == len(set(seen["uploads"])) == 2
    assert max(Counter(seen["executed"]).values()) == 1 and len(comparable(files.out)) == 6


def test_a_kill_of_create_and_of_collect_loses_and_doubles_nothing(files: Files) -> None:
    """Parts count once the manifest names them; a record is written once."""
    files.write([""] * 1500)
    words = [sys.executable, "-m", "metajudge", "batch"]
    creating = start([*words, "create", "infer", *files.flags(files.out, "--max-requests", "100")])
    until(lambda: (files.batches / "003.jsonl").exists())
    creating.send_signal(signal.SIGKILL)
    creating.communicate()
    (files.batches / "manifest.json").unlink(missing_ok=True)  # in case that it was faster than the signal
    assert files.create("--max-requests", "1000") == 0
    asked = files.requests("001", "002")
    assert len({one["custom_id"] for one in asked}) == 1500 and files.states() == ["created"] * 2
    path = files.folder / "results.jsonl"
    lines = [result(one, answer(one["body"]["messages"][-1]["content"])) for one in asked]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    collecting = start([*words, "collect", str(files.out), "--results", str(path)])
    until(lambda: files.out.stat().st_size)
    collecting.send_signal(signal.SIGKILL)
    collecting.communicate()
    assert files.batch("collect", "--results", path) == 0, files.error
    assert len(comparable(files.out)) == len(records(files.out)) == 1500


@pytest.mark.parametrize("step", HOLDS)
def test_an_unclear_failure_of_submit_pays_nothing_twice(files: Files, step: str) -> None:
    """A 500 leaves open whether the provider has the batch: the next submit looks, also without metadata."""
    files.write([""] * 3)
    with running(PROVIDER, "--fail", step, "--no-metadata") as url:
        files.url = url
        assert files.create() == 0
        assert files.batch("submit") == 1 and "500" in files.error and files.states() == ["submitting"]
        assert files.batch("submit") == 0, files.error
        assert files.finish() == 0, files.said + files.error
        seen = log(url)
    assert len(seen["batches"]) == len(seen["uploads"]) == 1 and len(comparable(files.out)) == 3


def test_a_part_whose_results_cannot_be_fetched_stays_open(files: Files) -> None:
    """The others are collected."""
    files.write(["[[500x1]]", "", ""])
    with running(PROVIDER, "--lose", "error.jsonl") as url:
        files.url = url
        assert files.create("--max-requests", "1") == 0 and files.batch("submit") == 0
        assert files.finish() == 1
        assert "001.errors.jsonl cannot be downloaded" in files.error
    assert files.states() == ["completed", "collected", "collected"] and len(comparable(files.out)) == 2


def test_parts_wait_while_the_queue_is_full(files: Files) -> None:
    """They are sent one after the other, and a refused batch is no failure."""
    files.write([""] * 6)
    with running(PROVIDER, "--queue", "5000") as url:
        files.url = url
        assert files.create("--max-requests", "2") == 0
        assert files.batch("submit", "--wait", *POLL) == 0, files.said + files.error
        assert "waiting" in files.said
        assert files.finish() == 0
        seen = log(url)
    assert max(Counter(seen["executed"]).values()) == 1 and len(seen["uploads"]) == 3
    assert any(one["status"] == "failed" for one in seen["batches"]) and len(comparable(files.out)) == 6


def test_own_limit_of_the_queue_holds_parts_back(files: Files) -> None:
    """`--max-enqueued-tokens` bounds each part and all parts at the provider."""
    files.write([""] * 6)
    assert files.create("--max-enqueued-tokens", "3000") == 0
    tokens = [part["tokens"] for part in files.manifest()["parts"]]
    assert len(tokens) > 1 and max(tokens) <= 3000
    assert files.batch("submit") == 1 and files.states()[:2] == ["validating", "waiting"]
    assert files.batch("submit", "--wait", *POLL) == 0 and files.finish() == 0
    assert len(comparable(files.out)) == 6


def test_parameters_that_the_provider_refuses_are_left_out_in_the_next_part(files: Files) -> None:
    """The records name them as an online run's do."""
    files.write([""] * 3)
    with running(PROVIDER, "--refuse", "max_tokens", "temperature") as url:
        files.url = url
        for refused in (["max_tokens"], ["max_tokens", "temperature"]):
            assert files.create() == 0 and files.batch("submit") == 0 and files.finish() == 1
            assert files.manifest()["adapted"] == refused and not records(files.out)
        assert files.create() == 0 and files.batch("submit") == 0 and files.finish() == 0, files.error
        body = files.requests("003")[0]["body"]
        assert body["max_completion_tokens"] == 8192 and not {"max_tokens", "temperature"} & set(body)
        assert files.infer(files.online) == 0
    assert comparable(files.out) == comparable(files.online)


def test_failures_of_single_requests_are_recorded_or_stay_open_as_they_deserve(files: Files) -> None:
    """A content filter is the row's own; a 500 may go well in the next round."""
    files.write(["[[content-filter]]", "[[500x1]]", ""])
    assert files.create() == 0 and files.batch("submit") == 0 and files.finish() == 1
    found = {one["metadata"]["context"]: one["status"] for one in records(files.out)}
    assert found == {"row 0": "error", "row 2": "success"} and "500" in files.said
    assert files.create("--skip-failed") == 0 and len(files.requests("002")) == 1


def test_a_batch_without_any_success_has_no_output_file(files: Files) -> None:
    """Only the file of errors is read."""
    files.write(["[[500x1]]"] * 3)
    assert files.create() == 0 and files.batch("submit") == 0 and files.finish() == 1, files.error
    assert files.manifest()["parts"][0]["output_file_id"] is None and files.states() == ["collected"]
    assert files.create() == 0 and len(files.requests("002")) == 3


def test_a_second_create_does_not_ask_what_is_in_flight(files: Files) -> None:
    """It writes no part, and names the requests that it leaves out."""
    files.write([""] * 3)
    assert files.create() == 0 and files.batch("submit") == 0
    assert files.create() == 0
    assert "Left out  3 requests" in files.said and len(files.manifest()["parts"]) == 1
    assert files.create("--temperature", "0") == 2 and "--temperature" in files.error


def test_what_a_cancelled_batch_has_answered_is_collected(files: Files) -> None:
    """The rest is asked again."""
    files.write([""] * 8)
    assert files.create() == 0 and files.batch("submit") == 0 and files.batch("status") == 1
    assert files.batch("cancel") == 0 and files.finish() == 1
    assert len(comparable(files.out)) == 4
    assert files.create() == 0 and len(files.requests("002")) == 4
    assert files.batch("cancel") == 0 and files.states() == ["collected", "cancelled"]


def test_a_collection_that_is_repeated_writes_nothing_twice(files: Files) -> None:
    """As after a kill between the records and the manifest."""
    files.write(["", "[[malformedx1]]", ""])
    assert files.create() == 0 and files.batch("submit") == 0
    files.batch("status", "--wait", *POLL)
    shutil.copy(files.batches / "manifest.json", files.folder / "kept")
    assert files.batch("collect") == 1
    shutil.copy(files.folder / "kept", files.batches / "manifest.json")
    assert files.batch("collect") == 1
    assert len(records(files.out)) == 2 and files.states() == ["collected"]


def test_repetitions_have_ids_and_replies_for_themselves(files: Files) -> None:
    """Also where equal rows are asked, and where the results arrive in two collections."""
    files.write([""] * 3)
    files.rows.write_text(files.rows.read_text() + files.rows.read_text().splitlines()[0] + "\n")
    assert files.create("--num-samples", "3", "--max-requests", "4") == 0
    ids = [one["custom_id"] for one in files.requests()]
    assert len(set(ids)) == 12 and Counter(name.rpartition("-")[2] for name in ids if name.count("-") == 2) == {
        "2": 4,
        "3": 4,
    }
    assert all(len(name) <= 64 for name in ids)
    answers = {name: [str(place)] for place, name in enumerate(ids)}
    for part in ("002", "003", "001"):
        own = [result(one, block(one, answers)) for one in files.requests(part)]
        path = files.folder / f"{part}.results"
        path.write_text("".join(json.dumps(one) + "\n" for one in own))
        code = files.batch("collect", "--results", path)
    assert code == 0, files.said + files.error
    said = [one["raw_text"] if "raw_text" in one else one["generated_text"] for r in records(files.out)
            for one in r["samples"]]  # fmt: skip
    assert len(said) == len(set(said)) == 12


def block(request: dict[str, Any], answers: dict[str, list[str]]) -> str:
    """Return a right reply that shows which request it is for."""
    marks = ["- R1@S1: 1", "- R2@S2: 0.5"]
    return "\n".join([f"reply {answers[request['custom_id']][0]}", "<RESULT_START>", *marks, "<RESULT_END>"])


def result(request: dict[str, Any], text: str) -> dict[str, Any]:
    """Return the line of a result file with a reply."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    body = {"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    response = {"status_code": 200, "request_id": "q", "body": body}
    return {"id": "r", "custom_id": request["custom_id"], "response": response, "error": None}


def test_results_of_vllm_run_batch(files: Files) -> None:
    """Failures are in the same file, as a text or an object, with another status or none.

    `tests/data/vllm_run_batch.jsonl` was written by the code of vLLM 0.33.0, with a handler in place of the engine.
    """
    files.write([""] * 8)
    assert files.create() == 0
    *asked, first, second, third = files.requests()
    recorded = records(ROOT / "tests" / "data" / "vllm_run_batch.jsonl")
    for line, request in zip(recorded, (first, second, third), strict=True):
        line["custom_id"] = request["custom_id"]
    recorded[0]["response"]["body"]["choices"][0]["message"]["content"] = block(first, {first["custom_id"]: ["0"]})
    failure = {"id": "r", "response": {"status_code": 400, "request_id": "q", "body": None}}
    lines = [
        result(asked[0], block(asked[0], {asked[0]["custom_id"]: ["0"]})),
        {**failure, "custom_id": asked[1]["custom_id"], "error": "the model is overloaded"},
        {**failure, "custom_id": asked[2]["custom_id"],
         "error": {"message": "maximum context length is 10 tokens", "type": "BadRequestError", "code": 400}},
        {"id": "r", "custom_id": asked[3]["custom_id"], "response": None, "error": {"code": 500, "message": "oops"}},
        {"id": "r", "custom_id": "mj-of-another", "response": None, "error": None},
        *recorded,
    ]  # fmt: skip
    path = files.folder / "vllm.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{torn")
    assert files.batch("collect", "--results", path) == 1
    assert "1 result with an unknown id" in files.said and "1 line" in files.said
    statuses = Counter(one["status"] for one in records(files.out))
    assert statuses == {"success": 2, "error": 4}, files.said
    assert "This model's maximum context length" in files.error
    assert files.create("--skip-failed") == 0 and len(files.requests("002")) == 2


def test_an_online_run_finishes_what_a_batch_has_left(files: Files) -> None:
    """Both are one judge."""
    files.write(["", "[[malformedx1]]", ""])
    assert files.create() == 0 and files.batch("submit") == 0 and files.finish() == 1
    assert files.infer(files.out) == 0, files.error
    assert "2 resumed" in files.said and len(comparable(files.out)) == 3


def test_batches_of_several_models_and_questions_for_each_item(files: Files) -> None:
    """The replies of a row that is not complete are kept."""
    files.write(["[[malformedx1]]", ""], models=("M", "N"))
    flags = ("--granularity", "item")
    assert files.create(*flags, models="all") == 0 and len(files.requests()) == 8
    assert files.batch("submit") == 0 and files.finish() == 1
    assert files.create(*flags, models="all") == 0 and len(files.requests("002")) == 2
    assert files.batch("submit") == 0 and files.finish() == 0
    assert files.infer(files.online, *flags, models="all") == 0
    for model in "MN":
        found, expected = (comparable(files.folder / f"{model}-{name}.jsonl") for name in ("out", "online"))
        assert found == expected and len(found) == 2


STEP_ROWS = [
    {
        "context": [{"role": "user", "content": f"Question {number}?"}],
        "response1": "A short answer.",
        "response2": f"A much longer answer with number {number}.",
        "M-checklist": [f"Response 2 names {number}.", "Response 1 is short."],
        "individual_preference": [{"reasoning": f"Response 2 has more facts about {number}. Response 1 is short."}],
    }
    for number in range(3)
]


@pytest.mark.parametrize(
    "step",
    [["decompose"], ["critic", "--name", "m", "--orders", "both"], ["flaws", "--model-be-evaluated", "M"]],
    ids=lambda step: step[0],
)
def test_steps_in_batches(files: Files, step: list[str]) -> None:
    """Their output equals that of an online run."""
    files.rows.write_text("".join(json.dumps(row) + "\n" for row in STEP_ROWS))
    common = ["--input-file", files.rows, "--model", "judge", "--api-base", files.url]
    assert files.run("batch", "create", *step, *common, "--output-file", files.out) == 0, files.error
    assert files.batch("submit") == 0 and files.finish() == 0, files.said + files.error
    assert files.run(*step, *common, "--output-file", files.online) == 0
    found, expected = records(files.out), records(files.online)
    assert found == expected and len(found) == 3
    assert not {one["metajudge"]["status"] for one in found} & {"error", "format_error"}


def test_a_part_that_the_provider_refuses_is_asked_again(files: Files) -> None:
    """Its reason is shown; nothing of it was answered."""
    files.write([""])
    assert files.create("--url", "/v1/other") == 0
    (files.batches / "001.jsonl").write_text(text := (files.batches / "001.jsonl").read_text().replace("POST", "GET"))
    data = files.manifest()
    data["parts"][0]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (files.batches / "manifest.json").write_text(json.dumps(data))
    assert files.batch("submit") == 0 and files.finish() == 1
    assert "Refused   part 001: invalid_url" in files.said and files.states() == ["collected"]
    assert files.create() == 0 and len(files.requests("002")) == 1


def test_shards_in_batches_are_merged_into_what_one_run_writes(files: Files) -> None:
    """Each shard has its folder."""
    files.write([""] * 5)
    shards = [files.folder / f"out.{number}-of-2.jsonl" for number in range(2)]
    for number, shard in enumerate(shards):
        assert files.create("--shard", f"{number}/2") == 0, files.error
        assert files.run("batch", "submit", shard) == 0, files.error
        assert files.run("batch", "status", shard, "--wait", *POLL) == 0 and files.run("batch", "collect", shard) == 0
    assert files.run("merge", *shards, "--output-file", files.out) == 0, files.error
    assert files.infer(files.online) == 0 and comparable(files.out) == comparable(files.online)


def test_the_folder_may_move_with_input_and_output(files: Files, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its paths are relative."""
    files.write([""] * 2)
    assert files.create() == 0
    moved = Files(tmp_path_factory.mktemp("elsewhere") / "sub", files.url)
    files.folder.rename(moved.folder)
    assert moved.batch("submit") == 0 and moved.finish() == 0, moved.error
    assert len(comparable(moved.out)) == 2


def test_a_batch_of_another_version_with_other_questions_is_kept(files: Files) -> None:
    """Its results fit no question; they are not taken for collected."""
    files.write([""])
    assert files.create() == 0
    (request,) = files.requests()
    line = json.dumps(request).replace(request["custom_id"], "mj-older") + "\n"
    data = files.manifest()
    data["version"] = "0.0.1"
    data["parts"][0]["sha256"] = hashlib.sha256(line.encode()).hexdigest()
    (files.batches / "001.jsonl").write_text(line)
    (files.batches / "manifest.json").write_text(json.dumps(data))
    path = files.folder / "results.jsonl"
    path.write_text(json.dumps(result({"custom_id": "mj-older"}, "x")) + "\n")
    refused(files, files.batch("collect", "--results", path), "version 0.0.1")
    assert files.states() == ["created"]


# ---------------------------------------------------------------------- bad input


def refused(files: Files, code: int, *words: str) -> None:
    """The last command ended with one line that has these words."""
    assert code == 2
    lines = files.error.strip().splitlines()
    assert len(lines) == 1 and all(word in lines[0] for word in words), files.error


def test_a_manifest_of_another_output_is_refused(files: Files) -> None:
    files.write([""])
    assert files.create() == 0
    shutil.copytree(files.batches, files.folder / "other.jsonl.batch")
    refused(files, files.run("batch", "collect", files.folder / "other.jsonl"), "belongs to the output out.jsonl")
    (files.batches / "manifest.json").write_text("[]")
    refused(files, files.batch("status"), "is no manifest")
    refused(files, files.run("batch", "status", files.folder / "none.jsonl"), "has no batches")


def test_results_of_another_batch_are_refused(files: Files) -> None:
    files.write([""])
    assert files.create() == 0
    path = files.folder / "results.jsonl"
    path.write_text(json.dumps({"custom_id": "request-1", "response": None, "error": None}) + "\n")
    refused(files, files.batch("collect", "--results", path), "none of the 1 result")
    refused(files, files.batch("collect", "--results", files.folder / "none.jsonl"), "does not exist")


def test_a_changed_input_is_refused(files: Files) -> None:
    files.write([""])
    assert files.create() == 0
    files.write(["", ""])
    refused(files, files.create(), "has changed since")
    path = files.folder / "results.jsonl"
    path.write_text("")
    refused(files, files.batch("collect", "--results", path), "has changed since")


def test_a_changed_part_is_refused(files: Files) -> None:
    files.write([""])
    assert files.create() == 0
    (files.batches / "001.jsonl").write_text((files.batches / "001.jsonl").read_text().replace("human", "woman"))
    refused(files, files.batch("submit"), "has changed since")
    assert not log(files.url)["uploads"] or files.states() == ["created"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--model", "embedded"], ["embedded judge"]),
        (["--api-base", "http://127.0.0.1:1/v1,http://127.0.0.1:2/v1"], ["one --api-base"]),
        (["--input-file", "-"], ["--input-file -"]),
        (["--engine", "ray", "--shards", "2"], ["--engine"]),
        (["--max-bytes", "100"], ["--max-bytes"]),
        (["--price-input", "1", "--price-output", "1", "--max-cost", "1"], ["--max-cost"]),
    ],
)
def test_what_a_batch_cannot_do_is_refused_and_leaves_no_folder(
    files: Files, flags: list[str], words: list[str]
) -> None:
    files.write([""])
    refused(files, files.create(*flags), *words)
    assert not files.batches.exists()


def test_a_key_that_is_refused_ends_with_a_line(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a missing one; the part is sent later."""
    files.write([""])
    monkeypatch.delenv("OPENAI_API_KEY")
    files.url = "https://api.openai.com/v1"
    assert files.create() == 0
    refused(files, files.batch("submit"), "OPENAI_API_KEY")


def test_a_wrong_key_ends_with_a_line(files: Files) -> None:
    """The part is sent once the key is right. No key is kept, not even one on the command line."""
    files.write([""])
    with running(PROVIDER, "--key", "sk-right") as url:
        files.url = url
        assert files.create("--api-key", KEY) == 0 and files.says_nothing_secret()
        refused(files, files.batch("submit"), "refused the key")
        assert files.batch("submit", "--api-key", "sk-right") == 0
        assert files.batch("status", "--wait", *POLL) == 0 and files.batch("collect") == 0


def test_a_server_without_batches_is_named(files: Files) -> None:
    files.write([""])
    with running("tests.servers.scripted") as url:
        files.url = url
        assert files.create() == 0
        refused(files, files.batch("submit"), url, "404")
