"""`GET /v1/datasets/{id}/versions`: who changed what in a dataset (PRODUCT D1)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from burnish_gateway.datasets.dataset import Done
from burnish_gateway.datasets.list_versions import DatasetVersion, list_versions
from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.uses import NAMED_MOST
from burnish_gateway.wire import make_router

router = make_router("datasets")


class VersionUseAnswer(BaseModel):
    kind: Literal["test_run", "optimization"]
    count: int
    newest: list[UUID] = Field(description=f"Ids of the last {NAMED_MOST} of them.")


class DatasetVersionAnswer(BaseModel):
    """Of a version from before versions were noted nobody knows who made it, when, and by what: null."""

    version: int
    made_at: datetime | None = Field(description="null: not recorded.")
    made_by: str | None = Field(description="null: not recorded.")
    done: Done | None = Field(
        description="By what it came to be: items uploaded or given, from executions, from a group of failures, from feedback, made up by "
        "a model, decided in the review queue or taken back there, imported; an answer corrected, an item removed. null: not recorded."
    )
    counts: dict[str, int] = Field(description="Items that it holds, by split, as far as they are kept: erased ones are in no version.")
    added: int = Field(description="Against the version before.")
    changed: int = Field(description="Items whose right answer was corrected.")
    removed: int
    used_by: list[VersionUseAnswer] = Field(description="What measured with this version: it goes on seeing these items.")


class DatasetVersionPage(BaseModel):
    data: list[DatasetVersionAnswer]
    next_cursor: str | None


@router.get("/v1/datasets/{dataset_id}/versions", summary="Versions of a dataset, the newest first")
async def versions(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    dataset_id: UUID,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> DatasetVersionPage:
    """Who made each, when and by what; how many items it holds, and how many were added, corrected and removed; which test runs and
    optimizations used it. `GET /v1/datasets/{id}/items?version=N` lists its items."""
    of = f"dataset_versions:{dataset_id}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    before = int(position[0]) if position else None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await list_versions(tx, principal.workspace_id, dataset_id, before=before, limit=limit + 1)
    page = gateway.cursors.page(found, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda one: [one.version])
    return DatasetVersionPage(data=[_answer(one) for one in page["data"]], next_cursor=page["next_cursor"])


def _answer(one: DatasetVersion) -> DatasetVersionAnswer:
    return DatasetVersionAnswer(
        version=one.version,
        made_at=one.made.at,
        made_by=one.made.by,
        done=one.made.done,
        counts=one.held.counts,
        added=one.held.added,
        changed=one.held.changed,
        removed=one.held.removed,
        used_by=[VersionUseAnswer.model_validate({"kind": use.kind, "count": use.count, "newest": use.newest}) for use in one.uses],
    )
