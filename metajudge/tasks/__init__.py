"""What is asked: a task turns a row into requests and their replies into a record.

`match` scores how far a model's reasons make the human points; `decompose` and `critic` make the checklists. `step`,
`run_step` and `step_output` are what the two share.
"""

from metajudge.tasks.critic.prompt import CriticPrompt
from metajudge.tasks.critic.reply import read_critique
from metajudge.tasks.critic.step import CriticStep
from metajudge.tasks.decompose.step import DecomposeStep
from metajudge.tasks.match.infer import InferConfig, infer
from metajudge.tasks.match.prompt import GRANULARITIES, ITEM, ROW, Prompt, read_template
from metajudge.tasks.match.reply import read_reply
from metajudge.tasks.match.task import MatchTask, score_matrix
from metajudge.tasks.run_step import StepConfig, run_step

__all__ = [
    "GRANULARITIES",
    "ITEM",
    "ROW",
    "CriticPrompt",
    "CriticStep",
    "DecomposeStep",
    "InferConfig",
    "MatchTask",
    "Prompt",
    "StepConfig",
    "infer",
    "read_critique",
    "read_reply",
    "read_template",
    "run_step",
    "score_matrix",
]
