"""Rename a dataset, put it away, and bring it back."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from burnish_gateway.datasets import store, uses_store
from burnish_gateway.datasets.dataset import Dataset, no_such_dataset
from burnish_gateway.datasets.uses import SET_UP
from burnish_gateway.uses import in_words, of_kinds, told
from burnish_gateway.wire import ApiModel, Name
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict


class ChangeDatasetBody(ApiModel):
    """What of a dataset is not versioned. A field that is not given stays."""

    name: Name | None = Field(default=None, description="Several datasets may have the same.")
    archived: bool | None = Field(
        default=None, description="An archived dataset can be read, and nothing is begun on it or changed in it until it is restored."
    )


async def change_dataset(tx: Tx, workspace_id: UUID, dataset_id: UUID, body: ChangeDatasetBody, *, at: datetime) -> tuple[Dataset, Dataset]:
    """Before and after; what is so already stays as it is. What is under way on a dataset goes on when it is archived.

    Raises NotFound, and Conflict for archiving what something is set up to use, which would fail by itself from then on.
    """
    before = await store.lock_dataset(tx, workspace_id, dataset_id)
    if before is None:
        raise no_such_dataset()
    archived_at = before.archived_at if body.archived is None else (before.archived_at or at) if body.archived else None
    if archived_at is not None and before.archived_at is None:
        await _check_may_archive(tx, workspace_id, before)
    name = before.name if body.name is None else body.name
    if (name, archived_at) == (before.name, before.archived_at):
        return before, before
    await store.change_dataset(tx, workspace_id, dataset_id, name=name, archived_at=archived_at)
    return before, await store.find_dataset(tx, workspace_id, dataset_id) or before


async def _check_may_archive(tx: Tx, workspace_id: UUID, dataset: Dataset) -> None:
    """Raises Conflict."""
    uses = of_kinds(await uses_store.uses_of(tx, workspace_id, dataset.dataset_id), SET_UP)
    if uses:
        raise Conflict(
            f"The dataset '{dataset.name}' cannot be archived: {in_words(uses)} would go on using it. Have them use another dataset, or "
            "remove them, first.",
            param="archived",
            details=told(uses),
        )
