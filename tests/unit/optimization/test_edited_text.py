"""A suggestion that somebody edits before they accept it: what must stay does."""

from typing import Any

import pytest

from burnish_gateway.optimization.edited_text import with_text
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("O6")

START = "Sort the ticket.\nAnswer with one word.\nNever promise a refund.\nRate it from 1 to 5."
BASE: dict[str, Any] = {
    "messages": [{"role": "system", "content": START}, {"role": "user", "content": "{{ticket}}"}],
    "parameters": {"ticket": {"type": "string"}},
}
SUGGESTED = START + "\nParcels are of delivery."
CONTENT: dict[str, Any] = {"messages": [{"role": "system", "content": SUGGESTED}, BASE["messages"][1]]}


def edited(text: str, content: dict[str, Any] = CONTENT) -> dict[str, Any]:
    return with_text(content, base=BASE, text=text, locked=["Answer with one word."], rules=["Never promise a refund.", "Be kind."])


def test_an_edit_stands_in_the_message_that_was_changed_and_nowhere_else() -> None:
    text = SUGGESTED.replace("Parcels", "Parcels and letters")
    assert edited(text) == {"messages": [{"role": "system", "content": text}, BASE["messages"][1]]}
    assert edited(text, CONTENT | {"temperature": 0.2})["temperature"] == 0.2
    assert edited(SUGGESTED) is CONTENT, "what was measured, byte for byte"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (SUGGESTED + " {{customer}}", "changes the variables: it brings {{customer}}"),
        (SUGGESTED.replace("Answer with one word.", "Answer in short."), "changes a locked block"),
        (SUGGESTED.replace("Never promise a refund.\n", ""), "drops a rule that must stay"),
        (SUGGESTED.replace("1 to 5", "1 to 10"), "changes the rating scale"),
        (START, "says exactly this"),
        (" \n", "is empty"),
    ],
)
def test_what_must_stay_is_named(text: str, why: str) -> None:
    with pytest.raises(InvalidField) as refused:
        edited(text)
    assert refused.value.param == "text" and why in refused.value.message


@pytest.mark.parametrize("content", [{"temperature": 0.2}, CONTENT | {"variants": [{"model": "other/*", "messages": CONTENT["messages"]}]}])
def test_what_is_no_single_text_is_accepted_as_it_is_or_not_at_all(content: dict[str, Any]) -> None:
    with pytest.raises(InvalidField, match="no text, or those of several models"):
        edited(SUGGESTED + " More.", content)
