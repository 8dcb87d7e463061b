"""Make, change and delete endpoints, and rotate their secrets. Every change is in the audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.webhooks import endpoints_store
from burnish_gateway.webhooks.bodies import EndpointBody, EndpointChange
from burnish_gateway.webhooks.endpoint import Endpoint, no_such_endpoint
from burnish_gateway.webhooks.secret import new_secret
from burnish_shared.auth.keyring import Keyring
from burnish_shared.db.session import Tx
from burnish_shared.egress import Target
from burnish_shared.errors import Conflict
from burnish_shared.ids import new_uuid

ENDPOINTS_MOST = 100
"""Each event is compared with every endpoint of its workspace."""

KIND = "webhook_endpoint"


@dataclass(frozen=True, slots=True)
class MadeEndpoint:
    endpoint: Endpoint
    secret: str


@dataclass(frozen=True, slots=True)
class RotatedSecret:
    """The new secret, and until when the old one signs too."""

    secret: str
    previous_until: datetime


async def create_endpoint(tx: Tx, principal: Principal, body: EndpointBody, *, target: Target, keyring: Keyring) -> MadeEndpoint:
    """A new endpoint and its secret. `target` is the URL as the egress guard passed it. Raises Conflict beyond ENDPOINTS_MOST."""
    if await endpoints_store.count(tx, principal.workspace_id) >= ENDPOINTS_MOST:
        raise Conflict(f"A workspace has at most {ENDPOINTS_MOST} webhook endpoints; delete one first.")
    endpoint_id = new_uuid()
    secret = new_secret(keyring, principal.workspace_id, endpoint_id)
    await endpoints_store.insert(
        tx,
        principal.workspace_id,
        endpoint_id,
        url=target.url,
        description=body.description,
        events=list(dict.fromkeys(body.events)),
        filters=body.filters.stored() if body.filters else {},
        secret_sealed=secret.sealed,
    )
    endpoint = await find_endpoint(tx, principal, endpoint_id)
    await audit.note(tx, principal, action="webhook_endpoint.created", kind=KIND, key=str(endpoint_id), after=_facts(endpoint))
    return MadeEndpoint(endpoint, secret.text)


async def change_endpoint(tx: Tx, principal: Principal, endpoint_id: UUID, body: EndpointChange, *, target: Target | None) -> Endpoint:
    """What is left out stays. `target` is the new URL, if there is one, as the egress guard passed it. Raises NotFound."""
    before = await find_endpoint(tx, principal, endpoint_id)
    changes: dict[str, Any] = {
        "url": target.url if target else None,
        "events": list(dict.fromkeys(body.events)) if body.events else None,
        "filters": body.filters.stored() if body.filters else None,
        "description": body.description,
        "paused": body.paused,
    }
    await endpoints_store.change(tx, principal.workspace_id, endpoint_id, changes, enable=bool(body.enabled))
    after = await find_endpoint(tx, principal, endpoint_id)
    await audit.note(
        tx, principal, action="webhook_endpoint.changed", kind=KIND, key=str(endpoint_id), before=_facts(before), after=_facts(after)
    )
    return after


async def delete_endpoint(tx: Tx, principal: Principal, endpoint_id: UUID) -> None:
    """No attempt begins after the commit. Raises NotFound."""
    before = await find_endpoint(tx, principal, endpoint_id)
    await endpoints_store.delete(tx, principal.workspace_id, endpoint_id)
    await audit.note(tx, principal, action="webhook_endpoint.deleted", kind=KIND, key=str(endpoint_id), before=_facts(before))


async def rotate_secret(tx: Tx, principal: Principal, endpoint_id: UUID, *, overlap_hours: int, keyring: Keyring) -> RotatedSecret:
    """A new secret that signs from now on. Raises NotFound."""
    secret = new_secret(keyring, principal.workspace_id, endpoint_id)
    until = await endpoints_store.rotate(tx, principal.workspace_id, endpoint_id, secret_sealed=secret.sealed, overlap_hours=overlap_hours)
    if until is None:
        raise no_such_endpoint()
    facts = {"previous_secret_expires_at": until.isoformat()}
    await audit.note(tx, principal, action="webhook_endpoint.secret_rotated", kind=KIND, key=str(endpoint_id), after=facts)
    return RotatedSecret(secret.text, until)


async def find_endpoint(tx: Tx, principal: Principal, endpoint_id: UUID) -> Endpoint:
    """Raises NotFound."""
    endpoint = await endpoints_store.find(tx, principal.workspace_id, endpoint_id)
    if endpoint is None:
        raise no_such_endpoint()
    return endpoint


def _facts(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "url": endpoint.url,
        "description": endpoint.description,
        "events": list(endpoint.events),
        "filters": dict(endpoint.filters),
        "status": endpoint.status,
    }
