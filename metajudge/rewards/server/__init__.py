"""The reward over HTTP: `app` serves, `protocol` reads requests and writes answers, `metrics` counts."""

from metajudge.rewards.server.app import RewardServer, ServerConfig

__all__ = ["RewardServer", "ServerConfig"]
