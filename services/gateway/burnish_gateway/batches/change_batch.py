"""Pause, resume and cancel a batch: what is wished is noted in its row, and whoever works on it sees it within a second."""

from datetime import datetime

from asyncpg import Record

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.batches import store
from burnish_gateway.batches.answers import ENDED
from burnish_gateway.batches.make_batch import wake
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, OutOfCredit


async def pause_batch(tx: Tx, principal: Principal, batch: Record) -> None:
    """One that nobody works on is paused at once. What is paused or has ended stays as it is."""
    if batch["status"] in ENDED or batch["status"] == "paused" or batch["cancel_requested"]:
        return
    if batch["status"] == "pending":
        await store.wish(tx, principal.workspace_id, batch["batch_id"], status="paused", pause_reason="asked")
    else:
        await store.wish(tx, principal.workspace_id, batch["batch_id"], pause_requested=True, pause_reason="asked")
    await _note(tx, principal, batch, "paused")


async def resume_batch(tx: Tx, principal: Principal, batch: Record, *, max_cost_nusd: int | None) -> None:
    """Raises Conflict where it has ended, InvalidField where it would stop again at once for want of money, OutOfCredit."""
    if batch["status"] in ENDED or batch["cancel_requested"]:
        raise Conflict("This batch has ended, or is being cancelled.", param="batch_id")
    if batch["pause_reason"] == "funds" and batch["status"] == "paused" and (max_cost_nusd or 0) <= batch["set_aside_nusd"]:
        raise InvalidField(
            f"max_cost_nusd: the {batch['set_aside_nusd']} that were set aside are used up; give more. All of it can cost "
            f"{batch['most_nusd']}.",
            param="max_cost_nusd",
        )
    is_funded = max_cost_nusd is not None and max_cost_nusd > batch["set_aside_nusd"]
    if max_cost_nusd is not None and is_funded:
        await _set_aside(tx, principal, batch, max_cost_nusd=max_cost_nusd)
    if batch["status"] == "paused":
        await store.wish(tx, principal.workspace_id, batch["batch_id"], status="pending", pause_requested=False, pause_reason=None)
        await wake(tx, batch["batch_id"], workspace_id=principal.workspace_id, again=batch["fence"] + 1)
    elif batch["pause_requested"]:
        await store.wish(tx, principal.workspace_id, batch["batch_id"], pause_requested=False, pause_reason=None)
    elif not is_funded:
        return
    await _note(tx, principal, batch, "resumed")


async def cancel_batch(tx: Tx, principal: Principal, batch: Record, *, now: datetime) -> None:
    """What has ended stays as it is."""
    if batch["status"] in ENDED or batch["cancel_requested"]:
        return
    await store.wish(tx, principal.workspace_id, batch["batch_id"], cancel_requested=True, stopping_at=now)
    await wake(tx, batch["batch_id"], workspace_id=principal.workspace_id, again=batch["fence"] + 1)
    await _note(tx, principal, batch, "cancelled")


async def _set_aside(tx: Tx, principal: Principal, batch: Record, *, max_cost_nusd: int) -> None:
    more_nusd = max_cost_nusd - batch["set_aside_nusd"]
    if not await store.add_funding(tx, principal.workspace_id, account_id=batch["funding_account_id"], amount_nusd=more_nusd):
        raise OutOfCredit("The workspace has less credit than this would set aside.", param="max_cost_nusd")
    await store.wish(tx, principal.workspace_id, batch["batch_id"], set_aside_nusd=max_cost_nusd)


async def _note(tx: Tx, principal: Principal, batch: Record, what: str) -> None:
    before = {"status": batch["status"], "set_aside_nusd": batch["set_aside_nusd"]}
    await audit.note(tx, principal, action=f"batch.{what}", kind="batch", key=str(batch["batch_id"]), before=before)
