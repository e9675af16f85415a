"""Whether a proxy stands between this machine and an address."""

from __future__ import annotations

import ipaddress
import urllib.request
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def needs_proxy(url: str) -> bool:
    """Whether the environment names a proxy for `url`; this machine is never asked through one."""
    if is_loopback(url):
        return False
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    named = parts.scheme in proxies or "all" in proxies
    return named and not urllib.request.proxy_bypass(parts.netloc)
