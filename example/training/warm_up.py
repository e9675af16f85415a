"""The supervised warm-up: a model learns to see flaws, to praise, and to write both in the critic's grammar."""

import math
import random
from collections.abc import Iterator

import torch
from torch.nn.functional import cross_entropy
from transformers import Qwen2ForCausalLM

from example.training.model import new_model
from example.training.world import END, GENERATED_TOKENS, PADDING, PROMPT_TOKENS, demonstrate, draw_row, vocabulary

STEPS, BATCH = 1500, 128
LEARNING_RATE, RISING_STEPS = 6e-3, 50
_IGNORED = -100


def warm_up(seed: int, steps: int = STEPS) -> Qwen2ForCausalLM:
    """Return a model that imitates the demonstrations, determined by the seed."""
    torch.set_num_threads(1)
    model = new_model(seed)
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: learning_rate_share(step, steps))
    for tokens in demonstrations(seed, steps):
        optimiser.zero_grad()
        imitation_loss(model, tokens).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return model


def learning_rate_share(step: int, steps: int) -> float:
    """Return a share that rises linearly, then falls to 0 as a cosine."""
    return min((step + 1) / RISING_STEPS, (1 + math.cos(math.pi * step / steps)) / 2)


def demonstrations(seed: int, steps: int) -> Iterator[torch.Tensor]:
    """Yield a batch of new rows per step as token numbers: prompt, then demonstration."""
    numbers = {line: number for number, line in enumerate(vocabulary())}
    rng = random.Random(f"warm-up {seed}")
    for _ in range(steps):
        batch = []
        for _ in range(BATCH):
            row = draw_row(rng)
            written = [*demonstrate(rng, row), END]
            lines = [*row.prompt().splitlines(keepends=True), *written, *[PADDING] * (GENERATED_TOKENS - len(written))]
            batch.append([numbers[line] for line in lines])
        yield torch.tensor(batch)


def imitation_loss(model: Qwen2ForCausalLM, tokens: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of the tokens behind the prompt."""
    targets = tokens[:, PROMPT_TOKENS:].clone()
    targets[targets == vocabulary().index(PADDING)] = _IGNORED
    kept = GENERATED_TOKENS + 1
    logits = model(input_ids=tokens, use_cache=False, logits_to_keep=kept).logits[:, :-1]
    return cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=_IGNORED)
