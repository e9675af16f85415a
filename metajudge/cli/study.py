"""`study`: one file names data, judge and models; the command runs what is missing, up to report and page."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from metajudge.cli.options.flags import add_flags
from metajudge.cli.options.log import start_log
from metajudge.cli.options.output import warn
from metajudge.cli.parameters import with_flags
from metajudge.cli.signals import stop_on_signals
from metajudge.engine import FIRST_COMPLETION, INCOMPLETE, OK, JudgeConfig
from metajudge.errors import UsageError
from metajudge.llm import EMBEDDED
from metajudge.studies import (
    Checked,
    Margin,
    Products,
    Requirement,
    StageEnd,
    StagePlan,
    Study,
    StudyResult,
    Verdict,
    check_against,
    check_requirements,
    closest,
    parse_margin,
    parse_requirement,
    plan_study,
    probe_endpoints,
    read_study,
    read_tables,
    run_study,
    without_partner,
    write_products,
    write_starter,
)
from metajudge.text import TABLE, plural, printable, render_rows

INIT, CHECK = "init", "check"
_DEFAULT = "study.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the file, the cost and the requirements."""
    words = "the study's file; before it, init writes one to start from (default: study.toml), and check asks each "
    words += "endpoint once and prints requests and cost of the whole"
    parser.add_argument("words", nargs="+", metavar="FILE", help=words)
    dry = "only print requests and cost of what remains; nothing is sent"
    parser.add_argument("--dry-run", action="store_true", help=dry)
    parser.add_argument("--log-file", metavar="PATH", help="also write the log here (never holds a key)")
    add_flags(
        parser, JudgeConfig, "max_cost",
        max_cost="spend no more in this run, over all stages (needs the prices of every endpoint)",
    )  # fmt: skip
    gate = parser.add_argument_group("requirements, for continuous integration")
    require = "exit 1 if a figure surely misses its bound, as in 'rc(my-model) >= 0.25'; may be repeated"
    gate.add_argument("--require", action="append", default=[], metavar="TEXT", help=require)
    baseline = "report.json of an earlier study, to compare with row by row"
    gate.add_argument("--baseline", type=Path, metavar="FILE", help=baseline)
    worse = "with --baseline: exit 1 if a figure is surely worse by more than this, as in rc:0.02; may be repeated"
    gate.add_argument("--no-worse-than", action="append", default=[], metavar="METRIC:MARGIN", help=worse)


def run(args: argparse.Namespace) -> int:
    """Run a study, or write or check its file."""
    action = args.words[0] if args.words[0] in (INIT, CHECK) else ""
    names = args.words[1:] if action else args.words
    if len(names) > 1 or (action == CHECK and not names):
        raise UsageError(
            f"study {' '.join(args.words)}: name one file, as in: study {f'{action} ' if action else ''}{_DEFAULT}"
        )
    file = Path(names[0] if names else _DEFAULT)
    if action == INIT:
        return _init(file)
    start_log(args.log_file, str(file), with_thread=True)
    study = read_study(file, needs_keys=not args.dry_run)
    if args.dry_run:
        print(_plan_text(plan_study(study)) + "\n\nDry run: nothing was sent or written.")
        return OK
    if action == CHECK:
        return _check(study, args.max_cost)
    return _run(study, args)


def _init(file: Path) -> int:
    rows = write_starter(file)
    name = shlex.quote(str(file))
    print(f"{printable(str(file))} and {printable(str(rows))} written; read the file, then run:\n")
    print(f"python3 -m metajudge study {name}")
    return OK


# ------------------------------------------------------------------ run


def _run(study: Study, args: argparse.Namespace) -> int:
    requirements = [parse_requirement(text) for text in args.require]
    margins = [parse_margin(text) for text in args.no_worse_than]
    if bool(margins) != (args.baseline is not None):
        raise UsageError("--baseline and --no-worse-than go together; give both")
    _check_models(study, requirements, margins)
    baseline = read_tables(args.baseline) if args.baseline else []  # now: a report in the study's folder is replaced
    _check_prices(study, args.max_cost)
    result = run_study(study, max_cost=args.max_cost, stop_hook=stop_on_signals, on_end=_say_end)
    if result.interrupted:
        warn("Stopped by a signal. Run the same command again to go on.")
        return result.exit_code
    is_complete = all(end.is_usable for end in result.ends)
    products = write_products(study, is_complete=is_complete)
    if products is None:
        warn(f"no report: nothing has been judged. {_next(result)}")
        return result.exit_code or INCOMPLETE
    print(products.text)
    for note in products.notes:
        warn(printable(note))
    checked = check_requirements(products.report, requirements)
    if baseline:
        checked += check_against(products.report, baseline, margins)
        for name in without_partner(products.report, baseline):
            warn(f"{printable(name)} is not compared: the baseline does not have it")
    code = _say_checked(checked)
    _say_written(products)
    if not is_complete or result.exit_code:
        warn(f"The report is of what has been judged so far. {_next(result)}")
    return result.exit_code or code


def _check_models(study: Study, requirements: Sequence[Requirement], margins: Sequence[Margin]) -> None:
    """Raise `UsageError` before anything is asked for a model that the study does not have."""
    names = {model.name.lower(): model.name for model in study.models}
    asked = [*((one.text, one.model) for one in requirements), *((one.text, one.model) for one in margins)]
    for text, model in asked:
        if model is not None and model.lower() not in names:
            raise UsageError(f"{text}: {study.file} has no model {model}; {closest(model, names.values())}")


def _check_prices(study: Study, max_cost: float | None) -> None:
    if max_cost is None:
        return
    for name, config in study.endpoints().items():
        if config.prices is None and config.model != EMBEDDED:
            raise UsageError(
                f"--max-cost needs prices: add price_input and price_output to the table of {name} in {study.file}"
            )


def _say_end(end: StageEnd) -> None:
    """Print a line about the end of a stage, above the bars."""
    begin = "\r" if sys.stderr.isatty() else ""  # a closed bar may leave the cursor at its end
    tqdm.write(begin + printable(with_flags(f"{end.stage.title}: {_end_text(end)}")), file=sys.stderr)


def _end_text(end: StageEnd) -> str:
    if end.result is None:
        return f"error: {end.error}"
    stats = end.result.stats
    if stats is None:
        return "no row to ask about"
    parts = [f"{stats.success + stats.empty} done", f"{stats.resumed} done before"]
    parts += [f"{stats.failures} failed"] if stats.failures else []
    parts += [f"{stats.unusable} unusable"] if stats.unusable else []
    used = [plural(stats.requests, "request"), f"{stats.usage.total_tokens:,} tokens"]
    used += [f"cost {stats.cost:.2f}"] if stats.cost else []
    text = f"{', '.join(parts)}; {', '.join(used)}, {end.result.seconds:.1f} s"
    return text if end.result.stop_reason is None else f"{text}; stopped: {end.result.stop_reason}"


def _next(result: StudyResult) -> str:
    failed = [printable(end.stage.title) for end in result.ends if end.exit_code]
    which = f" ({', '.join(failed)})" if failed else ""
    return f"Some stages are not complete{which}: see the lines above, then run the same command again to go on."


def _say_checked(checked: Sequence[Checked]) -> int:
    for one in checked:
        warn(printable(f"{'warning: ' if one.verdict is Verdict.UNKNOWN else ''}{one}"))
    return INCOMPLETE if any(one.verdict is Verdict.MISSED for one in checked) else OK


def _say_written(products: Products) -> None:
    for path in products.written:
        print(f"Written   {printable(str(path))}")


# ------------------------------------------------------------------ check


def _check(study: Study, max_cost: float | None) -> int:
    probes = probe_endpoints(study)
    for one in probes:
        where = f"{one.model} at {one.base_url}" if one.base_url else one.model
        state = f"error: {with_flags(one.problem)}" if one.problem else f"answers in {one.seconds:.1f} s: {one.text}"
        if not one.base_url:
            state = one.text
        print(printable(f"{one.name}: {where}: {state}"))
    plans = plan_study(study)
    print(f"\n{_plan_text(plans)}")
    costs = [plan.cost[1] for plan in plans if plan.cost]
    if max_cost is not None and sum(costs) > max_cost:
        warn(f"replies of {FIRST_COMPLETION:,} tokens would cost more than --max-cost {max_cost:g}: a run stops there")
    return INCOMPLETE if any(one.problem for one in probes) else OK


def _plan_text(plans: Sequence[StagePlan]) -> str:
    headings = ["Stage", "Rows", "Requests", "Prompt tokens", "Cost from", "to"]
    cells = []
    for plan in plans:
        about = "" if plan.is_exact else "about "
        costs = ["-", "-"] if plan.cost is None else [f"{cost:.2f}" for cost in plan.cost]
        cells.append(
            [printable(plan.title), str(plan.rows), f"{about}{plan.requests:,}", f"{plan.prompt_tokens:,}", *costs]
        )
    total = [sum(plan.requests for plan in plans), sum(plan.prompt_tokens for plan in plans)]
    priced = [plan.cost for plan in plans if plan.cost is not None]
    costs = [f"{sum(cost[side] for cost in priced):.2f}" if priced else "-" for side in (0, 1)]
    cells.append(["all", "", f"{total[0]:,}", f"{total[1]:,}", *costs])
    text = render_rows(cells, headings, TABLE).rstrip("\n")
    if priced:
        text += (
            f"\n\nCost: from the prompts alone to replies of {FIRST_COMPLETION:,} tokens, by the prices in the file."
        )
    if not all(plan.is_exact for plan in plans):
        text += "\n\nabout: the input of the stage is not there yet; lists of 5 items are assumed."
    return text
