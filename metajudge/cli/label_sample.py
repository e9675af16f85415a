"""`label-sample`: rows for people to label."""

import argparse
from pathlib import Path

from metajudge.cli.options.flags import whole
from metajudge.cli.options.output import check_output, warn, writing
from metajudge.cli.options.scoring import note_files, warn_of_controls
from metajudge.errors import UsageError
from metajudge.records import replacing, result_paths, split_controls
from metajudge.reports.human.labels import RATIONALES
from metajudge.reports.human.sample import as_csv, as_jsonl, label_sample
from metajudge.reports.page.label_page import label_page
from metajudge.reports.scored_files import score_files, select_judge
from metajudge.text import plural

_WRITERS = {".html": label_page, ".jsonl": as_jsonl, ".csv": as_csv}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, the sample and its file."""
    files = "result files, one for each evaluated model, or directories of them"
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=files)
    parser.add_argument("--n", type=whole(1), default=60, metavar="N", help="rows to draw, the same for every model")
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="seed of the drawing")
    shown = "add the judge's scores; such labels cannot correct the judge"
    parser.add_argument("--show-judge", action="store_true", help=shown)
    parser.add_argument("--eval-model", metavar="JUDGE", help="only the results of this judge, by file name or record")
    output = "the tasks: an .html page to label them on, a .jsonl file, or a .csv file for a spreadsheet"
    parser.add_argument("--output-file", type=Path, required=True, metavar="FILE", help=output)
    kinds = [ending[1:] for ending in _WRITERS]
    parser.add_argument("--format", choices=kinds, help="what to write (default: by the ending of the output's name)")


def run(args: argparse.Namespace) -> int:
    """Write the tasks; 0."""
    output: Path = args.output_file
    ending = f".{args.format}" if args.format else output.suffix.lower()
    if ending not in _WRITERS:
        raise UsageError(f"--output-file {output}: name an .html, .jsonl or .csv file, or add --format")
    if ending in (".csv", ".jsonl") and output.suffix.lower() != ending:
        raise UsageError(f"--output-file {output}: its name must end in {ending}, by which labels are read back")
    if output.exists():
        raise UsageError(f"--output-file {output} exists and may hold labels; name a new file")
    check_output(output, args.files)
    paths, controls = split_controls(result_paths(args.files))
    warn_of_controls(controls)
    files = score_files(paths, RATIONALES)
    if args.eval_model:
        files = select_judge(files, args.eval_model)
    note_files(files)
    found = label_sample(files, args.n, args.seed, args.show_judge)
    with writing(output), replacing(output) as file:
        file.write(_WRITERS[ending](found.tasks))
    drawn = f"{plural(found.rows, 'row')} of {found.population} from {found.strata} strata"
    warn(f"{output}: {plural(len(found.tasks), 'task')} ({drawn}; {plural(found.models, 'evaluated model')})")
    return 0
