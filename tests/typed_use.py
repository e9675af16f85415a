"""A user's script for the type checker alone. It sees the public names with their types."""

from metajudge import JudgeConfig, infer, reference_metrics

config: JudgeConfig = JudgeConfig(model="m")
recall: float = reference_metrics([], n_human=1, n_model=1).recall
run = infer
JudgeConfig(modell="m")  # type: ignore[call-arg]  # an error; mypy --strict complains where it is none
