"""The number of files that this process may have open."""

import contextlib
import logging
import resource

log = logging.getLogger("metajudge")

_OPEN_FILES = 10_240
"""Requested at least; the system may grant less. macOS grants no more, and only 256 without a request."""
_OTHERS = 64
"""Files that a run has open beside its sockets, and some to spare."""


def raise_open_file_limit(sockets: int) -> None:
    """Let this process open `sockets` sockets at once; warn if the system allows fewer."""
    needed = sockets + _OTHERS
    for wanted in (_OPEN_FILES, needed):
        allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if allowed != resource.RLIM_INFINITY and allowed < wanted:
            number = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
            with contextlib.suppress(OSError, ValueError):  # not granted: the limit stays
                resource.setrlimit(resource.RLIMIT_NOFILE, (number, most))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        log.warning(
            "%d connections need as many open files, but only %d may be open: raise the limit (ulimit -n), "
            "or lower `concurrent_requests`",
            sockets,
            allowed,
        )
