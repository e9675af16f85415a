"""Slow tests are not traced: other tests reach the same lines, and simulations take twice as long with a tracer."""

from collections.abc import Iterator

import coverage
import pytest


@pytest.fixture(autouse=True)
def untraced() -> Iterator[None]:
    tracer = coverage.Coverage.current()
    if tracer is None:
        yield
        return
    tracer.stop()
    yield
    tracer.start()
