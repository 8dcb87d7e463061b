"""The catalog of the hot path: asks once, forgets what changed, and goes on while PostgreSQL is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from burnish_gateway.registry import announce, store
from burnish_gateway.registry.add_version import Origin, add_version
from burnish_gateway.registry.catalog import FRESH_FOR_S, Catalog
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.create_prompt import create_prompt
from burnish_gateway.registry.move_label import move_label
from burnish_gateway.registry.prompt import Author
from burnish_shared.clock import SystemClock
from burnish_shared.db import config_cache
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import Conflict, NotFound, Unavailable
from burnish_shared.slug import PRODUCTION, Slug
from tests.embedded.databases import DatabaseUrls
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import make_workspace
from tests.integration.registry.wire import Wire

AUTHOR = Author("test")
HELLO = Slug("hello")


class Counting:
    """A Database that counts its transactions."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.transactions = 0

    @asynccontextmanager
    async def unit_of_work(self, **context: Any) -> AsyncIterator[Tx]:
        self.transactions += 1
        async with self._db.unit_of_work(**context) as tx:
            yield tx


class StandingClock:
    """asyncio, whose loop tells one time for ever."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    def get_running_loop(self) -> Any:
        return SimpleNamespace(time=lambda: 10.0)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def db(stack: AsyncExitStack, module_database_urls: DatabaseUrls) -> Database:
    database = await Database.open(module_database_urls["gateway"], application_name="test-gateway")
    stack.push_async_callback(database.close)
    return database


@pytest.fixture
async def workspace_id(module_database_urls: DatabaseUrls) -> UUID:
    return (await make_workspace(module_database_urls["superuser"], credit_nusd=0)).workspace_id


async def make_prompt(db: Database, workspace_id: UUID, slug: Slug = HELLO) -> None:
    content = VersionContent.from_fields({"messages": [{"role": "user", "content": "one {{x}}"}], "model": "m", "temperature": 0.5})
    async with db.unit_of_work(workspace=workspace_id) as tx:
        await create_prompt(tx, workspace_id, store.NewPrompt(slug, slug), content, label=PRODUCTION, author=AUTHOR, clock=SystemClock())
        await announce.prompt_changed(tx, workspace_id, slug)


async def save_and_move(db: Database, workspace_id: UUID, text: str, *, base: int) -> None:
    """What accepting a suggestion does: version and label in one transaction."""
    async with db.unit_of_work(workspace=workspace_id) as tx:
        given = {"messages": [{"role": "user", "content": text}]}
        saved = await add_version(
            tx,
            workspace_id,
            HELLO,
            given,
            base_version=base,
            author=AUTHOR,
            clock=SystemClock(),
            origin=Origin("optimizer", "mutated_from", uuid4(), uuid4(), False),
        )
        await move_label(tx, workspace_id, HELLO, PRODUCTION, version=saved.version.version, author=AUTHOR, clock=SystemClock())
        await announce.prompt_changed(tx, workspace_id, HELLO)


@pytest.mark.capability("P1", "O6")
async def test_what_a_machine_wrote_keeps_what_must_stay_also_where_that_was_locked_since(
    db: Database, workspace_id: UUID, module_database_urls: DatabaseUrls
) -> None:
    await make_prompt(db, workspace_id)
    async with as_superuser(module_database_urls["superuser"]) as connection:
        await connection.execute("UPDATE burnish.prompts SET locked_blocks = ARRAY['one'] WHERE workspace_id = $1", workspace_id)
    with pytest.raises(Conflict, match="locked block 1 of 'hello' is not kept: 'one'"):
        await save_and_move(db, workspace_id, "two {{x}}", base=1)
    await save_and_move(db, workspace_id, "one and two {{x}}", base=1)
    assert (await Catalog(db, feed=ChangeFeed(db)).resolve(workspace_id, "hello")).version == 2


async def test_a_version_is_resolved_with_what_an_execution_needs(db: Database, workspace_id: UUID) -> None:
    await make_prompt(db, workspace_id)
    catalog = Catalog(db, feed=ChangeFeed(db))
    found = await catalog.resolve(workspace_id, "Hello")
    assert (found.slug, found.version, found.label, found.model) == ("hello", 1, "production", "m")
    assert (found.settings, found.output_format, found.json_schema, found.timeout_s) == ({"temperature": 0.5}, "text", None, 30.0)
    assert found.template.render({"x": 1}).messages == [{"role": "user", "content": "one 1"}]
    assert (await catalog.resolve(workspace_id, "hello", version=1)).label is None
    assert (await catalog.resolve(workspace_id, "hello", label="latest")).version == 1


async def test_what_is_known_is_not_asked_again(db: Database, workspace_id: UUID) -> None:
    await make_prompt(db, workspace_id)
    counting = Counting(db)
    catalog = Catalog(counting, feed=ChangeFeed(db))  # type: ignore[arg-type]
    await asyncio.gather(*(catalog.resolve(workspace_id, "hello") for _ in range(20)))
    assert counting.transactions == 2, "the prompt and its version, once for all who asked at once"
    await catalog.resolve(workspace_id, "hello", label="latest")
    assert counting.transactions == 2


@pytest.mark.capability("P3", "O6")
async def test_an_accepted_suggestion_is_served_once_the_change_is_seen(db: Database, workspace_id: UUID) -> None:
    feed = ChangeFeed(db)
    await feed.start()
    catalog = Catalog(db, feed=feed)
    await make_prompt(db, workspace_id)
    await catalog.resolve(workspace_id, "hello")
    await save_and_move(db, workspace_id, "two", base=1)
    await save_and_move(db, workspace_id, "three", base=1)
    assert (await catalog.resolve(workspace_id, "hello")).version == 1
    await feed.look()
    found = await catalog.resolve(workspace_id, "hello")
    assert (found.version, found.record.source, found.record.base_version) == (3, "optimizer", 1)
    assert found.settings == {"temperature": 0.5}, "settings come from the base"
    async with db.unit_of_work(workspace=workspace_id) as tx:
        edges = await tx.fetch("SELECT kind, version, parent_version, job_id IS NOT NULL AS has_job FROM lineage_edges ORDER BY version")
    assert [tuple(edge) for edge in edges] == [("mutated_from", 2, 1, True), ("mutated_from", 3, 1, True)]


@pytest.mark.capability("P3")
async def test_who_changes_something_meets_it_with_the_next_request(
    db: Database, workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = ChangeFeed(db)
    await feed.start()
    catalog = Catalog(db, feed=feed)
    await make_prompt(db, workspace_id)
    await catalog.resolve(workspace_id, "hello")
    monkeypatch.setattr(db, "after_change", feed.catch_up)
    await save_and_move(db, workspace_id, "two", base=1)
    assert (await catalog.resolve(workspace_id, "hello")).version == 2, "although nobody follows the changes here"
    counting = Counting(db)
    waiting = ChangeFeed(counting)  # type: ignore[arg-type]
    await asyncio.gather(*[waiting.catch_up() for _ in range(20)])
    assert (counting.transactions, waiting.number) == (2, feed.number), "the first asks at once; all who came meanwhile share the next look"


@pytest.mark.capability("P3")
async def test_a_change_of_the_millisecond_of_the_look_before_it_is_met(
    db: Database, workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uvloop's clock stands still for a turn of the loop, and counts whole milliseconds."""
    monkeypatch.setattr(config_cache, "asyncio", StandingClock())
    feed = ChangeFeed(db)
    await feed.start()
    catalog = Catalog(db, feed=feed)
    await make_prompt(db, workspace_id)
    await feed.look()
    await catalog.resolve(workspace_id, "hello")
    await save_and_move(db, workspace_id, "two", base=1)
    await feed.catch_up()
    assert (await catalog.resolve(workspace_id, "hello")).version == 2


@pytest.mark.promise("G-17")
async def test_another_tenants_prompt_is_not_found_even_when_it_is_in_memory(db: Database, workspace_id: UUID) -> None:
    await make_prompt(db, workspace_id)
    catalog = Catalog(db, feed=ChangeFeed(db))
    await catalog.resolve(workspace_id, "hello")
    for slug, named in (("hello", {}), ("hello", {"version": 1}), ("never", {})):
        with pytest.raises(NotFound):
            await catalog.resolve(uuid4(), slug, **named)  # type: ignore[arg-type]


async def test_memory_is_bounded(db: Database, workspace_id: UUID) -> None:
    for slug in "abc":
        await make_prompt(db, workspace_id, Slug(slug))
    counting = Counting(db)
    catalog = Catalog(counting, feed=ChangeFeed(db), most_prompts=2, most_version_bytes=200)  # type: ignore[arg-type]
    for slug in "abc":
        await catalog.resolve(workspace_id, slug)
    before = counting.transactions
    await catalog.resolve(workspace_id, "c")
    assert counting.transactions == before
    await catalog.resolve(workspace_id, "a")
    assert counting.transactions == before + 2


@pytest.mark.capability("P3")
@pytest.mark.promise("G-10")
async def test_while_postgresql_is_away_what_is_known_is_served_with_its_age(
    db: Database, workspace_id: UUID, stack: AsyncExitStack, module_database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burnish_gateway.registry.catalog.FRESH_FOR_S", 1.0)
    await make_prompt(db, workspace_id)
    wire = Wire(module_database_urls["gateway"])
    await wire.connect()
    far = await Database.open(wire.url, application_name="test-gateway")
    stack.push_async_callback(far.close)
    feed = ChangeFeed(far)
    await feed.start()
    catalog = Catalog(far, feed=feed)
    assert (await catalog.resolve(workspace_id, "hello")).version == 1
    assert FRESH_FOR_S > 0.5

    await wire.cut()
    await save_and_move(db, workspace_id, "two", base=1)
    await asyncio.sleep(1.1)
    assert (await catalog.resolve(workspace_id, "hello")).version == 1
    assert catalog.stale_for_s > 1.0
    with pytest.raises(Unavailable):
        await catalog.resolve(workspace_id, "never")

    await wire.connect()
    stack.push_async_callback(wire.cut)
    await catalog.catch_up()
    assert catalog.stale_for_s == 0
    assert (await catalog.resolve(workspace_id, "hello")).version == 2


@pytest.mark.promise("T-02", "T-05")
async def test_the_gateways_role_can_neither_change_a_version_nor_reach_another_tenants(db: Database, workspace_id: UUID) -> None:
    await make_prompt(db, workspace_id)
    stranger = uuid4()
    for statement in (
        "UPDATE prompt_versions SET model = 'x'",
        "DELETE FROM prompt_versions",
        "DELETE FROM prompt_label_moves",
        "UPDATE prompt_label_moves SET reason = 'x'",
        "UPDATE prompts SET slug = 'x'",
        "DELETE FROM prompts",
        "TRUNCATE prompts CASCADE",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.unit_of_work(workspace=workspace_id) as tx:
                await tx.execute(statement)
    for table in ("prompts", "prompt_versions", "prompt_labels", "prompt_label_moves", "lineage_edges"):
        for context in ({"workspace": stranger}, {}):
            async with db.unit_of_work(**context) as tx:  # type: ignore[arg-type]
                assert await tx.fetchval(f"SELECT count(*) FROM {table}") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.unit_of_work(workspace=stranger) as tx:
            await tx.execute(
                "INSERT INTO prompts (prompt_id, workspace_id, slug, name, latest_version, created_by) VALUES ($1, $2, 'x', 'x', 1, 'x')",
                uuid4(),
                workspace_id,
            )


@pytest.mark.promise("G-10")
async def test_rows_that_others_hold_too_long_are_a_reason_to_try_again_and_no_fault_of_ours(db: Database, workspace_id: UUID) -> None:
    await make_prompt(db, workspace_id)
    async with db.unit_of_work(workspace=workspace_id) as tx:
        await store.lock_head(tx, workspace_id, HELLO)
        with pytest.raises(Unavailable):
            async with db.unit_of_work(workspace=workspace_id) as waiting:
                await waiting.execute("SET LOCAL lock_timeout = '20ms'")
                await store.lock_head(waiting, workspace_id, HELLO)
