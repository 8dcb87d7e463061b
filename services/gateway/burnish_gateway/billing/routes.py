"""Credit: what is left, and the ledger."""

from typing import Annotated, Any

from fastapi import Query

from burnish_gateway.billing import store
from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.wire import make_router
from burnish_shared.errors import NotFound
from burnish_shared.money import credits_text

router = make_router("billing")


@router.get("/v1/credits", summary="The balance, in nano-dollars and credits")
async def get_credits(gateway: GatewayParts, principal: Viewer) -> dict[str, Any]:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find_balance(tx, principal.workspace.credit_account_id)
    if row is None:
        raise NotFound("This workspace has no credit account.")
    balance, held = row["balance_nusd"], row["held_nusd"]
    return {
        "balance_nusd": balance,
        "held_nusd": held,
        "available_nusd": balance - held,
        "spent_nusd": row["spent_nusd"],
        "credits": credits_text(balance),
        "suspended": row["suspended"],
    }


@router.get("/v1/credits/transfers", summary="The ledger, newest first")
async def list_transfers(
    gateway: GatewayParts,
    principal: Viewer,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    after = gateway.cursors.open(cursor, principal.workspace_id, of="transfers")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_transfers(tx, after=after[0] if after else None, limit=limit)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of="transfers", position=lambda row: [row["transfer_id"]]
    )
    page["data"] = [
        {
            "id": row["transfer_id"], "kind": row["kind"], "amount_nusd": row["amount_nusd"], "debit_account_id": row["debit_account_id"],
            "credit_account_id": row["credit_account_id"], "execution_id": str(row["execution_id"]) if row["execution_id"] else None,
            "reason": row["reason"], "at": row["at"].isoformat(),
        }
        for row in page["data"]
    ]  # fmt: skip
    return page
