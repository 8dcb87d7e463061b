"""A whole Burnish, as `burnish up` starts it, with the models of a server that BURNISH_TEST_OPENAI_BASE_URL names."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
import pytest
import pytest_asyncio

from tests.embedded.installation import Installation
from tests.embedded.stack import Answer, Caller
from tests.embedded.workspaces import Workspace
from tests.local_model.server import WHY_NOT, Server, find_server

ASK_S = 900.0
"""A model on a processor of one's own takes its time, and the first call loads it."""

PATIENT = {
    "BURNISH_FIRST_TOKEN_S": "300",
    "BURNISH_ATTEMPT_TIMEOUT_S": "600",
    "BURNISH_DEADLINE_S": "600",
    "BURNISH_BATCH_DEADLINE_S": "600",
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "local_model: asks a server that BURNISH_TEST_OPENAI_BASE_URL names; `make test-local-model` runs it"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "place" in getattr(item, "fixturenames", ()) and "local_model" in item.path.parts:
            item.add_marker("local_model")
            item.add_marker(pytest.mark.timeout(ASK_S + 60))


@dataclass(frozen=True, slots=True)
class Place:
    """The installation, an admin of its workspace, and the server. `local/chat` and, where it has one, `local/embed` are its models."""

    installation: Installation
    server: Server
    ask: Caller

    async def execute(self, text: str, **more: Any) -> Answer:
        body = {"model": "local/chat", "messages": [{"role": "user", "content": text}], "overrides": {"temperature": 0, "max_tokens": 64}}
        return await self.ask("POST", "/v1/executions", body | {"deadline_s": 600} | more)

    async def row(self, execution_id: str) -> Any:
        kept = await self.ask("GET", f"/v1/executions/{execution_id}")
        assert kept.status == 200, kept.body
        return kept.body


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    server = await find_server()
    if server is None:
        pytest.skip(WHY_NOT)
    print(f"\nasking {server.model} at {server.base_url}, context {server.context_tokens} tokens, embeddings by {server.embedding_model}")
    environment = PATIENT | {"BURNISH_EGRESS_ALLOW": server.network()}
    installation = Installation(tmp_path_factory.mktemp("local-model") / "home", environment=environment)
    connection = installation.up()
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S)) as session:
            workspace = Workspace(UUID(connection["workspace_id"]), UUID(int=0), 0)
            ask = Caller(session, connection["url"], connection["api_key"], workspace)
            await describe(ask, server)
            yield Place(installation, server, ask)
    finally:
        installation.down()
        shutil.rmtree(installation.home, ignore_errors=True)


async def describe(ask: Caller, server: Server) -> None:
    """The server's models and its key, as a user adds them. The context is a lie, so that an overflow reaches the server."""
    if server.key is not None:
        key = {"provider": "local", "name": "local", "key": server.key, "base_url": server.base_url}
        made = await ask("POST", "/v1/provider-keys", key)
        assert made.status == 201, made.body
    named = {"local/chat": (server.model, ["chat"])}
    if server.embedding_model is not None:
        named["local/embed"] = (server.embedding_model, ["embeddings"])
    for name, (upstream, capabilities) in named.items():
        made = await ask("POST", "/v1/models", {
            "model": name, "provider": "local", "upstream_model": upstream, "base_url": server.base_url, "context_tokens": 10_000_000,
            "output_tokens": 4096, "input_price_nusd_per_million": 1_000_000, "output_price_nusd_per_million": 2_000_000,
            "capabilities": capabilities,
        })  # fmt: skip
        assert made.status == 201, made.body
