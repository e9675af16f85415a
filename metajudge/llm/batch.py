"""Files and batches of a provider that has OpenAI's Batch API, through the OpenAI client."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

import httpx2
import openai

from metajudge.errors import MetaJudgeError, UsageError
from metajudge.llm.errors import parse_error
from metajudge.llm.transport import connection_error, find_proxy, ssl_context

METADATA_KEY = "metajudge"
"""Key of a batch's metadata that holds its mark."""
_TIMEOUT = 600.0
_LISTED = 1000
"""Newest files and batches among which a lost one is looked for."""
_QUEUE_FULL = re.compile(
    r"token_limit_exceeded|enqueued.{0,20}(token|limit)|batch.{0,20}queue.{0,20}full", re.IGNORECASE
)


class QueueFull(MetaJudgeError):
    """Raised when the provider's queue of batches has no place for another one now."""


@dataclass(frozen=True, slots=True)
class BatchState:
    """A batch as the provider reports it."""

    id: str
    status: str
    """`validating`, `in_progress`, `finalizing`, `completed`, `failed`, `expired`, `cancelling`, `cancelled`, …"""
    output_file_id: str | None = None
    error_file_id: str | None = None
    done: int | None = None
    """Answered requests."""
    message: str = ""
    """Why the provider has refused the whole batch."""

    @property
    def is_queue_full(self) -> bool:
        """True if the batch was refused because too many tokens wait already."""
        return self.status == "failed" and _QUEUE_FULL.search(self.message) is not None


class BatchClient:
    """Sends files of requests and fetches their results. Use it as a context manager.

    Every method raises a `JudgeError` if the provider refuses, or cannot be reached.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        """Make a client; nothing is sent yet."""
        self._base_url, self._api_key = base_url, api_key
        # Rows go to no other address: a redirection is followed for results only.
        self._http = httpx2.Client(
            proxy=find_proxy(base_url),
            trust_env=False,
            verify=ssl_context() if base_url.startswith("https:") else True,
            follow_redirects=False,
        )
        self._client = openai.OpenAI(
            api_key=api_key, base_url=base_url, http_client=self._http, timeout=_TIMEOUT, max_retries=3
        )
        # A request that costs money is sent once: after an unclear failure its effect is looked for first.
        self._once = self._client.with_options(max_retries=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()

    def upload(self, path: Path, name: str) -> str:
        """Upload a file of requests under this name, and return its id."""
        with self._failures("files"), path.open("rb") as file:
            return self._once.files.create(file=(name, file, "application/jsonl"), purpose="batch").id

    def find_file(self, name: str) -> str | None:
        """Return the id of an uploaded file; None if there is none, or the provider lists no files."""
        try:
            with self._failures("files"):
                files = islice(self._client.files.list(purpose="batch"), _LISTED)
                return next((one.id for one in files if one.filename == name), None)
        except UsageError:
            return None  # a second upload costs nothing

    def create(self, file_id: str, url: str, mark: str, window: str) -> BatchState:
        """Create the batch of an uploaded file; `mark` makes it known again. Raises `QueueFull`."""
        fields: dict[str, Any] = {"input_file_id": file_id, "endpoint": url, "completion_window": window}
        with self._failures("batches"):
            try:
                return self._state(self._once.batches.create(**fields, metadata={METADATA_KEY: mark}))
            except openai.APIStatusError as error:
                found = parse_error(error.status_code, {}, error.response.content, self._api_key)
                if error.status_code in (400, 403, 429) and _QUEUE_FULL.search(found.message + found.code):
                    raise QueueFull(found.message) from None
                if found.refused_parameter(["metadata"]) is None:
                    raise
            # Such a batch is known again by its input file.
            return self._state(self._once.batches.create(**fields))

    def find(self, mark: str, file_id: str | None) -> BatchState | None:
        """Return the batch with this mark or input file, if one was created."""
        with self._failures("batches"):
            for batch in islice(self._client.batches.list(limit=100), _LISTED):
                is_marked = (batch.metadata or {}).get(METADATA_KEY) == mark
                state = self._state(batch)
                if (is_marked or (file_id and batch.input_file_id == file_id)) and not state.is_queue_full:
                    return state
        return None

    def look(self, batch_id: str) -> BatchState:
        """Return the state of a batch."""
        with self._failures(f"batch {batch_id}"):
            return self._state(self._client.batches.retrieve(batch_id))

    def cancel(self, batch_id: str) -> BatchState:
        """Ask the provider to end a batch."""
        with self._failures(f"batch {batch_id}"):
            return self._state(self._client.batches.cancel(batch_id))

    def download(self, file_id: str, target: Path) -> None:
        """Write a file of results to `target`, which is incomplete if this raises."""
        with self._failures(f"file {file_id}"):
            self._http.follow_redirects = True
            try:
                with self._client.files.with_streaming_response.content(file_id) as response:
                    response.stream_to_file(target)
            finally:
                self._http.follow_redirects = False

    def _state(self, batch: openai.types.Batch) -> BatchState:
        errors = (batch.errors.data if batch.errors else None) or []
        reasons = dict.fromkeys(f"{one.code or 'error'}: {one.message or 'no message'}" for one in errors)
        counts = batch.request_counts
        return BatchState(
            batch.id,
            str(batch.status).lower(),
            batch.output_file_id or None,
            batch.error_file_id or None,
            None if counts is None else (counts.completed or 0) + (counts.failed or 0),
            "; ".join(reasons)[:500],
        )

    @contextlib.contextmanager
    def _failures(self, what: str) -> Iterator[None]:
        try:
            yield
        except openai.APIStatusError as error:
            response = error.response
            found = parse_error(error.status_code, response.headers, response.content, self._api_key)
            if error.status_code in (404, 405, 501):
                raise UsageError(f"{self._base_url} has no {what} ({error.status_code}): {found.message}") from None
            raise found.failure(self._base_url) from None
        except (openai.APIConnectionError, httpx2.TransportError, OSError) as error:
            raise connection_error(error, self._base_url, self._api_key, _TIMEOUT) from None
        except openai.OpenAIError as error:
            raise MetaJudgeError(f"{self._base_url} gives no readable answer about {what}: {error}") from None
