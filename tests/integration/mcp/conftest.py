"""The official SDK's own client, at a whole Burnish of real processes, over both transports and both generations of the protocol."""

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from burnish_client import Burnish
from tests.embedded.installation import Installation

Connect = Callable[..., AbstractAsyncContextManager[Client]]

TEXT = "You greet people.\n{{#if formal}}Use the last name.{{/if}}"


@pytest.fixture(scope="session")
def made(installation: Installation) -> dict[str, Any]:
    """Keys by role and scope, a prompt with variables of several types, and a dataset too small to prove anything."""
    url = installation.connection["url"]
    workspace = json.loads(installation.run("workspace", "create", "MCP", "--json").stdout)
    own = workspace["api_key"]
    with Burnish(base_url=url, api_key=own, cache_folder=False) as burnish:
        keys = {
            "admin": own,
            "viewer": burnish.request("POST", "/v1/api-keys", {"name": "looks", "role": "viewer"})["key"],
            "narrow": burnish.request("POST", "/v1/api-keys", {"name": "narrow", "role": "editor", "scopes": ["prompts:read"]})["key"],
        }
        prompt = {
            "slug": "mcp-greeting", "name": "Greeting", "description": "Greets somebody.", "model": "simulated/chat", "max_tokens": 50,
            "messages": [{"role": "system", "content": TEXT}, {"role": "user", "content": "I am {{name}}, {{age:number = 30}} years old."}],
            "parameters": {"name": {"description": "Who is greeted"}},
        }  # fmt: skip
        burnish.request("POST", "/v1/prompts", prompt)
        items = [{"input": f"ticket {n}", "expected": "billing", "split": ("train", "validation", "test")[n % 3]} for n in range(9)]
        dataset = burnish.request("POST", "/v1/datasets", {"name": "mcp-tickets", "items": items})
    return {"url": url, "workspace_id": workspace["workspace_id"], "keys": keys, "prompt": "mcp-greeting", "dataset": dataset["id"]}


@asynccontextmanager
async def over_http(made: dict[str, Any], *, key: str = "admin", mode: Any = "auto", **headers: str) -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {made['keys'][key]}", **headers}, timeout=60) as http:
        async with Client(streamable_http_client(f"{made['url']}/mcp", http_client=http), mode=mode) as client:
            yield client


@asynccontextmanager
async def over_stdio(made: dict[str, Any], *, key: str = "admin", mode: Any = "auto") -> AsyncIterator[Client]:
    environment = {"BURNISH_BASE_URL": made["url"], "BURNISH_API_KEY": made["keys"][key]}
    command = StdioServerParameters(command=sys.executable, args=["-P", "-m", "burnish.main", "mcp"], env=environment)
    async with Client(command, mode=mode) as client:
        yield client


@pytest_asyncio.fixture(params=["http", "stdio", "http-2025"], loop_scope="session")
async def connect(request: pytest.FixtureRequest, made: dict[str, Any]) -> AsyncIterator[Connect]:
    """`async with connect(key="viewer") as client`: by the transport, and the generation of the protocol, of this round."""
    transport = over_stdio if request.param == "stdio" else over_http
    mode = "legacy" if request.param == "http-2025" else "auto"
    yield lambda **given: transport(made, mode=mode, **given)
