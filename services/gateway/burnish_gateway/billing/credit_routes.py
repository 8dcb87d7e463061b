"""What moves credit by hand: grants and refunds of the operator, moves between workspaces of an organization, suspension."""

from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record
from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access import people_store
from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import ROLES, Principal, Role, WorkspaceFacts
from burnish_gateway.access.store import enter, find_workspace
from burnish_gateway.billing import store
from burnish_gateway.billing.credit_bodies import (
    AdjustmentAnswer,
    AdjustmentBody,
    GrantAnswer,
    GrantBody,
    MoveAnswer,
    MoveBody,
    RefundAnswer,
    RefundBody,
    SuspensionAnswer,
    SuspensionBody,
)
from burnish_gateway.billing.operate import note_there
from burnish_gateway.deps import Admin, GatewayParts, Operator
from burnish_gateway.error_answer import PAID
from burnish_gateway.idempotency import run_once
from burnish_gateway.wire import make_router
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, Forbidden, InvalidField, NotFound, OutOfCredit
from burnish_shared.money import credits_text

ledger = make_router("billing")


@ledger.post("/v1/credits/grants", status_code=201, response_model=GrantAnswer, summary="Give a workspace credit (operator)")
async def grant(body: GrantBody, request: Request, gateway: GatewayParts, principal: Operator) -> Response:
    async def work(tx: Tx) -> GrantAnswer:
        there = await _workspace(tx, body.workspace_id)
        await _check_stays(tx, principal, body.workspace_id)
        kind = "grant" if body.payment is None else "top_up"
        transfer_id = await store.add_credit(
            tx,
            there.workspace_id,
            there.credit_account_id,
            kind=kind,
            amount_nusd=body.amount_nusd,
            reference=body.payment,
            reason=body.reason,
        )
        if transfer_id is None:
            raise NotFound("This workspace has no credit account.", param="workspace_id")
        after = {"amount_nusd": body.amount_nusd, "reason": body.reason, "payment": body.payment, "transfer_id": transfer_id}
        await note_there(
            tx, principal, there.workspace_id, action=f"credits.{kind}", kind="credits", key=str(there.workspace_id), after=after
        )
        await enter(tx, there.workspace_id)
        balance = await store.find_balance(tx, there.credit_account_id)
        amount_nusd = await store.amount_of(tx, transfer_id)
        await enter(tx, principal.workspace_id)
        if amount_nusd is None:
            raise Conflict(f"The payment {body.payment!r} came in before, for another workspace.", param="payment")
        if amount_nusd != body.amount_nusd:
            raise Conflict(f"The payment {body.payment!r} came in before, with {amount_nusd} nano-dollars.", param="payment")
        await _changed(tx, there.workspace_id)
        balance_nusd = balance["balance_nusd"] if balance is not None else 0
        return GrantAnswer(
            transfer_id=transfer_id, workspace_id=there.workspace_id, amount_nusd=body.amount_nusd, balance_nusd=balance_nusd
        )

    return await run_once(gateway, request, principal, status=201, work=work)


@ledger.post("/v1/credits/refunds", status_code=201, response_model=RefundAnswer, summary="Give back a charge or fee (operator)")
async def give_back(body: RefundBody, request: Request, gateway: GatewayParts, principal: Operator) -> Response:
    """Goes to the account that paid, as a new entry that names the old one. What the execution cost stays in its record."""

    async def work(tx: Tx) -> RefundAnswer:
        there = body.workspace_id or principal.workspace_id
        await enter(tx, there)
        charge = await store.find_charge(tx, transfer_id=body.transfer_id, execution_id=body.execution_id)
        await enter(tx, principal.workspace_id)
        param = "transfer_id" if body.transfer_id is not None else "execution_id"
        if charge is None:
            raise NotFound("There is no charge or fee of this id in this workspace.", param=param)
        amount_nusd = body.amount_nusd or charge["left_nusd"]
        row = await _given_back(tx, there, charge, amount_nusd=amount_nusd, reason=body.reason)
        if body.amount_nusd is None and row is not None and row["refund_id"] is None:  # another refund came between; from here on none does
            amount_nusd = row["left_nusd"]
            row = await _given_back(tx, there, charge, amount_nusd=amount_nusd, reason=body.reason)
        if row is None:
            raise Conflict("All of it was given back already.", param=param)
        if row["refund_id"] is None:
            raise InvalidField(f"amount_nusd: only {row['left_nusd']} are left to give back.", param="amount_nusd")
        after = {"corrects": charge["transfer_id"], "amount_nusd": amount_nusd, "reason": body.reason}
        await note_there(tx, principal, there, action="credits.refunded", kind="transfer", key=str(row["refund_id"]), after=after)
        await _changed(tx, there)
        return RefundAnswer(
            transfer_id=row["refund_id"], corrects=charge["transfer_id"], amount_nusd=amount_nusd, left_nusd=row["left_nusd"]
        )

    return await run_once(gateway, request, principal, status=201, work=work)


async def _given_back(tx: Tx, workspace_id: UUID, charge: Record, *, amount_nusd: int, reason: str) -> Record | None:
    """As `store.refund`; its account is locked from then on. None: there is nothing to give back."""
    return await store.refund(tx, workspace_id, charge["transfer_id"], amount_nusd=amount_nusd, reason=reason) if amount_nusd > 0 else None


@ledger.post(
    "/v1/credits/adjustments", status_code=201, response_model=AdjustmentAnswer, summary="Take back credit given by mistake (operator)"
)
async def take_back(body: AdjustmentBody, request: Request, gateway: GatewayParts, principal: Operator) -> Response:
    """As far as it is still there: what was spent, or is held by calls under way, cannot be taken back. A new entry names the old one."""

    async def work(tx: Tx) -> AdjustmentAnswer:
        there = await _workspace(tx, body.workspace_id)
        row = await store.adjust(tx, there.workspace_id, body.transfer_id, amount_nusd=body.amount_nusd, reason=body.reason)
        if row is None:
            raise NotFound("No entry of this id brought credit into this workspace.", param="transfer_id")
        if row["adjustment_id"] is None:
            raise InvalidField(f"amount_nusd: only {row['left_nusd']} are left to take back.", param="amount_nusd")
        after = {"corrects": body.transfer_id, "amount_nusd": body.amount_nusd, "reason": body.reason}
        key = str(row["adjustment_id"])
        await note_there(tx, principal, there.workspace_id, action="credits.adjusted", kind="transfer", key=key, after=after)
        await _changed(tx, there.workspace_id)
        return AdjustmentAnswer(
            transfer_id=row["adjustment_id"], corrects=body.transfer_id, amount_nusd=body.amount_nusd, left_nusd=row["left_nusd"]
        )

    return await run_once(gateway, request, principal, status=201, work=work)


@dataclass(frozen=True, slots=True)
class _Move:
    """The two sides, looked up."""

    giver: WorkspaceFacts
    taker: WorkspaceFacts


@ledger.post(
    "/v1/credits/moves",
    status_code=201,
    response_model=MoveAnswer,
    summary="Move credit to another workspace of the organization",
    responses=PAID,
)
async def move(body: MoveBody, request: Request, gateway: GatewayParts, principal: Admin) -> Response:
    """For admins of the organization's home workspace, and for people who are admins of both."""

    async def work(tx: Tx) -> MoveAnswer:
        sides = await _sides(tx, principal, body)
        giver, taker = sides.giver, sides.taker
        await _check_stays(tx, principal, taker.workspace_id, param="to_workspace_id")
        moved = await store.move_credit(
            tx, giver.workspace_id, giver.credit_account_id, to_workspace_id=taker.workspace_id, to_account_id=taker.credit_account_id,
            amount_nusd=body.amount_nusd, reason=body.reason,
        )  # fmt: skip
        if moved is None:
            raise NotFound("There is no such workspace in this organization.", param="to_workspace_id")
        if not moved:
            raise OutOfCredit(f"The workspace has less than {credits_text(body.amount_nusd)} credits free.", param="amount_nusd")
        after = {"from": str(giver.workspace_id), "to": str(taker.workspace_id), "amount_nusd": body.amount_nusd, "reason": body.reason}
        for workspace_id in {giver.workspace_id, taker.workspace_id} - {principal.workspace_id}:
            await enter(tx, workspace_id)
            await note(tx, principal, workspace_id=workspace_id, action="credits.moved", kind="credits", key=str(workspace_id), after=after)
        await enter(tx, principal.workspace_id)
        await note(tx, principal, action="credits.moved", kind="credits", key=str(principal.workspace_id), after=after)
        for side in (giver, taker):
            await _changed(tx, side.workspace_id)
        return MoveAnswer(from_workspace_id=giver.workspace_id, to_workspace_id=taker.workspace_id, amount_nusd=body.amount_nusd)

    return await run_once(gateway, request, principal, status=201, work=work)


@ledger.post(
    "/v1/workspaces/{workspace_id}/suspend", response_model=SuspensionAnswer, summary="Let a workspace begin nothing more (operator)"
)
async def suspend(workspace_id: UUID, body: SuspensionBody, request: Request, gateway: GatewayParts, principal: Operator) -> Response:
    """Within a second, at every gateway. What is under way ends as usual; reading goes on."""

    async def work(tx: Tx) -> SuspensionAnswer:
        return await _suspend(tx, principal, workspace_id, suspended=True, reason=body.reason)

    return await run_once(gateway, request, principal, status=200, work=work)


@ledger.post("/v1/workspaces/{workspace_id}/resume", response_model=SuspensionAnswer, summary="End a suspension (operator)")
async def resume(workspace_id: UUID, body: SuspensionBody, request: Request, gateway: GatewayParts, principal: Operator) -> Response:
    """409 for a workspace that is being erased, or was: that one stays suspended."""

    async def work(tx: Tx) -> SuspensionAnswer:
        return await _suspend(tx, principal, workspace_id, suspended=False, reason=body.reason)

    return await run_once(gateway, request, principal, status=200, work=work)


async def _suspend(tx: Tx, principal: Principal, workspace_id: UUID, *, suspended: bool, reason: str) -> SuspensionAnswer:
    there = await _workspace(tx, workspace_id)
    changed = await store.suspend(tx, there.workspace_id, suspended=suspended)
    if not suspended:  # asked only now that the workspace's row is locked: an erasure that begins meanwhile waits, and suspends it after us
        await _check_stays(tx, principal, workspace_id)
    await note_there(
        tx, principal, workspace_id, action="workspace.suspended" if suspended else "workspace.resumed", kind="workspace",
        key=str(workspace_id), before={"suspended": there.suspended_at is not None}, after={"suspended": suspended, "reason": reason},
    )  # fmt: skip
    await _changed(tx, workspace_id)
    return SuspensionAnswer(workspace_id=workspace_id, suspended=suspended, changed=changed)


async def _check_stays(tx: Tx, principal: Principal, workspace_id: UUID, *, param: str = "workspace_id") -> None:
    """Raises Conflict where somebody asked for its erasure, which takes all that is there and waits while it is not suspended."""
    await enter(tx, workspace_id)
    if await store.is_erased(tx, workspace_id):
        raise Conflict("The workspace is being erased, or was already; that does not come back.", param=param)
    await enter(tx, principal.workspace_id)


async def _workspace(tx: Tx, workspace_id: UUID) -> WorkspaceFacts:
    facts = await find_workspace(tx, workspace_id)
    if facts is None:
        raise NotFound("There is no workspace of this id.", param="workspace_id")
    return facts


async def _sides(tx: Tx, principal: Principal, body: MoveBody) -> _Move:
    """Raises NotFound for a workspace of another organization as for none, Forbidden where the caller governs only one side."""
    absent = NotFound("There is no such workspace in this organization.", param="to_workspace_id")
    giver = await find_workspace(tx, body.from_workspace_id or principal.workspace_id)
    taker = await find_workspace(tx, body.to_workspace_id)
    if giver is None or taker is None or {giver.organization_id, taker.organization_id} != {principal.organization_id}:
        raise absent
    if giver.workspace_id == taker.workspace_id:
        raise InvalidField("to_workspace_id: is where the credit is already.", param="to_workspace_id")
    if principal.workspace_id != principal.workspace.home_workspace_id:
        for side in (giver, taker):
            if side.workspace_id != principal.workspace_id and not await _is_admin(tx, principal, side.workspace_id):
                raise Forbidden("Credit is moved by admins of the organization's home workspace, or by an admin of both workspaces.")
    return _Move(giver, taker)


async def _is_admin(tx: Tx, principal: Principal, workspace_id: UUID) -> bool:
    if principal.user_id is None:
        return False
    memberships = await people_store.memberships_of(tx, principal.user_id)
    return any(one["workspace_id"] == workspace_id and ROLES[one["role"]] is Role.ADMIN for one in memberships)


async def _changed(tx: Tx, workspace_id: UUID) -> None:
    """Every gateway forgets what it refused this workspace."""
    await note_change(tx, workspace_id=workspace_id, kind="workspace", key=str(workspace_id))
