"""Credit: what is left, and the ledger; and what else belongs to money."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from burnish_gateway.access.audit import note_if_changed
from burnish_gateway.access.principal import Principal
from burnish_gateway.billing import budget_routes, credit_routes, plan_routes, store, usage_routes
from burnish_gateway.billing.credit_bodies import (
    Allowance,
    CreditLine,
    CreditsAnswer,
    TransferAnswer,
    TransferKind,
    TransferPage,
    WarningBody,
)
from burnish_gateway.deps import Admin, GatewayParts, Viewer
from burnish_gateway.moments import Moment, check_order
from burnish_gateway.wire import include, json_response, make_router
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.money import credits_text

ledger = make_router("billing")

LIST = "transfers"


@ledger.get("/v1/credits", response_model=CreditsAnswer, summary="Balance, allowance and credit line, at this moment")
async def get_credits(gateway: GatewayParts, principal: Viewer) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await _credits(tx, principal))


@ledger.get("/v1/credits/transfers", response_model=TransferPage, summary="The ledger, newest first")
async def list_transfers(
    gateway: GatewayParts,
    principal: Viewer,
    *,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    kind: TransferKind | None = None,
    start: Annotated[Moment | None, Query(alias="from", description="RFC 3339, included.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="RFC 3339, not included.")] = None,
) -> Response:
    after = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    check_order(start, end)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_transfers(tx, after=after[0] if after else None, limit=limit, kind=kind, start=start, end=end)
    page = gateway.cursors.page(rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [row["transfer_id"]])
    ours = principal.workspace.credit_account_id
    data = [
        TransferAnswer(
            id=row["transfer_id"],
            change_nusd=row["amount_nusd"] * ((row["credit_account_id"] == ours) - (row["debit_account_id"] == ours)),
            **{name: value for name, value in row.items() if name != "transfer_id"},
        )
        for row in page["data"]
    ]
    return json_response(TransferPage(data=data, next_cursor=page["next_cursor"]))


@ledger.put("/v1/credits/warning", response_model=CreditsAnswer, summary="Have `credits.low` sent below an amount")
async def put_warning(body: WarningBody, gateway: GatewayParts, principal: Admin) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        before = await _credits(tx, principal)
        await store.set_warning(tx, principal.workspace_id, principal.workspace.credit_account_id, below_nusd=body.below_nusd)
        await note_if_changed(
            tx, principal, action="credits.warning_set", kind="credits", key=str(principal.workspace_id),
            before={"below_nusd": before.below_nusd}, after={"below_nusd": body.below_nusd},
        )  # fmt: skip
        answer = before.model_copy(update={"below_nusd": body.below_nusd})
        await note_change(tx, workspace_id=principal.workspace_id, kind="workspace", key=str(principal.workspace_id))
    return json_response(answer)


async def _credits(tx: Tx, principal: Principal) -> CreditsAnswer:
    workspace = principal.workspace
    row = await store.find_balance(tx, workspace.credit_account_id)
    if row is None:
        raise NotFound("This workspace has no credit account.")
    month = await store.month_so_far(tx, workspace.workspace_id)
    free = await store.find_balance(tx, workspace.allowance_account_id) if workspace.allowance_account_id is not None else None
    used = month["credit_line_used_nusd"]
    return CreditsAnswer(
        **{name: row[name] for name in ("balance_nusd", "held_nusd", "spent_nusd", "suspended", "below_nusd", "in_flight")},
        used_nusd=row["spent_nusd"] - await store.spent_unused(tx, workspace.workspace_id, workspace.credit_account_id),
        available_nusd=row["balance_nusd"] - row["held_nusd"],
        credits=credits_text(row["balance_nusd"]),
        plan=workspace.plan,
        concurrency=workspace.concurrency,
        base_credit_nusd=month["base_credit_nusd"],
        allowance=Allowance(
            month_nusd=workspace.platform_allowance_nusd,
            given_nusd=0 if free is None else await store.allowance_given(tx, workspace.workspace_id),
            left_nusd=0 if free is None else free["balance_nusd"] - free["held_nusd"],
        ),
        credit_line=CreditLine(month_nusd=workspace.overage_nusd, used_nusd=used, left_nusd=max(0, workspace.overage_nusd - used)),
    )


router = APIRouter()
for part in (ledger, credit_routes.ledger, plan_routes.plans, budget_routes.budgets, usage_routes.usage):
    include(router, part)
