"""Every reader treats thoughts, broken replies and tags of blocks alike."""

import pytest

from metajudge.text.reading import ParseFailure
from tests.unit.tasks.frames import ANSWERS, FRAMES, framed, read


@pytest.mark.parametrize("reader", ANSWERS)
@pytest.mark.parametrize(("text", "finish_reason", "expected"), FRAMES)
def test_every_reader_reads_the_answer_in_its_frame_or_names_the_reason(
    reader: str, text: str, finish_reason: str | None, expected: str | dict[str, str]
) -> None:
    """What is known to be whole is read, no draft ever is."""
    found = read(reader, framed(text, reader), finish_reason)
    why = expected if isinstance(expected, str) else expected.get(reader, expected[""])
    if why:
        assert found == ParseFailure(why)
    else:
        assert found == read(reader, framed("{block}", reader), "stop")
        assert not isinstance(found, ParseFailure)


@pytest.mark.parametrize("reader", ["critic", "decompose"])
@pytest.mark.parametrize("tag", ["</think>", "<thinking>", "[/THINK]", "<reasoning>", "</reasoning>", "◁think▷"])
def test_a_tag_of_a_thought_inside_a_block_is_a_failure(reader: str, tag: str) -> None:
    """It belongs to what the block quotes."""
    text = framed("{block}", reader).replace("is short", f"leaks {tag} here")
    assert read(reader, text, "stop") == ParseFailure(f"{tag} inside a result block")
