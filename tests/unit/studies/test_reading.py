"""The grammar of a study's file: what it may say, and one line for what cannot be meant."""

from pathlib import Path

import pytest

from metajudge.errors import UsageError
from metajudge.llm import DEFAULT_BASE_URL
from metajudge.studies import read_study
from tests.unit.studies.files import GOOD, study_of, write_rows

WHOLE = """
folder = "out"

[data]
rows = "rows.jsonl"
limit = 20

[decomposer]
model = "gpt-4o"
api_base = "http://127.0.0.1:1/v1"
text_fields = ["feedback", "notes"]
min_items = 2

[judge]
model = "judge-1"
api_base = "http://127.0.0.1:2/v1, http://127.0.0.1:3/v1"
api_key_env = "JUDGE_KEY"
granularity = "pairs"
num_samples = 2
guard = "zero"
max_tokens = "none"
concurrent_requests = "auto"
temperature = 0
extra_body = { enable_thinking = false }
price_input = 1
price_output = 2.5

[[models]]
name = "m"

[[models]]
name = "asked"
model = "qwen"
api_base = "http://127.0.0.1:4/v1"
requests_per_minute = 30
orders = "both"
orders_rule = "sum"
top_k = 5
response_fields = ["response1", "response2"]

[[models]]
name = "written"
from_field = "said"

[control]
kinds = ["other-row"]

[human-reference]

[anchor]
file = "rows.jsonl"
margin = 0.1

[report]
resamples = 500
sound_threshold = 0.7
texts = "short"
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-judge")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def test_every_table_becomes_what_it_says(tmp_path: Path) -> None:
    """Paths are relative to the file; the words none and auto have the meaning that they have as flags."""
    study = study_of(tmp_path, WHOLE)
    assert (study.rows, study.folder, study.limit) == (tmp_path / "rows.jsonl", tmp_path / "out", 20)
    judge = study.judge
    assert judge.base_urls == ("http://127.0.0.1:2/v1", "http://127.0.0.1:3/v1") and judge.api_key == "sk-judge"
    assert (judge.max_tokens, judge.concurrent_requests, judge.temperature) == (None, None, 0.0)
    assert judge.prices == (1.0, 2.5) and judge.extra_body == {"enable_thinking": False}
    assert study.matching == {"granularity": "pairs", "num_samples": 2, "guard": "zero"}
    assert study.decomposer is not None and study.decomposer.step.text_fields == ("feedback", "notes")
    assert (study.decomposer.step.min_items, study.decomposer.step.max_items) == (2, 7)
    listed, asked, written = study.models
    assert (listed.critic, listed.endpoint) == (None, None)
    assert asked.critic is not None and asked.endpoint is not None and asked.endpoint.requests_per_minute == 30
    assert (asked.critic.orders, asked.critic.orders_rule, asked.critic.top_k) == ("both", "sum", 5)
    assert written.critic is not None and written.critic.from_field == "said" and written.endpoint is None
    assert study.controls == ("other-row",) and study.human_reference and not study.flaws
    assert study.anchor is not None and study.anchor.margin == 0.1
    assert (study.report.resamples, study.report.texts, study.report.scoring.sound_threshold) == (500, "short", 0.7)


def test_the_key_of_the_environment_goes_to_no_server_that_the_file_names(tmp_path: Path) -> None:
    """Such a server gets the key of its own variable, or none; OpenAI's own address gets OPENAI_API_KEY."""
    models = '[[models]]\nname = "a"\nmodel = "x"\napi_base = "http://127.0.0.1:4/v1"\n'
    models += (
        f'[[models]]\nname = "b"\nmodel = "y"\n[[models]]\nname = "c"\nmodel = "z"\napi_base = "{DEFAULT_BASE_URL}"'
    )
    study = study_of(tmp_path, GOOD + models)
    assert [model.endpoint and model.endpoint.api_key for model in study.models] == [None, "", "sk-openai", "sk-openai"]


def test_the_folder_has_the_name_of_the_file(tmp_path: Path) -> None:
    """Without a key `folder`."""
    assert study_of(tmp_path).folder == tmp_path / "study"


def changed(old: str, new: str) -> str:
    assert old in WHOLE, old
    return WHOLE.replace(old, new, 1)


BAD = {
    "a misspelt table": (changed("[judge]", "[juge]"), "juge: unknown; did you mean judge?"),
    "a misspelt key": (
        changed("temperature", "temprature"),
        "[judge] temprature: unknown key; did you mean temperature?",
    ),
    "a key of another table": (
        changed("limit = 20", "limit = 20\ntop_k = 1"),
        "[data] top_k: unknown key; there are rows",
    ),
    "the key itself": (changed("api_key_env = ", "api_key = "), "[judge] api_key: unknown key; a key never goes into"),
    "a key in place of its variable": (
        changed('"JUDGE_KEY"', '"sk-secret-1"'),
        "[judge] api_key_env is no name of a variable",
    ),
    "an unset variable": (changed('"JUDGE_KEY"', '"NOT_SET_1"'), "[judge] api_key_env: the variable that it names is"),
    "a text for a number": (changed("temperature = 0", 'temperature = "hot"'), "[judge] temperature is 'hot'; it is a"),
    "a number for a text": (changed('"judge-1"', "4"), "[judge] model is 4; it is a text in quotes"),
    "an empty text": (changed('"judge-1"', '" "'), "[judge] model is ' '; it is a text in quotes"),
    "true for a number": (
        changed("limit = 20", "limit = true"),
        "[data] limit is True; it is a whole number from 1 up",
    ),
    "no rows": (changed("limit = 20", "limit = 0"), "[data] limit is 0; it is a whole number from 1 up"),
    "a text for a list": (
        changed('["feedback", "notes"]', '"feedback"'),
        "[decomposer] text_fields is 'feedback'; it is a list of texts",
    ),
    "a wrong choice": (changed('"pairs"', '"pair"'), "[judge] granularity is 'pair'; it is one of item, pairs, row"),
    "no address": (changed("http://127.0.0.1:4/v1", "localhost"), "[[models]] asked"),
    "a missing file": (changed('"rows.jsonl"', '"row.jsonl"'), "row.jsonl does not exist; paths are relative to the"),
    "a missing anchor": (changed('file = "rows.jsonl"', 'file = "x"'), "[anchor] file: "),
    "one price": (changed("price_input = 1\n", ""), "[judge] price_input and price_output go together"),
    "no judge": (changed('model = "judge-1"\n', ""), "[judge] model is missing"),
    "a name twice": (changed('"asked"', '"M"'), "[[models]] 2: name M is there twice"),
    "no name": (changed('name = "asked"\n', ""), "[[models]] 2 name is missing"),
    "the name human": (changed('"asked"', '"Human"'), "name Human is not allowed for a model"),
    "a name with a comma": (changed('"asked"', '"a,b"'), "name a,b is not allowed for a model"),
    "an endpoint without a model": (changed('model = "qwen"\n', ""), "[[models]] asked model is missing"),
    "sum without both orders": (changed('orders = "both"\n', ""), '[[models]] asked orders_rule "sum" needs two'),
    "three responses": (changed('"response2"]', '"response2", "c"]'), "[[models]] asked response_fields names two"),
    "a text and an endpoint": (
        changed('from_field = "said"', 'from_field = "said"\nmodel = "x"'),
        "[[models]] written from_field reads a text and asks nothing: leave out model",
    ),
    "an embedded critic": (changed('"qwen"', '"embedded"'), "[[models]] asked model embedded only matches lists"),
    "an unknown control": (
        changed('["other-row"]', '["other-rows"]'),
        "other-rows is no control; did you mean other-row?",
    ),
    "bounds upside down": (
        changed("min_items = 2", "min_items = 9"),
        "[decomposer] min_items 9 is more than max_items 7",
    ),
    "flaws by the embedded judge": (f"flaws = true\n{GOOD}", "flaws: the embedded judge cannot read reasons"),
    "one model table": (GOOD.replace("[[models]]", "[models]"), "[models] is written [[models]], once for each model"),
    "a table as a text": (
        GOOD.replace("[data]", 'anchor = "x"\n[data]'),
        "anchor is 'x'; it is a table, as in {key = 1}",
    ),
    "rows in a directory": (GOOD.replace('"rows.jsonl"', '"."'), "[data] rows: "),
    "two judges": (changed("[judge]", "[[judge]]"), "[[judge]] there is one judge: write [judge]"),
    "a folder that is a file": (changed('"out"', '"rows.jsonl"'), "rows.jsonl is a file; name a directory"),
    "no TOML": (changed("limit = 20", "limit = "), "no TOML: "),
    "a table twice": (WHOLE + "\n[data]\n", "no TOML: "),
    "a margin beyond 1": (
        changed("margin = 0.1", "margin = 5"),
        "[anchor] margin is 5; it is a finite number within 0..1",
    ),
    "a wrong threshold": (changed("= 0.7", "= 7"), "[report] sound_threshold is 7; it is a finite number within 0..1"),
    "an unknown text size": (changed('"short"', '"long"'), "[report] texts is 'long'; it is one of"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_meant_is_one_line_with_file_table_and_key(tmp_path: Path, name: str) -> None:
    """The line names the file first; no value of a key is in it."""
    text, message = BAD[name]
    write_rows(tmp_path / "rows.jsonl")
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        read_study(tmp_path / "study.toml")
    line = str(raised.value)
    assert line.startswith(f"{tmp_path / 'study.toml'}: ") and message in line and "\n" not in line
    assert "sk-" not in line


def test_a_judge_without_a_key_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenAI's own address needs one."""
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UsageError, match=r"\[judge\] no API key for the judge: set OPENAI_API_KEY"):
        study_of(tmp_path, GOOD.replace("embedded", "gpt-4o"))


def test_a_plan_needs_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent."""
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("JUDGE_KEY")
    write_rows(tmp_path / "rows.jsonl")
    for text in (WHOLE, GOOD.replace("embedded", "gpt-4o")):
        (tmp_path / "study.toml").write_text(text)
        assert read_study(tmp_path / "study.toml", needs_keys=False).judge.api_key == ""


@pytest.mark.parametrize(("name", "message"), [("no.toml", "does not exist; `study init"), ("", "is a directory")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, message: str) -> None:
    """The line says what to do."""
    with pytest.raises(UsageError, match=message):
        read_study(tmp_path / name)


def test_a_file_without_models_says_what_to_add(tmp_path: Path) -> None:
    """A study has a model under test."""
    with pytest.raises(UsageError, match=r"no model under test; add a table \[\[models\]\]"):
        study_of(tmp_path, GOOD.partition("[[models]]")[0])
