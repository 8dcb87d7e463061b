"""What the operator sees of a message that nobody could handle (burnish_gateway/dead_letters/outline.py)."""

import json

import pytest

from burnish_gateway.dead_letters.outline import outline

pytestmark = pytest.mark.promise("M-07")


@pytest.mark.parametrize("field", ["variables", "context", "metadata", "arguments"])
def test_under_fields_that_people_fill_nothing_is_taken_for_a_word_of_ours(field: str) -> None:
    """A variable may be called as a field of ours is, and its value may look like a word, an id or a moment of ours."""
    given = {
        "status": "divorced",
        "kind": ["hiv-positive"],
        "wage": 4100,
        "born": "1980-01-01T00:00:00Z",
        "deeper": {"model": "x5", "ok": True},
    }
    (told,) = outline(json.dumps({field: given}).encode()).values()
    assert told == {
        "status": "(8 characters)", "kind": ["(12 characters)"], "wage": "(a number)", "born": "(20 characters)",
        "deeper": {"model": "(2 characters)", "ok": True},
    }  # fmt: skip


def test_the_same_words_are_shown_where_they_are_ours() -> None:
    ours = {"status": "error", "kind": "chat", "hold_nusd": 12, "route": {"model": "openai/gpt-5", "provider": "openai"}}
    assert outline(json.dumps(ours).encode()) == ours
