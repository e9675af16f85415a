"""One request to each endpoint of a study, before the study."""

import asyncio
from dataclasses import dataclass, replace

from metajudge.engine import JudgeConfig, client_config, run_to_end
from metajudge.errors import MetaJudgeError
from metajudge.llm import EMBEDDED, JudgeClient
from metajudge.studies.study import Study
from metajudge.text import printable

_QUESTION = ({"role": "user", "content": "Reply with the one word: ready"},)
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Probe:
    """Answer of one endpoint."""

    name: str
    """Table of the file, or the model under test."""
    model: str
    base_url: str
    """Empty for the embedded judge."""
    problem: str = ""
    """Why it did not answer; empty if it did."""
    seconds: float = 0.0
    text: str = ""
    """Beginning of its reply."""


def probe_endpoints(study: Study) -> list[Probe]:
    """Ask every endpoint once, all at the same time; in the order of the study's tables."""
    return run_to_end(_all(study))


async def _all(study: Study) -> list[Probe]:
    asked = [(name, config, base) for name, config in study.endpoints().items() for base in config.base_urls]
    return await asyncio.gather(*(_one(*one) for one in asked))


async def _one(name: str, config: JudgeConfig, base_url: str) -> Probe:
    if config.model == EMBEDDED:
        return Probe(name, config.model, "", text="in this process, nothing is sent")
    client = replace(client_config(config, base_url), timeout=min(config.timeout, _TIMEOUT))
    try:
        async with JudgeClient(client) as judge:
            reply = await judge.ask(_QUESTION)
    except MetaJudgeError as error:
        return Probe(name, config.model, base_url, problem=str(error))
    text = printable(" ".join((reply.text or "").split())[:40])
    return Probe(name, config.model, base_url, seconds=reply.latency_s, text=text)
