"""A real `GRPOTrainer` (TRL 1.16, torch on the CPU, nothing downloaded) with the reward while the judge fails.

A tiny model learns to write critiques out of whole lines, then ten steps of GRPO train it. Some rows make the judge
fail, and for some steps it is unreachable. TRL's rewards are compared with Eq. 1 to 4, computed without the library.
"""

import itertools
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from metajudge.engine import JudgeConfig
from metajudge.integrations.trl import reward_function
from tests.chaos.processes import JudgeServer
from tests.servers.faulty import score

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

STEPS, GENERATIONS, PROMPTS_A_STEP = 10, 8, 4
AWAY = range(5, 8)
"""Steps, from 1, in which the judge is away."""
HEAD, END = "<RESULT_START>\nList of reasons:\n", "<RESULT_END>"
FAULTS = ("dates the siege to 1435", "leaves out the table", "insults the user", "does not run")
REASONS = [f"- Response {side} {fault}.\n" for side in "AB" for fault in FAULTS]
VERDICTS = [rf"Final assessment result: \boxed{{{label}}}" + f"\n{END}" for label in ("A>B", "B>A", "A=B")]
JUNK = "Both have their merits.\n"
POINTS = ["the year is false", "the table is missing"]
EXTRAS = [
    ("the tone is rude", 1), ("the tone is rude", -2), ("the tone is rude", 0), ("[[500]]", 1), ("[[500x1]]", 1),
    ("[[hang]]", -1), ("[[malformed]]", -1), ("[[content-filter]]", 1),
]  # fmt: skip
"""Third human item and gold label of each row."""
ROWS = [
    {"prompt": f"Compare pair {number}.", "human-checklist": [*POINTS, extra], "overall_preference": gold}
    for number, (extra, gold) in enumerate(EXTRAS)
]
FAULTY = re.compile(r"\[\[(500|hang|malformed|content-filter)\]\]")


def wanted(text: str, row: dict[str, Any]) -> tuple[float | None, bool]:
    """Return the reward by Eq. 1 to 4 (None = unscored), and true if the judge is needed for it."""
    if row["overall_preference"] == 0:
        return None, False  # for every text, readable or not
    lines = text.split("\n")
    boxed = [line for line in lines if "boxed" in line]
    places = [place for place, line in enumerate(lines) if line.startswith("- ")]
    behind = any(place > lines.index(boxed[0]) for place in places) if boxed else True
    if len(set(boxed)) != 1 or behind or text.count(HEAD) != 1 or not text.startswith(HEAD) or text.count(END) != 1:
        return 0.0, False
    verdict = {"A>B": -1, "B>A": 1, "A=B": 0}[boxed[0].split("{")[1].rstrip("}")]
    if verdict * row["overall_preference"] <= 0:
        return 0.0, False
    reasons = list(dict.fromkeys(lines[place][2:] for place in places))
    if not reasons:
        return 0.0, False
    if FAULTY.search(row["human-checklist"][2]):
        return None, True
    return average_precision([best_alone(human, reasons) for human in row["human-checklist"]]), True


def best_alone(human: str, reasons: list[str]) -> list[float]:
    """Return the judge's scores: the best reason of a human item, the first of equal ones, and no other."""
    scores = [float(score(human, reason)) for reason in reasons]
    best = scores.index(max(scores))
    return [found if place == best else 0.0 for place, found in enumerate(scores)]


def average_precision(scores: list[list[float]]) -> float:
    """Return Eq. 3 over the best matching, found by trying all. Ties: fewest pairs, then earliest reasons."""
    n_human, n_reasons = len(scores), len(scores[0])
    found = []
    for columns in itertools.product(range(-1, n_reasons), repeat=n_human):
        used = [(row, column) for row, column in enumerate(columns) if column >= 0]
        if len({column for _, column in used}) < len(used) or any(scores[r][c] == 0 for r, c in used):
            continue
        found.append((-sum(scores[r][c] for r, c in used), len(used), sorted(c for _, c in used)))
    _, _, hits = min(found)
    return sum(number / (column + 1) for number, column in enumerate(hits, 1)) / n_human


def tokenizer() -> Any:
    """Return a tokenizer with one token per line."""
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    texts = ["<pad>", "<eos>", "<unk>", *(row["prompt"] for row in ROWS), HEAD, *REASONS, *VERDICTS, JUNK]
    words = Tokenizer(models.WordLevel({text: number for number, text in enumerate(texts)}, unk_token="<unk>"))
    words.decoder = decoders.Fuse()
    made = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>", padding_side="left"
    )
    made.chat_template = "{{ messages[-1]['content'] }}"
    return made


def warmed(tokens: Any) -> Any:
    """Return a tiny model that writes well-formed critiques most of the time."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=len(tokens),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=64,
        pad_token_id=tokens.pad_token_id,
        eos_token_id=tokens.eos_token_id,
        bos_token_id=None,
    )
    model = Qwen2ForCausalLM(config)
    ids = tokens.convert_tokens_to_ids
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(100):
        batch = torch.stack([critique(ids) for _ in range(64)])
        loss = model(input_ids=batch, labels=batch.masked_fill(batch == tokens.pad_token_id, -100)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model


def critique(ids: Any) -> Any:
    """Return the tokens of a prompt and a critique of one to four random reasons. One in eight is junk."""
    import torch

    def one(texts: list[str]) -> str:
        return texts[int(torch.randint(len(texts), ()))]

    chosen = [REASONS[int(n)] for n in torch.randperm(8)[: 1 + int(torch.randint(4, ()))]]
    texts = [one([row["prompt"] for row in ROWS]), HEAD, *chosen, one(VERDICTS + VERDICTS[:2] * 4), "<eos>"]
    if torch.rand(()) < 1 / 8:
        texts = [texts[0], JUNK, "<eos>"]
    return torch.tensor(ids(texts + ["<pad>"] * (8 - len(texts))))


def config(folder: Path) -> Any:
    """Return the settings of ten steps on the CPU."""
    from trl import GRPOConfig

    return GRPOConfig(
        output_dir=str(folder),
        max_steps=STEPS,
        per_device_train_batch_size=GENERATIONS * PROMPTS_A_STEP,
        num_generations=GENERATIONS,
        max_completion_length=7,
        learning_rate=1e-3,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        seed=4,
    )


def absence(server: JudgeServer) -> Any:
    """Return a callback that stops the judge before some steps."""
    from transformers import TrainerCallback

    class Absence(TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step + 1 == AWAY.start:
                server.stop()
            if state.global_step + 1 == AWAY.stop:
                server.start()

    return Absence()


def watched(seen: list[dict[str, Any]]) -> Any:
    """Return a trainer that notes step, row, text and reward of every completion in `seen`."""
    from trl import GRPOTrainer

    class Watched(GRPOTrainer):  # type: ignore[misc]
        def _calculate_rewards(self, inputs: Any, prompts: Any, completions: Any, ids: Any) -> Any:
            rewards = super()._calculate_rewards(inputs, prompts, completions, ids)
            texts = [one if isinstance(one, str) else one[0]["content"] for one in completions]
            for row, text, reward in zip(inputs, texts, rewards[:, 0].tolist(), strict=True):
                seen.append({"step": self.state.global_step + 1, "row": row, "text": text, "reward": reward})
            return rewards

    return Watched


def training(server: JudgeServer, folder: Path, conversational: bool) -> tuple[list[dict[str, Any]], Any]:
    """Train for ten steps. Return TRL's view of every completion, and the trainer."""
    import torch
    from datasets import Dataset

    def ask(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "prompt": [{"role": "user", "content": row["prompt"]}]} if conversational else row

    torch.manual_seed(4)
    torch.set_num_threads(1)  # for a model this small, more threads are slower
    tokens, seen = tokenizer(), list[dict[str, Any]]()
    options = JudgeConfig(model="m", api_base=server.url, max_retries=1, timeout=0.4, concurrent_requests=64)
    trainer = watched(seen)(
        model=warmed(tokens),
        reward_funcs=reward_function(options, unscored_timeout=1.5),
        args=config(folder),
        train_dataset=Dataset.from_list([ask(row) for row in ROWS]),
        processing_class=tokens,
        callbacks=[absence(server)],
    )
    trainer.train()
    return seen, trainer


def kind(one: dict[str, Any]) -> str:
    """Name a reward: as Eq. 4 has it, or unscored with a cause. Fail for any other."""
    reward, (true, needs_judge) = one["reward"], wanted(one["text"], one["row"])
    if not math.isnan(reward):
        assert true is not None and reward == pytest.approx(true, abs=1e-6), one
        return "positive" if true else "real 0"
    if true is not None:
        assert one["step"] in AWAY and needs_judge, one
        return "judge away"
    return "judge failed" if needs_judge else "gold tie"


@pytest.mark.parametrize("conversational", [False, True], ids=["texts", "messages"])
def test_no_step_sees_a_made_up_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conversational: bool) -> None:
    """Every number that TRL got is the reward of Eq. 4. A missing score is NaN, TRL's form of None."""
    # The package reads the variable only once per process, so the variable alone is not enough.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with JudgeServer(tmp_path / "served.log") as server:
        seen, trainer = training(server, tmp_path, conversational)
    assert len(seen) == STEPS * GENERATIONS * PROMPTS_A_STEP
    kinds = Counter(kind(one) for one in seen)
    assert set(kinds) == {"positive", "real 0", "judge away", "judge failed", "gold tie"}, kinds
    logged = [line for line in trainer.state.log_history if "metajudge/unscored" in line]
    assert len(logged) == STEPS
    for line in logged:
        step = [one["reward"] for one in seen if one["step"] == line["step"]]
        scored = [reward for reward in step if not math.isnan(reward)]
        assert line["metajudge/unscored"] == pytest.approx(1 - len(scored) / len(step))
        assert line["rewards/metajudge_hybrid/mean"] == pytest.approx(sum(scored) / len(scored))
    assert all(bool(part.isfinite().all()) for part in trainer.model.parameters())
