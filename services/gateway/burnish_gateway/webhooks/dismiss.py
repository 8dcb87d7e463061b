"""Give dead letters of an endpoint up: nobody wants them sent any more."""

from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.webhooks import deliveries_store
from burnish_gateway.webhooks.bodies import DismissBody
from burnish_gateway.webhooks.deliveries_store import DISMISSED, Chosen
from burnish_gateway.webhooks.endpoint import Delivery, no_such_delivery
from burnish_gateway.webhooks.reach import types_of
from burnish_shared.contracts.webhooks import message_id
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict

AT_ONCE: Final = 10_000
"""Deliveries of one call."""


async def dismiss_one(tx: Tx, principal: Principal, *, event_id: UUID, endpoint_id: UUID) -> Delivery:
    """The delivery as it is then. Raises NotFound, and Conflict for one that is no dead letter. Once more changes nothing."""
    workspace_id = principal.workspace_id
    is_done = await deliveries_store.dismiss(tx, workspace_id, event_id=event_id, endpoint_id=endpoint_id)
    delivery = await deliveries_store.find(tx, workspace_id, event_id=event_id, endpoint_id=endpoint_id)
    if delivery is None:
        raise no_such_delivery()
    if is_done:
        facts = {"deliveries": 1, "delivery_id": message_id(event_id, endpoint_id)}
        await _note(tx, principal, endpoint_id, facts)
    elif (delivery.status, delivery.reason) != ("cancelled", DISMISSED):
        raise Conflict(f"This delivery is {delivery.status}; only a dead letter (exhausted) can be dismissed.", param="delivery_id")
    return delivery


async def dismiss_all(tx: Tx, principal: Principal, endpoint_id: UUID, body: DismissBody) -> tuple[int, datetime]:
    """Up to AT_ONCE of the endpoint's, the oldest first: how many there were, and from when on what died was left alone."""
    settled_to = body.settled_to or await deliveries_store.now(tx)
    chosen = Chosen(to_at=body.to, settled_to=settled_to, event_types=types_of(body.event_types))
    dismissed = await deliveries_store.dismiss_many(tx, principal.workspace_id, endpoint_id, chosen, limit=AT_ONCE)
    if dismissed:
        await _note(tx, principal, endpoint_id, {"deliveries": dismissed})
    return dismissed, settled_to


async def _note(tx: Tx, principal: Principal, endpoint_id: UUID, facts: dict[str, object]) -> None:
    await audit.note(tx, principal, action="webhook_deliveries.dismissed", kind="webhook_endpoint", key=str(endpoint_id), after=facts)
