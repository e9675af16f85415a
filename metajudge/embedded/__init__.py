"""The embedded judge: a lexical matcher that needs no key, behind an OpenAI-compatible server on loopback."""

from metajudge.embedded.server import MODEL, serving
