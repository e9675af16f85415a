"""Kinds of reasons: the class and the flaws of each reason of a model, with quotes that are checked."""

from metajudge.tasks.flaws.kinds import CLASS, CLASSES, FLAWS, SUFFIX, FlawQuote, ItemFlaws
from metajudge.tasks.flaws.step import HUMAN, FlawsStep, evaluated_name
