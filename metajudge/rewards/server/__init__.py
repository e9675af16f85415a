"""The reward over HTTP: `app` serves, `protocol` reads and answers, `metrics` counts, `exposition` prints counts."""

from metajudge.rewards.server.app import RewardServer, ServerConfig
