"""The way of parts through a provider: submitted, looked at, cancelled, downloaded.

The manifest is written before every call that may cost money and after it. A part whose manifest says `submitting` was
interrupted: its file and its batch are looked for at the provider before anything is sent again.
"""

import logging

from metajudge.errors import MetaJudgeError
from metajudge.llm.batch import BatchClient, BatchState, QueueFull
from metajudge.records import CANCELLED, SUBMITTING, WAITING, BatchFolder, Manifest, Part

log = logging.getLogger("metajudge")


class Submission:
    """The parts of one manifest at their provider; the folder is locked by the caller."""

    def __init__(self, folder: BatchFolder, manifest: Manifest, client: BatchClient) -> None:
        self._folder, self._manifest, self._client = folder, manifest, client

    def submit(self, window: str) -> None:
        """Send the parts that are due and fit into the provider's queue. Raises a `MetaJudgeError`."""
        for part in self._manifest.parts:
            if part.state == SUBMITTING and not self._adopt(part):
                self._send(part, window)
        for part in self._manifest.parts:
            if part.is_unsent:
                if self._is_due(part):
                    self._send(part, window)
                else:
                    part.state = WAITING
                if part.state == WAITING:
                    break  # the next ones wait behind it
        self._save()

    def refresh(self) -> None:
        """Ask the provider for the state of every part that it works on. Raises a `MetaJudgeError`."""
        changed = False
        for part in self._manifest.parts:
            if part.is_in_flight and part.batch_id is not None:
                changed = self._note(part, self._client.look(part.batch_id)) or changed
        if changed:
            self._save()

    def cancel(self) -> None:
        """End every part that is not finished, also those that were not sent. Raises a `MetaJudgeError`."""
        for part in self._manifest.parts:
            if part.state == SUBMITTING:
                self._adopt(part)
            if part.is_unsent:
                part.state = CANCELLED
            elif part.is_in_flight and part.batch_id is not None:
                self._note(part, self._client.cancel(part.batch_id))
            self._save()

    def download(self) -> list[str]:
        """Fetch both result files of every finished part that lack here; return what failed, a line for each."""
        failed = []
        for part in self._manifest.open_parts:
            if part.is_terminal:
                for file_id, target in zip(
                    (part.output_file_id, part.error_file_id), self._folder.results(part), strict=True
                ):
                    if file_id is None or target.exists():
                        continue
                    loading = target.with_name(f"{target.name}.loading")
                    try:
                        self._client.download(file_id, loading)
                        loading.replace(target)
                    except MetaJudgeError as error:
                        failed.append(f"part {part.name}: {target.name} cannot be downloaded: {error}")
                        loading.unlink(missing_ok=True)
        return failed

    # ------------------------------------------------------------------ sending

    def _is_due(self, part: Part) -> bool:
        """Return whether a part that was not sent may fit into the queue now."""
        in_flight = [one for one in self._manifest.parts if one.is_in_flight]
        limit, refused = self._manifest.max_enqueued_tokens, part.in_flight_at_refusal
        if limit is not None and in_flight and sum(one.tokens for one in in_flight) + part.tokens > limit:
            return False
        return refused is None or not in_flight or len(in_flight) < refused

    def _send(self, part: Part, window: str) -> None:
        path = self._folder.requests(part)
        for _ in self._folder.custom_ids(part):  # raises if the file has changed
            pass
        part.state, part.message = SUBMITTING, ""
        self._save()
        if part.file_id is None:
            part.file_id = self._client.upload(path, _upload_name(part))
            self._save()
        try:
            state = self._client.create(part.file_id, self._manifest.url, part.mark, window)
        except QueueFull as error:
            self._wait(part, str(error))
        else:
            self._note(part, state)
        self._save()

    def _adopt(self, part: Part) -> bool:
        """Find the file and the batch of an interrupted submission; return True if there is a batch."""
        if part.file_id is None:
            part.file_id = self._client.find_file(_upload_name(part))
        state = self._client.find(part.mark, part.file_id)
        if state is None:
            return False
        log.warning("part %s was submitted as %s by an interrupted command", part.name, state.id)
        self._note(part, state)
        self._save()
        return True

    def _note(self, part: Part, state: BatchState) -> bool:
        """Copy the provider's state of a part; return True if it has changed."""
        before = (part.state, part.done, part.output_file_id, part.error_file_id)
        part.batch_id, part.state, part.done = state.id, state.status, state.done
        part.output_file_id, part.error_file_id = state.output_file_id, state.error_file_id
        part.message = state.message
        if state.is_queue_full:
            self._wait(part, state.message)
        return before != (part.state, part.done, part.output_file_id, part.error_file_id)

    def _wait(self, part: Part, message: str) -> None:
        part.state, part.batch_id, part.done, part.message = WAITING, None, None, message
        part.in_flight_at_refusal = sum(one.is_in_flight for one in self._manifest.parts)

    def _save(self) -> None:
        self._folder.write(self._manifest)


def _upload_name(part: Part) -> str:
    return f"metajudge-{part.mark[:32]}.jsonl"
