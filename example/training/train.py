"""One run: GRPO with TRL from a warmed-up model, rewarded by MetaJudge's adapter, with a line of log per step."""

import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TextIO

import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerFast, PrinterCallback, Qwen2ForCausalLM, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from example.training import judge
from example.training.measures import mean, measure, read
from example.training.model import generate, new_tokenizer
from example.training.world import CUE_FAILS, CUE_PAYS, GENERATED_TOKENS, Row, draw_rows, listed_verdict
from metajudge import RewardConfig
from metajudge.integrations.trl import RewardFunction, reward_function

STEPS, PROMPTS, SAMPLES, LEARNING_RATE = 200, 32, 8, 4e-4
PROBED = 64
"""Rows that are set aside for the probe at each step."""


@dataclass(frozen=True, slots=True)
class Arm:
    """The settings in which the arms differ."""

    reward: str
    """Value of `RewardConfig.reward`."""
    cue_agreement: float
    """Share of rows in which the cue agrees with the preference."""


ARMS: Mapping[str, Arm] = {
    "hybrid": Arm("hybrid", CUE_PAYS),
    "outcome only": Arm("outcome", CUE_PAYS),
    "control": Arm("outcome", CUE_FAILS),
}


@dataclass(frozen=True, slots=True)
class Probe:
    """Reactions of the likeliest generations to a cue set by hand."""

    conflict_accuracy: float
    """Share of right verdicts where the cue contradicts the preference."""
    verdict_flips: float
    """Share of rows whose verdict turns when nothing but the cue does."""
    reasons_turn: float
    """Share of rows whose listed flaws speak for the other response when nothing but the cue turns."""


def train(arm: str, seed: int, model: Qwen2ForCausalLM, judge_url: str, log: TextIO, steps: int = STEPS) -> None:
    """Train `model` in place. Its rows and draws depend on the seed alone, not on the arm."""
    torch.set_num_threads(1)
    setting, tokenizer = ARMS[arm], new_tokenizer()
    # Not gated: the log needs the rationale of every generation, also if the reward does not.
    reward = reward_function(judge.options(judge_url), RewardConfig(reward=setting.reward, gate=False))
    rows = draw_rows(steps * PROMPTS, f"training {seed}", setting.cue_agreement)
    with tempfile.TemporaryDirectory() as scratch:
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=watched(reward),
            args=config(scratch, seed, steps),
            train_dataset=Dataset.from_list([row.record() for row in rows]),
            processing_class=tokenizer,
            callbacks=[Log(log, {"arm": arm, "seed": seed}, model, tokenizer, draw_rows(PROBED, f"probe {seed}"))],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()


def config(scratch: str, seed: int, steps: int) -> GRPOConfig:
    """Return TRL's settings: one update per step on 32 prompts with 8 generations each, no reference model."""
    return GRPOConfig(
        output_dir=scratch,
        seed=seed,
        max_steps=steps,
        per_device_train_batch_size=PROMPTS * SAMPLES,
        num_generations=SAMPLES,
        max_completion_length=GENERATED_TOKENS,
        learning_rate=LEARNING_RATE,
        lr_scheduler_type="constant",
        beta=0.0,
        shuffle_dataset=False,
        logging_steps=1,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        dataloader_pin_memory=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def watched(reward: RewardFunction) -> RewardFunction:
    """Return `reward` with this world's measures added to the trainer's log."""

    async def toy_reward(
        prompts: Sequence[str], completions: Sequence[str], log_metric: Callable[[str, float], None], **columns: Any
    ) -> list[float | None]:
        values = await reward(prompts, completions, log_metric=log_metric, **columns)
        for name, value in asdict(measure(completions, columns["human-checklist"], columns["label"])).items():
            log_metric(f"toy/{name}", value)
        return values

    return toy_reward


LOGGED = {
    "reward": "reward",
    "outcome": "metajudge/outcome",
    "rationale": "metajudge/rationale",
    "malformed": "metajudge/malformed",
    "unscored": "metajudge/unscored",
    "rc": "toy/rc",
    "rc_floor": "toy/rc_floor",
    "evidence": "toy/evidence",
    "generic": "toy/generic",
    "follows_reasons": "toy/follows_reasons",
    "entropy": "entropy",
    "zero_variance_groups": "frac_reward_zero_std",
}
"""Figures of a line, and their names in the trainer."""


class Log(TrainerCallback):  # type: ignore[misc]
    """A callback that writes a line per step: the batch's figures, and a probe of the model that generated it."""

    def __init__(
        self,
        file: TextIO,
        run: Mapping[str, Any],
        model: Qwen2ForCausalLM,
        tokenizer: PreTrainedTokenizerFast,
        rows: Sequence[Row],
    ) -> None:
        self._file, self._run, self._model, self._tokenizer, self._rows = file, run, model, tokenizer, rows
        self._probe = Probe(math.nan, math.nan, math.nan)

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Probe the model before its update."""
        self._probe = probe(self._model, self._tokenizer, self._rows)

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **kwargs: Any) -> None:
        """Write the step's line. The trainer's final log, about its run time, is not a step."""
        if "reward" in logs:
            figures = {name: logs[theirs] for name, theirs in LOGGED.items()} | asdict(self._probe)
            line = {**self._run, "step": state.global_step, **{name: rounded(one) for name, one in figures.items()}}
            print(json.dumps(line), file=self._file, flush=True)


def rounded(value: float | None) -> float | None:
    """Return the value with four decimals. NaN becomes None, because JSON has no NaN."""
    return None if value is None or math.isnan(value) else round(value, 4)


def probe(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: Sequence[Row]) -> Probe:
    """Probe the likeliest generations for these rows, once with the cue on each response."""
    prompts = [replace(row, cue=cue).prompt() for cue in (0, 1) for row in rows]
    readings = [read(text) for text in generate(model, tokenizer, prompts, sample=False)]
    pairs = list(zip(readings[: len(rows)], readings[len(rows) :], strict=True))
    listed = [[listed_verdict(one.reasons) for one in two] for two in pairs]
    return Probe(
        conflict_accuracy=mean([two[1 - row.label].verdict == row.label for two, row in zip(pairs, rows, strict=True)]),
        verdict_flips=mean([one.verdict != other.verdict for one, other in pairs]),
        reasons_turn=mean([None not in two and two[0] != two[1] for two in listed]),
    )


def evaluate(model: Qwen2ForCausalLM, seed: int, cue_agreement: float, count: int) -> dict[str, Any]:
    """Evaluate on rows of a separate seed: the measures of one sampled generation per row, and the probe."""
    tokenizer, rows = new_tokenizer(), draw_rows(count, f"evaluation {seed}", cue_agreement)
    torch.manual_seed(seed)
    texts = generate(model, tokenizer, [row.prompt() for row in rows], sample=True)
    batch = measure(texts, [row.flaws() for row in rows], [row.label for row in rows])
    return {name: rounded(one) for name, one in (asdict(batch) | asdict(probe(model, tokenizer, rows))).items()}
