"""The published files, downloaded with `huggingface_hub` and checked by size and sha256 before they get their names."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from metajudge.errors import MetaJudgeError, UsageError

DATA_SET = "Qwen/RationaleRM"
_REFUSALS = {
    401: "HF_TOKEN, or the saved token, is missing or refused",
    403: "access is refused",
    404: "it is not there",
}


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file of the data set."""

    source: str
    """Path in the data set."""
    target: str
    """Path below the local root directory."""
    size: int
    """In bytes."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file in its place, with the published size and sha256."""

    path: Path
    was_there: bool
    """Nothing had to be downloaded."""
    set_aside: Path | None = None
    """New name of another file that had its name."""


class NotDownloaded(MetaJudgeError):
    """A file could not be downloaded; the user need not change anything."""


def download_file(file: PublishedFile, root: Path) -> Downloaded:
    """Put a file into its place below `root`, if needed. Raises `NotDownloaded`, `UsageError` and `OSError`."""
    path = root / file.target
    if _is_right(path, file):
        return Downloaded(path, was_there=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".download-", dir=path.parent) as folder:
        arrived = _from_hub(file, folder)
        if not _is_right(arrived, file):
            raise NotDownloaded(f"{file.source}: the hub sends another size or sha256 than published; try again later")
        aside = _set_aside(path)
        arrived.replace(path)
    return Downloaded(path, was_there=False, set_aside=aside)


def _is_right(path: Path, file: PublishedFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as there:
        return hashlib.file_digest(there, "sha256").hexdigest() == file.sha256


def _set_aside(path: Path) -> Path | None:
    """Rename another file of this name, because it may be somebody's work."""
    if not os.path.lexists(path):
        return None
    names = (path.with_name(f"{path.name}.set-aside{number}") for number in ("", *range(2, 1000)))
    return path.rename(next(name for name in names if not os.path.lexists(name)))


def _from_hub(file: PublishedFile, folder: str) -> Path:
    try:
        import httpx2
        from huggingface_hub import errors, hf_hub_download
    except ImportError:
        raise UsageError(
            "downloading needs huggingface_hub; install it with: pip install '.[data]' (or pip install huggingface_hub)"
        ) from None
    try:
        return Path(hf_hub_download(DATA_SET, file.source, repo_type="dataset", local_dir=folder))
    except (httpx2.HTTPError, errors.LocalEntryNotFoundError, errors.FileMetadataError) as error:
        cause = error.__cause__ if isinstance(error, errors.LocalEntryNotFoundError) else error
        if isinstance(cause, errors.OfflineModeIsEnabled):
            raise UsageError("HF_HUB_OFFLINE is set, so nothing is downloaded; unset it") from None
        if isinstance(cause, errors.HfHubHTTPError):
            status = cause.response.status_code
            kind = UsageError if status == 401 else NotDownloaded
            raise kind(f"{file.source}: the hub answers {status}: {_REFUSALS.get(status, 'try again later')}") from None
        reason = f"no connection to the hub ({type(cause).__name__}); check the network and the proxy variables"
        raise NotDownloaded(f"{file.source}: {reason}, then run the same command again") from None
