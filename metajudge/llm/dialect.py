"""Requests and responses as one server takes and gives them, whatever carries them."""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metajudge.llm.completion import Reply, parse_completion
from metajudge.llm.errors import FatalError, parse_error

log = logging.getLogger("metajudge")


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """A judge and the parameters of its requests."""

    model: str
    base_url: str
    api_key: str = field(repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Sent with every request, such as `temperature`; None is not sent. A request is repeated without a refused one."""
    timeout: float = 600.0
    """Seconds for one request, from connecting to the last byte."""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    connections: int = 10
    """Open at the same time, at most."""


class ParameterRefused(Exception):
    """The server refuses parameters of a request, which may be answered without them."""

    def __init__(self, *parameters: str) -> None:
        super().__init__(", ".join(parameters))
        self.parameters = parameters


class Dialect:
    """Makes the bodies of requests and reads responses; leaves out the parameters that the server refuses."""

    def __init__(self, config: ClientConfig, *, answered: bool = False) -> None:
        """`answered`: the server is known to answer, so that key, address and model are right."""
        self._config, self._has_answered = config, answered
        self.dropped_params: list[str] = []
        """Parameters that the server refuses, in the order of its errors."""

    def body(self, messages: Sequence[Mapping[str, str]], dropped: Collection[str]) -> dict[str, Any]:
        """Return the body of a request, without the parameters in `dropped`."""
        values = {**self._config.parameters, "stream": False}
        if "max_tokens" in dropped:
            values["max_completion_tokens"] = values["max_tokens"]
        sent = {name: value for name, value in values.items() if value is not None and name not in dropped}
        return {"messages": messages, "model": self._config.model, **sent, **self._config.extra_body}

    def read(
        self, status: int, headers: Mapping[str, str], content: bytes, seconds: float, body: Mapping[str, Any]
    ) -> Reply:
        """Return the reply of a response to the request `body`. Raises a `JudgeError`, or `ParameterRefused`."""
        key, answered = self._config.api_key, self._has_answered
        where = f"{self._config.base_url} with model {self._config.model}"
        if status < 300:
            kind = headers.get("content-type", "")
            reply = parse_completion(content, kind, seconds, key=key, where=where, answered=answered)
            self._has_answered = True
            return reply
        error = parse_error(status, headers, content, key)
        parameter = error.refused_parameter([name for name in body if name not in ("messages", "model")])
        is_users = parameter in self._config.extra_body
        if parameter is None or (is_users and answered):
            raise error.failure(where, answered=answered)
        if is_users:
            raise FatalError("extra body", f"the judge refuses {parameter} of `extra_body`: {error.message}")
        # A value that is too large is refused under the other name, too.
        is_value = parameter == "max_tokens" and error.refuses_value
        raise ParameterRefused(parameter, *(["max_completion_tokens"] if is_value else []))

    def drop(self, parameters: Sequence[str]) -> None:
        """Leave these parameters out of all further requests, and log the new ones."""
        for parameter in parameters:
            if parameter in self.dropped_params:
                continue
            self.dropped_params.append(parameter)
            is_renamed = parameter == "max_tokens" and "max_completion_tokens" not in parameters
            change = "sending max_completion_tokens instead" if is_renamed else "leaving it out"
            log.warning("the judge refuses %s: %s for the rest of the run", parameter, change)


def request_content(body: Mapping[str, object]) -> bytes:
    """Return a body as JSON; what UTF-8 cannot encode is replaced."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
