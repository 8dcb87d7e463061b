"""`/v1/usage`: what was used, by key, prompt, model and more, and the month's statement."""

import csv
import io
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response

from burnish_gateway.billing import plan_store, usage_store
from burnish_gateway.billing.rates import rates_in_use
from burnish_gateway.billing.statement import Month, Moved, rows, statement
from burnish_gateway.billing.usage_answers import RatesAnswer, StatementAnswer, UsagePage, UsageRow, counted
from burnish_gateway.billing.usage_store import OF_USERS, Dimension
from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.streamed_file import cell
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField

usage = make_router("billing")

LIST = "usage"
RANGE_DEFAULT_DAYS = 30
RANGE_MOST_DAYS = 400
"""Numbers are kept so long (PROMISES 5.7)."""

DIMENSIONS_MOST = 3
MODELS_MOST = 10_000
KEYS_MOST = 100


@usage.get("/v1/usage", response_model=UsagePage, summary="Executions, tokens and cost, by key, prompt, model, …")
async def get_usage(
    gateway: GatewayParts,
    principal: Viewer,
    *,
    start: Annotated[date | None, Query(alias="from", description="First day, in UTC; 30 days before `to` where absent.")] = None,
    end: Annotated[date | None, Query(alias="to", description="Last day, in UTC; today where absent.")] = None,
    group_by: Annotated[list[Dimension], Query(max_length=DIMENSIONS_MOST, description="May be repeated; absent: one sum of all.")] = [],  # noqa: B006
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    first, last = _days(start, end, today=gateway.clock.now().date())
    by = _dimensions(group_by)
    of = f"{LIST}:{first}:{last}:{','.join(by)}"
    after = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await usage_store.usage(tx, principal.workspace_id, start=first, end=last, by=by, after=after, limit=limit)
        named = [name for name in usage_store.NAMED if name in by]
        names = {name: await usage_store.names(tx, name, [row[name] for row in found]) for name in named}
        closed = await usage_store.closed_through(tx)
    page: dict[str, Any] = gateway.cursors.page(
        found, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda row: [row[name] for name in by]
    )
    data = [
        UsageRow(
            group={name: row[name] for name in by},
            name=next((names[name].get(row[name]) for name in named), None),
            names={name: known for name in named if (known := names[name].get(row[name])) is not None},
            **counted(dict(row)),
        )
        for row in page["data"]
    ]
    answer = UsagePage(start=first, end=last, group_by=by, closed_through=closed, data=data, next_cursor=page["next_cursor"])
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")


@usage.get("/v1/usage/rates", response_model=RatesAnswer, summary="How much of the limits of requests and tokens is used now")
async def get_rates(gateway: GatewayParts, principal: Viewer) -> Response:
    """Of the workspace and of its API keys with a limit of their own, from where the limiter keeps them; reading uses nothing."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await usage_store.rates_in_use(tx, most=1 + KEYS_MOST)
        tokens = await usage_store.token_rates_in_use(tx, most=1 + KEYS_MOST)
    return json_response(rates_in_use(principal.workspace.rate, [dict(row) for row in rows], [dict(row) for row in tokens]))


@usage.get(
    "/v1/usage/statement",
    summary="A month's statement: balances, charges by model, fees, grants",
    responses={
        200: {
            "model": StatementAnswer,
            "description": "JSON, or with `format=csv` a table of section, item, count and amount",
            "content": {"text/csv": {}},
        }
    },
)
async def get_statement(
    gateway: GatewayParts,
    principal: Viewer,
    *,
    month: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}$", description="YYYY-MM, in UTC; the running month where absent.")] = None,
    format: Literal["json", "csv"] = "json",
) -> Response:
    """Charges count by the day of admission, all else by the day of booking; opening plus lines is closing, to the nano-dollar."""
    wanted = _month(month, today=gateway.clock.now().date())
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        whole = await _statement(tx, principal.workspace_id, wanted)
    if format == "json":
        answer = StatementAnswer(start=wanted.first, end=wanted.last, **whole)
        return Response(answer.model_dump_json(by_alias=True), media_type="application/json")
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("section", "item", "count", "amount_nusd"))
    writer.writerows((section, cell(item), count, amount) for section, item, count, amount in rows(whole))
    headers = {"content-disposition": f'attachment; filename="statement-{wanted}.csv"'}
    return Response(table.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


async def _statement(tx: Tx, workspace_id: UUID, month: Month) -> dict[str, Any]:
    begin = await usage_store.first_day(tx, workspace_id)
    before = await usage_store.ledger(tx, workspace_id, start=min(begin, month.first), end=month.first - timedelta(days=1))
    moves = await usage_store.ledger(tx, workspace_id, start=month.first, end=month.last)
    models = await usage_store.usage(tx, workspace_id, start=month.first, end=month.last, by=["model"], after=None, limit=MODELS_MOST)
    plan = await plan_store.find_month(tx, month.first)
    return statement(
        month,
        before=[Moved(**dict(row)) for row in before],
        moves=[Moved(**dict(row)) for row in moves],
        models=[{"model": row["model"]} | counted(dict(row)) for row in models],
        plan=dict(plan) if plan else None,
    )


def _days(start: date | None, end: date | None, *, today: date) -> tuple[date, date]:
    last = end or today
    try:
        first = start or last - timedelta(days=RANGE_DEFAULT_DAYS)
        length = (last - first).days
    except OverflowError as error:
        raise InvalidField("from: the range reaches beyond the calendar.", param="from") from error
    if not 0 <= length < RANGE_MOST_DAYS or first.year < 2000 or last.year > 2200:
        raise InvalidField(f"from: must not lie after `to`, and at most {RANGE_MOST_DAYS} days are shown at once.", param="from")
    return first, last


def _dimensions(asked: list[Dimension]) -> list[Dimension]:
    if len(set(asked)) != len(asked):
        raise InvalidField("group_by: names a dimension twice.", param="group_by")
    if "end_user" in asked and not set(asked) <= OF_USERS:
        raise InvalidField("group_by: end_user can only be combined with day.", param="group_by")
    return asked


def _month(text: str | None, *, today: date) -> Month:
    if text is None:
        return Month(today.replace(day=1))
    try:
        month = Month.parse(text)
    except ValueError as error:
        raise InvalidField("month: must be a month as YYYY-MM.", param="month") from error
    if not 2000 <= month.first.year <= 2200:
        raise InvalidField("month: lies beyond the books.", param="month")
    return month
