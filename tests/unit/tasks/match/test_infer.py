"""Inference from the command line to the files, against a real server on loopback."""

import asyncio
import gzip
import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from metajudge.data.samples import choose_models
from metajudge.errors import UsageError
from metajudge.tasks.match.infer import InferConfig
from metajudge.tasks.match.infer import infer as infer_rows
from metajudge.tasks.match.plan import output_paths, safe_filename
from metajudge.tasks.pipeline import RunResult
from tests.unit.rows import block, row

Script = Callable[[dict[str, Any], int], tuple[int, Any]]


def reply(text: str) -> dict[str, Any]:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 20,
        "total_tokens": 1020,
        "prompt_tokens_details": {"cached_tokens": 900},
    }
    return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": usage}


def judging(body: dict[str, Any], number: int) -> tuple[int, Any]:
    return 200, reply(block(body["messages"][-1]["content"]))


@contextmanager
def server(script: Script = judging) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve a judge; yield its base URL and the bodies sent to it."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append(body)
            status, data = script(body, len(seen))
            text = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}/v1", seen
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write(tmp_path / "in.jsonl", [row(n, **{"other-checklist": ["x", ""]}) for n in range(3)])


def write(path: Path, data: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in data))
    return path


def infer(rows: Path, out: Path | str, *flags: str, model: str = "M") -> int:
    arguments = ["--input-file", str(rows), "--output-file", str(out), "--model-be-evaluated", model, *flags]
    return main(["infer", *arguments], "metajudge_infer.py")


def config_of(rows: Path, tmp_path: Path, **more: Any) -> InferConfig:
    return InferConfig(input_file=rows, output_file=str(tmp_path / "out.jsonl"), model_be_evaluated="M", **more)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rows_become_records_matches_and_a_summary(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The main path writes files and a summary and exits with 0; a second run sends no request."""
    out = tmp_path / "new" / "out.jsonl"
    with server() as (url, seen):
        assert infer(rows, out, "--api-base", url) == 0
        first = capsys.readouterr().out.splitlines()
        assert infer(rows, out, "--api-base", url) == 0
        second = capsys.readouterr().out.splitlines()
    assert len(seen) == 3 and len(lines(out)) == 3
    assert len(lines(tmp_path / "new" / "out.matches.jsonl")) == 9
    assert first[0] == "Rows      3 judged, 0 empty, 0 failed, 0 unusable, 0 resumed"
    assert first[1] == "Requests  3, of them 0 tries again"
    assert first[2] == "Tokens    3,000 prompt (2,700 of them cached), 60 completion"
    assert first[-1] == f"Next      python -m metajudge analysis --input-file {out}"
    assert second[0] == "Rows      0 judged, 0 empty, 0 failed, 0 unusable, 3 resumed"
    assert second[1] == "Requests  0, of them 0 tries again"


def test_the_function_prints_nothing_and_works_in_a_running_event_loop(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A notebook gets the command's figures in the result."""

    async def go() -> RunResult:
        return infer_rows(config_of(rows, tmp_path, model="embedded"))

    result = asyncio.run(go())
    assert (result.exit_code, result.outputs) == (0, {"M": tmp_path / "out.jsonl"})
    assert result.stats is not None and result.stats.success == result.scan.rows == 3
    assert capsys.readouterr().out == ""


def test_a_run_can_be_stopped_from_another_thread(rows: Path, tmp_path: Path) -> None:
    """The reply in flight is written, nothing more is asked; there is no signal and no main thread in it."""
    stops: list[Callable[[], None]] = []

    def stopping(body: dict[str, Any], number: int) -> tuple[int, Any]:
        stops[0]()
        return judging(body, number)

    with server(stopping) as (url, seen), ThreadPoolExecutor(1) as pool:
        config = config_of(rows, tmp_path, api_base=url, concurrent_requests=1)
        result = pool.submit(infer_rows, config, stop_hook=lambda stop: nullcontext(stops.append(stop))).result(30)
    assert result.interrupted and (result.exit_code, len(seen), len(lines(tmp_path / "out.jsonl"))) == (130, 1, 1)


def test_every_model_has_a_file(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names are put in front of the file's name, or in the place of `{model}`."""
    with server() as (url, _seen):
        assert infer(rows, tmp_path / "out.jsonl", "--api-base", url, model="all") == 0
        assert infer(rows, tmp_path / "{model}" / "r.jsonl", "--api-base", url, model="OTHER, m") == 0
    assert len(lines(tmp_path / "M-out.jsonl")) == len(lines(tmp_path / "other-out.jsonl")) == 3
    assert len(lines(tmp_path / "M" / "r.jsonl")) == len(lines(tmp_path / "other" / "r.jsonl")) == 3
    captured = capsys.readouterr()
    assert "python -m metajudge analysis --input-dir" in captured.out
    assert "3 items are empty strings; they keep their number and are judged" in captured.err


def test_unusable_rows_are_named_and_good_ones_judged(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1, and the last line says what to do."""
    with rows.open("a") as file:
        file.write('{broken\n[]\n{"human-checklist": ["a"]}\n')
    with server() as (url, _):
        assert infer(rows, tmp_path / "out.jsonl", "--api-base", url) == 1
    captured = capsys.readouterr()
    assert len(lines(tmp_path / "out.jsonl")) == 3
    assert f'line 6 of {rows} has no "M-checklist": left out' in captured.err
    assert "line 4 of" in captured.err and "line 5 of" in captured.err
    assert "3 unusable rows are named above;" in captured.out.splitlines()[-1]


def test_many_unusable_rows_are_named_only_in_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty are named, the others counted."""
    path = tmp_path / "in.jsonl"
    path.write_text("{\n" * 30 + json.dumps(row(1)) + "\n")
    with server() as (url, _):
        assert infer(path, tmp_path / "out.jsonl", "--api-base", url) == 1
    error = capsys.readouterr().err
    assert error.count("is not JSON") == 20 and "and 10 more unusable rows" in error


def test_records_of_other_rows_in_the_output_are_reported(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """New lists are judged into the same file: the analysis counts both, and the log says so."""
    out = tmp_path / "out.jsonl"
    with server() as (url, _):
        assert infer(rows, out, "--api-base", url) == 0
        assert infer(rows, out, "--api-base", url) == 0
        assert "other rows" not in capsys.readouterr().err
        data = lines(rows)
        data[0]["M-checklist"] = ["another reason"]
        assert infer(write(rows, data), out, "--api-base", url) == 0
    assert "already holds 1 finished records that are not part of this run (other rows, " in capsys.readouterr().err


def test_failed_rows_make_exit_1_and_the_way_on(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary counts causes; the log gives the message."""
    filtered = {"error": {"message": "nope", "code": "content_filter"}}
    with server(lambda body, n: (400, filtered) if n == 1 else judging(body, n)) as (url, _):
        assert infer(rows, tmp_path / "out.jsonl", "--api-base", url) == 1
    captured = capsys.readouterr()
    assert "2 judged, 0 empty, 1 failed (content filter 1)" in captured.out
    assert captured.out.splitlines()[-1].startswith("1 rows failed; the same command asks them again")
    assert "error: the judge's content filter refused the question: nope" in captured.err


def test_a_refused_key_stops_with_exit_2(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line says what to check."""
    with server(lambda body, n: (401, {"error": {"message": "Incorrect API key provided: sk-abcdef"}})) as (url, _):
        assert infer(rows, tmp_path / "out.jsonl", "--api-base", url, "--api-key", "sk-abcdef") == 2
    captured = capsys.readouterr()
    last = captured.out.splitlines()[-1]
    assert last.startswith("Stopped with 3 rows left: the judge refused the key (401)") and "OPENAI_API_KEY" in last
    assert "sk-abcdef" not in captured.out + captured.err


def test_an_absent_judge_stops_with_exit_1(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run ends after `--outage-timeout`."""
    assert infer(rows, tmp_path / "out.jsonl", "--api-base", "http://127.0.0.1:9/v1", "--outage-timeout", "0") == 1
    assert "cannot be reached" in capsys.readouterr().out.splitlines()[-1]


def test_a_dry_run_sends_and_writes_nothing(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints rows, requests, tokens and the first question, and needs no key."""
    assert infer(rows, tmp_path / "out.jsonl", "--dry-run", "--granularity", "item", model="all") == 0
    out = capsys.readouterr().out
    assert "Requests  15 " in out and "Rows      3 read, 0 unusable" in out
    assert "R1: h0.1\nR2: h0.2\n\nS1: m0.1" in out
    assert out.rstrip().endswith("nothing was sent or written.")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl"]


def test_the_dry_runs_estimate_is_of_the_right_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Four ASCII characters are a token, and so is one wide character: 4,000 of them are 3,000 tokens more."""
    path = tmp_path / "in.jsonl"
    counts = []
    for text in ("x" * 4000, "字" * 4000):
        infer(write(path, [row(1, **{"M-checklist": [text]})]), tmp_path / "out.jsonl", "--dry-run")
        line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("Tokens"))
        counts.append(int(line.split()[2].replace(",", "")))
    assert counts[1] - counts[0] == 3000


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "no key for the judge: set OPENAI_API_KEY"),
        (("--api-base", "localhost:8000"), "--api-base localhost:8000 is no address"),
        (("--api-base", "http://h:abc/v1"), "--api-base http://h:abc/v1 is no address"),
        (("--api-base", "http://h:99999/v1"), "--api-base http://h:99999/v1 is no address"),
        (("--api-base", "http://[::1/v1"), "--api-base http://[::1/v1 is no address"),
        (("--api-base", "http://h/v1?api-version=1"), "--api-base http://h/v1?api-version=1 has a query"),
        (("--api-base", "http://me:secret@h/v1"), "--api-base contains a name or password; put the key"),
        (("--api-base", "http://h/v1", "--api-key", "sk-1\nsk-2"), "the key has a line break or a letter"),
        (("--prompt-template", "/nonexistent"), "--prompt-template /nonexistent cannot be read"),
        (("--log-file", "/dev/null/x"), "--log-file /dev/null/x cannot be written"),
    ],
)
def test_mistakes_get_one_line_and_exit_2(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], message: str
) -> None:
    """Nothing is written before."""
    assert infer(rows, tmp_path / "out.jsonl", *flags) == 2
    error = capsys.readouterr().err
    lines = error.splitlines()
    assert lines[-1].startswith(f"metajudge: error: {message}") and "secret" not in error
    assert len(lines) == 1 or ("--api-key" in flags and len(lines) == 2)  # its own warning
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ("--max-tokens", "0"),
        ("--temperature", "-1"),
        ("--temperature", "nan"),
        ("--extra-body", "{"),
        ("--extra-body", "[]"),
        *(("--concurrent-requests", value) for value in ("0", "many", "1.5", "-1")),
        ("--granularity", "word"),
        ("--no-such-flag",),
    ],
)
def test_values_out_of_range_are_refused_by_the_parser(
    rows: Path, tmp_path: Path, flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 2, and the parser prints one line."""
    with pytest.raises(SystemExit) as caught:
        infer(rows, tmp_path / "out.jsonl", *flags)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and flags[0] in error and error.endswith("; see metajudge_infer.py --help\n")


def test_the_environment_names_the_judge(rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPENAI_BASE_URL may end with a slash or the whole path."""
    with server() as (url, seen):
        for number, end in enumerate(("/", "/chat/completions")):
            monkeypatch.setenv("OPENAI_BASE_URL", url + end)
            assert infer(rows, tmp_path / f"{number}.jsonl") == 0
    assert len(seen) == 6


def test_every_flag_reaches_the_request(rows: Path, tmp_path: Path) -> None:
    """Model, limits, template and extra body are in the one request of `--limit 1`."""
    template = tmp_path / "t.txt"
    template.write_text("Q\n{source_list}\n{target_list}")
    with server() as (url, seen):
        text = f"--max-tokens 77 --temperature 0 --top-k 1 --prompt-template {template} --model judge-x --batch-size 9"
        flags = ("--api-base", url, "--limit", "1", "--extra-body", '{"seed": 4}', *text.split())
        assert infer(rows, tmp_path / "out.jsonl", *flags) == 0
    (body,) = seen
    assert body == {
        "model": "judge-x",
        "max_tokens": 77,
        "temperature": 0.0,
        "seed": 4,
        "messages": [{"role": "user", "content": "Q\nS1: m0.1\nR1: h0.1\nR2: h0.2"}],
    }
    (record,) = lines(tmp_path / "out.jsonl")
    assert record["prompt"] == body["messages"][0]["content"] and record["judge"]["top_k"] == 1


def test_adapted_parameters_are_recorded(rows: Path, tmp_path: Path) -> None:
    """The records that follow the adaptation name the parameter."""
    fault = {"error": {"message": "no", "param": "temperature", "code": "unsupported_value"}}
    with server(lambda body, n: (400, fault) if "temperature" in body else judging(body, n)) as (url, _):
        assert infer(rows, tmp_path / "out.jsonl", "--api-base", url, "--concurrent-requests", "1") == 0
    assert [record["judge"]["adapted"] for record in lines(tmp_path / "out.jsonl")] == [["temperature"]] * 3


def test_the_log_file_holds_every_failure_on_one_line_and_no_key(rows: Path, tmp_path: Path) -> None:
    """Control characters from a server are escaped."""
    fault = {"error": {"message": "bad \x1b[31m sk-abcdef"}}
    log = tmp_path / "logs" / "run.log"
    with server(lambda body, n: (422, fault)) as (url, _):
        infer(rows, tmp_path / "out.jsonl", "--api-base", url, "--log-file", str(log), "--api-key", "sk-abcdef")
    text = log.read_text()
    assert text.count("\n") == 4 and "\\x1b[31m [key]" in text and "sk-abcdef" not in text


def test_a_model_that_no_row_has_is_answered_with_the_known_ones(rows: Path) -> None:
    """The message is the same for one name, several names or none."""
    for asked in ("nobody", "M,nobody", ","):
        with pytest.raises(UsageError, match=r"there are: M, other"):
            choose_models(asked, ["M", "other"], rows)
    with pytest.raises(UsageError, match=r"no row of .* has a"):
        choose_models("all", [], rows)


@pytest.mark.parametrize("write", [lambda text: text.encode("utf-16"), lambda text: gzip.compress(text.encode())])
def test_a_file_of_another_format_is_reported_as_such(
    write: Callable[[str], bytes], rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the format, not a missing checklist."""
    rows.write_bytes(write(rows.read_text()))
    assert infer(rows, rows.with_name("out.jsonl"), "--model", "embedded") == 2
    error = capsys.readouterr().err
    assert f"no line of {rows} is a row (line 1 is not UTF-8 (byte 0x" in error and error.count("\n") == 1


def test_a_limit_is_named_where_it_hides_a_model(rows: Path) -> None:
    """The message has the name as it was typed and does not claim that no row has it."""
    with pytest.raises(UsageError, match=r" Big: none of the first 2 rows \(.*limit.*\) of .* has"):
        choose_models("Big", ["M"], rows, 2)
    with pytest.raises(UsageError, match=r"^none of the first 2 rows \(.*limit.*\) of .* has a"):
        choose_models("all", [], rows, 2)


def test_a_name_with_a_comma_or_the_name_all_is_taken_literally(rows: Path) -> None:
    """An exact name wins over a list."""
    assert choose_models("A,B", ["a,b", "a", "b"], rows) == ["a,b"]
    assert choose_models("all", ["x", "all"], rows) == ["all"]
    assert choose_models("b, A ,b", ["a", "b"], rows) == ["b", "a"]


def test_output_names_are_fit_for_files_and_never_shared(tmp_path: Path) -> None:
    """Slashes and the like become underscores; two models never write one file."""
    assert safe_filename("org/model:v1 ü") == "org_model_v1_ü" and safe_filename("../x") == "_._x"
    assert output_paths("o/{model}.jsonl", ["a/b"], tmp_path)["a/b"] == Path("o/a_b.jsonl")
    assert output_paths("o/r.jsonl", ["a"], tmp_path)["a"] == Path("o/r.jsonl")
    with pytest.raises(UsageError, match="gives two of a/b, a:b the same file"):
        output_paths("{model}.jsonl", ["a/b", "a:b"], tmp_path)


@pytest.mark.parametrize(
    ("output", "message"),
    [("link.jsonl", "is the input file"), ("x.jsonl", "writes x.matches.jsonl, too, which is the input file")],
)
def test_nothing_that_a_run_writes_is_the_input(
    rows: Path, capsys: pytest.CaptureFixture[str], output: str, message: str
) -> None:
    """Neither the output under another name nor its matches file may replace the input."""
    source = rows.rename(rows.with_name("x.matches.jsonl"))
    rows.with_name("link.jsonl").symlink_to(source)
    before = source.read_bytes()
    assert infer(source, rows.with_name(output), "--model", "embedded") == 2
    assert message in capsys.readouterr().err
    assert source.read_bytes() == before and not rows.with_name("x.jsonl").exists()


@pytest.mark.parametrize("output", ["", ".", "{folder}", "{folder}/new/"])
@pytest.mark.parametrize("models", ["M", "all"])
def test_a_directory_is_no_output(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str, models: str
) -> None:
    """A folder that exists and a name that looks like one are refused, for one model and several."""
    assert infer(rows, output.format(folder=tmp_path), "--model", "embedded", model=models) == 2
    assert "is a directory; name a file in it" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [rows]


@pytest.mark.parametrize("log", ["in.jsonl", "out.jsonl", "old.jsonl"])
def test_the_log_is_no_file_of_rows(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], log: str) -> None:
    """The input, the output and a file that may hold results are refused."""
    (tmp_path / "old.jsonl").write_text("{}\n")
    rows = rows.rename(tmp_path / "in.jsonl")
    before = rows.read_bytes()
    assert infer(rows, tmp_path / "out.jsonl", "--model", "embedded", "--log-file", str(tmp_path / log)) == 2
    assert f"{log} {'exists and may hold' if log == 'old.jsonl' else 'is the input or the output'}" in (
        capsys.readouterr().err
    )
    assert rows.read_bytes() == before and (tmp_path / "old.jsonl").read_text() == "{}\n"


# ------------------------------------------------------------------ pace, cost, key


PRICES = ("--price-input", "10", "--price-output", "100")


def test_the_summary_has_the_cost_and_a_dry_run_an_estimate(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three replies of 1,000 and 20 tokens: 3 · (.01 + .002) = .036."""
    with server() as (url, _):
        assert infer(rows, tmp_path / "out.jsonl", "--api-base", url, *PRICES) == 0
    assert "\nCost      0.0360\n" in capsys.readouterr().out
    assert infer(rows, tmp_path / "new.jsonl", "--api-base", "http://127.0.0.1:1/v1", *PRICES, "--dry-run") == 0
    assert "with replies of 1,000 tokens" in capsys.readouterr().out


def test_the_run_stops_before_it_may_pass_max_cost_and_goes_on_later(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request may cost .11 before the first reply and .03 after it; the second one does not fit."""
    with server() as (url, seen):
        flags = ("--api-base", url, *PRICES, "--concurrent-requests", "1")
        assert infer(rows, tmp_path / "out.jsonl", *flags, "--max-cost", "0.125") == 0
        assert len(seen) == 3
        assert infer(rows, tmp_path / "b.jsonl", *flags, "--max-cost", "0.02") == 1
        assert len(seen) == 3
        out = capsys.readouterr().out
        assert (
            "Stopped with 3 rows left: the next request could exceed --max-cost 0.02 (0.0000 spent in this run)" in out
        )
        assert "Cost      0.0000 of at most 0.02" in out
        assert infer(rows, tmp_path / "b.jsonl", *flags) == 0


def test_cost_beyond_max_cost_is_reported(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reply longer than any before it may cost more than was reserved for it: 1,000 tokens at first."""

    def long_reply(body: dict[str, Any], n: int) -> tuple[int, Any]:
        usage = {"prompt_tokens": 100, "completion_tokens": 3000, "total_tokens": 3100}
        return 200, judging(body, n)[1] | {"usage": usage}

    with server(long_reply) as (url, seen):
        flags = ("--api-base", url, *PRICES, "--concurrent-requests", "1", "--max-cost", "0.15")
        assert infer(rows, tmp_path / "out.jsonl", *flags) == 1
    assert len(seen) == 1 and len(lines(tmp_path / "out.jsonl")) == 1
    assert "Cost      0.3010 of at most 0.15, 0.1510 over it" in capsys.readouterr().out


@pytest.mark.parametrize(
    "flags", [("--max-cost", "1"), ("--price-input", "1"), ("--max-cost", "1", "--price-output", "1")]
)
def test_cost_needs_both_prices(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    """The message names both."""
    assert infer(rows, tmp_path / "out.jsonl", "--api-base", "http://127.0.0.1:1/v1", *flags) == 2
    assert "need both --price-input and --price-output" in capsys.readouterr().err


def test_a_judge_without_usage_and_a_bound_stop_with_a_line(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The paid reply is written."""

    def silent(body: dict[str, Any], number: int) -> tuple[int, Any]:
        return 200, {**judging(body, number)[1], "usage": None}

    with server(silent) as (url, _):
        flags = ("--api-base", url, *PRICES, "--concurrent-requests", "1", "--max-cost", "9")
        assert infer(rows, tmp_path / "out.jsonl", *flags) == 1
    assert "the judge reports no token usage, so --max-cost cannot be kept" in capsys.readouterr().out
    assert (tmp_path / "out.jsonl").read_text().count('"status": "success"') == 1


def test_the_number_in_flight_can_be_found_out(rows: Path, tmp_path: Path) -> None:
    """`auto` judges all rows."""
    with server() as (url, seen):
        assert infer(rows, tmp_path / "out.jsonl", "--api-base", url, "--concurrent-requests", "auto") == 0
        assert len(seen) == 3


def test_the_key_can_come_from_stdin_and_on_the_command_line_it_warns(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process list is no place for a key; stdin cannot hold key and rows."""
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-from-stdin\n"))
    with server(lambda body, n: (401, {"error": {"message": "bad key sk-from-stdin"}})) as (url, _):
        flags = ("--api-base", url, "--api-key")
        assert infer(rows, tmp_path / "out.jsonl", *flags, "-") == 2
        from_stdin = "".join(capsys.readouterr())
        assert infer(rows, tmp_path / "out.jsonl", *flags, "sk-open") == 2
        from_flag = "".join(capsys.readouterr())
    assert "bad key [key]" in from_stdin and "list of processes" not in from_stdin
    assert "--api-key can be read by others in the list of processes" in from_flag and "sk-open" not in from_flag
    assert infer(Path("-"), tmp_path / "out.jsonl", *flags, "-") == 2
    assert "cannot both read stdin" in capsys.readouterr().err


def test_rows_that_an_earlier_step_left_unfit_are_skipped(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are counted and are no failure."""
    data = lines(rows)
    data[0]["metajudge"], data[1]["metajudge"] = {"status": "too_few"}, {"status": "success"}
    write(rows, data)
    with server() as (url, seen):
        assert infer(rows, tmp_path / "out.jsonl", "--api-base", url) == 0
    out, err = capsys.readouterr()
    assert len(seen) == len(lines(tmp_path / "out.jsonl")) == 2
    assert "1 rows are skipped: an earlier step did not succeed for them" in err and "Rows      2 judged" in out


def test_where_no_row_is_fit_there_is_nothing_to_judge(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An earlier step's failures are reported and do not fail this one."""
    write(rows, [line | {"metajudge": {"status": "too_few"}} for line in lines(rows)])
    assert infer(rows, tmp_path / "out.jsonl", "--model", "embedded") == 0
    assert "No row to judge: an earlier step did not succeed for any of the 3 rows." in capsys.readouterr().out
    assert not (tmp_path / "out.jsonl").exists()
