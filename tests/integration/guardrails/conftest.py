"""One stack and one database for the tests of this folder; each test has a workspace and a model of its own."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from tests.embedded.databases import Cluster
from tests.embedded.emitted_events import check_events
from tests.embedded.stack import Answer, Caller, Stack, running_stack
from tests.fakes.scripted_provider import ScriptedProvider, scripted_provider


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(postgres: Cluster, nats_server: Any) -> AsyncIterator[Stack]:
    urls = await postgres.clone()
    async with running_stack(urls, nats_server) as running:
        yield running
    await check_events(urls)
    await postgres.drop(urls)


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace, its model `own/model`, and what that says."""

    caller: Caller
    model: ScriptedProvider

    async def prompt(self, **content: Any) -> None:
        """A prompt `ask` whose one message is the variable `text`."""
        made = await self.caller("POST", "/v1/prompts", {"slug": "ask", "template": "{{text}}", "model": "own/model", **content})
        assert made.status == 201, made.body

    async def rule(self, settings: dict[str, Any], *sides: str, **more: Any) -> Answer:
        body = {"name": settings["kind"], "settings": settings, "sides": list(sides) or ["in"], **more}
        made = await self.caller("POST", "/v1/guardrails", body)
        assert made.status == 201, made.body
        return made

    async def run(self, text: str, **more: Any) -> Answer:
        return await self.caller("POST", "/v1/executions", {"prompt": "ask", "variables": {"text": text}, **more})

    async def events(self, text: str, **more: Any) -> list[tuple[str, Any]]:
        return await self.caller.events("/v1/executions", {"prompt": "ask", "variables": {"text": text}, "stream": True, **more})

    async def stored(self, execution_id: str) -> Any:
        return (await self.caller("GET", f"/v1/executions/{execution_id}")).body


@contextlib.asynccontextmanager
async def placed(caller: Caller) -> AsyncIterator[Place]:
    """The caller's workspace with a model: 1 nano-dollar for a token in, 2 for one out."""
    async with scripted_provider() as model:
        facts = {
            "model": "own/model", "provider": "lab", "upstream_model": "model", "base_url": model.base_url, "context_tokens": 100_000,
            "output_tokens": 1000, "input_price_nusd_per_million": 1_000_000, "output_price_nusd_per_million": 2_000_000,
        }  # fmt: skip
        made = await caller("POST", "/v1/models", facts)
        assert made.status == 201, made.body
        yield Place(caller, model)


@pytest_asyncio.fixture(loop_scope="session")
async def place(stack: Stack) -> AsyncIterator[Place]:
    async with placed(await stack.caller()) as made:
        yield made
