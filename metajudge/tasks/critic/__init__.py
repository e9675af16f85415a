"""Criticising: the evaluated model writes its reasons and its verdict about each pair of responses."""

from metajudge.tasks.critic.extract import ExtractStep
from metajudge.tasks.critic.reply import AGREE, SUM
from metajudge.tasks.critic.step import AB, BOTH, CriticStep
from metajudge.tasks.critic.verdict import LABELS
