"""`view`: result files, or the output of decompose, critic and flaws, become a page for a browser."""

import argparse
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from metajudge.cli.options.flags import whole
from metajudge.cli.options.output import check_output, warn, writing
from metajudge.cli.options.scoring import add_scoring_flags, note_files, scoring_config, warn_of_controls
from metajudge.errors import UsageError
from metajudge.records import result_paths, split_controls, split_flaws
from metajudge.reports.page.document import GENERATOR
from metajudge.reports.page.row_texts import SHORT, TEXTS
from metajudge.reports.page.writer import LONG_PAGE, PageOptions, Written, write_page
from metajudge.text import plural, printable

_PAGE = Path("page.html")
_HEAD_BYTES = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add files, the page and its texts."""
    files = "result files, directories of them, or files that decompose, critic or flaws has written; files of flaws "
    files += "beside result files add tags to the reasons"
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=files)
    parser.add_argument("--output-file", type=Path, default=_PAGE, metavar="FILE", help="the page, an .html file")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    texts = "how much of the conversations and responses is in the page (default: full, or short beyond 30 MB)"
    parser.add_argument("--texts", choices=TEXTS, help=texts)
    resamples = "resamples for each interval"
    parser.add_argument("--resamples", type=whole(100), default=10_000, metavar="B", help=resamples)
    add_scoring_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page and print its path; 0."""
    output: Path = args.output_file
    _check(output, args.files)
    options = PageOptions(scoring_config(args), args.texts, args.eval_model, args.resamples)
    with writing(output):
        written = write_page(args.files, output, options)
    note_files(written.files)
    _, controls = split_controls(result_paths(split_flaws(args.files)[0]))
    warn_of_controls([path for path in controls if path not in {file.path for file in written.files}])
    warn(_summary(output, written, chosen=args.texts is not None))
    print(f"Page      {printable(str(output))}")
    if args.open:
        webbrowser.open(output.resolve().as_uri())
    return 0


def _check(output: Path, inputs: Sequence[Path]) -> None:
    """Refuse a name of another form, and a file that holds something other than an earlier page."""
    if output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--output-file {output}: name an .html file")
    check_output(output, inputs)
    if output.is_file() and output.stat().st_size:
        with output.open("rb") as file:
            if GENERATOR not in file.read(_HEAD_BYTES):
                raise UsageError(f"--output-file {output} exists and is no page of view; name another file")


def _summary(output: Path, written: Written, chosen: bool) -> str:
    """Return a line about the page; `chosen`: the user has named the amount of texts."""
    files = f" from {plural(len(written.files), 'file')}" if written.files else ""
    size = f"{written.size / 1e6:.1f} MB" if written.size >= 1e6 else f"{written.size / 1e3:.0f} kB"
    is_cut = written.texts == SHORT and not chosen
    cut = f"; beyond {LONG_PAGE // 1_000_000} MB texts are cut, --texts full keeps them" if is_cut else ""
    return f"{printable(str(output))}: {plural(written.rows, 'row')}{files}, {size}{cut}"
