"""Tasks: each turns a row into requests and their replies into a record.

`match` scores how far a model's reasons make the human points; `decompose` and `critic` make the checklists. All three
are jobs of `pipeline`, which scans the input (`scan`), asks and writes. `decompose` and `critic` share `step`,
`run_step` and `step_output`.
"""

from metajudge.tasks.critic.prompt import CriticPrompt
from metajudge.tasks.critic.reply import read_critique
from metajudge.tasks.critic.step import CriticStep
from metajudge.tasks.decompose.step import DecomposeStep
from metajudge.tasks.match.infer import InferConfig, infer
from metajudge.tasks.match.prompt import GRANULARITIES, ITEM, ROW, Prompt, read_template
from metajudge.tasks.match.reply import read_reply
from metajudge.tasks.match.task import ZERO, MatchTask, score_matrix
from metajudge.tasks.pipeline import RunResult
from metajudge.tasks.run_step import StepConfig, run_step
from metajudge.tasks.scan import InputScan
from metajudge.tasks.step import Step, StepSpec
from metajudge.tasks.step_output import OutputCounts

__all__ = [
    "GRANULARITIES",
    "ITEM",
    "ROW",
    "ZERO",
    "CriticPrompt",
    "CriticStep",
    "DecomposeStep",
    "InferConfig",
    "InputScan",
    "MatchTask",
    "OutputCounts",
    "Prompt",
    "RunResult",
    "Step",
    "StepConfig",
    "StepSpec",
    "infer",
    "read_critique",
    "read_reply",
    "read_template",
    "run_step",
    "score_matrix",
]
