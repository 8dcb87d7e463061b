"""Who brings nothing that could say who asks is refused before a byte of the body is waited for: it may be long, and lies in memory."""

import asyncio
import json
import re
from urllib.parse import urlsplit

import pytest

from burnish_gateway.short_way import HOT
from tests.security.conftest import World
from tests.security.world import Route

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-15", "T-01")]

BY_ITSELF = {f"POST {path}" for path in HOT}
"""Routes that refuse in the words of their format: the very first call of a process brings its body before them."""

FROM_HERE = re.compile(r"/(?!v1/)")
"""Those of the source systems, which calls from the gateway's own machine may use without a key."""

ID = "01a21181-b63e-7616-a038-12b8f59fee65"


async def refused(world: World, route: Route, header: str) -> str:
    """The code of the answer to the head of a request whose body never comes."""
    at = urlsplit(world.stack.gateways[0])
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    path = re.sub(r"{\w+}", ID, route.path)
    writer.write(
        f"{route.method} {path} HTTP/1.1\r\nhost: x\r\n{header}content-type: application/json\r\ncontent-length: 900000\r\n\r\n".encode()
    )
    try:
        async with asyncio.timeout(90):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            body = await reader.readexactly(int(length[1])) if length else b"{}"
    except TimeoutError:
        return "waits"
    finally:
        writer.close()
    return str(json.loads(body)["error"]["code"])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "authorization: Bearer\r\n",
        "authorization: Basic eDp5\r\n",
        "x-api-key: bk_live_typo\r\n",
        "authorization: Bearer some.web.token\r\n",
    ],
    ids=["nothing", "an empty bearer", "another scheme", "a key that is none", "a token of nobody who is trusted"],
)
async def test_a_body_of_nobody_is_not_waited_for(world: World, header: str) -> None:
    routes = [
        one
        for one in world.every_route
        if one.method != "GET" and one.rule != "anyone" and one.name not in BY_ITSELF and not FROM_HERE.match(one.path)
    ]
    assert len(routes) > 100
    codes = await asyncio.gather(*(refused(world, one, header) for one in routes))
    assert {one.name: code for one, code in zip(routes, codes, strict=True) if code != "unauthenticated"} == {}
