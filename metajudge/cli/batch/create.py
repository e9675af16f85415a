"""`batch create`: the requests of a command become parts of a batch."""

import argparse
import shlex
from dataclasses import replace
from pathlib import Path

from metajudge.cli.batch import STEPS
from metajudge.cli.batch.stored_command import MAY_CHANGE, UNUSED_KEY, flags_of
from metajudge.cli.options.log import start_log
from metajudge.cli.sharded import is_sharded
from metajudge.cli.steps import PreparedRun
from metajudge.data import InputFile
from metajudge.engine import FIRST_COMPLETION, INCOMPLETE, OK, Prices, open_judge
from metajudge.engine.batch import Recording, id_key, recording
from metajudge.errors import UsageError
from metajudge.llm import EMBEDDED, Usage
from metajudge.records import BatchFolder, Manifest, Part, PartLimits, PartWriter
from metajudge.tasks import TaskConfig
from metajudge.text import plural, printable_lines
from metajudge.version import __version__


def create(args: argparse.Namespace) -> int:
    """Write the requests of all open rows, and print what they cost."""
    start_log(args.log_file, args.input_file, args.output_file)
    if is_sharded(args):
        raise UsageError("a provider runs the batches: leave out `engine` and `shards`")
    prepared: PreparedRun = STEPS[args.step].prepare(args)
    config = prepared.config
    if config.dry_run:
        result, text = prepared.run(config, open_judge)
        print(text)
        return result.exit_code
    _check(config)
    fingerprint = InputFile(Path(config.input_file)).fingerprint()
    folder = BatchFolder.beside(config.part.path(Path(args.output_file)))
    with folder.locked():
        manifest = _manifest(args, config, folder, fingerprint)
        counts = Recording({id_key(name) for part in manifest.open_parts for name in folder.custom_ids(part)})
        limits = PartLimits(args.max_requests, args.max_bytes, args.max_enqueued_tokens)
        writer = PartWriter(folder, limits, manifest)
        opener = recording(writer, counts, url=manifest.url, dropped=manifest.adapted)
        try:
            result, text = prepared.run(replace(config, api_key=config.api_key or UNUSED_KEY), opener)
            if result.stop_reason is not None:
                raise result.stop_reason
            if not result.interrupted:
                writer.close()
        except BaseException:
            writer.discard()
            raise
        if result.stats is None or result.interrupted:
            writer.discard()
            print(text)
            return result.exit_code
        if writer.parts:
            manifest.parts += writer.parts
            folder.write(manifest)
    print(_text(config, folder, manifest, writer.parts, counts, result.stats.resumed))
    return INCOMPLETE if result.stats.unusable else OK


def _check(config: TaskConfig) -> None:
    if config.model == EMBEDDED:
        raise UsageError("the embedded judge has no batches; run the command itself, it costs nothing")
    if str(config.input_file) == "-":
        raise UsageError("`input_file` - cannot be read again by `batch collect`; name a file")
    if len(config.base_urls) > 1:
        raise UsageError("a batch goes to one provider; name one `api_base`")
    if config.max_cost is not None:
        raise UsageError("`max_cost` cannot hold in a batch, whose replies come all at once; bound the rows by `limit`")


def _manifest(args: argparse.Namespace, config: TaskConfig, folder: BatchFolder, fingerprint: str) -> Manifest:
    """Return a new manifest, or the old one with the flags of this command."""
    flags, old = flags_of(args, folder), folder.read()
    if old is not None and old.open_parts:
        _check_same(old, args, flags, fingerprint, folder)
    manifest = Manifest(
        output=folder.output.name,
        command=args.step,
        flags=flags,
        fingerprint=fingerprint,
        version=__version__,
        api_base=config.api_base,
        url=args.url,
        discount=args.batch_discount,
        max_enqueued_tokens=args.max_enqueued_tokens,
    )
    if old is not None:
        manifest.id, manifest.parts = old.id, old.parts
        if old.flags.get("model") == flags.get("model") and old.api_base == config.api_base:
            manifest.adapted = old.adapted
    return manifest


def _check_same(
    old: Manifest, args: argparse.Namespace, flags: dict[str, object], fingerprint: str, folder: BatchFolder
) -> None:
    """Raise `UsageError` if parts that are not collected hold the requests of another command or input."""
    way_out = "collect or cancel these first, or name another `output_file`"
    parts = f"{plural(len(old.open_parts), 'part')} of {folder.path}"
    if old.command != args.step:
        raise UsageError(f"{parts} have requests of {old.command}, not of {args.step}; {way_out}")
    if old.fingerprint != fingerprint:
        raise UsageError(f"{args.input_file} has changed since {parts} were created; {way_out}")
    names = sorted(name for name in {*old.flags, *flags} - {*MAY_CHANGE} if old.flags.get(name) != flags.get(name))
    if names:
        raise UsageError(f"{parts} were created with another `{names[0]}`; {way_out}")


def _text(
    config: TaskConfig, folder: BatchFolder, manifest: Manifest, new: list[Part], counts: Recording, finished: int
) -> str:
    limit = "without limit" if config.max_tokens is None else f"at most {config.max_tokens:,} per request"
    path = shlex.quote(str(folder.path))
    unsent, more = any(part.is_unsent for part in manifest.parts), counts.left_out
    lines = [
        f"Requests  {counts.requests}; {plural(finished, 'row')} finished in the output",
        *([f"Left out  {plural(more, 'request')} in parts that are not collected"] if more else []),
        f"Tokens    about {counts.prompt_tokens:,} prompt; completion {limit}",
        *_cost(config, manifest.discount, counts),
        *(f"Part      {folder.requests(one)}: {plural(one.requests, 'request')}, {one.size:,} bytes" for one in new),
    ]
    if unsent:
        lines.append(f"Next      python3 -m metajudge batch submit {path}")
    elif manifest.open_parts:
        lines.append(f"Next      python3 -m metajudge batch collect {path}")
    else:
        lines.append("Nothing to ask: no row is open.")
    return printable_lines("\n".join(lines))


def _cost(config: TaskConfig, discount: float, counts: Recording) -> list[str]:
    if config.prices is None:
        return []
    prices = Prices(*config.prices)
    least = discount * prices.of(Usage(counts.prompt_tokens, 0))
    likely = discount * prices.of(Usage(counts.prompt_tokens, counts.requests * FIRST_COMPLETION))
    return [
        f"Cost      {least:.2f} for the prompts; {likely:.2f} with replies of {FIRST_COMPLETION:,} tokens "
        f"(both times {discount:g} for a batch)"
    ]
