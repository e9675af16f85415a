"""The embedded judge: a lexical matcher behind an OpenAI-compatible server on loopback."""
