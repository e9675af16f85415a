"""Messages of every kind of question."""

import re
from collections.abc import Callable

import pytest

from metajudge.data.conversation import Conversation
from metajudge.tasks.critic.prompt import CriticPrompt
from metajudge.tasks.critic.step import CriticStep
from metajudge.tasks.decompose.step import DecomposeStep
from metajudge.tasks.match.prompt import Prompt

Asked = tuple[list[dict[str, str]], str]
"""Messages of a question and the hash of its instructions."""


def match(granularity: str, system_message: bool) -> Asked:
    prompt = Prompt(granularity, system_message=system_message)
    return prompt.messages(["h"], ["s"], 1), prompt.hash


def critic(top_k: int | None, system_message: bool) -> Asked:
    step = CriticStep("m", top_k, system_message=system_message)
    return CriticPrompt(top_k, system_message).messages(Conversation(()), "a", "b"), step.spec.instructions


def decompose(field: str, system_message: bool) -> Asked:
    step = DecomposeStep((field,), system_message=system_message)
    (question,) = step.questions({field: "Too long.", "response1": "a", "response2": "b"})
    return [dict(message) for message in question.messages], step.spec.instructions


@pytest.mark.parametrize(
    ("ask", "first"), [(match, "row"), (match, "item"), (critic, None), (critic, 3), (decompose, "said")]
)
def test_without_system_message_everything_is_one_user_message(
    ask: Callable[[object, bool], Asked], first: object
) -> None:
    """The instructions come first, and their hash stays."""
    (system, user), name = ask(first, True)
    assert (system["role"], user["role"]) == ("system", "user") and re.fullmatch("[0-9a-f]{16}", name)
    joined = {"role": "user", "content": f"{system['content']}\n\n{user['content']}"}
    assert ask(first, False) == ([joined], name)
    if ask is not critic:  # long enough for prefix caches: a word of English prose is a token at least
        assert len(re.findall(r"\w+|[^\w\s]", system["content"])) >= 1024
