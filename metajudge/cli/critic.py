"""`critic`: the evaluated model writes its reasons and its verdict."""

import argparse
import shlex

from metajudge.cli.options.flags import from_args, whole
from metajudge.cli.options.judge import add_judge_flags, add_pace_flags, add_row_flags
from metajudge.cli.sharded import add_engine_flags
from metajudge.cli.steps import PreparedRun, prepare_step, run_and_print
from metajudge.errors import UsageError
from metajudge.tasks.critic import AB, AGREE, BOTH, SUM, CriticStep, ExtractStep


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add files, the request, fields and the model's flags."""
    add_row_flags(parser, "the rows with NAME-checklist, NAME-label and NAME-generated_text")
    asked = parser.add_argument_group("what is asked")
    name = "the evaluated model's name in the rows"
    asked.add_argument("--name", dest="model_name", required=True, metavar="NAME", help=name)
    asked.add_argument("--top-k", type=whole(1), metavar="N", help="ask for exactly N reasons, and keep no more")
    orders = "both: ask again with the responses exchanged, and merge both verdicts by --orders-rule"
    asked.add_argument("--orders", choices=(AB, BOTH), default=AB, help=orders)
    rule = "with --orders both, the label if the two verdicts disagree: agree = a tie; sum = the response that one "
    rule += "order prefers if the other order is a tie, as JudgeBench counts"
    asked.add_argument("--orders-rule", choices=(AGREE, SUM), default=AGREE, help=rule)
    longest = "leave out the oldest turns of a question longer than this (by estimate); the row's stamp counts them"
    asked.add_argument("--max-input-tokens", type=whole(100), metavar="N", help=longest)
    asked.add_argument("--from-field", metavar="FIELD", help="ask nothing: parse this field, generated elsewhere")
    after = "with --from-field: the reasons begin behind the first line that contains TEXT (default: a title such as "
    after += "Reasons:, else the whole text); what comes before is left out and counted"
    asked.add_argument("--reasons-after", metavar="TEXT", help=after)
    extract = "with --from-field: --model cuts the reasons out of a text in prose; the verdict is parsed"
    asked.add_argument("--extract", action="store_true", help=extract)
    asked.add_argument("--context-field", default="context", metavar="FIELD", help="the conversation, or a question")
    fields = "response1,response2"
    asked.add_argument("--response-fields", type=_two_fields, default=fields, metavar="A,B", help="the two responses")
    add_judge_flags(parser, model="the model that is asked")
    add_pace_flags(parser)
    add_engine_flags(parser, "critic")


def run(args: argparse.Namespace) -> int:
    """Criticise every row."""
    return run_and_print(prepare, args)


def prepare(args: argparse.Namespace) -> PreparedRun:
    """Return the run that the flags describe."""
    if not args.model_name.strip() or args.model_name.lower() == "human":
        raise UsageError(f"--name {args.model_name!r} is not allowed for a model; give it another name")
    if args.from_field is not None and (args.orders == BOTH or args.max_input_tokens is not None):
        raise UsageError("--from-field reads a text: leave out --orders both and --max-input-tokens")
    if args.orders_rule == SUM and args.orders != BOTH:
        raise UsageError("--orders-rule sum needs two verdicts; add --orders both")
    if args.from_field is None and (args.extract or args.reasons_after is not None):
        raise UsageError("--extract and --reasons-after read a text; add --from-field FIELD")
    if args.extract and args.reasons_after is not None:
        raise UsageError("--extract finds the reasons itself: leave out --reasons-after")
    if args.reasons_after is not None and not args.reasons_after.strip():
        raise UsageError("--reasons-after is empty; name a text on the line before the reasons")
    next_command = f"python3 -m metajudge check {shlex.quote(args.output_file)}"
    return prepare_step(args, from_args(ExtractStep if args.extract else CriticStep, args), next_command)


def _two_fields(text: str) -> tuple[str, str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if len(names) != 2:
        raise argparse.ArgumentTypeError(f"{text!r} does not name two fields, as in response_A,response_B")
    return names[0], names[1]
