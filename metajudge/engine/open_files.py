"""The number of files that this process may have open."""

import contextlib
import logging

log = logging.getLogger("metajudge")

_OPEN_FILES = 10_240
"""Requested at least; the system may grant less. macOS grants no more, and only 256 without a request."""
_OTHERS = 64
"""Files that a run has open beside its sockets, and some to spare."""


def raise_open_file_limit(sockets: int) -> None:
    """Let this process open `sockets` sockets at once; warn if the system allows fewer."""
    wanted = sockets + _OTHERS
    allowed = _allow_open_files(max(wanted, _OPEN_FILES))
    if allowed is not None and allowed < wanted:
        log.warning(
            "%d connections need as many open files, but only %d may be open: raise the limit (ulimit -n), "
            "or lower `concurrent_requests`",
            sockets,
            allowed,
        )


def _allow_open_files(wanted: int) -> int | None:
    """Raise this process's limit as far as it may; return how many files can be open, None = no known limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = wanted if most == resource.RLIM_INFINITY else min(most, wanted)
    if allowed == resource.RLIM_INFINITY or allowed >= wanted:
        return None if allowed == resource.RLIM_INFINITY else allowed
    for number in (min(wanted, _OPEN_FILES), wanted):
        with contextlib.suppress(OSError, ValueError):  # not granted: the limit stays
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(number, allowed), most))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
