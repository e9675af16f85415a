"""The command whose requests a batch holds, as the manifest keeps it: its flags by name, never the key."""

import argparse
import os
from typing import Any

from metajudge.cli.batch import STEPS
from metajudge.cli.parameters import use_flags_of
from metajudge.records import BatchFolder, Manifest

_PATHS = ("input_file", "output_file", "prompt_template", "log_file")
_NOT_KEPT = (
    "api_key", "api_base", "run", "parser", "command", "action", "step", "dry_run", "show_prompt", "engine", "shards",
    "ray_address",
)  # fmt: skip
UNUSED_KEY = "-"
"""Key of a run that sends nothing."""
PART_FLAGS = ("max_requests", "max_bytes", "max_enqueued_tokens", "batch_discount", "url")
MAY_CHANGE = (
    *PART_FLAGS, "log_file", "price_input", "price_output", "max_cost", "concurrent_requests", "requests_per_minute",
    "tokens_per_minute", "rate_limit_delay", "max_retries", "timeout", "outage_timeout", "shutdown_timeout",
    "max_consecutive_failures", "batch_size",
)  # fmt: skip
"""Flags that change neither the requests nor the rows."""


def flags_of(args: argparse.Namespace, folder: BatchFolder) -> dict[str, Any]:
    """Return the flags of a command as JSON values, with paths relative to the folder of the output."""
    flags: dict[str, Any] = {}
    for name, value in vars(args).items():
        if name not in _NOT_KEPT:
            flags[name] = list(value) if isinstance(value, tuple) else value
            if name in _PATHS and value is not None:
                flags[name] = os.path.relpath(value, folder.path.parent)
    return flags


def arguments(manifest: Manifest, folder: BatchFolder) -> argparse.Namespace:
    """Return the parsed flags of the stored command; a flag that it lacks has its default."""
    parser = argparse.ArgumentParser()
    STEPS[manifest.command].add_arguments(parser)
    known = {action.dest: action.default for action in parser._actions if action.dest not in ("help", "version")}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in manifest.flags.items()}
    for name in _PATHS:
        if isinstance(path := given.get(name), str):
            given[name] = os.path.normpath(folder.path.parent / path)
    use_flags_of(parser)
    return argparse.Namespace(**{**known, **given, "api_key": None, "api_base": manifest.api_base})
