"""Remove a dataset for good, where nothing rests on it."""

from collections.abc import Sequence
from uuid import UUID

from burnish_gateway.datasets import store, uses_store
from burnish_gateway.datasets.dataset import Dataset, no_such_dataset
from burnish_gateway.datasets.uses import MEASURED, SET_UP
from burnish_gateway.uses import Use, in_words, of_kinds, told
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict


async def remove_dataset(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> tuple[Dataset, int]:
    """What it was, and how often its test split had been looked at. Its items, versions and looks go with it.

    Raises NotFound, and Conflict where something was measured with it, was proven by it, or is set up to use it.
    """
    dataset = await store.lock_dataset(tx, workspace_id, dataset_id)
    if dataset is None:
        raise no_such_dataset()
    uses = await uses_store.uses_of(tx, workspace_id, dataset_id)
    if uses:
        raise still_used(dataset, uses)
    looks = await store.count_looks(tx, workspace_id, dataset_id)
    await store.delete_dataset(tx, workspace_id, dataset_id)
    return dataset, looks


def still_used(dataset: Dataset, uses: Sequence[Use]) -> Conflict:
    """Says what uses it, and what to do instead."""
    measured, set_up = of_kinds(uses, MEASURED), of_kinds(uses, SET_UP)
    every = [*measured, *set_up]
    archive = f'archive it instead, with PATCH /v1/datasets/{dataset.dataset_id} and {{"archived": true}}'
    if not measured:
        instead = "Have that use another dataset, or remove it, first."
    elif set_up:
        instead = f"What was measured would rest on nothing: have {in_words(set_up)} use another dataset, or remove that, and {archive}."
    else:
        instead = f"What was measured would rest on nothing: {archive}."
    verb = "uses" if sum(use.count for use in every) == 1 else "use"
    return Conflict(
        f"The dataset '{dataset.name}' cannot be removed: {in_words(every)} {verb} it. {instead}", param="dataset_id", details=told(every)
    )
