"""Messages that are sent as they are, beside variables that nothing fills in."""

from typing import Any

import pytest

from burnish_gateway.execution.unfilled import check_filled
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("E1")

FILLED: list[tuple[Any, dict[str, Any]]] = [
    ("Say hello to {{name}}.", {}),
    ("Say hello to {{other}}.", {"name": "Ada"}),
    ("Say hello to Ada.", {"name": "Ada"}),
    ("In a template, {{{{name}} is a brace.", {"name": "Ada"}),
    ("{name} { {name} }", {"name": "Ada"}),
    ([{"type": "image_url", "image_url": {"url": "https://x.example/{{name}}"}}], {"name": "Ada"}),
]


@pytest.mark.parametrize(("content", "variables"), FILLED)
def test_messages_that_name_no_variable_beside_them_pass(content: Any, variables: dict[str, Any]) -> None:
    check_filled([{"role": "user", "content": content}], variables)


@pytest.mark.parametrize(
    "content",
    [
        "Say hello to {{name}}.", "{{ name }}", "{{name:string}}", "{{#if name}}x{{/if}}", "{{#each name}}x{{/each}}", "{{name.first}}",
        [{"type": "text", "text": "Say {{name}}"}],
    ],
)  # fmt: skip
def test_messages_that_would_be_sent_with_their_braces_are_refused(content: Any) -> None:
    with pytest.raises(InvalidField, match=r"\{\{name\}\} in them would not be filled in") as told:
        check_filled([{"role": "system", "content": "Be kind."}, {"role": "user", "content": content}], {"name": "Ada", "more": 1})
    assert told.value.param == "variables" and "{{more}}" not in told.value.message
