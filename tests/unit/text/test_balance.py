"""The response that reasons speak for."""

import pytest

from metajudge.text.balance import balance, contradicts, favoured_response

FOR_A, FOR_B = "Response A is correct", "Response A omits the unit"


@pytest.mark.parametrize(
    ("reason", "side"),
    [
        (FOR_A, -1),
        (FOR_B, 1),
        ("Assistant 2 follows the format", 1),
        ("Response B does not run", -1),
        ("A breaks the limit", 1),
        ("Response A is not correct", 0),  # a word of praise and one of blame
        ("Response A is correct, Response B is not", 0),
        ("Both responses are correct", 0),
        ("The task is wrong", 0),
        ("Response A has three steps", 0),
    ],
)
def test_a_reason_has_a_side_if_it_only_praises_or_only_blames_one_response(reason: str, side: int) -> None:
    """Anything else is undecided."""
    assert favoured_response(reason) == side


def test_the_balance_needs_two_reasons_with_a_side_and_none_against_them() -> None:
    """Undecided reasons do not count."""
    assert balance([FOR_A, FOR_A, "Response A has three steps"]) == -1
    assert balance([FOR_B, FOR_B]) == 1
    assert balance([FOR_A]) == balance([FOR_A, FOR_A, FOR_B]) == balance([]) == 0


def test_a_verdict_contradicts_reasons_that_all_speak_for_the_other_response() -> None:
    """A tie contradicts nothing, whatever the strength of the reasons."""
    reasons = [FOR_A, FOR_A]
    assert [contradicts(verdict, reasons) for verdict in (-2, -1, 0, 1, 2)] == [False, False, False, True, True]
