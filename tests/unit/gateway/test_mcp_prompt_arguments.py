"""What an argument of an MCP prompt, which is text, may write as JSON."""

from typing import Any

import pytest

from burnish_gateway.mcp.calls import Answer, Call
from burnish_gateway.mcp.prompts import BadArgument, got

pytestmark = pytest.mark.capability("K3")


@pytest.mark.parametrize("written", ["[", "1 2", "9" * 5000, "[" * 100_000], ids=["cut off", "two", "too long a number", "nested too deep"])
async def test_what_cannot_be_read_as_json_is_named(written: str) -> None:
    async def api(call: Call, *, caller: Any) -> Answer:
        return Answer(200, {"version": 1, "variables": [{"name": "items", "type": "array"}]})

    with pytest.raises(BadArgument, match="items: must be written as JSON"):
        await got(api, "p", {"items": written}, caller=None)
