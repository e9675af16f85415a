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


def test_the_typed_script_uses_every_public_name() -> None:
    """`tests/slow/test_typed_use.py` checks its types outside the checkout."""
    tree = ast.parse(Path(metajudge.__file__).parents[1].joinpath("tests/typed_use.py").read_text(encoding="utf-8"))
    (imported,) = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "metajudge")
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert {alias.name for alias in imported.names} | {"__version__"} == set(metajudge.__all__)
    assert {alias.name for alias in imported.names} <= used
    assert any(isinstance(node, ast.Attribute) and node.attr == "__version__" for node in ast.walk(tree))
