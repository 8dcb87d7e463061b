"""Two gateways and no executor: who may do what is decided before anything is executed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from burnish.embedded.nats import ADMINISTRATOR
from tests.embedded.stack import Stack, running_stack
from tests.embedded.streams import empty_streams
from tests.embedded.superuser import as_superuser

CHEAP = {"password_memory_kib": 64, "password_passes": 1}
"""Argon2id as weak as it gets: what is tested is around it."""


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(postgres: Any, nats_server: Any) -> AsyncIterator[Stack]:
    urls = await postgres.clone()
    async with running_stack(urls, nats_server, gateways=2, executors=0, gateway={**CHEAP, "sign_up": "open"}) as running:
        yield running
    await empty_streams(nats_server.url(ADMINISTRATOR))
    await postgres.drop(urls)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def no_tries_yet(stack: Stack) -> None:
    """All tests come from one address; each begins as if nobody had tried anything from there."""
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("DELETE FROM burnish.sign_in_tries")
