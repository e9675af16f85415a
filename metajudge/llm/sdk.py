"""The OpenAI SDK, imported without what a chat request does not need: its start takes half the time.

`import openai` reads some 470 modules of types, nearly all of them through the `__init__` of their packages. Here these
packages are read when something is first looked up in them; what the SDK itself needs, it finds as ever.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
import threading
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from types import ModuleType

_PACKAGE = "openai"
_TYPES = f"{_PACKAGE}.types"
_READING = threading.RLock()


class _Unread(ModuleType):
    """A package whose `__init__` has not run. Its modules can be imported; a name that it lacks makes it run."""

    def __getattr__(self, name: str) -> object:
        with _READING:
            if type(self) is _Unread:
                # First: what follows looks names up here, too.
                self.__class__ = ModuleType  # type: ignore[assignment]  # an ordinary module from now on
                assert self.__spec__ is not None and isinstance(self.__spec__.loader, _Later)
                self.__spec__.loader.real.exec_module(self)
        return getattr(self, name)


class _Later(Loader):
    """Leaves a package's contents for later."""

    def __init__(self, real: Loader) -> None:
        self.real = real

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """The module is made as ever."""

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Unread


class _TypesLater(MetaPathFinder):
    """Finds the SDK's packages of types, to be read later."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _TYPES and not fullname.startswith(f"{_TYPES}."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and spec.submodule_search_locations is not None:
            spec.loader = _Later(spec.loader)
        return spec


def _import() -> None:
    """Import the SDK, once; as anybody would where it is there already or does not bear to be read in parts."""
    if _PACKAGE in sys.modules:
        return
    finder = _TypesLater()
    sys.meta_path.insert(0, finder)
    try:
        importlib.import_module(_PACKAGE)
    except ImportError:
        for name in [name for name in sys.modules if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]:
            del sys.modules[name]
    finally:
        sys.meta_path.remove(finder)


_import()
import openai  # noqa: E402  (as prepared above, or as ever)

__all__ = ["openai"]
