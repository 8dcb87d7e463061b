"""Whose an enrichment or session is for how long: a lease is renewed where its work is under way, and nowhere else (PRODUCT E17, S1)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.assistant import work_store
from burnish_gateway.assistant.runner import AssistantRunner
from burnish_gateway.assistant.work_store import Claim
from burnish_shared.db.session import Database
from burnish_shared.errors import Busy, Unavailable
from burnish_shared.ids import new_uuid
from tests.embedded.databases import DatabaseUrls
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace

pytestmark = [pytest.mark.capability("E17"), pytest.mark.capability("S1")]

LEASE_S = 2


@dataclass
class Works:
    """What becomes of claims: rows of `put_off` meet this once, and end; the others are worked on until the test is over."""

    put_off: dict[UUID, Exception]
    claims: list[Claim] = field(default_factory=list)

    def make(self, claim: Claim, _: Any) -> Any:
        self.claims.append(claim)
        return SimpleNamespace(carry_out=lambda: self._carry_out(claim.id), let_go=lambda: None)

    def fences_of(self, row_id: UUID) -> list[int]:
        return [one.fence for one in self.claims if one.id == row_id]

    async def _carry_out(self, row_id: UUID) -> None:
        if row_id in self.put_off:
            raise self.put_off.pop(row_id)
        await asyncio.Event().wait()


async def test_what_was_put_off_is_taken_up_when_its_lease_is_over_while_others_are_worked_on(
    database_urls: DatabaseUrls, workspace: Workspace
) -> None:
    busy, enrichment = [await _enrichment(database_urls, workspace) for _ in range(2)]
    session = await _session(database_urls, workspace)
    works = Works({enrichment: Unavailable("away"), session: Busy("held by others")})
    async with _runner(database_urls, works):
        async with asyncio.timeout(60):
            while len(works.fences_of(enrichment)) < 2 or len(works.fences_of(session)) < 2:
                await asyncio.sleep(0.05)
        assert works.fences_of(busy) == [1], "its lease was renewed all the while"
        assert (works.fences_of(enrichment), works.fences_of(session)) == ([1, 2], [1, 2])


async def test_what_this_gateway_does_not_know_of_is_not_kept(database_urls: DatabaseUrls, workspace: Workspace) -> None:
    """The answer to the commit of its claim was lost, say."""
    busy, lost = [await _enrichment(database_urls, workspace) for _ in range(2)]
    db = await Database.open(database_urls["gateway"], application_name="test", max_size=1)
    try:
        async with db.unit_of_work() as tx:
            claims = await work_store.claim(tx, worker="a/assistant", lease_s=60, sessions=0, enrichments=8)
        assert {one.id for one in claims} == {busy, lost}
        before = await _leases(database_urls)
        async with db.unit_of_work() as tx:
            held = await work_store.renew(tx, worker="a/assistant", lease_s=60, ids=[busy])
            assert await work_store.renew(tx, worker="b/assistant", lease_s=60, ids=[busy]) == {}
        after = await _leases(database_urls)
        assert held == {busy: 1} and after[busy] > before[busy] and after[lost] == before[lost]
        async with db.unit_of_work() as tx:
            rows = await tx.fetch("SELECT id FROM renew_assistant_work($1, $2)", "a/assistant", 60)
        assert {row["id"] for row in rows} == {busy, lost}, "a gateway of the release before goes on beside this one"
    finally:
        await db.close()


@asynccontextmanager
async def _runner(urls: DatabaseUrls, works: Works) -> AsyncIterator[None]:
    """The one that looks for work in this database."""
    db = await Database.open(urls["gateway"], application_name="test", max_size=2)
    most = {"assistant_sessions_at_once": 8, "assistant_enrichments_at_once": 8}
    settings = SimpleNamespace(replica="a", assistant_lease_s=LEASE_S, assistant_look_interval_s=0.05, **most)
    gateway: Any = SimpleNamespace(db=db, settings=settings)
    running = asyncio.create_task(AssistantRunner(gateway, {"clarification": works.make, "enrichment": works.make}).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await db.close()


async def _enrichment(urls: DatabaseUrls, workspace: Workspace) -> UUID:
    sql = "INSERT INTO enrichments (enrichment_id, workspace_id, source_type, actor) VALUES ($1, $2, 'document', 'test')"
    return await _inserted(urls, sql, workspace)


async def _session(urls: DatabaseUrls, workspace: Workspace) -> UUID:
    sql = """INSERT INTO clarifications (session_id, workspace_id, owner_id, task, initial_prompt, ask_model, write_model, actor,
                                         expires_at)
             VALUES ($1, $2, $2, 'ask', 'Sort mails.', 'm', 'm', 'test', clock_timestamp() + interval '1 day')"""
    return await _inserted(urls, sql, workspace)


async def _inserted(urls: DatabaseUrls, sql: str, workspace: Workspace) -> UUID:
    row_id = new_uuid()
    async with _superuser(urls) as connection:
        await connection.execute(sql, row_id, workspace.workspace_id)
    return row_id


async def _leases(urls: DatabaseUrls) -> dict[UUID, datetime]:
    async with _superuser(urls) as connection:
        rows = await connection.fetch("SELECT enrichment_id, leased_until FROM enrichments")
    return {row["enrichment_id"]: row["leased_until"] for row in rows}


@asynccontextmanager
async def _superuser(urls: DatabaseUrls) -> AsyncIterator[Any]:
    async with as_superuser(urls["superuser"]) as connection:
        yield connection
