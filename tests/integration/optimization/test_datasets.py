"""Datasets in PostgreSQL."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar
from uuid import UUID

import pytest

from burnish_gateway.compat.source import store as source_store
from burnish_gateway.datasets import from_feedback_store, make_items_store, store
from burnish_gateway.datasets.add_items import Added, add_items, create_dataset
from burnish_gateway.datasets.correct_item import remove_item
from burnish_gateway.datasets.dataset import Change
from burnish_gateway.datasets.item import SPLITS, NewItem
from burnish_gateway.optimization.store import longest_input, search_items
from burnish_gateway.outside import Outside
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import NotFound
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace

T = TypeVar("T")

CHANGE = Change("key:t", "uploaded")


async def done(db: Database, workspace_id: UUID, work: Callable[[Tx], Awaitable[T]]) -> T:
    """In one unit of work, or as many as its comparing takes."""

    async def attempt() -> T:
        async with db.unit_of_work(workspace=workspace_id) as tx:
            return await work(tx)

    return await Outside().run(attempt)


async def made_of(db: Database, workspace_id: UUID, items: list[NewItem]) -> Added:
    return await done(db, workspace_id, lambda tx: create_dataset(tx, workspace_id, "d", items, change=CHANGE))


async def more_in(db: Database, workspace_id: UUID, dataset_id: UUID, items: list[NewItem]) -> Added:
    return await done(db, workspace_id, lambda tx: add_items(tx, workspace_id, dataset_id, items, change=CHANGE))


def item(text: str, split: str | None = None) -> NewItem:
    return NewItem(input=text, expected="x", split=split, metadata={"n": 1})  # type: ignore[arg-type]


@pytest.mark.capability("D1")
async def test_items_come_back_in_order_and_the_same_input_counts_once(
    db_for: Callable[[str], Awaitable[Database]], workspace: Workspace
) -> None:
    db, ws = await db_for("gateway"), workspace.workspace_id
    made = await made_of(db, ws, [item("a b c d", "train"), item("a b c d", "test"), item("a b c d e", "test")])
    assert (made.added, made.duplicates) == (2, 1)
    assert made.dataset.counts == {"train": 1, "validation": 0, "test": 1}
    assert made.dataset.near_duplicates[0]["splits"] == ["train", "test"]
    again = await more_in(db, ws, made.dataset.dataset_id, [item("a b c d")])
    assert (again.added, again.dataset.version, again.contradictions) == (0, 1, 0)
    other = NewItem(input="a b c d", expected="another", split="train")
    assert (await more_in(db, ws, made.dataset.dataset_id, [other, item("a b c d")])).contradictions == 1
    respelled = [NewItem(input="j", expected=one, split="train") for one in ('{"a": 1, "b": 2}', '{"b":2.0,"a":1}', '{"a": 2}')]
    assert (await made_of(db, ws, respelled)).contradictions == 1, "JSON is compared by its value"
    more = await more_in(db, ws, made.dataset.dataset_id, [NewItem(input={"q": "z"}, expected="y", split="train")])
    assert (more.added, more.dataset.version, more.dataset.test_version) == (1, 2, 1)
    async with db.unit_of_work(workspace=ws) as tx:
        listed = await store.list_items(
            tx, workspace.workspace_id, made.dataset.dataset_id, store.Wanted(splits=["train"]), after=None, limit=10
        )
        assert [one.input for one in listed] == ["a b c d", {"q": "z"}]
        only = [listed[1].item_id, new_uuid()]
        alone = await store.list_items(tx, workspace.workspace_id, made.dataset.dataset_id, store.Wanted(only=only), after=None, limit=10)
        assert [one.input for one in alone] == [{"q": "z"}]


class Watched:
    """A transaction that tells how many rows of a table the last query read."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.read = 0

    async def fetch(self, sql: str, *values: Any) -> Any:
        (row,) = await self.tx.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
        self.read = sum(_read(row[0][0]["Plan"]))
        return await self.tx.fetch(sql, *values)


def _read(node: dict[str, Any]) -> Iterator[int]:
    if node.get("Relation Name") == "dataset_items":
        yield round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
    for part in node.get("Plans", []):
        yield from _read(part)


@pytest.mark.capability("D1")
@pytest.mark.parametrize("split", [None, "test"])
async def test_a_page_of_a_large_dataset_reads_a_page(
    db_for: Callable[[str], Awaitable[Database]], workspace: Workspace, split: str | None
) -> None:
    """The hundred-thousandth item costs what the first one costs, and a file of all of them no more than its lines."""
    db, ws = await db_for("gateway"), workspace.workspace_id
    given = [item(f"{n}", SPLITS[n % 3]) for n in range(600)]
    wanted = [one.input for one in given if split in (None, one.split)]
    dataset_id = (await made_of(db, ws, given)).dataset.dataset_id
    async with db.unit_of_work(workspace=ws) as tx:
        await tx.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")  # as of a table that is worth an index
        watched: Any = Watched(tx)
        found: list[Any] = []
        after: tuple[int, int] | None = None
        while page := await store.list_items(watched, ws, dataset_id, store.Wanted(splits=[split] if split else []), after=after, limit=10):
            assert watched.read <= 3 * 10 + 3 * 2, len(found)  # a page of each split, and a row on either side
            found += [one.input for one in page]
            after = page[-1].position, page[-1].added_version
        assert found == wanted
        filed: list[Any] = []
        last = -1
        while page := await store.items_at(watched, ws, dataset_id, version=1, split=split, after=last, limit=10):
            assert watched.read <= 3 * 10, len(filed)
            filed += [one.input for one in page]
            last = page[-1].position
        assert filed == wanted


async def test_looks_are_counted_anew_only_when_half_of_the_test_items_are_fresh(
    db_for: Callable[[str], Awaitable[Database]], workspace: Workspace
) -> None:
    db, ws = await db_for("gateway"), workspace.workspace_id
    made = await made_of(db, ws, [item(f"t{n}", "test") for n in range(4)])
    few = await more_in(db, ws, made.dataset.dataset_id, [item("u1", "test")])
    assert (few.dataset.version, few.dataset.test_version) == (2, 1)
    many = await more_in(db, ws, made.dataset.dataset_id, [item(f"v{n}", "test") for n in range(5)])
    assert (many.dataset.version, many.dataset.test_version) == (3, 3)


async def test_another_workspace_does_not_find_it(db_for: Callable[[str], Awaitable[Database]], workspace: Workspace) -> None:
    db = await db_for("gateway")
    made = await made_of(db, workspace.workspace_id, [item("a")])
    async with db.unit_of_work(workspace=new_uuid()) as tx:
        with pytest.raises(NotFound):
            await add_items(tx, workspace.workspace_id, made.dataset.dataset_id, [item("b")], change=CHANGE)


async def test_nothing_reads_what_was_taken_out_as_if_it_were_there(
    db_for: Callable[[str], Awaitable[Database]], workspace: Workspace
) -> None:
    """Whoever looks at the newest version: where new items go, what a search costs, what a model is shown, whether a prompt fits."""
    db, ws = await db_for("gateway"), workspace.workspace_id
    stays = NewItem(input={"q": "short", "text": "x"}, expected="kept", split="train", metadata={})
    goes = NewItem(input={"q": "a very long input " * 20}, expected="a long answer", split="train", metadata={})
    made = (await made_of(db, ws, [stays, goes])).dataset
    async with db.unit_of_work(workspace=ws) as tx:
        items = await store.list_items(tx, ws, made.dataset_id, after=None, limit=10)
        assert not await from_feedback_store.fits(tx, ws, made.dataset_id, ["text"])
        both = await longest_input(tx, ws, made.dataset_id)
        assert both is not None and both[2] == "a long answer"
        await remove_item(tx, ws, made.dataset_id, items[1].item_id, by="key:t")

        held = await store.held_of(tx, ws, made.dataset_id)
        assert [(one.text, one.item_id, one.content_hash) for one in held] == [(stays.text, items[0].item_id, stays.content_hash)]
        longest = await longest_input(tx, ws, made.dataset_id)
        assert longest is not None and longest[1:] == (stays.input, "kept")
        assert await make_items_store.answers_of(tx, ws, made.dataset_id, most=9) == ["kept"]
        assert [one["expected"] for one in await make_items_store.cases_of(tx, ws, made.dataset_id)] == ["kept"]
        assert await from_feedback_store.fits(tx, ws, made.dataset_id, ["text"])
        assert [row["expected"] for row in await source_store.items_of(tx, ws, made.dataset_id, split="train")] == ["kept"]
        assert await search_items(tx, ws, made.dataset_id, [one.item_id for one in items]) == {items[0].item_id}


async def test_what_costs_most_is_found_also_beside_pictures(db_for: Callable[[str], Awaitable[Database]], workspace: Workspace) -> None:
    db, ws = await db_for("gateway"), workspace.workspace_id
    pictures = [NewItem(input={"q": f"data:image/png;base64,{'A' * size}"}, expected="y", split="train") for size in (4_000, 8_000)]
    words = NewItem(input={"q": "word " * 1_500}, expected="z", split="train")
    shown = (await made_of(db, ws, pictures)).dataset.dataset_id
    both = (await made_of(db, ws, [*pictures, words])).dataset.dataset_id
    async with db.unit_of_work(workspace=ws) as tx:
        longest = await longest_input(tx, ws, shown)
        assert longest is not None and longest[1] == pictures[1].input
        longest = await longest_input(tx, ws, both)
        assert longest is not None and longest[1] == words.input, "2,500 tokens; a picture has 1,500, however many letters"
