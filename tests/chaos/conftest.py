"""The judge of a module's tests. The module's `LATENCY` is its seconds per reply."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.processes import JudgeServer


@pytest.fixture
def judge(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JudgeServer]:
    with JudgeServer(tmp_path / "served.log", "--latency", str(getattr(request.module, "LATENCY", 0))) as server:
        yield server
