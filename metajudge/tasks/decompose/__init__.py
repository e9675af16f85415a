"""Decomposing: annotators' free text becomes a checklist of single points."""

from metajudge.tasks.decompose.prompt import INDIVIDUAL, feedback_of
from metajudge.tasks.decompose.step import DecomposeStep
