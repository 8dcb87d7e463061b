"""The key-encryption key is changed while everything runs: nothing stops, nothing is lost, and the old key can go (PROMISES S-03)."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from burnish_shared.auth.installation import check_keyring
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.rotation import rotate, under_other_keys
from burnish_shared.auth.sealed_columns import CHECK_COLUMN, SEALED_COLUMNS
from burnish_shared.auth.sealing import FORMAT
from burnish_shared.contracts.provider_keys import KeyPlace
from burnish_shared.contracts.webhooks import secret_context
from burnish_shared.db import session
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from burnish_shared.refusal import StartRefused
from tests.embedded.databases import DatabaseUrls
from tests.embedded.stack import Caller, Stack, running_stack
from tests.embedded.superuser import as_superuser

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("S-03")]

OLD, NEW, OTHER = (base64.b64encode(os.urandom(32)).decode() for _ in range(3))

HOOK = {"url": "http://127.0.0.1:9/hook", "events": ["alert.raised"]}

PLAIN_BYTES = {
    "review_items.voice": "hash of who brought it, until it is decided",
    "outbox.body": "a message on its way",
    "dead_letters.payload": "a message that could not be handled",
    "webhook_deliveries.body": "what is sent to the receiver",
    "rollup_end_users.sketch": "how many people, not who: ranks of keyed marks",
    "files.content": "lines of a batch, as they were uploaded: content like that of executions",
    "cache_entries.cache_key": "SHA-256 of what makes two calls the same",
    "erasures.subject_key": "salt of one erasure's digest, for the worker that has no key; gone after the last pass",
}
"""Columns of bytes that hold nothing sealed, and what they hold."""

DIGESTS = ("digest", "_hash", ".fingerprint", ".question", ".signature")
"""How columns of digests and signatures end."""


@dataclass(frozen=True, slots=True)
class World:
    """A stack under the old key, and what was made in it."""

    stack: Stack
    caller: Caller
    operator: Database


@pytest_asyncio.fixture(loop_scope="session")
async def world(database_urls: DatabaseUrls, nats_server: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    # A new connection takes seconds where load without a pause, three services and PostgreSQL share two cores with others.
    for patience in ("POOL_WAIT_S", "CONNECT_TIMEOUT_S"):
        monkeypatch.setattr(session, patience, 30.0)
    async with running_stack(database_urls, nats_server, gateway={"kek": OLD}, executor={"kek": OLD}) as stack:
        stack.kek = OLD
        operator = await Database.open(database_urls["owner"], application_name="test-operator", max_size=2)
        try:
            yield World(stack, await stack.caller(), operator)
        finally:
            await operator.close()


async def _fill(world: World, number: int) -> dict[str, bytes]:
    """Endpoints with two secrets each and requests with an Idempotency-Key; Idempotency-Key → the answer's bytes."""
    answers = {}
    for key in (f"k{one}" for one in range(number)):
        made = await world.caller("POST", "/v1/webhooks/endpoints", HOOK, headers={"idempotency-key": key})
        assert made.status == 201, made.body
        answers[key] = made.raw
        again = await world.caller("POST", f"/v1/webhooks/endpoints/{made.body['id']}/rotate-secret")
        assert again.status == 200, again.body
    return answers


async def _replay(caller: Caller, key: str) -> bytes:
    answer = await caller("POST", "/v1/webhooks/endpoints", HOOK, headers={"idempotency-key": key})
    assert answer.status == 201 and answer.headers.get("idempotent-replayed") == "true", answer.body
    return answer.raw


async def _add_provider_key(urls: Mapping[str, str], workspace_id: UUID, ring: Keyring, secret: str) -> KeyPlace:
    place = KeyPlace(workspace_id, new_uuid(), 3)
    async with as_superuser(urls["superuser"]) as connection:
        await connection.execute(
            "INSERT INTO provider_keys (provider_key_id, workspace_id, provider, name, secret_version, sealed, last4, created_by) "
            "VALUES ($1, $2, 'simulated', 'test', 3, $3, 'last', 'test')",
            place.provider_key_id, workspace_id, ring.seal(secret.encode(), context=place.context),
        )  # fmt: skip
    return place


async def _fill_the_rest(urls: Mapping[str, str], ring: Keyring) -> None:
    """Seals something into every column that is empty so far, where its table has a row."""
    async with as_superuser(urls["superuser"]) as connection:
        for one in SEALED_COLUMNS:
            row = await connection.fetchrow(f"SELECT * FROM {one.table} WHERE {one.column} IS NULL LIMIT 1")
            if row is not None and not await connection.fetchval(f"SELECT count(*) FROM {one.table} WHERE length({one.column}) > 0"):
                same = " AND ".join(f"{name} = ${number}" for number, name in enumerate(one.keys, start=2))
                sealed = ring.seal(b"something", context=one.context(dict(row)))
                await connection.execute(
                    f"UPDATE {one.table} SET {one.column} = $1 WHERE {same}", sealed, *(row[name] for name in one.keys)
                )


async def _sealed_everywhere(urls: Mapping[str, str]) -> dict[str, list[tuple[bytes, str]]]:
    """Column → each sealed value with its context."""
    async with as_superuser(urls["superuser"]) as connection:
        return {
            one.name: [
                (row[one.column], one.context(dict(row)))
                for row in await connection.fetch(f"SELECT * FROM {one.table} WHERE length({one.column}) > 0")
            ]
            for one in (*SEALED_COLUMNS, CHECK_COLUMN)
        }


async def test_a_rotation_under_load_loses_nothing_and_the_old_key_can_go(world: World) -> None:
    old, both, new = Keyring.from_texts([OLD]), Keyring.from_texts([NEW, OLD]), Keyring.from_texts([NEW])
    answers = await _fill(world, 6)
    await _add_provider_key(world.stack.urls, world.caller.workspace.workspace_id, old, "sk-provider-secret")
    await _fill_the_rest(world.stack.urls, old)
    filled = {name for name, values in (await _sealed_everywhere(world.stack.urls)).items() if values}
    assert filled >= {"provider_keys.sealed", "webhook_endpoints.headers_sealed", "idempotency_keys.body", "installation_secrets.sealed"}
    url = await world.stack.start_gateway(kek=NEW, kek_previous=OLD)
    during, stop, calls = world.caller.at(url), asyncio.Event(), 0

    async def load() -> None:
        nonlocal calls
        while not stop.is_set():
            for key in answers:
                assert await _replay(during, key) == answers[key]
                made = await during("POST", "/v1/webhooks/endpoints", HOOK)
                assert made.status in {201, 409}, (made.status, made.raw)  # 409: as many endpoints as a workspace may have
                calls += 1

    running = asyncio.create_task(load())
    done = await rotate(world.operator, both, batch=2)
    seen = calls
    while calls < seen + 6 and not running.done():
        await asyncio.sleep(0.01)
    stop.set()
    await running
    assert done.is_complete and done.rewrapped[CHECK_COLUMN.name] == 1 and seen >= 0
    assert done.rewrapped.keys() == filled
    assert not await under_other_keys(world.operator, new)

    for values in (await _sealed_everywhere(world.stack.urls)).values():
        for sealed, context in values:
            assert new.open(sealed, context=context)
    alone = world.caller.at(await world.stack.start_gateway(kek=NEW))
    for key, body in answers.items():
        assert await _replay(alone, key) == body
    with pytest.raises(StartRefused):
        await check_keyring(world.operator, old)


async def test_a_rotation_that_was_cut_off_is_begun_again_where_it_stopped(world: World) -> None:
    both = Keyring.from_texts([NEW, OLD])
    await _fill(world, 4)

    class Killed(Exception):
        pass

    def die(column: str, number: int) -> None:
        if column == "webhook_endpoints.secret_sealed" and number >= 2:
            raise Killed

    with pytest.raises(Killed):
        await rotate(world.operator, both, batch=1, progress=die)
    left = await under_other_keys(world.operator, both)
    assert left["webhook_endpoints.secret_sealed"] == {Keyring.from_texts([OLD]).current_id.hex(): 2}
    with pytest.raises(StartRefused):
        await check_keyring(world.operator, Keyring.from_texts([NEW]))
    done = await rotate(world.operator, both)
    assert done.is_complete and done.rewrapped["webhook_endpoints.secret_sealed"] == 2
    again = await rotate(world.operator, both)
    assert again.is_complete and not again.rewrapped


async def test_what_lies_under_a_key_that_we_do_not_have_is_named_and_keeps_the_rotation_open(world: World) -> None:
    both, lost = Keyring.from_texts([NEW, OLD]), Keyring.from_texts([OTHER])
    place = await _add_provider_key(world.stack.urls, world.caller.workspace.workspace_id, lost, "sk-lost")
    done = await rotate(world.operator, both)
    assert not done.is_complete and done.left == {"provider_keys.sealed": {lost.current_id.hex(): 1}}
    await check_keyring(world.operator, Keyring.from_texts([OLD]))
    sealed = [value for value, context in (await _sealed_everywhere(world.stack.urls))["provider_keys.sealed"] if context == place.context]
    assert lost.open(sealed[0], context=place.context) == b"sk-lost"


@pytest.mark.promise("S-02")
async def test_a_row_copied_to_another_tenant_neither_opens_nor_is_rewrapped(world: World) -> None:
    both = Keyring.from_texts([NEW, OLD])
    await _fill(world, 1)
    other = await world.stack.caller()
    async with as_superuser(world.stack.urls["superuser"]) as connection:
        stolen = new_uuid()
        await connection.execute(
            "INSERT INTO webhook_endpoints (endpoint_id, workspace_id, url, description, events, filters, secret_sealed) "
            "SELECT $1, $2, url, description, events, filters, secret_sealed FROM webhook_endpoints LIMIT 1",
            stolen, other.workspace.workspace_id,
        )  # fmt: skip
    done = await rotate(world.operator, both)
    assert done.left == {"webhook_endpoints.secret_sealed": {Keyring.from_texts([OLD]).current_id.hex(): 1}}
    for sealed, context in (await _sealed_everywhere(world.stack.urls))["webhook_endpoints.secret_sealed"]:
        if context == secret_context(other.workspace.workspace_id, stolen):
            with pytest.raises(ValueError):
                both.open(sealed, context=context)


async def test_every_column_of_bytes_is_known_to_the_rotation_or_known_to_be_plain(module_database_urls: DatabaseUrls) -> None:
    connection = await asyncpg.connect(module_database_urls["superuser"])
    rows = await connection.fetch(
        """SELECT c.relname || '.' || a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND NOT a.attisdropped AND (a.atttypid = 'bytea'::regtype OR a.attname ~ 'sealed|secret' AND a.atttypid <> 'bytea'::regtype
              AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype))"""
    )
    await connection.close()
    known = {one.name for one in (*SEALED_COLUMNS, CHECK_COLUMN)}
    found = {row["name"] for row in rows}
    digests = {name for name in found if name.endswith(DIGESTS)}
    assert known <= found
    assert found - known - digests <= PLAIN_BYTES.keys(), "a new column of bytes: put it into SEALED_COLUMNS, or say here what it holds"


async def test_the_format_of_what_we_seal_names_the_key(world: World) -> None:
    await _fill(world, 1)
    ring = Keyring.from_texts([OLD])
    for values in (await _sealed_everywhere(world.stack.urls)).values():
        assert all(sealed.startswith(FORMAT + ring.current_id) for sealed, _ in values)
