"""Endpoints in the database, and the service's own parts set to run in milliseconds."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest_asyncio
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import make_workspace
from tests.fakes.receiver import Receiver, receiving

from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealing import seal
from burnish_shared.contracts.events import Event
from burnish_shared.contracts.webhooks import secret_context
from burnish_shared.db.session import Database
from burnish_shared.egress import Egress, EgressPolicy
from burnish_shared.ids import new_uuid
from burnish_webhooks.deliver import deliver
from burnish_webhooks.dice import SystemDice
from burnish_webhooks.dispatch_due import Dispatcher, Limits
from burnish_webhooks.fan_out import fan_out
from burnish_webhooks.io import deliveries_store
from burnish_webhooks.io.deliveries_store import Claim
from burnish_webhooks.io.sender import HttpSender

KEK = bytes(range(32))
QUICK = Limits(interval_s=0.02, lease_s=60)


def an_event(workspace_id: UUID, type_: str = "alert.raised", **fields: Any) -> Event:
    return Event.model_validate(
        {
            "id": new_uuid(),
            "type": type_,
            "workspace_id": workspace_id,
            "occurred_at": datetime.now(UTC),
            "object_id": "a1",
            "data": {"n": 1},
        }
        | fields
    )


def a_secret() -> str:
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


@dataclass
class Hooks:
    """One database with endpoints, and means to look into it. `gateway` and `worker` are connections as those roles."""

    gateway: Database
    worker: Database
    workspace_id: UUID
    secrets: dict[UUID, str] = field(default_factory=dict)

    async def add_endpoint(
        self, url: str, *events: str, workspace_id: UUID | None = None, filters: dict[str, list[str]] | None = None
    ) -> UUID:
        endpoint_id, owner, secret = new_uuid(), workspace_id or self.workspace_id, a_secret()
        self.secrets[endpoint_id] = secret
        async with self.gateway.unit_of_work(workspace=owner) as tx:
            await tx.execute(
                "INSERT INTO webhook_endpoints (endpoint_id, workspace_id, url, events, filters, secret_sealed) "
                "VALUES ($1, $2, $3, $4, $5, $6)",
                endpoint_id, owner, url, list(events) or ["*"], filters or {},
                seal(KEK, secret.encode(), context=secret_context(owner, endpoint_id)),
            )  # fmt: skip
        return endpoint_id

    async def change_endpoint(self, endpoint_id: UUID, change: str, *args: object) -> None:
        async with self.gateway.unit_of_work(workspace=self.workspace_id) as tx:
            await tx.execute(f"UPDATE webhook_endpoints SET {change} WHERE endpoint_id = $1", endpoint_id, *args)

    async def emit(self, *events: Event, order_hold_s: float = 0.0) -> int:
        return await fan_out(events, db=self.worker, base_url="https://burnish.example", order_hold_s=order_hold_s)

    async def claims(self, *, limit: int = 50, lease_s: float = 60, only_idle: bool = False) -> list[Claim]:
        """One claim, as the dispatcher makes it."""
        async with self.worker.unit_of_work() as tx:
            return await deliveries_store.claim_due(tx, limit=limit, lease_s=lease_s, per_endpoint=4, per_workspace=32, only_idle=only_idle)

    async def wish_replay(self, event_id: UUID, endpoint_id: UUID, *, workspace_id: UUID | None = None) -> UUID:
        """What POST …/replay writes."""
        replay_id, owner = new_uuid(), workspace_id or self.workspace_id
        async with self.gateway.unit_of_work(workspace=owner) as tx:
            await tx.execute(
                "INSERT INTO webhook_replays (replay_id, workspace_id, event_id, endpoint_id) VALUES ($1, $2, $3, $4)",
                replay_id, owner, event_id, endpoint_id,
            )  # fmt: skip
        return replay_id

    async def rows(self, sql: str, *args: object) -> list[dict[str, Any]]:
        async with self.gateway.unit_of_work(workspace=self.workspace_id) as tx:
            return [dict(row) for row in await tx.fetch(sql, *args)]

    async def deliveries(self) -> list[dict[str, Any]]:
        return await self.rows("SELECT * FROM webhook_deliveries ORDER BY event_id, endpoint_id")

    async def attempts(self) -> list[dict[str, Any]]:
        return await self.rows("SELECT * FROM webhook_attempts ORDER BY event_id, endpoint_id, number")

    async def state(self, endpoint_id: UUID) -> dict[str, Any]:
        return (await self.rows("SELECT * FROM webhook_endpoint_states WHERE endpoint_id = $1", endpoint_id))[0]

    async def announced(self, *, service: str = "webhooks") -> list[Event]:
        async with self.worker.unit_of_work() as tx:
            rows = await tx.fetch("SELECT body FROM outbox WHERE service = $1 ORDER BY outbox_id", service)
        return [Event.model_validate_json(row["body"]) for row in rows]

    async def until(self, settled: Callable[[list[dict[str, Any]]], bool], *, timeout_s: float = 60.0) -> list[dict[str, Any]]:
        """Polls the deliveries until they are as wished."""
        async with asyncio.timeout(timeout_s):
            while not settled(rows := await self.deliveries()):
                await asyncio.sleep(0.01)
        return rows

    async def until_all(self, status: str) -> list[dict[str, Any]]:
        return await self.until(lambda rows: bool(rows) and all(row["status"] == status for row in rows))

    @asynccontextmanager
    async def delivering(
        self,
        *,
        factor: float = 0.001,
        limits: Limits = QUICK,
        total_timeout_s: float = 30.0,
        policy: str = "127.0.0.0/8",
        egress: Egress | None = None,
        order_hold_s: float = 0.0,
    ) -> AsyncIterator[Dispatcher]:
        """Runs dispatching until the block ends."""
        stop = asyncio.Event()
        sender = HttpSender(egress or Egress(EgressPolicy.parse(policy)), total_timeout_s=total_timeout_s, connect_timeout_s=20)
        async with sender as http:
            dice = SystemDice()
            dispatcher = Dispatcher(
                self.worker,
                lambda claim: deliver(
                    claim, db=self.worker, http=http, dice=dice, keyring=Keyring(KEK), factor=factor, order_hold_s=order_hold_s
                ),
                limits=limits,
            )
            running = asyncio.create_task(dispatcher.run(stop))
            try:
                yield dispatcher
            finally:
                stop.set()
                await running


TABLES = (
    "webhook_ranges", "webhook_endpoint_days", "webhook_replays", "webhook_attempts", "webhook_deliveries", "webhook_endpoint_states",
    "webhook_endpoints", "outbox",
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def databases(module_database_urls: DatabaseUrls) -> AsyncIterator[dict[str, Database]]:
    """Connections to a database of this module, as gateway and as webhooks."""
    opened = {
        role: await Database.open(module_database_urls[role], application_name=f"test-{role}", max_size=8)
        for role in ("gateway", "webhooks", "superuser")
    }
    yield opened
    for database in opened.values():
        await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def hooks(module_database_urls: DatabaseUrls, databases: dict[str, Database]) -> AsyncIterator[Hooks]:
    """A workspace of the test's own. Claims look over all workspaces, so what a test leaves behind is removed."""
    workspace = await make_workspace(module_database_urls["superuser"])
    yield Hooks(gateway=databases["gateway"], worker=databases["webhooks"], workspace_id=workspace.workspace_id)
    async with databases["superuser"].unit_of_work() as tx:
        for table in TABLES:
            await tx.execute(f"DELETE FROM {table}")


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one
