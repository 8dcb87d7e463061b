"""What callers wish for an endpoint, as columns: only what they gave, so that the rest stays."""

from typing import Any
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.webhooks import static_headers
from burnish_gateway.webhooks.bodies import ORDER_WAIT_DEFAULT_S, EndpointBody, EndpointChange
from burnish_gateway.webhooks.endpoint import SealedParts
from burnish_gateway.webhooks.secret import new_key_pair, open_headers, seal_headers
from burnish_shared.auth.keyring import Keyring
from burnish_shared.errors import InvalidField

NOTHING_SEALED = SealedParts(headers_sealed=None, has_key_pair=False, disabled_at=None)


def columns_of(
    body: EndpointBody | EndpointChange, principal: Principal, endpoint_id: UUID, *, before: SealedParts, keyring: Keyring
) -> dict[str, Any]:
    """Column → value of everything but the URL. Raises InvalidField for bad headers, and for texts where the workspace stores none."""
    given: dict[str, Any] = {
        "events": list(dict.fromkeys(body.events)) if body.events else None,
        "filters": body.filters.stored() if body.filters else None,
        "condition": body.condition,
        "description": body.description,
        "paused": body.paused if isinstance(body, EndpointChange) else None,
        "include": list(dict.fromkeys(body.include)) if body.include is not None else None,
    }
    columns = {name: value for name, value in given.items() if value is not None}
    if body.include and not principal.workspace.store_content:
        raise InvalidField("include: this workspace stores no texts, so there are none to send.", param="include")
    if "throttle_per_minute" in body.model_fields_set:
        columns["throttle_per_minute"] = body.throttle_per_minute
    columns |= _order(body)
    columns |= _headers(body, principal, endpoint_id, before=before, keyring=keyring)
    columns |= _key_pair(body, principal, endpoint_id, before=before, keyring=keyring)
    return columns


def _order(body: EndpointBody | EndpointChange) -> dict[str, Any]:
    if body.ordered is None and "order_wait_s" not in body.model_fields_set:
        return {}
    if body.ordered is None:
        raise InvalidField("order_wait_s goes with ordered: true.", param="order_wait_s")
    return {"order_wait_s": (body.order_wait_s or ORDER_WAIT_DEFAULT_S) if body.ordered else None}


def _headers(
    body: EndpointBody | EndpointChange, principal: Principal, endpoint_id: UUID, *, before: SealedParts, keyring: Keyring
) -> dict[str, Any]:
    if body.headers is None:
        return {}
    kept = open_headers(keyring, before.headers_sealed, workspace_id=principal.workspace_id, endpoint_id=endpoint_id)
    headers = static_headers.checked(body.headers, kept)
    sealed = seal_headers(keyring, headers, workspace_id=principal.workspace_id, endpoint_id=endpoint_id)
    return {"headers_sealed": sealed, "headers_shown": static_headers.shown(headers)}


def _key_pair(
    body: EndpointBody | EndpointChange, principal: Principal, endpoint_id: UUID, *, before: SealedParts, keyring: Keyring
) -> dict[str, Any]:
    if body.ed25519 is None or body.ed25519 == before.has_key_pair:
        return {}
    if not body.ed25519:
        return {"public_key": None, "signing_key_sealed": None, "previous_signing_key_sealed": None}
    made = new_key_pair(keyring, principal.workspace_id, endpoint_id)
    return {"public_key": made.public_key, "signing_key_sealed": made.sealed}
