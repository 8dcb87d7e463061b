"""Datasets in PostgreSQL."""

from collections.abc import Awaitable, Callable

import pytest

from burnish_gateway.datasets import store
from burnish_gateway.datasets.add_items import add_items, create_dataset
from burnish_gateway.datasets.item import NewItem
from burnish_shared.db.session import Database
from burnish_shared.errors import NotFound
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace


def item(text: str, split: str | None = None) -> NewItem:
    return NewItem(input=text, expected="x", split=split, metadata={"n": 1})  # type: ignore[arg-type]


@pytest.mark.capability("D1")
async def test_items_come_back_in_order_and_the_same_input_counts_once(
    db_for: Callable[[str], Awaitable[Database]], workspace: Workspace
) -> None:
    db = await db_for("gateway")
    async with db.unit_of_work(workspace=workspace.workspace_id) as tx:
        made = await create_dataset(
            tx, workspace.workspace_id, "d", [item("a b c d", "train"), item("a b c d", "test"), item("a b c d e", "test")], author="t"
        )
        assert (made.added, made.duplicates) == (2, 1)
        assert made.dataset.counts == {"train": 1, "validation": 0, "test": 1}
        assert made.dataset.near_duplicates[0]["splits"] == ["train", "test"]
        again = await add_items(tx, workspace.workspace_id, made.dataset.dataset_id, [item("a b c d")])
        assert (again.added, again.dataset.version) == (0, 1)
        more = await add_items(
            tx, workspace.workspace_id, made.dataset.dataset_id, [NewItem(input={"q": "z"}, expected="y", split="train")]
        )
        assert (more.added, more.dataset.version, more.dataset.test_version) == (1, 2, 1)
        listed = await store.list_items(tx, workspace.workspace_id, made.dataset.dataset_id, split="train", after=None, limit=10)
        assert [one.input for one in listed] == ["a b c d", {"q": "z"}]
        only = [listed[1].item_id, new_uuid()]
        alone = await store.list_items(tx, workspace.workspace_id, made.dataset.dataset_id, split=None, only=only, after=None, limit=10)
        assert [one.input for one in alone] == [{"q": "z"}]


async def test_looks_are_counted_anew_only_when_half_of_the_test_items_are_fresh(
    db_for: Callable[[str], Awaitable[Database]], workspace: Workspace
) -> None:
    db = await db_for("gateway")
    async with db.unit_of_work(workspace=workspace.workspace_id) as tx:
        made = await create_dataset(tx, workspace.workspace_id, "d", [item(f"t{n}", "test") for n in range(4)], author="t")
        few = await add_items(tx, workspace.workspace_id, made.dataset.dataset_id, [item("u1", "test")])
        assert (few.dataset.version, few.dataset.test_version) == (2, 1)
        many = await add_items(tx, workspace.workspace_id, made.dataset.dataset_id, [item(f"v{n}", "test") for n in range(5)])
        assert (many.dataset.version, many.dataset.test_version) == (3, 3)


async def test_another_workspace_does_not_find_it(db_for: Callable[[str], Awaitable[Database]], workspace: Workspace) -> None:
    db = await db_for("gateway")
    async with db.unit_of_work(workspace=workspace.workspace_id) as tx:
        made = await create_dataset(tx, workspace.workspace_id, "d", [item("a")], author="t")
    async with db.unit_of_work(workspace=new_uuid()) as tx:
        with pytest.raises(NotFound):
            await add_items(tx, workspace.workspace_id, made.dataset.dataset_id, [item("b")])
