"""Fixtures for tests of the reports."""

import pytest

from metajudge.cli import main
from tests.unit.result_rows import Run


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `metajudge …` and returns exit code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(list(map(str, arguments)))
        return code, *capsys.readouterr()

    return call
