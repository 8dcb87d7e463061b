"""`/v1/optimizations/{job_id}/proposals`: what a search proposed, page by page, of any of its models."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.optimization import store
from burnish_gateway.optimization.proposals import ranked
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import make_router
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.proposals import counts_of

router = make_router("optimization")


class ProposalPage(BaseModel):
    """Chosen ones first, then those that were not needed, did not help, and were rejected; each by its effect."""

    data: list[dict[str, Any]] = Field(description="As in `edits` of the job.")
    counts: dict[str, int] = Field(description="All proposals for the model, by state: chosen, alive, dropped, rejected.")
    next_cursor: str | None


@router.get("/v1/optimizations/{job_id}/proposals", summary="What an optimization proposed")
async def list_proposals(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    job_id: UUID,
    model: Annotated[
        str | None,
        Query(max_length=200, description="Of a job for several models: those for this one. Else the ones that `edits` of the job lists."),
    ] = None,
    state: Annotated[Literal["chosen", "alive", "dropped", "rejected"] | None, Query(description="Only these.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> ProposalPage:
    """Every edit and whole text, with what it did and why it was not taken; none before the job has ended."""
    of = f"proposals {job_id} {model} {state}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find_proposals(tx, principal.workspace_id, job_id, model=model)
    if row is None:
        raise NotFound("There is no such optimization in this workspace.")
    if model is not None and model not in row["models"]:
        known = ", ".join(repr(one) for one in row["models"])
        raise InvalidField(f"model: this job made no text for {model!r}; it did for {known}.", param="model")
    found = [one for one in ranked(row["edits"]) if state is None or one["state"] == state]
    begin = position[0] if position else 0
    page = gateway.cursors.page(
        [*enumerate(found, start=1)][begin : begin + limit + 1],
        limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda numbered: [numbered[0]],
    )  # fmt: skip
    return ProposalPage(data=[dict(one) for _, one in page["data"]], counts=counts_of(row["edits"]), next_cursor=page["next_cursor"])
