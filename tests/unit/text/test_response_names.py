"""Names of the two responses in a text."""

import pytest

from metajudge.text.response_names import sole_response, speaks_of_response, with_subject


@pytest.mark.parametrize(
    "text",
    [
        "Response A is short", "**Assistant B's** table", "answer_2 fails", "The first response is wrong", "model A",
        "Both answers are right", "Neither assistant explains it", "the other response adds it",
        "The assistant guesses",
        "The responses agree", "Completion [B] ends early", "A never names the product", "A breaks the limit",
        "B's test is slow", "Wrong, while B keeps the limit", "回答A更短", "两个回答都对",
        "第二个回答有误", "第1個回覆更完整", "B 的回答漏了一步", "前者更简洁", "兩者都對",
    ],
)  # fmt: skip
def test_a_text_about_a_response_is_known(text: str) -> None:
    """By name, by place, by letter, or as both."""
    assert speaks_of_response(text)


@pytest.mark.parametrize(
    "text",
    [
        "A college student sues", "Option B is right", "(A) Neritic zone", "The answer is B", "Answer: 42", "Answer 12",
        "A series of steps", "A class of ten", "Model: linear", "the response time", "P(A and B) = 0.1", "Position 1",
        "Solution 3.5 mol", "B means the magnetic field", "A always holds", "第二步求和", "a的值为2", "答案为42",
    ],
)  # fmt: skip
def test_a_step_of_a_solution_is_not_taken_for_one(text: str) -> None:
    """Articles, options, variables and numbers look alike."""
    assert speaks_of_response(text) == (text == "the response time")  # its one known mistake


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("**Evaluation of Assistant A's Answer:**", "Assistant A"),
        ("### Response [B]", "Response B"),
        ("The first answer", "first answer"),
        ("Assistant A and Assistant B", ""),
        ("Final verdict", ""),
        ("**第二个回答的缺点**", "第二个回答"),
        ("前者与后者", ""),
    ],
)
def test_a_title_has_a_subject_if_it_names_one_response(title: str, name: str) -> None:
    """A title of both has none."""
    assert sole_response(title) == name


def test_the_subject_is_put_before_a_reason_that_does_not_name_it() -> None:
    """A reason that names it, by another word too, or both responses is left as it is."""
    assert with_subject("Slow", "Assistant A") == "Assistant A: Slow"
    assert with_subject("Slower than Response B", "Assistant A") == "Assistant A: Slower than Response B"
    for text in ("Assistant A is slow", "Response 1 is slow", "Both responses are slow", "A is slow"):
        assert with_subject(text, "Assistant A") == text
    assert with_subject("Slow", "") == "Slow"
