"""The cap of the output has two names: held for and sent is the same one (PROMISES 5.4)."""

from types import SimpleNamespace
from typing import Any

import pytest

from burnish_gateway.execution import order
from burnish_gateway.optimization.forecast import Sizes
from burnish_optimizer.core.candidate import SettingsForm
from burnish_optimizer.core.hold import capped
from burnish_optimizer.core.prompt_text import EditablePrompt
from burnish_optimizer.search import document
from burnish_shared.prompt_settings import settings_of, with_overrides

pytestmark = pytest.mark.capability("O1")

LONG, SHORT = {"max_tokens": 8000}, {"max_completion_tokens": 100}
FACTS: Any = SimpleNamespace(model="m", provider="openai", output_tokens=16_000)

CASES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (SHORT, LONG, LONG),
    (LONG, SHORT, SHORT),
    (LONG, {"max_tokens": 50}, {"max_tokens": 50}),
    (LONG, {"max_completion_tokens": None}, LONG),
    (LONG, {}, LONG),
    ({}, LONG | SHORT, SHORT),
    (LONG | SHORT, {}, SHORT),
    (LONG | SHORT, LONG, LONG),
    ({"temperature": 0.5}, {"temperature": None, "top_p": 0.1}, {"temperature": 0.5, "top_p": 0.1, "max_tokens": 4096}),
]


@pytest.mark.parametrize(("settings", "given", "sent"), CASES)
def test_an_evaluation_sends_the_cap_that_the_gateway_sends(settings: dict[str, Any], given: dict[str, Any], sent: dict[str, Any]) -> None:
    version: Any = SimpleNamespace(settings=settings)
    assert order._settings(order.Order(overrides=given), version, FACTS) == sent
    assert capped(settings_of(with_overrides(settings, given)), output_tokens_most=FACTS.output_tokens) == sent


def test_a_version_that_names_both_is_held_for_by_the_one_that_is_sent() -> None:
    assert capped(LONG | SHORT, output_tokens_most=16_000) == SHORT
    content = {"messages": [{"content": "Sort it."}], **SHORT}
    assert Sizes.of(content, longest_input="").output_cap == 100


CONTENT: dict[str, Any] = {"messages": [{"role": "system", "content": "Sort it."}], "model": "m"}


@pytest.mark.parametrize(
    ("content", "chosen", "changes", "sent"),
    [
        (SHORT, LONG, LONG | {"max_completion_tokens": None}, LONG),
        (LONG, SHORT, SHORT | {"max_tokens": None}, SHORT),
        (LONG, {"max_tokens": 50}, {"max_tokens": 50}, {"max_tokens": 50}),
        (SHORT, {"max_tokens": None}, {}, SHORT),
        (LONG | SHORT, {"max_completion_tokens": None}, {"max_completion_tokens": None}, LONG),
        (LONG, {"temperature": 0.1}, {"temperature": 0.1}, LONG | {"temperature": 0.1}),
    ],
)
def test_a_cap_that_is_tried_takes_the_place_of_the_other_and_is_suggested_so(
    content: dict[str, Any], chosen: dict[str, Any], changes: dict[str, Any], sent: dict[str, Any]
) -> None:
    fields = CONTENT | content
    form = SettingsForm(fields, EditablePrompt.of(fields), {name: [value] for name, value in chosen.items()}, "m")
    assert form.changes(document(chosen)) == changes
    assert capped(settings_of(form.asked(document(chosen)).fields), output_tokens_most=16_000) == sent
    assert settings_of(fields | changes) == settings_of(form.asked(document(chosen)).fields), "what is suggested is what was tried"
