"""`/v1/platform-statistics`: anonymous numbers of the organizations whose workspaces share theirs (PRODUCT T6)."""

import datetime
from typing import Annotated, Final

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.marketplace import statistics_store
from burnish_gateway.wire import json_response, make_router

router = make_router("marketplace")

DAYS_MOST: Final = 400


class StatisticAnswer(BaseModel):
    """The median over organizations, two significant digits. Null where fewer than five contribute."""

    day: datetime.date
    measure: str
    value: float | None
    contributors: str


class StatisticsAnswer(BaseModel):
    data: list[StatisticAnswer]


@router.get("/v1/platform-statistics", response_model=StatisticsAnswer, summary="Anonymous numbers of the whole installation, by day")
async def get_statistics(principal: Viewer, gateway: GatewayParts, days: Annotated[int, Query(ge=1, le=DAYS_MOST)] = 30) -> Response:
    """Only workspaces that share statistics count (PATCH /v1/workspaces/{workspace_id}), and only days that each shared from beginning to
    end; an organization has one vote, however many workspaces it has. A day is published once, some hours after it ended, and never
    changes.
    """
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await statistics_store.newest(tx, days=days)
    data = [
        StatisticAnswer(
            day=one.day, measure=one.measure, value=one.value, contributors=f"{one.contributors}+" if one.contributors else "fewer than 5"
        )
        for one in rows
    ]
    return json_response(StatisticsAnswer(data=data))
