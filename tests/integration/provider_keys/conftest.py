"""One stack of a gateway and two executors, and providers that answer by key; each test has a workspace and keys of its own."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from tests.embedded.stack import Answer, Caller, Stack, running_stack
from tests.embedded.superuser import as_superuser
from tests.fakes.keyed_provider import KeyedProvider, Manner, serving_by_key

OPERATORS_KEY = "operators-own-key-of-openai"
METERED_KEY = "operators-own-key-of-metered"

MODEL = """INSERT INTO platform_models (model, provider, upstream_model, display_name, context_tokens, output_tokens,
  input_price_nusd_per_million, cached_input_price_nusd_per_million, output_price_nusd_per_million, price_version)
  VALUES ($1, $2, $1, $1, 32768, 4096, 1000000000, 1000000000, 2000000000, 't')"""

NUMBERS = itertools.count(1)


@dataclass
class Ground:
    """`provider`: where the operator's providers `openai` (he has a key) and `bare` (he has none) live; `other`: somebody else's server."""

    stack: Stack
    provider: KeyedProvider
    other: KeyedProvider


@dataclass
class Tenant:
    """A workspace's admin, and the texts of the keys that were added for it."""

    ground: Ground
    admin: Caller
    keys: list[str] = field(default_factory=list)

    async def add_key(self, *, manner: Manner | None = None, provider: str = "openai", **more: Any) -> tuple[str, str]:
        """A fresh key that is served in this manner; its id and text."""
        key = f"canary-{provider}-{next(NUMBERS):06d}-{self.admin.workspace.workspace_id.hex[-8:]}"
        if manner is not None:
            self.ground.provider.manners[key] = manner
        body = {"provider": provider, "name": f"key {len(self.keys)}", "key": key, **more}
        made = await self.admin("POST", "/v1/provider-keys", body)
        assert made.status == 201, made.body
        self.keys.append(key)
        return made.body["id"], key

    async def call(self, *, model: str = "gpt-test", **more: Any) -> Answer:
        return await self.admin("POST", "/v1/executions", {"model": model, "messages": [{"role": "user", "content": "Hi."}], **more})

    async def shown(self, key_id: str) -> Any:
        return (await self.admin("GET", f"/v1/provider-keys/{key_id}")).body

    async def books(self, sql: str, *args: object) -> Any:
        async with as_superuser(self.ground.stack.urls["superuser"]) as connection:
            return await connection.fetch(sql, *args)

    async def rows(self) -> Any:
        """This workspace's executions, in order."""
        return await self.books("SELECT * FROM executions WHERE workspace_id = $1 ORDER BY execution_id", self.admin.workspace.workspace_id)

    async def on_plan(self, plan: str) -> None:
        """Puts the workspace's organization on another plan, and waits until the gateway knows."""
        await self.books("UPDATE organizations SET plan = $2 WHERE organization_id = $1", self.admin.workspace.organization_id, plan)
        await self.books("SELECT note_change($1, 'workspace', '*')", self.admin.workspace.workspace_id)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ground(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Ground]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", OPERATORS_KEY)
        patch.setenv("BURNISH_PROVIDER_KEY_METERED", METERED_KEY)
        async with serving_by_key() as provider, serving_by_key() as other:
            async with as_superuser(module_database_urls["superuser"]) as connection:
                await connection.execute("UPDATE providers SET base_url = $1 WHERE provider = 'openai'", provider.base_url)
                await connection.execute("INSERT INTO providers (provider, base_url) VALUES ('bare', $1)", provider.base_url)
                await connection.execute("INSERT INTO providers (provider, base_url) VALUES ('metered', $1)", provider.base_url)
                await connection.execute(MODEL, "metered-test", "metered")
                await connection.execute(MODEL, "gpt-test", "openai")
                await connection.execute(MODEL, "bare-test", "bare")
            limits = {"metered": {"requests_per_minute": 3}}
            executor = {
                "provider_limits": limits,
                "rest_most_s": 3600.0,
                "attempts": 1,
                "attempt_timeout_s": 6.0,
                "key_news_s": 0.1,
            }
            async with running_stack(module_database_urls, nats_server, executors=2, executor=executor) as stack:
                yield Ground(stack, provider, other)


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(ground: Ground) -> Tenant:
    ground.provider.calls.clear()
    ground.other.calls.clear()
    return Tenant(ground, await ground.stack.caller())
