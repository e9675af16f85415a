"""Decomposing: annotators' free text becomes a checklist of single points."""

from metajudge.tasks.decompose.step import DecomposeStep
