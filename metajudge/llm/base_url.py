"""The base URL of a judge as users write it."""

import re
from urllib.parse import urlsplit

from metajudge.errors import UsageError

DEFAULT_BASE_URL = "https://api.openai.com/v1"
EMBEDDED = "embedded"
"""The judge that a run starts itself."""


def parse_base_urls(text: str, named: str) -> tuple[str, ...]:
    """Return the base URLs of a comma list, each as `parse_base_url` returns it. Raises `UsageError` as it does."""
    urls = tuple(parse_base_url(part, named) for part in str(text).split(","))
    twice = next((url for place, url in enumerate(urls) if url in urls[:place]), None)
    if twice is not None:
        raise UsageError(f"{named} has {twice} twice; name each endpoint once")
    return urls


def parse_base_url(text: str, named: str) -> str:
    """Return the base URL, without the `/chat/completions` that some users copy with it.

    Raises `UsageError` for text that is no address, and for an address with a password, a query or a fragment;
    `named`: name of the setting in the message.
    """
    url = str(text).strip().rstrip("/").removesuffix("/chat/completions")
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, half of a bracket
        is_address = False
    if not is_address or re.search(r"\s", url):
        raise UsageError(f"{named} {url} is no address; a valid one is http://127.0.0.1:8000/v1")
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"{named} contains a name or password; put the key of the judge into OPENAI_API_KEY")
    if parts.query or parts.fragment:
        raise UsageError(f"{named} {url} has a query or fragment, which would not be sent; leave it out")
    return url
