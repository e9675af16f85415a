"""Options of the test suite."""

import os
import signal
from collections.abc import Iterator

import coverage
import pytest
from hypothesis import settings

# Benchmarks measure time: on a busy machine a slow example proves nothing.
settings.register_profile("metajudge", deadline=None)
settings.load_profile("metajudge")


# A script's background processes ignore SIGINT, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


# xdist gives its workers a width; a report is 100 wide without one.
os.environ.pop("COLUMNS", None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))


@pytest.fixture
def untraced() -> Iterator[None]:
    """Stop the coverage tracer during a test that measures time, or that simulates what other tests trace."""
    tracer = coverage.Coverage.current()
    if tracer is None:
        yield
        return
    tracer.stop()
    yield
    tracer.start()
