"""A decided answer becomes a dataset item, and stops being one when the decision is taken back."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.datasets import store as datasets
from burnish_gateway.datasets.add_items import add_items
from burnish_gateway.datasets.bodies import EXPECTED_MOST_CHARS, INPUT_MOST_CHARS
from burnish_gateway.datasets.content import Content
from burnish_gateway.datasets.dataset import Change, check_unarchived
from burnish_gateway.datasets.item import NewItem
from burnish_gateway.review import settings_store
from burnish_gateway.review.answers import KeptAnswer
from burnish_gateway.review.review_item import ReviewItem
from burnish_shared.db.session import Tx

NAME_MOST_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class NotKept:
    """Why no item came of a decision."""

    reason: str


async def keep_answer(
    tx: Tx, principal: Principal, item: ReviewItem, content: Content | None, *, expected: str | None, dataset_id: UUID | None
) -> KeptAnswer | NotKept:
    """Adds the answer to the dataset that is given, else to its prompt's. One that the dataset holds already is answered with the item
    that is there. Raises NotFound for a dataset that is not there, Conflict for an archived one, InvalidField for one
    that is full."""
    made = _new_item(item, content, expected=expected)
    if isinstance(made, NotKept):
        return made
    place = dataset_id or await _dataset_of(tx, principal, item.slug)
    if place is None:
        return NotKept("The call belongs to no prompt; name a dataset_id.")
    added = await add_items(tx, principal.workspace_id, place, [made], change=Change(principal.actor, "reviewed"))
    if added.added:
        after = {"version": added.dataset.version, "added": added.added, "review_id": str(item.review_id)}
        await audit.note(tx, principal, action="dataset.items_added", kind="dataset", key=str(place), after=after)
    held = await datasets.find_item(tx, principal.workspace_id, place, content_hash=made.content_hash)
    if held is None:
        return NotKept("The dataset was emptied at this moment.")
    return KeptAnswer(dataset_id=place, item_id=held.item_id, split=held.split, expected=held.expected, added=added.added == 1)


async def take_back(tx: Tx, principal: Principal, item: ReviewItem) -> bool:
    """Takes the item of a decision out of its dataset, unless a test run or an optimization has measured on it. Whether it did.

    Raises Conflict where it would, and the dataset is archived.
    """
    if not item.item_added or item.dataset_id is None or item.item_id is None:
        return False
    dataset = await datasets.lock_dataset(tx, principal.workspace_id, item.dataset_id)
    if dataset is None or not await datasets.delete_unmeasured(tx, principal.workspace_id, item.dataset_id, item.item_id):
        return False
    check_unarchived(dataset)
    alike = [pair for pair in dataset.near_duplicates if str(item.item_id) not in pair["items"]]
    await datasets.update_dataset(
        tx,
        principal.workspace_id,
        item.dataset_id,
        version=dataset.version + 1,
        test_version=dataset.test_version,
        near_duplicates=alike,
        change=Change(principal.actor, "review_taken_back"),
    )
    after = {"version": dataset.version + 1, "removed": 1, "review_id": str(item.review_id)}
    await audit.note(tx, principal, action="dataset.item_removed", kind="dataset", key=str(item.dataset_id), after=after)
    return True


def _new_item(item: ReviewItem, content: Content | None, *, expected: str | None) -> NewItem | NotKept:
    if expected is None:
        return NotKept("A bad answer alone says nothing about the right one; correct it to keep it.")
    if content is None or content.input is None:
        return NotKept("The text of the call is not kept, or it has none.")
    if not expected.strip() or len(expected) > EXPECTED_MOST_CHARS:
        return NotKept(f"An expected answer has 1 to {EXPECTED_MOST_CHARS:,} characters; this one has {len(expected):,}.")
    if isinstance(content.input, str) and len(content.input) > INPUT_MOST_CHARS:
        return NotKept(f"An item's text has at most {INPUT_MOST_CHARS:,} characters; this one has {len(content.input):,}.")
    origin = {"source": "review", "review_id": str(item.review_id), "execution_id": str(item.execution_id)}
    return NewItem(input=content.input, expected=expected, metadata=origin)


async def _dataset_of(tx: Tx, principal: Principal, slug: str) -> UUID | None:
    """The dataset that is set; for a prompt without one a new one, which is the prompt's from then on."""
    found = await settings_store.dataset_of(tx, slug=slug)
    if found is not None or not slug:
        return found
    await settings_store.lock(tx, principal.workspace_id, slug=slug)
    found = await settings_store.dataset_of(tx, slug=slug)  # somebody else may have made it while we waited
    if found is not None:
        return found
    name = f"Reviewed answers of {slug}"[:NAME_MOST_CHARS]
    made = await datasets.insert_dataset(tx, principal.workspace_id, name=name, change=Change(principal.actor, "reviewed"))
    await settings_store.set_dataset(tx, slug=slug, dataset_id=made)
    await audit.note(tx, principal, action="dataset.created", kind="dataset", key=str(made), after={"name": name, "version": 1, "items": 0})
    await audit.note(tx, principal, action="review_settings.set", kind="review_settings", key=slug, after={"dataset_id": str(made)})
    return made
