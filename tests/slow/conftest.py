"""Slow tests are not traced: other tests reach the same lines, and a tracer doubles the time of simulations."""

import pytest


@pytest.fixture(autouse=True)
def _untraced(untraced: None) -> None:
    """Every test here is `untraced`."""
