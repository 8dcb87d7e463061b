"""Budgets to think with, refused as Anthropic refuses them."""

import json
from typing import Any

import pytest

from burnish_gateway.compat.anthropic.messages_format import AnthropicFormat
from burnish_shared.errors import InvalidField
from tests.unit.compat.test_odd_values import parsed


def asked(budget: int, **changed: Any) -> bytes:
    body: dict[str, Any] = {"model": "m", "max_tokens": 2000, "messages": [{"role": "user", "content": "x"}]}
    return json.dumps(body | {"thinking": {"type": "enabled", "budget_tokens": budget}} | changed).encode()


@pytest.mark.parametrize("budget", [0, 1023, 2000, 5000])
def test_a_budget_out_of_bounds_is_refused(budget: int) -> None:
    with pytest.raises(InvalidField) as refused:
        parsed(AnthropicFormat(), asked(budget))
    assert refused.value.param == "thinking.budget_tokens"


def test_a_budget_within_bounds_or_between_tools_is_taken() -> None:
    parsed(AnthropicFormat(), asked(1999))
    parsed(AnthropicFormat(), asked(5000, tools=[{"name": "f", "input_schema": {"type": "object"}}]))
    parsed(AnthropicFormat(), asked(5000, model="burnish::prompt::has-tools-perhaps"))
