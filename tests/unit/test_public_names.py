"""The names that `import metajudge` gives."""

import ast
from pathlib import Path

import pytest

import metajudge


def test_every_public_name_is_there_and_listed_once() -> None:
    """What a type checker reads, what is imported on first use, and `__all__` are the same names."""
    tree = ast.parse(Path(metajudge.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.name for line in block.body if isinstance(line, ast.ImportFrom) for alias in line.names}
    assert (
        typed | {"__version__"} == set(metajudge.__all__) == set(dir(metajudge)) == {*metajudge._ROOM_OF, "__version__"}
    )
    assert all(hasattr(metajudge, name) for name in typed)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = metajudge.nothing  # type: ignore[attr-defined]
