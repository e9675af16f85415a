"""The SDK without the types that nobody asked for is the same SDK."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.e2e.driver import environment
from tests.servers import ROOT

# The public names of every package of types, in a process that has looked none of them up before.
_NAMES = """
import importlib, json, pkgutil, sys
{how}
import openai.types
read = len([name for name in sys.modules if name.startswith("openai.types")])
packages = [one.name for one in pkgutil.walk_packages(openai.types.__path__, "openai.types.") if one.ispkg]
names = {{}}
for name in ["openai.types", *packages]:
    package = importlib.import_module(name)
    hasattr(package, "a name that no package has")
    names[name] = sorted(public for public in vars(package) if not public.startswith("_"))
print(json.dumps([read, names]))
"""


def run(code: str) -> str:
    """What a new interpreter prints."""
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    return found.stdout


def test_every_name_is_found_when_it_is_looked_up() -> None:
    """In all packages of types; and less than a third of their modules are read before."""
    early, as_ever = json.loads(run(_NAMES.format(how="import openai")))
    late, ours = json.loads(run(_NAMES.format(how="from metajudge.llm.sdk import openai")))
    assert ours == as_ever and len(ours) > 10 and "ChatCompletion" in ours["openai.types.chat"]
    assert late < early / 3


def test_types_and_calls_work_as_ever() -> None:
    """A model of a package that was not read before, a star import, and the client's own methods."""
    code = """
from metajudge.llm.sdk import openai
from openai.types.chat import ChatCompletion
from openai.types.responses import *
message = {"role": "assistant", "content": "hi"}
one = ChatCompletion.model_validate(
    {"id": "1", "created": 0, "model": "m", "object": "chat.completion",
     "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
)
client = openai.AsyncOpenAI(api_key="x")
print(one.choices[0].message.content, Response.__name__, callable(client.chat.completions.create))
"""
    assert run(code) == "hi Response True\n"


def test_an_sdk_that_does_not_bear_it_is_imported_as_ever() -> None:
    """A later release may look into its packages while they are made."""
    code = """
import sys
from importlib.abc import Loader
class Refuses(Loader):
    def __init__(self, real): pass
    def create_module(self, spec): raise ImportError("not like this")
    def exec_module(self, module): pass
import importlib.util
spec = importlib.util.find_spec("metajudge.llm.sdk")
source = spec.loader.get_source("metajudge.llm.sdk").replace("spec.loader = _Later(", "spec.loader = Refuses(")
space = {"__name__": "metajudge.llm.sdk", "Refuses": Refuses}
exec(compile(source, "sdk", "exec"), space)
read = [name for name in sys.modules if name.startswith("openai.types")]
print(space["openai"].AsyncOpenAI.__name__, len(read) > 300)
"""
    assert run(code) == "AsyncOpenAI True\n"


def test_an_sdk_that_is_there_already_is_left_alone() -> None:
    """Whoever imported it may hold its modules."""
    assert run("import openai as first\nfrom metajudge.llm.sdk import openai\nprint(first is openai)") == "True\n"
