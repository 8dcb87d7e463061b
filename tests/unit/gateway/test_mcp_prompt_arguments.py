"""What an argument of an MCP prompt, which is text, means as a variable."""

from typing import Any

import pytest

from burnish_gateway.mcp.calls import Answer, Call
from burnish_gateway.mcp.prompts import BadArgument, Refused, got, listed

pytestmark = pytest.mark.capability("K3")


@pytest.mark.parametrize("written", ["[", "1 2", "9" * 5000, "[" * 100_000], ids=["cut off", "two", "too long a number", "nested too deep"])
async def test_what_cannot_be_read_as_json_is_named(written: str) -> None:
    async def api(call: Call, *, caller: Any) -> Answer:
        return Answer(200, {"version": 1, "variables": [{"name": "items", "type": "array"}]})

    with pytest.raises(BadArgument, match="items: must be written as JSON"):
        await got(api, "p", {"items": written}, caller=None)


ORDER: list[dict[str, Any]] = [
    {"name": "order", "type": None, "required": False, "default": None},
    {"name": "order.id", "type": "number", "required": True, "default": None},
    {"name": "customer.address.city", "type": None, "required": True, "default": None},
]


async def rendered_with(arguments: dict[str, str]) -> Any:
    asked: list[Any] = []

    async def api(call: Call, *, caller: Any) -> Answer:
        if call.method == "GET":
            return Answer(200, {"version": 1, "variables": ORDER, "name": "p", "description": ""})
        asked.append(dict(call.body or {}))
        return Answer(200, {"version": 1, "messages": [{"role": "user", "content": "x"}]})

    await got(api, "p", arguments, caller=None)
    return asked[0]["variables"]


async def test_a_field_of_a_value_is_an_argument_of_its_own() -> None:
    city = {"customer": {"address": {"city": "Köln"}}}
    assert await rendered_with({"order.id": "7", "customer.address.city": "Köln"}) == {"order": {"id": 7}} | city
    assert await rendered_with({"order.id": "7", "order": '{"of": "today"}'}) == {"order": {"of": "today", "id": 7}}


async def test_what_has_fields_is_written_as_an_object() -> None:
    assert await rendered_with({"order": '{"id": 7}'}) == {"order": {"id": 7}}
    with pytest.raises(BadArgument, match="order: must be written as JSON"):
        await rendered_with({"order": "mine"})
    with pytest.raises(BadArgument, match=r"order: must be a JSON object, because order\.id is a field of it"):
        await rendered_with({"order": "[]", "order.id": "7"})


async def test_a_list_without_a_prompt_that_could_not_be_read_is_no_answer() -> None:
    statuses = {"there": 200, "gone": 404, "asleep": 503}

    async def api(call: Call, *, caller: Any) -> Answer:
        slug = call.path.rpartition("/")[2]
        if slug == "prompts":
            return Answer(200, {"data": [{"slug": one} for one in statuses], "next_cursor": None})
        return Answer(statuses[slug], {"slug": slug, "name": slug, "description": "", "variables": []})

    with pytest.raises(Refused) as refused:
        await listed(api, caller=None, cursor=None)
    assert refused.value.answer.status == 503
    statuses["asleep"] = 200
    assert [one.name for one in (await listed(api, caller=None, cursor=None)).prompts] == ["there", "asleep"]
