"""The configuration of a judge: values that are refused, and the environment."""

from typing import Any

import pytest

from metajudge.engine.concurrency import MOST_IN_FLIGHT
from metajudge.engine.config import JudgeConfig
from metajudge.errors import UsageError
from metajudge.llm.base_url import DEFAULT_BASE_URL, parse_base_url

HERE = "http://127.0.0.1:9/v1"


def test_the_environment_says_what_the_fields_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key loses blanks; the address also loses the path of the requests and a slash."""
    monkeypatch.setenv("OPENAI_API_KEY", " sk-x\n")
    monkeypatch.setenv("OPENAI_BASE_URL", f" {HERE}/chat/completions/ ")
    options = JudgeConfig.from_environment(model="m")
    assert (options.api_key, options.api_base) == ("sk-x", HERE)
    for text in (HERE, "localhost:9"):  # which is not looked at
        monkeypatch.setenv("OPENAI_BASE_URL", text)
        assert JudgeConfig.from_environment(api_base="https://other/v1/").api_base == "https://other/v1"


def test_the_embedded_judge_is_not_looked_for_at_another_judges_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of that address would get the texts and the key."""
    monkeypatch.setenv("OPENAI_BASE_URL", HERE)
    assert JudgeConfig.from_environment(model="embedded").api_base == DEFAULT_BASE_URL
    assert JudgeConfig.from_environment(model="embedded", api_base=HERE).api_base == HERE


@pytest.mark.parametrize(
    "text", [None, "127.0.0.1:9/v1", "ftp://h/v1", "localhost:8000/v1", "", "http://", "http://h:0/v1"]
)
def test_what_is_no_address_is_refused_at_once(text: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training script fails at once, and not with missing rewards hours later."""
    with pytest.raises(UsageError, match=r"^api_base .*is no address; a valid one is http://127\.0\.0\.1:8000/v1"):
        JudgeConfig(api_base=text)
    monkeypatch.setenv("OPENAI_BASE_URL", text or "x y")
    with pytest.raises(UsageError, match=r"^OPENAI_BASE_URL .*is no address"):
        JudgeConfig.from_environment(model="m")


@pytest.mark.parametrize(("text", "said"), [("http://u:p@h/v1", "a name"), ("http://h/v1?x=1", "a query or fragment")])
def test_what_would_not_be_sent_is_refused(text: str, said: str) -> None:
    """A password, which is not shown, and a query are refused."""
    with pytest.raises(UsageError, match=said) as refused:
        parse_base_url(text, "--api-base")
    assert ":p@" not in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("concurrent_requests", "auto", "'auto'; it is a whole number from 1 up, or None"),
        ("concurrent_requests", "256", "'256'; it is a whole number from 1 up, or None"),
        ("concurrent_requests", -1, "-1; it is a whole number from 1 up, or None"),
        ("concurrent_requests", 2.5, "2.5; it is a whole number"),
        ("max_retries", -1, "-1; it is a whole number from 0 up"),
        ("max_retries", None, "None; it is a whole number from 0 up"),
        ("max_tokens", True, "True; it is a whole number from 1 up"),
        ("timeout", None, "None; it is a finite number from 0.001 up"),
        ("timeout", 10**400, "1000"),
        ("timeout", "60", "'60'; it is a finite number from 0.001 up"),
        ("timeout", 0, "0; it is a finite number from 0.001 up"),
        ("temperature", float("nan"), "nan; it is a finite number from 0 up"),
        ("outage_timeout", float("inf"), "inf; it is a finite number from 0 up"),
        ("requests_per_minute", 0, "0; it is a finite number from 0.001 up, or None"),
    ],
)
def test_a_number_that_cannot_be_meant_is_refused_at_once(field: str, value: Any, said: str) -> None:
    """The message has the name, the value and the allowed values."""
    with pytest.raises(ValueError, match=f"^{field} is {said}"):
        JudgeConfig(**{field: value})


def test_what_the_flags_allow_is_allowed() -> None:
    least = JudgeConfig(
        concurrent_requests=None, max_retries=0, temperature=0, timeout=0.001, outage_timeout=0, shutdown_timeout=0
    )
    assert (least.connections, least.max_retries) == (MOST_IN_FLIGHT, 0)
    bounded = JudgeConfig(requests_per_minute=0.001, tokens_per_minute=1, max_cost=0, limit=1)
    assert (bounded.requests_per_minute, bounded.max_cost, bounded.connections) == (0.001, 0, 10)
