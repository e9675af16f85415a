"""The calling code of verl (0.9.1) and OpenRLHF (0.11.2) itself, without a GPU. Skipped if they are not installed.

Their call patterns are also in `tests/unit/integrations/test_trainers.py`. To install them without an engine:

    pip install 'ray>=2.60' 'tensordict<=0.10' hydra-core codetiming pylatexenc
    pip install --no-deps verl==0.9.1 openrlhf==0.11.2
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.servers import running
from tests.unit.integrations.test_trainers import (
    FAILING,
    FULL,
    JUNK,
    LABEL,
    OPENRLHF_FILE,
    PARTS,
    PROMPT,
    RIGHT,
    VERL_FILE,
    WRONG,
)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Start a judge that is right except for the faults in the texts."""
    with running("tests.servers.faulty") as base_url:
        yield base_url


class Letters:
    """A tokenizer with one token per letter."""

    def __call__(self, text: str, **_: Any) -> dict[str, Any]:
        import torch

        return {"input_ids": torch.tensor([[ord(letter) for letter in text]])}

    def decode(self, ids: Any, **_: Any) -> str:
        return "".join(chr(int(number)) for number in ids if int(number))


def rollout(texts: list[str]) -> Any:
    """Return a batch of verl's after a rollout."""
    import numpy as np
    import torch
    from verl import DataProto

    longest = max(map(len, texts))
    responses = torch.tensor([[ord(letter) for letter in text.ljust(longest, "\0")] for text in texts])
    prompts = torch.ones(len(texts), 3, dtype=torch.long)
    mask = torch.cat([prompts, (responses > 0).long()], dim=1)
    return DataProto.from_dict(
        tensors={"prompts": prompts, "responses": responses, "attention_mask": mask},
        non_tensors={
            "data_source": np.array(["rationales"] * len(texts), dtype=object),
            "reward_model": np.array([{"ground_truth": json.dumps(LABEL)} for _ in texts], dtype=object),
            "extra_info": np.array([{"index": number // 4} for number in range(len(texts))], dtype=object),
        },
    )


def test_verls_reward_manager_gets_score_and_parts(url: str, tmp_path: Path) -> None:
    """The configuration leads through `NaiveRewardManager` to the score at each response's last token."""
    pytest.importorskip("verl", reason="verl is not installed; see the head of this file")
    from omegaconf import OmegaConf
    from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
    from verl.trainer.ppo.reward import get_custom_reward_fn

    (tmp_path / "my_reward.py").write_text(VERL_FILE.format(url=url))
    named = {"path": str(tmp_path / "my_reward.py"), "name": "compute_score", "reward_kwargs": {"more": 1}}
    config = OmegaConf.create({"reward": {"custom_reward_function": named}})
    batch = rollout([RIGHT, WRONG, JUNK] * 8)

    async def go() -> list[dict[str, Any]]:
        manager = NaiveRewardManager(config, Letters(), get_custom_reward_fn(config))
        assert manager.is_async_reward_score
        return await asyncio.gather(*(manager.run_single(batch[n : n + 1]) for n in range(24)))

    found = asyncio.run(go())
    assert [one["reward_score"] for one in found] == [FULL, 0.0, 0.0] * 8
    assert all(set(one["reward_extra_info"]) == {"score", *PARTS} for one in found)
    scores = NaiveRewardManager.assemble_rm_scores(batch, [one["reward_score"] for one in found])
    assert scores.sum(dim=1).tolist() == pytest.approx([FULL, 0.0, 0.0] * 8)


def executed(path: Path, texts: list[str], labels: list[Any]) -> list[dict[str, Any]]:
    """Return the results of OpenRLHF's executor for these replies of an engine."""
    pytest.importorskip("openrlhf", reason="OpenRLHF is not installed; see the head of this file")
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    executor = SingleTurnAgentExecutor(str(path))

    def engine(text: str) -> Any:
        async def generate(ids: list[int], *_: Any, **__: Any) -> Any:
            written = [ord(letter) for letter in f"{text}<|im_end|>"]
            output = SimpleNamespace(token_ids=written, finish_reason="stop", logprobs=None, text=text)
            return SimpleNamespace(outputs=[output])

        return SimpleNamespace(generate=generate)

    async def go() -> list[dict[str, Any]]:
        sampling = SimpleNamespace(max_tokens=4096, logprobs=None)
        pairs = zip(texts, labels, strict=True)
        replies = (executor.execute(PROMPT, label, sampling, 8192, Letters(), engine(text)) for text, label in pairs)
        return await asyncio.gather(*replies)

    return asyncio.run(go())


def test_openrlhfs_executor_gets_rewards_scores_and_parts(url: str, tmp_path: Path) -> None:
    """OpenRLHF can turn rewards and logs into tensors of an experience."""
    torch = pytest.importorskip("torch")
    path = tmp_path / "my_reward.py"
    path.write_text(OPENRLHF_FILE.format(url=url, on_unscored="error"))
    found = executed(path, [RIGHT, WRONG, JUNK] * 8, [json.dumps(LABEL)] * 24)
    for name in ("reward", "scores"):
        assert [torch.tensor([one[name]]).item() for one in found] == pytest.approx([FULL, 0.0, 0.0] * 8)
    assert all(set(one["extra_logs"]) == PARTS for one in found)
    assert all(value.flatten()[0].item() >= 0 for one in found for value in one["extra_logs"].values())


def test_openrlhf_goes_on_without_a_reward_where_none_may_be_made_up(url: str, tmp_path: Path) -> None:
    """Its executor logs our error: the experience has no reward, which is not 0."""
    path = tmp_path / "my_reward.py"
    path.write_text(OPENRLHF_FILE.format(url=url, on_unscored="error"))
    (found,) = executed(path, [RIGHT], [FAILING])
    assert found["reward"] is None and found["scores"] is None
