"""What conditions of rules speak of, as a call has it."""

from typing import Any

import pytest

from burnish_gateway.execution.order import Order
from burnish_gateway.routing.choose_way import Words, words_of

pytestmark = pytest.mark.capability("E12")

GERMAN = "Ich habe eine Frage zu der Rechnung, die nicht mit dem Betrag auf meinem Konto übereinstimmt, und ich bitte um eine Antwort."


@pytest.mark.parametrize(
    "content",
    [GERMAN, [{"type": "text", "text": GERMAN}], [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": GERMAN}]],
)
def test_the_language_of_a_call_is_that_of_its_texts_also_in_parts(content: Any) -> None:
    english = {
        "role": "system",
        "content": "You are a careful assistant, and you answer the questions of our customers as well as you can.",
    }
    order = Order(messages=[english, {"role": "user", "content": content}, {"role": "assistant", "content": None}])
    assert Words(words_of(order, None))["language"] == "de"
