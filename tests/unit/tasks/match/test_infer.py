"""Inference from the command line to the files, against a real server on loopback."""

import asyncio
import gzip
import io
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from metajudge.data.samples import choose_models
from metajudge.errors import UsageError
from metajudge.tasks.match.infer import InferConfig, run_infer
from metajudge.tasks.match.plan import output_paths, safe_filename
from metajudge.tasks.pipeline import RunResult
from tests.unit.rows import block, row

Script = Callable[[dict[str, Any], int], tuple[int, Any]]
EMBEDDED = ("--model", "embedded")
NOWHERE = ("--api-base", "http://127.0.0.1:9/v1")
ONE_BY_ONE = ("--concurrent-requests", "1")
PRICES = ("--price-input", "10", "--price-output", "100")


def judging(body: dict[str, Any], number: int) -> tuple[int, Any]:
    usage = {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020}
    text = block(body["messages"][-1]["content"])
    return 200, {
        "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
        "usage": usage | {"prompt_tokens_details": {"cached_tokens": 900}},
    }


@contextmanager
def server(script: Script = judging) -> Iterator[tuple[tuple[str, str], list[dict[str, Any]]]]:
    """Serve a judge; yield the flag that names it and the bodies sent to it."""
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

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        threading.Thread(target=httpd.serve_forever, args=(0.01,)).start()
        try:
            yield ("--api-base", f"http://127.0.0.1:{httpd.server_port}/v1"), seen
        finally:
            httpd.shutdown()


@dataclass
class Command:
    """The command on three rows of the models M and other; its files are in one folder."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def rows(self) -> Path:
        return self.folder / "in.jsonl"

    @property
    def records(self) -> list[dict[str, Any]]:
        return lines(self.folder / "out.jsonl")

    def write(self, data: Sequence[dict[str, Any]]) -> None:
        self.rows.write_text("".join(json.dumps(line) + "\n" for line in data))

    def __call__(
        self,
        *flags: str,
        source: Path | None = None,
        out: Path | str | None = None,
        model: str = "M",
        granularity: str = "row",
    ) -> tuple[int, str, str]:
        """Return the exit code, stdout and stderr; `granularity` holds if no flag names one, empty = none is named."""
        if granularity and "--granularity" not in flags:
            flags = ("--granularity", granularity, *flags)
        files = {
            "--input-file": source or self.rows,
            "--output-file": self.folder / "out.jsonl" if out is None else out,
        }
        arguments = [str(word) for pair in files.items() for word in pair]
        code = main(["infer", *arguments, "--model-be-evaluated", model, *flags], "metajudge_infer.py")
        return code, *self.capsys.readouterr()

    def config(self, **more: Any) -> InferConfig:
        return InferConfig(
            input_file=self.rows, output_file=str(self.folder / "out.jsonl"), model_be_evaluated="M", **more
        )


@pytest.fixture
def infer(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    command = Command(tmp_path, capsys)
    command.write([row(n, **{"other-checklist": ["x", ""]}) for n in range(3)])
    return command


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rows_become_records_matches_and_a_summary(infer: Command, tmp_path: Path) -> None:
    """The main path writes files and a summary and exits with 0; a second run sends no request."""
    out = tmp_path / "new" / "out.jsonl"
    with server() as (judge, seen):
        (code, first, _), (again, second, _) = infer(*judge, out=out), infer(*judge, out=out)
    assert (code, again, len(seen), len(lines(out))) == (0, 0, 3, 3)
    assert len(lines(tmp_path / "new" / "out.matches.jsonl")) == 9
    assert first.splitlines()[:3] == [
        "Rows      3 judged, 0 empty, 0 failed, 0 unusable, 0 resumed",
        "Requests  3, including 0 retries",
        "Tokens    3,000 prompt (2,700 of them cached), 60 completion",
    ]
    assert first.splitlines()[-1] == f"Next      python3 -m metajudge analysis --input-file {out}"
    assert second.splitlines()[:2] == [
        "Rows      0 judged, 0 empty, 0 failed, 0 unusable, 3 resumed",
        "Requests  0, including 0 retries",
    ]


def test_the_function_prints_nothing_and_works_in_a_running_event_loop(infer: Command, tmp_path: Path) -> None:
    """A notebook gets the command's figures in the result."""

    async def go() -> RunResult:
        return run_infer(infer.config(model="embedded"))

    result = asyncio.run(go())
    assert (result.exit_code, result.outputs) == (0, {"M": tmp_path / "out.jsonl"})
    assert result.stats is not None and result.stats.success == result.scan.rows == 3
    assert infer.capsys.readouterr().out == ""


def test_a_run_can_be_stopped_from_another_thread(infer: Command) -> None:
    """The reply in flight is written, nothing more is asked; there is no signal and no main thread in it."""
    stops: list[Callable[[], None]] = []

    def stopping(body: dict[str, Any], number: int) -> tuple[int, Any]:
        stops[0]()
        return judging(body, number)

    with server(stopping) as ((_, url), seen), ThreadPoolExecutor(1) as pool:
        config = infer.config(api_base=url, concurrent_requests=1, granularity="row")
        result = pool.submit(run_infer, config, stop_hook=lambda stop: nullcontext(stops.append(stop))).result(30)
    assert result.interrupted and (result.exit_code, len(seen), len(infer.records)) == (130, 1, 1)


def test_every_model_has_a_file(infer: Command, tmp_path: Path) -> None:
    """Names are put in front of the file's name, or in the place of `{model}`."""
    code, out, err = infer(*EMBEDDED, model="all")
    assert code == infer(*EMBEDDED, out=tmp_path / "{model}" / "r.jsonl", model="OTHER, m")[0] == 0
    for name in ("M-out.jsonl", "other-out.jsonl", "M/r.jsonl", "other/r.jsonl"):
        assert len(lines(tmp_path / name)) == 3
    assert "python3 -m metajudge analysis --input-dir" in out
    assert "3 items are empty strings; they keep their number and are judged" in err


def test_unusable_rows_are_named_and_good_ones_judged(infer: Command) -> None:
    """Twenty are named, the others counted; the exit code is 1, and the last line says what to do."""
    with infer.rows.open("a") as file:
        file.write('{broken\n[]\n{"human-checklist": ["a"]}\n' + "{\n" * 27)
    code, out, err = infer(*EMBEDDED)
    assert (code, len(infer.records)) == (1, 3)
    assert f'line 6 of {infer.rows} has no "M-checklist": left out' in err
    assert "line 4 of" in err and "line 5 of" in err and err.count("is not JSON") == 18
    assert "and 10 more unusable rows" in err and "30 unusable rows named above:" in out.splitlines()[-1]


def test_records_of_other_rows_in_the_output_are_reported(infer: Command) -> None:
    """New lists are judged into the same file: the analysis counts both, and the log says so."""
    assert infer(*EMBEDDED)[0] == 0
    code, _, err = infer(*EMBEDDED)
    assert code == 0 and "other rows" not in err
    first, *others = lines(infer.rows)
    infer.write([first | {"M-checklist": ["another reason"]}, *others])
    code, _, err = infer(*EMBEDDED)
    assert code == 0 and "already holds 1 finished records that are not part of this run (other rows, " in err


def test_failed_rows_make_exit_1_and_the_way_on(infer: Command) -> None:
    """The summary counts causes; the log gives the message."""
    filtered = {"error": {"message": "nope", "code": "content_filter"}}
    with server(lambda body, n: (400, filtered) if n == 1 else judging(body, n)) as (judge, _):
        code, out, err = infer(*judge)
    assert code == 1 and "2 judged, 0 empty, 1 failed (content filter 1)" in out
    assert out.splitlines()[-1].startswith("1 row failed. Run the same command again to retry")
    assert "error: the judge's content filter refused the question: nope" in err


def test_an_absent_judge_stops_with_exit_1(infer: Command) -> None:
    """The run ends after `--outage-timeout`."""
    code, out, _ = infer(*NOWHERE, "--outage-timeout", "0")
    assert code == 1 and "cannot be reached" in out.splitlines()[-1]


def test_a_dry_run_sends_and_writes_nothing(infer: Command, tmp_path: Path) -> None:
    """It prints rows, requests and tokens, on demand the first question, and needs no key."""
    code, out, _ = infer("--dry-run", "--granularity", "item", model="all")
    assert code == 0 and "Requests  15 in total\n" in out and "Rows      3 read, 0 unusable" in out
    assert "h0.1" not in out and out.rstrip().endswith("nothing was sent or written.")
    shown = infer("--dry-run", "--granularity", "item", "--show-prompt", model="all")[1]
    assert "First question\n" in shown and "R1: h0.1\nR2: h0.2\n\nS1: m0.1" in shown
    assert list(tmp_path.iterdir()) == [infer.rows]


def granularities(infer: Command) -> set[str]:
    return {record["judge"]["granularity"] for record in infer.records}


def test_every_pair_is_asked_for_unless_the_user_says_otherwise(infer: Command) -> None:
    """A question per model item: the matrix is whole."""
    assert infer(*EMBEDDED, granularity="")[0] == 0
    assert granularities(infer) == {"item"}
    assert all(None not in scores for record in infer.records for scores in record["score_matrix"])


def test_a_users_template_asks_about_the_row(infer: Command, tmp_path: Path) -> None:
    template = tmp_path / "template"
    template.write_text("{source_list}\n\n{target_list}")
    assert infer(*EMBEDDED, "--prompt-template", str(template), granularity="")[0] == 0
    assert granularities(infer) == {"row"}


@pytest.mark.parametrize("granularity", ["row", "pairs"])
def test_a_run_continues_with_the_granularity_of_its_records(infer: Command, granularity: str) -> None:
    """One line says so; with the default of a new file the second run would be refused."""
    infer(*EMBEDDED, "--limit", "1", granularity=granularity)
    code, _, err = infer(*EMBEDDED, granularity="")
    said = [line for line in err.splitlines() if "granularity" in line]
    assert said == [f"metajudge: the output holds records of granularity {granularity}; the run continues with it"]
    assert (code, len(infer.records), granularities(infer)) == (0, 3, {granularity})
    assert infer(*EMBEDDED, granularity="item")[0] == 2


def test_outputs_of_two_granularities_are_refused(infer: Command, tmp_path: Path) -> None:
    """None of them is guessed."""
    out = tmp_path / "{model}.jsonl"
    infer(*EMBEDDED, out=out, granularity="row")
    infer(*EMBEDDED, out=out, granularity="pairs", model="other")
    code, _, err = infer(*EMBEDDED, out=out, granularity="", model="all")
    assert code == 2 and "granularity" in err


def test_a_dry_run_counts_the_other_granularities_too(infer: Command) -> None:
    """Three rows with three model items each; the same rows by each granularity."""
    out = infer(*EMBEDDED, "--dry-run", granularity="")[1].splitlines()
    assert "Judge     embedded, granularity item" in out and "Requests  9 in total" in out
    instead = {line.split()[2].rstrip(":"): line.split()[3] for line in out if line.startswith("Instead")}
    assert instead == {"pairs": "3", "row": "3"}
    for name in instead:
        own = infer(*EMBEDDED, "--dry-run", granularity=name)[1].splitlines()
        (line,) = (line for line in out if f"granularity {name}" in line)
        (tokens,) = (line for line in own if line.startswith("Tokens"))
        assert tokens.split()[2] == line.split()[6]


def test_the_dry_runs_estimate_is_of_the_right_size(infer: Command) -> None:
    """Four ASCII characters are a token, and so is one wide character: 4,000 of them are 3,000 tokens more."""
    counts = []
    for text in ("x" * 4000, "字" * 4000):
        infer.write([row(1, **{"M-checklist": [text]})])
        line = next(line for line in infer("--dry-run")[1].splitlines() if line.startswith("Tokens"))
        counts.append(int(line.split()[2].replace(",", "")))
    assert counts[1] - counts[0] == 3000


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "no API key for the judge: set OPENAI_API_KEY"),
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
def test_mistakes_get_one_line_and_exit_2(infer: Command, tmp_path: Path, flags: tuple[str, ...], message: str) -> None:
    """Nothing is written before."""
    code, _, error = infer(*flags)
    said = error.splitlines()
    assert code == 2 and said[-1].startswith(f"metajudge: error: {message}") and "secret" not in error
    assert len(said) == 1 or ("--api-key" in flags and len(said) == 2)  # its own warning
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ("--max-tokens", "0"),
        ("--extra-body", "{"),
        ("--extra-body", "[]"),
        ("--concurrent-requests", "many"),
        ("--no-such-flag",),
    ],
)
def test_values_out_of_range_are_refused_by_the_parser(infer: Command, flags: tuple[str, ...]) -> None:
    """The exit code is 2, and the parser prints one line."""
    with pytest.raises(SystemExit) as caught:
        infer(*flags)
    error = infer.capsys.readouterr().err
    assert caught.value.code == 2
    assert error.count("\n") == 1 and flags[0] in error and error.endswith("; see metajudge_infer.py --help\n")


def test_every_flag_reaches_the_request(infer: Command, tmp_path: Path) -> None:
    """Model, limits, template and extra body are in the one request of `--limit 1`."""
    template = tmp_path / "t.txt"
    template.write_text("Q\n{source_list}\n{target_list}")
    text = f"--max-tokens 77 --temperature 0 --top-k 1 --prompt-template {template} --model judge-x --batch-size 9"
    with server() as (judge, seen):
        assert infer(*judge, "--limit", "1", "--extra-body", '{"seed": 4}', *text.split())[0] == 0
    (body,) = seen
    assert body == {
        "model": "judge-x",
        "max_tokens": 77,
        "temperature": 0.0,
        "stream": False,
        "seed": 4,
        "messages": [{"role": "user", "content": "Q\nS1: m0.1\nR1: h0.1\nR2: h0.2"}],
    }
    (record,) = infer.records
    assert record["prompt"] == body["messages"][0]["content"] and record["judge"]["top_k"] == 1


def test_the_log_file_holds_every_failure_on_one_line_and_no_key(infer: Command, tmp_path: Path) -> None:
    """Control characters from a server are escaped."""
    fault = {"error": {"message": "bad \x1b[31m sk-abcdef"}}
    log = tmp_path / "logs" / "run.log"
    with server(lambda body, n: (422, fault)) as (judge, _):
        infer(*judge, "--log-file", str(log), "--api-key", "sk-abcdef")
    text = log.read_text()
    assert text.count("\n") == 4 and "\\x1b[31m [key]" in text and "sk-abcdef" not in text


@pytest.mark.parametrize(
    ("asked", "found", "limit", "message"),
    [
        *((asked, ["M", "other"], None, "models of the file: M, other") for asked in ("nobody", "M,nobody", ",")),
        ("all", [], None, "^no row of .* has a"),
        ("Big", ["M"], 2, r" Big: none of the first 2 rows \(.*limit.*\) of .* has"),
        ("all", [], 2, r"^none of the first 2 rows \(.*limit.*\) of .* has a"),
    ],
)
def test_a_model_that_no_row_has_is_answered_with_the_known_ones(
    asked: str, found: list[str], limit: int | None, message: str
) -> None:
    """A limit that may hide a model is named, and the name is as it was typed."""
    with pytest.raises(UsageError, match=message):
        choose_models(asked, found, Path("in.jsonl"), limit)


def test_a_name_with_a_comma_or_the_name_all_is_taken_literally() -> None:
    """An exact name wins over a list."""
    assert choose_models("A,B", ["a,b", "a", "b"], Path("in.jsonl")) == ["a,b"]
    assert choose_models("all", ["x", "all"], Path("in.jsonl")) == ["all"]
    assert choose_models("b, A ,b", ["a", "b"], Path("in.jsonl")) == ["b", "a"]


def test_a_file_of_another_encoding_is_reported_as_such(infer: Command) -> None:
    """The message names the encoding, not a missing checklist."""
    infer.rows.write_bytes(infer.rows.read_text().encode("utf-16"))
    code, _, error = infer(*EMBEDDED)
    assert code == 2 and error.count("\n") == 1
    assert f"no line of {infer.rows} is a row (line 1 is not UTF-8 (byte 0x" in error


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
def test_nothing_that_a_run_writes_is_the_input(infer: Command, tmp_path: Path, output: str, message: str) -> None:
    """Neither the output under another name nor its matches file may replace the input."""
    source = infer.rows.rename(tmp_path / "x.matches.jsonl")
    (tmp_path / "link.jsonl").symlink_to(source)
    before = source.read_bytes()
    code, _, error = infer(*EMBEDDED, source=source, out=tmp_path / output)
    assert code == 2 and message in error
    assert source.read_bytes() == before and not (tmp_path / "x.jsonl").exists()


@pytest.mark.parametrize("output", ["", ".", "{folder}", "{folder}/new/"])
@pytest.mark.parametrize("models", ["M", "all"])
def test_a_directory_is_no_output(infer: Command, tmp_path: Path, output: str, models: str) -> None:
    """A folder that exists and a name that looks like one are refused, for one model and several."""
    code, _, error = infer(*EMBEDDED, out=output.format(folder=tmp_path), model=models)
    assert code == 2 and "is a directory; name a file in it" in error
    assert list(tmp_path.iterdir()) == [infer.rows]


@pytest.mark.parametrize("log", ["in.jsonl", "out.jsonl", "old.jsonl"])
def test_the_log_is_no_file_of_rows(infer: Command, tmp_path: Path, log: str) -> None:
    """The input, the output and a file that may hold results are refused."""
    old, before = tmp_path / "old.jsonl", infer.rows.read_bytes()
    old.write_text("{}\n")
    code, _, error = infer(*EMBEDDED, "--log-file", str(tmp_path / log))
    why = "exists and may hold" if log == "old.jsonl" else "is the input or the output"
    assert code == 2 and f"{log} {why}" in error
    assert infer.rows.read_bytes() == before and old.read_text() == "{}\n"


# ------------------------------------------------------------------ pace, cost, key


def test_the_summary_has_the_cost_and_a_dry_run_an_estimate(infer: Command, tmp_path: Path) -> None:
    """Three replies of 1,000 and 20 tokens: 3 · (.01 + .002) = .036."""
    with server() as (judge, _):
        code, out, _ = infer(*judge, *PRICES)
    assert code == 0 and "\nCost      0.0360\n" in out
    code, out, _ = infer(*NOWHERE, *PRICES, "--dry-run", out=tmp_path / "new.jsonl")
    assert code == 0 and "with replies of 1,000 tokens" in out


def test_the_run_stops_before_it_may_pass_max_cost_and_goes_on_later(infer: Command, tmp_path: Path) -> None:
    """A request may cost .11 before the first reply and .03 after it; the second one does not fit."""
    later = tmp_path / "b.jsonl"
    with server() as (judge, seen):
        flags = (*judge, *PRICES, *ONE_BY_ONE)
        assert infer(*flags, "--max-cost", "0.125")[0] == 0 and len(seen) == 3
        code, out, _ = infer(*flags, "--max-cost", "0.02", out=later)
        assert code == 1 and len(seen) == 3
        assert (
            "Stopped with 3 rows left: the next request could exceed --max-cost 0.02 (0.0000 spent in this run)" in out
        )
        assert "Cost      0.0000 of at most 0.02" in out
        assert infer(*flags, out=later)[0] == 0


@pytest.mark.parametrize(
    ("usage", "bound", "said"),
    [
        (
            {"prompt_tokens": 100, "completion_tokens": 3000, "total_tokens": 3100},
            "0.15",
            "Cost      0.3010 of at most 0.15, 0.1510 over it",
        ),
        (None, "9", "the judge reports no token usage, so --max-cost cannot be kept"),
    ],
)
def test_a_reply_that_breaks_the_bound_on_the_cost_stops_the_run(
    infer: Command, usage: dict[str, int] | None, bound: str, said: str
) -> None:
    """A reply may be longer than what was reserved for it, or name no usage. It is paid, so it is written."""
    with server(lambda body, n: (200, judging(body, n)[1] | {"usage": usage})) as (judge, seen):
        code, out, _ = infer(*judge, *PRICES, *ONE_BY_ONE, "--max-cost", bound)
    assert (code, len(seen), [record["status"] for record in infer.records]) == (1, 1, ["success"])
    assert said in out


@pytest.mark.parametrize(
    "flags", [("--max-cost", "1"), ("--price-input", "1"), ("--max-cost", "1", "--price-output", "1")]
)
def test_cost_needs_both_prices(infer: Command, flags: tuple[str, ...]) -> None:
    """The message names both."""
    code, _, error = infer(*NOWHERE, *flags)
    assert code == 2 and "need both --price-input and --price-output" in error


def test_the_number_in_flight_can_be_found_out(infer: Command) -> None:
    """`auto` judges all rows."""
    with server() as (judge, seen):
        assert infer(*judge, "--concurrent-requests", "auto")[0] == 0 and len(seen) == 3


def test_the_key_can_come_from_stdin_and_on_the_command_line_it_warns(
    infer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process list is no place for a key; stdin cannot hold key and rows. A refused key is not shown."""
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-from-stdin\n"))
    with server(lambda body, n: (401, {"error": {"message": "bad key sk-from-stdin or sk-open"}})) as (judge, _):
        code, out, err = infer(*judge, "--api-key", "-")
        assert code == 2 and "sk-from-stdin" not in out + err and "list of processes" not in err
        last = out.splitlines()[-1]
        assert last.startswith("Stopped with 3 rows left: the judge refused the key (401)")
        assert "bad key [key]" in last and "OPENAI_API_KEY" in last
        code, out, err = infer(*judge, "--api-key", "sk-open")
        assert code == 2 and "sk-open" not in out + err
        assert "--api-key can be read by others in the list of processes" in err
    code, _, error = infer(*judge, "--api-key", "-", source=Path("-"))
    assert code == 2 and "cannot both read stdin" in error


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
@pytest.mark.parametrize("content", [b"", b"\n \n", b"[]", gzip.compress(b"", mtime=0)])
def test_an_empty_input_is_1(infer: Command, tmp_path: Path, content: bytes, flags: tuple[str, ...]) -> None:
    """A chain must not go on with nothing in it."""
    infer.rows.write_bytes(content)
    code, out, _ = infer(*EMBEDDED, *flags)
    assert (code, out) == (1, f"No row to judge: {infer.rows} is empty.\n")
    assert list(tmp_path.iterdir()) == [infer.rows]


@pytest.mark.parametrize("granularity", ["row", "item"])
def test_a_dry_run_counts_the_requests_that_remain(infer: Command, tmp_path: Path, granularity: str) -> None:
    """Finished rows are left out, also of the tokens, the cost and the prompt; failed ones where they are skipped."""
    flags = ("--dry-run", "--show-prompt", "--granularity", granularity, *PRICES)
    each = 1 if granularity == "row" else 3
    whole = infer(*flags)[1]
    assert f"Requests  {3 * each} in total\n" in whole and "h0.1" in whole
    infer(*EMBEDDED, "--granularity", granularity, "--limit", "1")
    out = tmp_path / "out.jsonl"
    own = json.loads(out.read_text()) | {"judge": json.loads(out.read_text())["judge"] | {"model": "gpt-4o"}}
    second = own | {"id": "x", "question_id": "y", "status": "error"}
    out.write_text("".join(json.dumps(record) + "\n" for record in (own, second)))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    code, part, _ = infer(*flags)
    assert code == 0 and f"Requests  {2 * each} remain; 1 row finished in the output\n" in part
    assert "h0.1" not in part and "h1.1" in part

    def number(text: str, line: str) -> float:
        return float(re.search(rf"^{line} +(?:about )?([\d,.]+)", text, re.MULTILINE)[1].replace(",", ""))  # type: ignore[index]

    for line in ("Tokens", "Cost"):
        assert 0.5 < number(part, line) / number(whole, line) < 0.8
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_dry_run_leaves_out_replies_that_wait_for_their_row(infer: Command, tmp_path: Path) -> None:
    """One of three questions was refused: the two others' replies are in the journal, which stays as it is."""

    def one_bad(body: dict[str, Any], number: int) -> tuple[int, Any]:
        if "m0.2" in body["messages"][-1]["content"]:
            return 400, {"error": {"message": "refused by the content filter", "code": "content_filter"}}
        return judging(body, number)

    item = ("--granularity", "item", "--limit", "1")
    with server(one_bad) as (judge, _):
        assert infer(*judge, *item)[0] == 1
    journal = tmp_path / "out.jsonl.journal"
    journal.write_bytes(journal.read_bytes() + b'{"torn')
    before = journal.read_bytes()
    code, out, _ = infer(*item, "--dry-run")
    assert code == 0 and "Requests  1 remain; 2 replies are kept from an earlier run\n" in out
    assert journal.read_bytes() == before
    out = infer(*item, "--dry-run", "--skip-failed")[1]
    assert "Requests  0 remain; 1 failed row skipped\n" in out


def test_a_prompt_is_shown_by_a_dry_run_only(infer: Command) -> None:
    code, _, err = infer(*EMBEDDED, "--show-prompt")
    assert code == 2 and "--show-prompt belongs to --dry-run" in err


def test_other_sampling_parameters_are_named_on_resume(infer: Command) -> None:
    """One line, and the run goes on; equal ones are not mentioned."""
    with server() as (judge, seen):
        assert infer(*judge, "--limit", "1")[2].count("resuming") == 0
        assert infer(*judge, "--limit", "2")[2].count("resuming") == 0
        code, _, err = infer(*judge, "--temperature", "0.2", "--max-tokens", "none")
        assert code == 0 and len(seen) == 3
    (line,) = [line for line in err.splitlines() if "resuming" in line]
    assert line.endswith("with --temperature 0.2 and --max-tokens none; its records have 0.6 and 8192")


@pytest.mark.parametrize("name", ["o.jsonl.gz", "o.json", "o.parquet", "O.GZ"])
def test_an_output_of_another_form_is_refused(infer: Command, tmp_path: Path, name: str) -> None:
    code, _, err = infer(*EMBEDDED, "--dry-run", out=tmp_path / name)
    assert code == 2 and "the output is JSONL; give it a name such as o.jsonl" in err.replace("O.jsonl", "o.jsonl")
    assert err.count("\n") == 1


def test_keys_with_an_underscore_are_one_line(infer: Command) -> None:
    infer.write([{key.replace("-", "_"): value for key, value in one.items()} for one in lines(infer.rows)])
    code, _, err = infer(*EMBEDDED)
    assert code == 2 and err.count("\n") == 1 and 'rename "human_checklist" to "human-checklist"' in err


def test_the_input_may_be_an_array_or_compressed(infer: Command) -> None:
    """The records are those of the same rows as JSONL."""
    infer(*EMBEDDED)
    expected = [record["id"] for record in infer.records]
    rows = lines(infer.rows)
    for content in (json.dumps(rows, indent=2).encode(), gzip.compress(infer.rows.read_bytes())):
        infer.rows.write_bytes(content)
        code, out, _ = infer(*EMBEDDED)
        assert code == 0 and f"{len(rows)} resumed" in out
    assert [record["id"] for record in infer.records] == expected


def test_rows_that_an_earlier_step_left_unfit_are_skipped(infer: Command, tmp_path: Path) -> None:
    """They are counted and are no failure; where no row is left, a chain must not go on: exit 1."""
    first, second, third = lines(infer.rows)
    unfit = first | {"metajudge": {"status": "too_few"}}
    infer.write([unfit] * 3)
    for flags in ((), ("--dry-run",)):
        code, out, _ = infer(*EMBEDDED, *flags)
        assert code == 1 and out == "No row to judge: an earlier step did not succeed for any of the 3 rows.\n"
    assert not (tmp_path / "out.jsonl").exists()
    infer.write([unfit, second | {"metajudge": {"status": "success"}}, third])
    code, out, err = infer(*EMBEDDED)
    assert code == 0 and len(infer.records) == 2 and "Rows      2 judged" in out
    assert "1 row skipped: an earlier step did not succeed there" in err
