"""`/v1/analytics/recount`: have rollups counted again from raw rows, and see what differed."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.access import audit
from burnish_gateway.deps import Admin, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.insights import recount_store as store
from burnish_gateway.moments import Moment
from burnish_gateway.turns_store import take_turns
from burnish_gateway.wire import ApiModel, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, RateLimited
from burnish_shared.ids import new_uuid
from burnish_shared.moments import in_utc

router = make_router("analytics")

DEFAULT_RANGE: Final = timedelta(days=7)
LONGEST_RANGE: Final = timedelta(days=400)
"""Raw rows are kept so long."""

PENDING_MOST: Final = 10
SHOWN_MOST: Final = 50


class RecountBody(ApiModel):
    """The days that hold this range are counted, in every grain."""

    start: Moment | None = Field(default=None, alias="from", description="7 days before `to` where absent.")
    end: Moment | None = Field(default=None, alias="to", description="Now where absent.")


class Difference(BaseModel, extra="allow"):
    """One figure of one rollup row, with the row's dimensions beside it. Without a grain: a sum over all time."""

    grain: str | None = None
    bucket: datetime | None = None
    figure: str
    rollup: float
    recounted: float


class RecountAnswer(BaseModel):
    id: str
    requested_by: str = Field(description="`nightly`, or who asked.")
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    status: Literal["pending", "completed", "failed"] = Field(description="`failed`: it broke three times; ask for fewer days.")
    counted_from: datetime | None = Field(
        description="Later than `from` where raw rows of the first days are forgotten: those are left out."
    )
    difference_count: int
    differences: list[Difference] = Field(description="The first 200.")
    uncounted: int = Field(description="Executions that were recorded and not counted yet.")
    requested_at: datetime
    finished_at: datetime | None


class RecountsAnswer(BaseModel):
    """Newest first, at most 50."""

    data: list[RecountAnswer]


@router.post("/v1/analytics/recount", status_code=202, response_model=RecountAnswer, summary="Have rollups counted again from raw rows")
async def post_recount(request: Request, body: RecountBody, principal: Admin, gateway: GatewayParts) -> Response:
    """Begins within seconds and changes no figure: differences are told, in the answer of GET, in a metric and in the audit log."""
    end = (body.end or gateway.clock.now()).astimezone(UTC)
    start = (body.start or end - DEFAULT_RANGE).astimezone(UTC)
    if start >= end:
        raise InvalidField("from: must lie before `to`.", param="from")
    if end - start > LONGEST_RANGE:
        raise InvalidField(f"from: a recount looks at no more than {LONGEST_RANGE.days} days at once.", param="from")

    async def work(tx: Tx) -> RecountAnswer:
        await take_turns(tx, principal.workspace_id, "recounts")
        if await store.pending(tx) >= PENDING_MOST:
            raise RateLimited(f"{PENDING_MOST} recounts of this workspace are still to be made; wait for them.", retry_after_s=30)
        row = await store.ask(tx, principal.workspace_id, new_uuid(), requested_by=principal.actor, start=start, end=end)
        after = {"from": in_utc(start), "to": in_utc(end)}
        await audit.note(tx, principal, action="recount.requested", kind="recount", key=str(row["recount_id"]), after=after)
        return _answer(row)

    return await run_once(gateway, request, principal, status=202, work=work)


@router.get("/v1/analytics/recount", response_model=RecountsAnswer, summary="Recounts of the rollups and what differed")
async def list_recounts(principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.newest(tx, at_most=SHOWN_MOST)
    return json_response(RecountsAnswer(data=[_answer(row) for row in rows]).model_dump(mode="json", by_alias=True))


def _answer(row: dict[str, Any]) -> RecountAnswer:
    return RecountAnswer(id=str(row.pop("recount_id")), start=row.pop("range_start"), end=row.pop("range_end"), **row)
