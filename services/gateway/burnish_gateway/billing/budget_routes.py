"""`/v1/budgets`: what the workspace, a key, a prompt or an end user may spend in a day or month."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.access.principal import Principal
from burnish_gateway.billing import budget_store as store
from burnish_gateway.billing.budget import Period, TargetKind, period_end
from burnish_gateway.billing.keep_budget import WARN_PERCENT, Wish, add_budget, change_budget, close_budget, stored_target
from burnish_gateway.deps import Admin, Gateway, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import ApiModel, Name, Text, json_response, make_router
from burnish_shared.books.user_accounts import EACH
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.money import MAX_AMOUNT_NUSD

budgets = make_router("billing")

LIST = "budgets"

Limit = Annotated[int, Field(ge=0, le=MAX_AMOUNT_NUSD)]
Percent = Annotated[int, Field(ge=1, le=100)]
TargetId = Annotated[Text, Field(min_length=1, max_length=200)]


class NewBudget(ApiModel):
    """`target_id`: id of the API key, slug of the prompt, your own id of the end user, or `*` for each end user
    by themselves; left out for the workspace. A budget of one named end user takes the place of that for each of the same period."""

    target_kind: TargetKind
    target_id: TargetId | None = None
    limit_nusd: Limit
    period: Period
    name: Name | None = None
    hard: bool = Field(default=True, description="true: calls beyond it get 402. false: they go on, and an event tells.")
    warn_percent: Percent | None = Field(
        default=WARN_PERCENT, description="Share from which `budget.threshold_crossed` is sent; null: never."
    )


class BudgetChange(ApiModel):
    """What is named changes; what is spent and held stays. `warn_percent` null: never warn; null elsewhere changes nothing."""

    name: Name | None = None
    limit_nusd: Limit | None = None
    hard: bool | None = None
    warn_percent: Percent | None = None

    def changes(self) -> dict[str, object]:
        named = self.model_dump(exclude_unset=True)
        return {name: value for name, value in named.items() if value is not None or name == "warn_percent"}


class BudgetAnswer(BaseModel):
    """`spent_nusd`: booked in the running period; `held_nusd`: of calls under way; `left_nusd`: what a hard budget still lets through.

    Of a budget for each end user (`target_id` `*`) they are those of the one who has the least left; `end_users` says how many counted
    against it in the running period, `end_users_used_up` how many of them have nothing left. Both are null for other budgets, and count to
    100,000.
    """

    id: UUID
    name: str
    target_kind: TargetKind
    target_id: str | None
    period: Period
    limit_nusd: int
    warn_percent: int | None
    hard: bool
    spent_nusd: int
    held_nusd: int
    left_nusd: int
    end_users: int | None
    end_users_used_up: int | None
    resets_at: datetime
    created_by: str
    created_at: datetime
    closed_at: datetime | None


class BudgetPage(BaseModel):
    data: list[BudgetAnswer]
    next_cursor: str | None


@budgets.post("/v1/budgets", status_code=201, response_model=BudgetAnswer, summary="Limit what a target may spend in a day or month")
async def create_budget(body: NewBudget, request: Request, gateway: GatewayParts, principal: Admin) -> Response:
    """Every gateway goes by it within a second. Periods are calendar days and months in UTC."""

    async def work(tx: Tx) -> BudgetAnswer:
        budget_id = await add_budget(tx, principal, Wish(**body.model_dump()))
        return await _answer(tx, gateway, budget_id)

    return await run_once(gateway, request, principal, status=201, work=work)


@budgets.get("/v1/budgets", response_model=BudgetPage, summary="Budgets with what is spent, held and left, newest first")
async def list_budgets(
    gateway: GatewayParts,
    principal: Viewer,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
    target_kind: TargetKind | None = None,
    target_id: Annotated[str | None, Query(max_length=200, description="As it was given; needs `target_kind`.")] = None,
    end_user: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=200,
            description="Those that a call with this `user_id` counts against as its end user's, also one for each end user, with what "
            "this one spent, what is held for them and what they have left. At most one a period; no other filter beside it.",
        ),
    ] = None,
) -> Response:
    if end_user is not None:
        return await _of_end_user(end_user, gateway, principal, alone=cursor is None and target_kind is None and target_id is None)
    after = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        try:
            wanted = await stored_target(tx, target_kind, target_id.replace("\x00", "")) if target_kind and target_id else None
        except NotFound:
            return json_response(BudgetPage(data=[], next_cursor=None))
        rows = await store.list_budgets(tx, after=UUID(after[0]) if after else None, limit=limit, target_kind=target_kind, target_id=wanted)
    page: dict[str, Any] = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["budget_id"])]
    )
    return json_response(BudgetPage(data=[_shown(dict(row), gateway) for row in page["data"]], next_cursor=page["next_cursor"]))


@budgets.get("/v1/budgets/{budget_id}", response_model=BudgetAnswer, summary="One budget, also a closed one")
async def get_budget(budget_id: UUID, gateway: GatewayParts, principal: Viewer) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await _answer(tx, gateway, budget_id))


@budgets.patch("/v1/budgets/{budget_id}", response_model=BudgetAnswer, summary="Change name, limit, warning or hardness")
async def patch_budget(budget_id: UUID, body: BudgetChange, gateway: GatewayParts, principal: Admin) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await change_budget(tx, principal, budget_id, body.changes())
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await _answer(tx, gateway, budget_id))


@budgets.delete("/v1/budgets/{budget_id}", status_code=204, summary="Close a budget: it binds nothing any more")
async def delete_budget(budget_id: UUID, gateway: GatewayParts, principal: Admin) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await close_budget(tx, principal, budget_id)
    return Response(status_code=204)


async def _of_end_user(end_user: str, gateway: Gateway, principal: Principal, *, alone: bool) -> Response:
    if not alone:
        raise InvalidField("end_user: goes with no cursor, target_kind or target_id; ask without them.", param="end_user")
    if end_user == EACH:
        raise InvalidField("end_user: * is no end user; name one.", param="end_user")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_of_end_user(tx, end_user.replace("\x00", ""))
    return json_response(BudgetPage(data=[_shown(row, gateway) for row in rows], next_cursor=None))


async def _answer(tx: Tx, gateway: Gateway, budget_id: UUID) -> BudgetAnswer:
    row = await store.find_budget(tx, budget_id)
    if row is None:
        raise NotFound("There is no budget of this id.", param="budget_id")
    return _shown(dict(row), gateway)


def _shown(row: Mapping[str, Any], gateway: Gateway) -> BudgetAnswer:
    facts = {name: value for name, value in row.items() if name not in ("budget_id", "account_id", "target_id")}
    return BudgetAnswer(
        id=row["budget_id"],
        target_id=row["target_id"] or None,
        left_nusd=max(0, row["limit_nusd"] - row["spent_nusd"] - row["held_nusd"]),
        resets_at=period_end(row["period"], gateway.clock.now()),
        **facts,
    )
