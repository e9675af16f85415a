"""The common end of `decompose` and `critic`: run the step, print how it ended."""

from metajudge.cli.signals import stop_on_signals
from metajudge.cli.summary import step_text
from metajudge.tasks import Step, StepConfig, run_step


def run_and_print(config: StepConfig, step: Step, *, next_command: str) -> int:
    """Run a step, print its summary and return the exit code."""
    result, written = run_step(config, step, stop_hook=stop_on_signals)
    print(step_text(config, result, written, step.spec, next_command))
    return result.exit_code
