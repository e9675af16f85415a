"""The reward as TRL, verl and OpenRLHF call it.

The call patterns are those of verl 0.9.1 (`get_custom_reward_fn`, `NaiveRewardManager`) and OpenRLHF 0.11.2
(`SingleTurnAgentExecutor`); `tests/slow` runs the trainers themselves.
"""

import asyncio
import functools
import importlib.util
import inspect
import json
import logging
import math
import pickle
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any

import pytest

from metajudge.engine import JudgeConfig
from metajudge.integrations import openrlhf, trl, verl
from metajudge.integrations.background import BackgroundScorer
from metajudge.metrics.paper import paper_metrics
from metajudge.rewards.components import means, parts
from metajudge.rewards.generation import NoPrompt
from metajudge.rewards.gold import BadGold, Gold
from metajudge.rewards.reward import GOLD_TIE, Reward, RewardConfig, compute_reward
from metajudge.rewards.unscored import ERROR, GROUP_MEAN, StillUnscored, UnscoredPolicy
from metajudge.tasks.match.prompt import ITEM
from tests.servers import ROOT
from tests.unit.rewards.test_scorer import HUMAN, REASONS, generation, matrix

LABEL = {"human-checklist": list(HUMAN), "overall_preference": 1}
FAILING = {"human-checklist": ["[[content-filter]]", *HUMAN[1:]], "overall_preference": 1}
"""The judge refuses every question about this checklist."""
RIGHT, WRONG, JUNK = generation(), generation(verdict="A>B"), "I prefer B."
FULL = paper_metrics(matrix(), len(REASONS)).average_precision
"""The reward of `RIGHT`: the metric of the judge's scores."""
PARTS = {"rationale", "judged", "outcome", "decided", "matched", "reasons", "malformed", "unscored"}


def together(calls: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Return the results of calls that are made at once on one loop; an error is a result, too."""

    async def go() -> list[Any]:
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(go())


# ------------------------------------------------------------------ TRL


def trl_step(function: Any, completions: list[Any], golds: list[dict[str, Any]], **more: Any) -> list[float | None]:
    """Make a call as `GRPOTrainer` makes it: keyword arguments, each column a list."""
    columns = {name: [gold[name] for gold in golds] for name in (golds or [LABEL])[0]}
    columns |= {"prompts": ["p"] * len(completions), "completion_ids": [[1]] * len(completions)}
    return list(asyncio.run(function(completions=completions, trainer_state=None, **columns, **more)))


def test_trl_gets_a_number_or_none_for_each_completion(judge: JudgeConfig) -> None:
    """Plain texts and messages alike; what the judge refuses to score is None, a real 0 is 0."""
    function = trl.reward_function(judge, granularity=ITEM)
    assert inspect.iscoroutinefunction(function) and function.__name__ == "metajudge_hybrid"
    wanted = [FULL, 0.0, 0.0, None]
    texts, golds = [RIGHT, WRONG, JUNK, RIGHT], [LABEL, LABEL, LABEL, FAILING]
    assert trl_step(function, texts, golds) == wanted and FULL > 0
    messages = [[{"role": "assistant", "content": text}] for text in texts]
    assert trl_step(function, messages, golds) == wanted
    split = [
        [{"role": "tool", "content": "-"}, {"content": [{"text": text[:9]}, {"text": text[9:]}]}] for text in texts
    ]
    assert trl_step(function, split, golds, environments=None) == wanted
    assert trl_step(function, [[]], [LABEL]) == [0.0]
    tool_call = [{"role": "assistant", "tool_calls": [{"type": "function"}]}]
    assert trl_step(function, [tool_call, [{"content": None}]], [LABEL] * 2) == [0.0, 0.0]


def test_trl_logs_the_parts_with_the_same_names_whatever_came(judge: JudgeConfig) -> None:
    """Every process of a training must log the same names, also one whose batch has nothing scored or is empty."""
    function = trl.reward_function(judge, granularity=ITEM)
    seen = []
    for texts, golds in (([RIGHT, WRONG, JUNK, RIGHT], [LABEL, LABEL, LABEL, FAILING]), ([RIGHT], [FAILING]), ([], [])):
        metrics: dict[str, float] = {}
        extra: dict[str, list[Any]] = {}
        trl_step(function, texts, golds, log_metric=metrics.__setitem__, log_extra=extra.__setitem__)
        assert set(metrics) == {f"metajudge/{name}" for name in PARTS}
        assert {name: len(column) for name, column in extra.items()} == dict.fromkeys(
            ("rationale", "outcome", "unscored"), len(texts)
        )
        seen.append((metrics, extra))
    metrics, extra = seen[0]
    assert extra["rationale"] == [FULL, None, None, None] and extra["unscored"] == ["", "", "", "content filter"]
    assert metrics["metajudge/rationale"] / metrics["metajudge/judged"] == FULL
    assert metrics["metajudge/outcome"] / metrics["metajudge/decided"] == pytest.approx(2 / 3)
    assert (metrics["metajudge/malformed"], metrics["metajudge/unscored"]) == (0.25, 0.25)
    assert [seen[place][0]["metajudge/judged"] for place in (1, 2)] == [0.0, 0.0]
    assert all(math.isfinite(value) for one, _ in seen for value in one.values())  # NaN of one process is that of all


def test_trl_data_without_the_columns_is_refused(judge: JudgeConfig) -> None:
    """The missing column and those that are there; columns of other names can be named."""
    function = trl.reward_function(judge)
    with pytest.raises(KeyError, match=r"no column .overall_preference.; it has .*human-checklist"):
        trl_step(function, [RIGHT], [{"human-checklist": list(HUMAN)}])
    named = trl.reward_function(judge, granularity=ITEM, human_field="points", gold_field="label")
    assert trl_step(named, [RIGHT], [{"points": list(HUMAN), "label": "B>>A"}]) == [FULL]


# ------------------------------------------------------------------ verl

VERL_FILE = """
from metajudge.engine import JudgeConfig
from metajudge.integrations.verl import score_function

compute_score = score_function(JudgeConfig(model="m", api_base={url!r}, max_retries=0), granularity="item")
"""


def loaded(path: Path, name: str) -> Any:
    """A user's file as verl and OpenRLHF load it: by path, under a name that is not in `sys.modules`."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def with_kwargs(function: Any, more: dict[str, Any], **kwargs: Any) -> Any:
    """Return what verl makes of a coroutine function and the `reward_kwargs` of its configuration."""
    return await function(**{**kwargs, **more})


def verl_batch(function: Any, texts: list[str], golds: list[Any]) -> list[Any]:
    """Make one call per sample, all at once on one loop, as `NaiveRewardManager.run_single` makes them."""
    extra = {"num_turns": None, "rollout_reward_scores": {}}
    return together(
        function(data_source="rationales", solution_str=text, ground_truth=gold, extra_info={"index": place, **extra})
        for place, (text, gold) in enumerate(zip(texts, golds, strict=True))
    )


def test_verl_gets_score_and_parts_from_a_file(url: str, tmp_path: Path) -> None:
    """Loaded by path, wrapped in a partial, many single samples at once; every value is a number."""
    path = tmp_path / "my_reward.py"
    path.write_text(VERL_FILE.format(url=url))
    function = functools.partial(with_kwargs, loaded(path, "custom_module_1").compute_score, {"more": 1})
    assert inspect.iscoroutinefunction(function)
    found = verl_batch(function, [RIGHT, WRONG, JUNK] * 20, [LABEL, json.dumps(LABEL), LABEL] * 20)
    assert [one["score"] for one in found] == [FULL, 0.0, 0.0] * 20
    assert all(set(one) == {"score", *PARTS} for one in found)
    assert {type(value) for one in found for value in one.values()} == {float}


def test_verl_gets_an_error_or_a_number_where_a_generation_has_no_reward(judge: JudgeConfig) -> None:
    """The default is an error with the cause, because verl knows no None. A call is one generation, without a group."""
    found = verl_batch(verl.score_function(judge, granularity=ITEM), [RIGHT, RIGHT], [FAILING, LABEL])
    assert isinstance(found[0], StillUnscored) and "content filter" in str(found[0])
    assert found[1]["score"] == FULL
    function = verl.score_function(judge, on_unscored=-1, granularity=ITEM)
    found = verl_batch(function, [RIGHT, RIGHT], [FAILING, LABEL])
    assert [(one["score"], one["unscored"]) for one in found] == [(-1.0, 1.0), (FULL, 0.0)]
    with pytest.raises(ValueError, match=r"group-mean.*one generation a call"):
        verl.score_function(judge, on_unscored=GROUP_MEAN)


# ------------------------------------------------------------------ OpenRLHF

OPENRLHF_FILE = """
from metajudge.engine import JudgeConfig
from metajudge.integrations.openrlhf import reward_function

judge = JudgeConfig(model="m", api_base={url!r}, max_retries=0)
reward_func = reward_function(judge, on_unscored={on_unscored!r}, granularity="item")
"""
PROMPT = "<|im_start|>user\nCompare.<|im_end|>\n<|im_start|>assistant\n"


def openrlhf_file(tmp_path: Path, url: str, on_unscored: str | float) -> Any:
    """The `reward_func` of a user's file."""
    path = tmp_path / "reward_func.py"
    path.write_text(OPENRLHF_FILE.format(url=url, on_unscored=on_unscored))
    return loaded(path, "reward_func").reward_func


def openrlhf_batch(function: Any, texts: list[str], labels: list[Any]) -> list[Any]:
    """Make one call per sample, each in its own thread, like `SingleTurnAgentExecutor`."""
    return together(
        asyncio.to_thread(function, [f"{PROMPT}{text}<|im_end|>"], [PROMPT], [label])
        for text, label in zip(texts, labels, strict=True)
    )


def number(value: Any) -> float:
    """Read a tensor of one element, like OpenRLHF."""
    return float(value[0])


def test_openrlhf_gets_rewards_scores_and_parts_from_a_file(url: str, tmp_path: Path) -> None:
    """Many threads call with one query each; the reply is the text behind the prompt, its end token included."""
    function = openrlhf_file(tmp_path, url, "error")
    assert not inspect.iscoroutinefunction(function)
    found = openrlhf_batch(function, [RIGHT, WRONG, JUNK] * 10, [json.dumps(LABEL)] * 30)
    assert [number(one["rewards"]) for one in found] == pytest.approx([FULL, 0.0, 0.0] * 10)
    assert [number(one["scores"]) for one in found] == pytest.approx([FULL, 0.0, 0.0] * 10)
    assert all(set(one["extra_logs"]) == PARTS for one in found)
    assert [number(one["extra_logs"]["malformed"]) for one in found] == [0.0, 0.0, 1.0] * 10
    unscored, bad = openrlhf_batch(function, [RIGHT, RIGHT], [FAILING, "B>A"])
    assert isinstance(unscored, StillUnscored) and isinstance(bad, BadGold)
    many = function([PROMPT + RIGHT, PROMPT + JUNK], [PROMPT] * 2, [LABEL] * 2)
    assert [float(value) for value in many["rewards"]] == pytest.approx([FULL, 0.0])
    assert not function([], [], [])["extra_logs"]


def test_openrlhf_with_a_number_warns(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log says that the reward is made up, and why."""
    with caplog.at_level(logging.WARNING, "metajudge"):
        (found,) = openrlhf_batch(openrlhf_file(tmp_path, url, 0), [RIGHT], [FAILING])
    assert number(found["rewards"]) == 0.0 and number(found["extra_logs"]["unscored"]) == 1.0
    assert "a generation without a reward (content filter) counts as 0, which the judge did not say" in caplog.text
    with caplog.at_level(logging.WARNING, "metajudge"):
        openrlhf_batch(openrlhf_file(tmp_path, url, 0), [RIGHT], [{"human-checklist": list(HUMAN)}])
    assert "a generation without a reward (no gold preference) counts as 0, whose row allows none" in caplog.text


def test_openrlhf_takes_the_mean_of_the_calls_other_generations(url: str, tmp_path: Path) -> None:
    """The mean is of the same prompt; a call of one generation has none."""
    function = openrlhf_file(tmp_path, url, GROUP_MEAN)
    queries = [f"{prompt}{text}" for prompt, text in ((PROMPT, RIGHT), (PROMPT, WRONG), (PROMPT, RIGHT), ("q", RIGHT))]
    found = function(queries, [*[PROMPT] * 3, "q"], [LABEL, LABEL, FAILING, LABEL])
    assert [float(value) for value in found["rewards"]] == pytest.approx([FULL, 0.0, FULL / 2, FULL])
    assert [float(value) for value in found["extra_logs"]["unscored"]] == [0.0, 0.0, 1.0, 0.0]
    (alone,) = openrlhf_batch(function, [RIGHT], [FAILING])
    assert isinstance(alone, StillUnscored)


def test_the_reply_is_the_text_behind_the_prompt() -> None:
    """A prompt may be cut at its beginning or have other spaces; anything else is an error."""
    long = "Read this. " * 50 + "Which is better?"
    assert openrlhf.generation(f"{PROMPT}yes", PROMPT) == "yes"
    assert openrlhf.generation(f"<s>{PROMPT}yes{PROMPT}", PROMPT) == f"yes{PROMPT}"
    assert openrlhf.generation(f"{long[200:]} yes", long) == " yes"
    assert openrlhf.generation(f"{long[200:]} yes {long} no", long) == f" yes {long} no"
    assert openrlhf.generation(f"<s> {long.replace('. ', '.  ')}yes", long) == "yes"
    assert openrlhf.generation("yes", "") == openrlhf.generation("yes", "\n") == "yes"
    assert openrlhf.generation("a b\nc", "\n") == "a b\nc"
    with pytest.raises(NoPrompt, match=r"which ends in .*Which is better\?"):
        openrlhf.generation("yes", long)


def test_an_example_in_the_prompt_that_ends_like_it_is_not_where_the_reply_begins() -> None:
    """Few-shot prompts repeat their instruction; only a text that is found once marks the reply's beginning."""
    ask = "Compare the two responses. List your reasons, the most important first, one per line, then the verdict. " * 2
    prompt = f"Who is Ada ? {ask}Answer: the example's. Who is Bob ? {ask}Answer:"
    for query in (f"{prompt} no", f"{prompt} no".replace(" ?", "?"), f"{prompt} no"[10:]):
        assert openrlhf.generation(query, prompt) == " no"
    assert openrlhf.generation(f"{prompt} no"[-150:], prompt) == " no"
    assert openrlhf.generation(f"<|begin_of_text|><s> {prompt[-150:]} no", prompt) == " no"
    with pytest.raises(NoPrompt):
        openrlhf.generation(f"{prompt[-150:]} no {ask}Answer: yes", prompt)
    with pytest.raises(NoPrompt):
        openrlhf.generation(f"{prompt[-95:]} no {ask}Answer: yes", prompt)


def test_a_prompt_of_equal_blocks_may_be_cut_anywhere() -> None:
    """The rest must end like nothing else in it, or hold no other end."""
    block = "".join(f" {n}." for n in range(300))
    prompt = "".join(f"Q{n}: what is {n}?\n{block}" for n in range(3))
    for left in (3000, 1900, 1500, 900, 300):
        assert openrlhf.generation(f"{prompt[-left:]}REPLY", prompt) == "REPLY", left


@pytest.mark.usefixtures("untraced")
def test_a_prompt_of_one_letter_is_no_wait() -> None:
    """It repeats itself everywhere."""
    prompt, started = "=" * 30_000, time.process_time()
    with pytest.raises(NoPrompt):
        openrlhf.generation(f"{prompt[3:]}REPLY", prompt)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("end", ["<|im_end|>", "</s>", "<|eot_id|>\n", "<｜end▁of▁sentence｜>", "<end_of_turn>\n<eos>"])
def test_the_tokens_that_end_a_reply_are_no_part_of_it(end: str) -> None:
    """Several end tokens, such as padding, are cut; within a reply they stay."""
    assert openrlhf.generation(f"{PROMPT}yes\n{end}", PROMPT) == "yes\n"
    assert openrlhf.generation(f"{PROMPT}yes{end * 3}", PROMPT) == "yes"
    assert openrlhf.generation(f"{PROMPT}{end}yes", PROMPT) == f"{end}yes"
    assert openrlhf.generation(f"{PROMPT}a <b> c <|x y|>", PROMPT) == "a <b> c <|x y|>"


@pytest.mark.parametrize(
    "verdict", ["Final assessment result: B>A", "Final assessment result: \\boxed{B>A}\n", "\\boxed{B>A}\n\n"]
)
def test_a_reply_has_the_same_reward_with_every_trainer(
    judge: JudgeConfig, url: str, tmp_path: Path, verdict: str
) -> None:
    """A reply may lack its result block and end in an end token."""
    text = "\n".join([*(f"- {reason}" for reason in REASONS), verdict])

    (found,) = openrlhf_batch(openrlhf_file(tmp_path, url, "error"), [text], [LABEL])
    (score,) = verl_batch(verl.score_function(judge, granularity=ITEM), [text], [LABEL])
    (value,) = trl_step(trl.reward_function(judge, granularity=ITEM), [text], [LABEL])
    assert [number(found["rewards"]), score["score"], value] == pytest.approx([FULL] * 3)
    assert number(found["extra_logs"]["malformed"]) == 0.0


# ------------------------------------------------------------------ parts, and a number for everything


def test_the_parts_are_numbers_that_say_which_are_known() -> None:
    """`judged` and `decided` say which 0 is one; means are plain, so that processes can average theirs."""
    rewards = [Reward(0.5, 1.0, 0.5, n_reasons=2), Reward(0.0, 0.0), Reward(0.0, malformed="no"), Reward(None, 1.0)]
    assert all(set(parts(one)) == PARTS for one in rewards)
    assert [parts(one)["judged"] for one in rewards] == [1.0, 0.0, 0.0, 0.0]
    found = means(rewards)
    assert (found["rationale"], found["judged"], found["decided"]) == (0.125, 0.25, 0.75)
    assert found["outcome"] == 0.5 and found["reasons"] == 0.5
    assert means([]) == dict.fromkeys(PARTS, 0.0)


def test_a_group_mean_is_over_the_scored_generations_of_the_group_in_one_call() -> None:
    """A real 0 counts; another group's and another call's rewards do not."""
    policy = UnscoredPolicy(GROUP_MEAN)
    high, low, zero = (Reward(value, 1.0, value, answered=True) for value in (0.6, 0.2, 0.0))
    unscored = Reward(None, unscored="500")
    assert policy.values([high, unscored, zero, unscored, low], "aabba") == pytest.approx([0.6, 0.4, 0.0, 0.0, 0.2])
    for rewards, groups in (([unscored], "a"), ([high, unscored], "ab")):
        with pytest.raises(StillUnscored, match="it scored no other one of its prompt in this call"):
            policy.values(rewards, groups)


def test_a_row_that_allows_no_reward_is_not_to_be_tried_again() -> None:
    """The judge's silence and an unreadable generation have different causes."""
    with pytest.raises(
        StillUnscored, match="reward: gold tie; no generation of this row gets one, leave such rows out"
    ):
        UnscoredPolicy(ERROR).values([Reward(None, unscored=GOLD_TIE)], ["p"])
    with pytest.raises(StillUnscored, match=r"no reward from the judge \(malformed\); try again; .* group-mean"):
        UnscoredPolicy(ERROR).values([Reward(None, unscored="malformed")], ["p"])


def test_what_the_gate_alone_decided_is_no_mean_while_the_judge_is_away() -> None:
    """Right verdicts are all unscored then: a mean of the wrong ones' zeros would be a made-up 0."""
    policy = UnscoredPolicy(GROUP_MEAN)
    gated, malformed, unscored = Reward(0.0, 0.0), Reward(0.0, malformed="no list"), Reward(None, 1.0, unscored="500")
    with pytest.raises(StillUnscored, match=r"500\); it scored no other one"):
        policy.values([gated, malformed, unscored], "aaa")
    without_reasons = compute_reward(1.0, Gold(("x",), 2), [], None, RewardConfig())
    assert (without_reasons.value, without_reasons.rationale) == (0.0, 0.0)
    with pytest.raises(StillUnscored):  # of an empty list nobody asked the judge
        policy.values([without_reasons, unscored], "aa")
    good = Reward(0.8, 1.0, 0.8, answered=True)
    assert policy.values([good, gated, malformed, unscored], "aaaa") == pytest.approx([0.8, 0.0, 0.0, 0.8 / 3])


@pytest.mark.parametrize("on_unscored", ["skip", "0", math.nan, math.inf, True, None])
def test_a_policy_that_is_none_is_refused(on_unscored: Any) -> None:
    with pytest.raises(ValueError, match=r"on_unscored is .*; it is error, group-mean or a finite number"):
        UnscoredPolicy(on_unscored)


def test_what_an_adapter_keeps_can_be_sent_to_another_process() -> None:
    """Workers of a cluster get it without threads, connections or rewards."""
    hosted = BackgroundScorer(JudgeConfig(model="m", api_base="http://127.0.0.1:1/v1"), None, ITEM, 1.0)
    policy, scorer = pickle.loads(pickle.dumps((UnscoredPolicy(0), hosted)))
    assert policy.values([Reward(None)], "a") == [0.0]
    assert scorer.score_sync([], []) == []
    scorer.close()


def test_every_package_is_installed() -> None:
    """Packages are found by their `__init__.py`: no folder of modules may lack one."""
    folders = {module.parent for module in (ROOT / "metajudge").rglob("*.py")}
    assert folders == {init.parent for init in (ROOT / "metajudge").rglob("__init__.py")}
