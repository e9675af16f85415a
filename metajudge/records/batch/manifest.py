"""The manifest of a run's batches: the command whose requests they hold, and what has become of each part."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

CREATED, SUBMITTING, WAITING, COLLECTED = "created", "submitting", "waiting", "collected"
"""States of a part that the provider does not know: written, being sent, refused for a full queue, and done."""
COMPLETED, FAILED, EXPIRED, CANCELLED = "completed", "failed", "expired", "cancelled"
TERMINAL = (COMPLETED, FAILED, EXPIRED, CANCELLED)
"""States in which a provider has ended its work on a part."""


@dataclass(slots=True)
class Part:
    """A file of requests and the state of its batch."""

    name: str
    """Three digits or more, such as 001."""
    sha256: str
    """Hash of the file."""
    requests: int
    size: int
    """Bytes."""
    tokens: int
    """Estimated prompt tokens."""
    mark: str
    """Unique text by which its batch is found again at the provider."""
    adapted: list[str] = field(default_factory=list)
    """Parameters that its requests leave out because the provider has refused them."""
    state: str = CREATED
    """One of ours, or that of the provider's batch."""
    file_id: str | None = None
    batch_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    done: int | None = None
    """Requests that the provider has answered."""
    message: str = ""
    """Reason of a failure, in the provider's words."""
    in_flight_at_refusal: int | None = None
    """Parts of ours at the provider when its queue was full; None = not refused."""

    @property
    def is_unsent(self) -> bool:
        """True if a submission is due."""
        return self.state in (CREATED, SUBMITTING, WAITING)

    @property
    def is_terminal(self) -> bool:
        """True if the provider has ended its work, or the results are collected."""
        return self.state in (*TERMINAL, COLLECTED)

    @property
    def is_in_flight(self) -> bool:
        """True while the provider works on it."""
        return not (self.is_unsent or self.is_terminal)


@dataclass(slots=True)
class Manifest:
    """Contents of the manifest: the command whose requests the parts hold, and the parts."""

    output: str
    """Name of the output that the folder belongs to."""
    command: str
    """`infer`, `decompose` or `critic`."""
    flags: dict[str, Any]
    """The command's options by name, without the key; paths are relative to the folder of the output."""
    fingerprint: str
    """Hash of the input's lines."""
    version: str
    """Version of this package that has made the requests."""
    api_base: str
    url: str
    """Address of a request, such as /v1/chat/completions."""
    discount: float
    """Price of a batch as a share of the price of single requests."""
    max_enqueued_tokens: int | None = None
    adapted: list[str] = field(default_factory=list)
    """Parameters that the provider has refused so far."""
    parts: list[Part] = field(default_factory=list)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a manifest; keys of later versions are ignored. Raises `TypeError` or `KeyError` if it is none."""
        known = {one.name: data[one.name] for one in fields(cls) if one.name in data}
        names = {one.name for one in fields(Part)}
        parts = [Part(**{name: value for name, value in one.items() if name in names}) for one in data["parts"]]
        return cls(**{**known, "parts": parts})

    @property
    def open_parts(self) -> list[Part]:
        """Parts whose results are not collected."""
        return [part for part in self.parts if part.state != COLLECTED]
