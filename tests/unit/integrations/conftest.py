"""A judge for the trainers' tests."""

from collections.abc import Iterator

import pytest

from metajudge.engine import JudgeConfig
from tests.servers import running


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Serve a judge that is right except for the faults in the texts."""
    with running("tests.servers.faulty") as base_url:
        yield base_url


@pytest.fixture
def judge(url: str) -> JudgeConfig:
    """Return that judge without retries; the tests ask it item by item."""
    return JudgeConfig(model="m", api_base=url, max_retries=0)
