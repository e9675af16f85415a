"""`batch collect`: results become records."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from metajudge.cli.batch import STEPS
from metajudge.cli.batch.stored_command import UNUSED_KEY, arguments
from metajudge.cli.options.judge import api_key
from metajudge.cli.options.log import start_log
from metajudge.cli.options.output import warn
from metajudge.cli.steps import PreparedRun
from metajudge.data import InputFile
from metajudge.engine import INCOMPLETE
from metajudge.engine.batch import MISSING, Replayed, Results, replaying
from metajudge.errors import UsageError
from metajudge.records import COLLECTED, BatchFolder, Manifest, Part
from metajudge.text import plural, printable_lines
from metajudge.version import __version__

_MANY = 10**9
"""Consecutive failed rows that end a collection: never, because every result is paid for."""


def collect(args: argparse.Namespace) -> int:
    """Write a record for each row whose results are there, and print what stays open."""
    folder = BatchFolder.of(Path(args.path))
    with folder.locked():
        manifest = folder.read()
        assert manifest is not None
        stored = arguments(manifest, folder)
        start_log(stored.log_file, stored.input_file, stored.output_file)
        _check_input(manifest, stored.input_file)
        failed: list[str] = []
        if args.results:
            results, parts = _named_results(folder, manifest, args.results)
        else:
            failed = _download(args, folder, manifest)
            results, parts = _downloaded_results(folder, manifest)
        for line in failed:
            warn(line)
        if not parts:
            print(_nothing(manifest, folder))
            return INCOMPLETE
        prepared: PreparedRun = STEPS[manifest.command].prepare(stored)
        return max(_replay(prepared, folder, manifest, results, parts), INCOMPLETE if failed else 0)


def _check_input(manifest: Manifest, path: str) -> None:
    if InputFile(Path(path)).fingerprint() != manifest.fingerprint:
        raise UsageError(f"{path} has changed since the batch was created; restore it, then collect again")


def _named_results(folder: BatchFolder, manifest: Manifest, paths: Sequence[str]) -> tuple[Results, list[Part]]:
    """Read result files of the user's own, of any parts."""
    results = Results(folder, manifest.parts)
    for path in paths:
        results.read(Path(path), "results")
    return results, [part for part in manifest.parts if part.name in results.found]


def _download(args: argparse.Namespace, folder: BatchFolder, manifest: Manifest) -> list[str]:
    """Fetch what the provider has; return what failed."""
    if not any(part.batch_id for part in manifest.open_parts):
        return []
    # Imported here: it needs the OpenAI client, which takes most of a second.
    from metajudge.cli.batch.at_provider import opened

    with opened(api_key(args), folder, manifest) as submission:
        submission.refresh()
        return submission.download()


def _downloaded_results(folder: BatchFolder, manifest: Manifest) -> tuple[Results, list[Part]]:
    """Read the downloaded files of every part that is finished and complete here."""
    parts = []
    for part in manifest.open_parts:
        files = zip((part.output_file_id, part.error_file_id), folder.results(part), strict=True)
        if part.is_terminal and all(file_id is None or path.exists() for file_id, path in files):
            parts.append(part)
    results = Results(folder, parts)
    for part in parts:
        for path in folder.results(part):
            if path.exists():
                results.read(path)
    return results, parts


def _replay(
    prepared: PreparedRun, folder: BatchFolder, manifest: Manifest, results: Results, parts: Sequence[Part]
) -> int:
    counts = Replayed()
    opener = replaying(
        results, counts,
        forms=[tuple(part.adapted) for part in reversed(manifest.parts)],
        dropped=manifest.adapted, discount=manifest.discount,
    )  # fmt: skip
    config = prepared.config
    config = replace(config, api_key=config.api_key or UNUSED_KEY, max_consecutive_failures=_MANY)
    result, text = prepared.run(config, opener)
    if not result.interrupted and result.stop_reason is None:
        _check_version(manifest, results, counts)
        for part in parts:
            if part.is_terminal or not part.batch_id:
                part.state = COLLECTED  # else the provider still works on it
        manifest.adapted += [one for one in counts.refused if one not in manifest.adapted]
        folder.write(manifest)
    print(_results_text(manifest, results, parts, counts))
    print(text)
    stats = result.stats
    is_open = stats is not None and (stats.total or 0) > stats.done
    if is_open or (stats is not None and stats.failures):
        print("Next      the same `batch create`: it asks for the open rows, and the failed ones without --skip-failed")
    return result.exit_code or (INCOMPLETE if is_open else 0)


def _check_version(manifest: Manifest, results: Results, counts: Replayed) -> None:
    """Raise `UsageError` if another version has written the requests and no question of this one is among them."""
    if manifest.version != __version__ and results.known and not counts.used and counts.open[MISSING]:
        raise UsageError(
            f"no result is of a question that version {__version__} asks; collect with version {manifest.version}, "
            "which created the batch"
        )


def _results_text(manifest: Manifest, results: Results, parts: Sequence[Part], counts: Replayed) -> str:
    unknown = f"; {plural(results.unknown, 'result')} with an unknown id" if results.unknown else ""
    unreadable = f"; {plural(results.unreadable, 'line')} that are no result" if results.unreadable else ""
    lines = [f"Results   {results.known} of part {', '.join(part.name for part in parts)}{unknown}{unreadable}"]
    lines += [f"Refused   part {part.name}: {part.message}" for part in parts if part.message]
    lines += [f"At work   part {part.name}: {part.state}" for part in manifest.open_parts if part not in parts]
    if counts.open:
        causes = ", ".join(f"{count} {cause}" for cause, count in counts.open.most_common())
        lines.append(f"Open      {plural(counts.open.total(), 'question')}: {causes}")
    if counts.refused:
        lines.append(f"Adapted   the next parts leave out what the provider refuses: {', '.join(counts.refused)}")
    return printable_lines("\n".join(lines))


def _nothing(manifest: Manifest, folder: BatchFolder) -> str:
    if not manifest.open_parts:
        return f"Nothing to collect: all parts of {folder.path} are collected."
    states = ", ".join(f"{part.name} {part.state}" for part in manifest.open_parts)
    return f"Nothing to collect yet: {states}."
