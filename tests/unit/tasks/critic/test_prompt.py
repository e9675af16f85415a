"""The question to a critic."""

import re

from metajudge.data.conversation import Conversation, Turn
from metajudge.data.labels import parse_verdict
from metajudge.tasks.critic.existing import read_existing
from metajudge.tasks.critic.prompt import CriticPrompt, instructions
from metajudge.tasks.critic.reply import read_critique
from metajudge.text.reading import ParseFailure

CONVERSATION = Conversation((Turn("user", "Sort this list."),))


def test_a_row_is_put_as_quoted_data_behind_the_instructions() -> None:
    """Response 1 is A, Response 2 is B."""
    system, user = CriticPrompt().messages(CONVERSATION, "sorted(x)\n", "x.sort()")
    assert system == {"role": "system", "content": instructions()}
    assert user == {
        "role": "user",
        "content": """\
The conversation:
<QUOTED_TURN_1: user>
Sort this list.
</QUOTED_TURN_1>

<QUOTED_RESPONSE_A>
sorted(x)

</QUOTED_RESPONSE_A>

<QUOTED_RESPONSE_B>
x.sort()
</QUOTED_RESPONSE_B>""",
    }


def test_swapped_shows_response_2_as_a() -> None:
    """Only the places of the two texts differ."""
    assert CriticPrompt().messages(CONVERSATION, "one", "two", swapped=True) == CriticPrompt().messages(
        CONVERSATION, "two", "one"
    )


def test_the_number_of_reasons_is_part_of_the_instructions() -> None:
    """One and several are spelled rightly; other instructions have another hash."""
    assert "Give exactly 5 reasons: the 5 most important points, in their order." in instructions(5)
    assert "Give exactly 1 reason: the 1 most important point, in their order." in instructions(1)
    assert "exactly" not in instructions()
    hashes = {CriticPrompt().hash, CriticPrompt(5).hash, CriticPrompt(1).hash}
    assert len(hashes) == 3 and all(re.fullmatch("[0-9a-f]{16}", one) for one in hashes)


def test_all_five_verdicts_are_offered_and_readable() -> None:
    """The five boxes are in the form that the reader takes."""
    boxes = re.findall(r"`(\\boxed\{[^}]*\})`", instructions())
    assert [parse_verdict(box) for box in boxes] == [-2, -1, 0, 1, 2]


def test_a_copy_of_the_instructions_is_no_answer() -> None:
    """The block that is shown has no verdict in its box, so that it favours none and cannot be read as one."""
    assert isinstance(read_critique(instructions(5)), ParseFailure)
    assert isinstance(read_existing(instructions(5)), ParseFailure)
