"""The base URL of a judge as users write it, and the proxy that leads to it."""

import contextlib
import ipaddress
import re
import urllib.request
from urllib.parse import urlsplit

from metajudge.errors import UsageError

DEFAULT_BASE_URL = "https://api.openai.com/v1"
EMBEDDED = "embedded"
"""The judge that a run starts itself."""


def parse_base_url(text: str, named: str) -> str:
    """Return the base URL, without the path of the requests that some copy with it.

    Raises `UsageError` for what is no address or holds what would not be sent; `named`: what the user calls it.
    """
    url = str(text).strip().rstrip("/").removesuffix("/chat/completions")
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, half of a bracket
        is_address = False
    if not is_address or re.search(r"\s", url):
        raise UsageError(f"{named} {url} is no address; it looks like http://127.0.0.1:8000/v1")
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"{named} holds a name or password; put what the judge wants to see into OPENAI_API_KEY")
    if parts.query or parts.fragment:
        raise UsageError(f"{named} {url} has something behind its path, which would not be sent; leave it out")
    return url


def is_loopback(url: str) -> bool:
    """Return whether `url` names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def find_proxy(url: str) -> str | None:
    """Return the URL of the proxy that the environment names for `url`; this machine is never asked through one.

    Raises `UsageError` for a kind of proxy that cannot be used.
    """
    parts, proxies = urlsplit(url), urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_loopback(url) or _is_excluded(parts.netloc, parts.hostname or "", proxies.get("no", "")):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    kind = urlsplit(proxy).scheme
    if kind not in ("http", "https"):
        raise UsageError(f"the proxy for {url} is of the kind {kind}; name an http proxy in {parts.scheme}_proxy")
    return proxy


def _is_excluded(netloc: str, host: str, no_proxy: str) -> bool:
    """Return whether NO_PROXY covers the host, as a name or in a network such as 10.0.0.0/8."""
    if urllib.request.proxy_bypass(netloc):
        return True
    for entry in no_proxy.split(","):  # urllib knows no networks
        with contextlib.suppress(ValueError):
            if ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip(), strict=False):
                return True
    return False
