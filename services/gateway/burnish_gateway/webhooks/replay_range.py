"""Send a range of an endpoint's deliveries again. The webhooks service does it, slowly enough that live ones come first."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.webhooks import ranges_store
from burnish_gateway.webhooks.bodies import RangeBody
from burnish_gateway.webhooks.ranges_store import RangeReplay, Wanted
from burnish_gateway.webhooks.reach import types_of
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.ids import new_uuid
from burnish_shared.moments import in_utc

MATCHED_MOST = 100_000
"""Deliveries of one replay: at the default pace an hour and a half."""

KEPT = timedelta(days=31)
"""Deliveries are not older (PROMISES 5.1, retention)."""

A_MOMENT = timedelta(seconds=1)
"""The delivery that was answered 410 ends just before its endpoint is disabled, in the same transaction."""

STILL_CANCELLED = timedelta(minutes=1)
"""A process that has not heard of the enabling cancels what comes a moment longer; that is caught up with too."""

COUNTED_MOST = 1_000_000
"""`matched` of a catch-up is counted so far; it goes on behind it."""

KIND: Final = "webhook_replay"


async def request_range(tx: Tx, principal: Principal, endpoint_id: UUID, body: RangeBody, *, now: datetime) -> RangeReplay:
    """The endpoint is there. Raises InvalidField for no time at all and beyond MATCHED_MOST, Conflict while another replay of it runs."""
    if body.to is not None and body.to <= body.from_:
        raise InvalidField("to: must be later than from.", param="to")
    if body.from_ >= now:
        raise InvalidField("from: lies in the future, where there is no delivery yet.", param="from")
    wanted = Wanted(endpoint_id, body.from_, body.to or now, None, tuple(body.statuses), types_of(body.event_types))
    return await _request(tx, principal, wanted, kind="range")


async def catch_up(tx: Tx, principal: Principal, endpoint_id: UUID, *, since: datetime) -> UUID:
    """Everything that was cancelled because the endpoint was disabled at `since`, however much it is. Raises Conflict."""
    until = await ranges_store.now(tx) + STILL_CANCELLED
    wanted = Wanted(endpoint_id, since - KEPT, until, since - A_MOMENT, ("cancelled",), ())
    return (await _request(tx, principal, wanted, kind="catch_up", most=COUNTED_MOST)).range_id


async def find_range(tx: Tx, workspace_id: UUID, range_id: UUID) -> RangeReplay:
    """Raises NotFound."""
    found = await ranges_store.find(tx, workspace_id, range_id)
    if found is None:
        raise no_such_replay()
    return found


async def cancel_range(tx: Tx, principal: Principal, range_id: UUID) -> RangeReplay:
    """No further delivery of it is started; those under way go on. Cancelling again, or what is over, changes nothing. Raises NotFound."""
    before = await find_range(tx, principal.workspace_id, range_id)
    if before.status == "running" and not before.cancel_requested:
        await ranges_store.request_cancel(tx, principal.workspace_id, range_id)
        facts = {"restarted": before.restarted, "matched": before.matched}
        await audit.note(tx, principal, action="webhook_replay.cancelled", kind=KIND, key=str(range_id), after=facts)
    return await find_range(tx, principal.workspace_id, range_id)


def no_such_replay() -> NotFound:
    return NotFound("There is no such replay; they are kept for 30 days.", param="replay_id")


async def _request(tx: Tx, principal: Principal, wanted: Wanted, *, kind: str, most: int = MATCHED_MOST + 1) -> RangeReplay:
    matched = await ranges_store.count(tx, principal.workspace_id, wanted, most=most)
    if kind == "range" and matched > MATCHED_MOST:
        raise InvalidField(f"More than {MATCHED_MOST} deliveries match; replay a shorter range first.", param="from")
    range_id = new_uuid()
    if not await ranges_store.insert(
        tx, principal.workspace_id, range_id, wanted, kind=kind, matched=matched, requested_by=principal.actor
    ):
        raise Conflict("A replay of this endpoint runs already; wait for it, or cancel it first.")
    facts = {
        "endpoint_id": str(wanted.endpoint_id), "kind": kind, "from": in_utc(wanted.from_at), "to": in_utc(wanted.to_at),
        "statuses": list(wanted.statuses), "event_types": list(wanted.event_types), "matched": matched,
    }  # fmt: skip
    await audit.note(tx, principal, action="webhook_replay.requested", kind=KIND, key=str(range_id), after=facts)
    return await find_range(tx, principal.workspace_id, range_id)
