"""Tasks: each turns a row into requests and their replies into a record.

`match` scores how far a model's reasons make the human points. It is a job of `pipeline`, which scans the input
(`scan`), asks and writes. The other packages make fields of rows: each has a `Step`, which `run_step` runs in the same
pipeline and `step_output` writes out. The command line imports a step from its package.
"""

from metajudge.tasks.critic.prompt import CriticPrompt
from metajudge.tasks.critic.reply import read_critique
from metajudge.tasks.match.calls import infer, infer_async
from metajudge.tasks.match.controls import CONTROLS
from metajudge.tasks.match.infer import InferConfig, find_outputs, make_task, run_infer
from metajudge.tasks.match.plan import MODEL_PLACEHOLDER, safe_filename
from metajudge.tasks.match.prompt import GRANULARITIES, ITEM, PAIRS, ROW, Prompt, instructions, read_template
from metajudge.tasks.match.reply import read_reply
from metajudge.tasks.match.task import GUARDS, ZERO, MatchTask, score_matrix
from metajudge.tasks.pipeline import RunResult, TaskConfig
from metajudge.tasks.run_step import StepConfig, check_step, run_step
from metajudge.tasks.scan import InputScan
from metajudge.tasks.step import Step, StepSpec
from metajudge.tasks.step_output import OutputCounts
