"""What callers wish for an endpoint, as columns: only what they gave, so that the rest stays."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.webhooks import static_headers
from burnish_gateway.webhooks.bodies import ORDER_WAIT_DEFAULT_S, EndpointBody, EndpointChange
from burnish_gateway.webhooks.endpoint import SealedParts
from burnish_gateway.webhooks.secret import new_key_pair, open_headers, seal_headers
from burnish_shared.auth.keyring import Keyring
from burnish_shared.errors import InvalidField

NEVER_NULL = frozenset({"url", "events", "paused", "enabled", "ordered", "ed25519"})

NOTHING_SEALED = SealedParts(headers_sealed=None, has_key_pair=False, disabled_at=None)


def columns_of(
    body: EndpointBody | EndpointChange, principal: Principal, endpoint_id: UUID, *, before: SealedParts, keyring: Keyring
) -> dict[str, Any]:
    """Column → value of everything but the URL. Raises InvalidField for bad headers, and for texts where the workspace stores none."""
    columns = _plain(body)
    if body.include and not principal.workspace.store_content:
        raise InvalidField("include: this workspace stores no texts, so there are none to send.", param="include")
    columns |= _order(body)
    columns |= _headers(body, principal, endpoint_id, before=before, keyring=keyring)
    columns |= _key_pair(body, principal, endpoint_id, before=before, keyring=keyring)
    return columns


def _plain(body: EndpointBody | EndpointChange) -> dict[str, Any]:
    """Those columns that hold what was given. Null is how it is where nothing was said. Raises InvalidField where it cannot be null."""
    for name in NEVER_NULL & body.model_fields_set:
        if getattr(body, name) is None:
            raise InvalidField(f"{name}: cannot be null; leave it out and it stays.", param=name)
    values: dict[str, Callable[[], Any]] = {
        "events": lambda: list(dict.fromkeys(body.events or ())),
        "filters": lambda: body.filters.stored() if body.filters else {},
        "condition": lambda: body.condition or "",
        "description": lambda: body.description or "",
        "paused": lambda: getattr(body, "paused", False),
        "include": lambda: list(dict.fromkeys(body.include or ())),
        "throttle_per_minute": lambda: body.throttle_per_minute,
    }
    return {name: value() for name, value in values.items() if name in body.model_fields_set}


def _order(body: EndpointBody | EndpointChange) -> dict[str, Any]:
    if body.order_wait_s is not None and not body.ordered:
        raise InvalidField("order_wait_s: goes with ordered: true.", param="order_wait_s")
    if body.ordered is None:
        return {}
    return {"order_wait_s": (body.order_wait_s or ORDER_WAIT_DEFAULT_S) if body.ordered else None}


def _headers(
    body: EndpointBody | EndpointChange, principal: Principal, endpoint_id: UUID, *, before: SealedParts, keyring: Keyring
) -> dict[str, Any]:
    if "headers" not in body.model_fields_set:
        return {}
    kept = open_headers(keyring, before.headers_sealed, workspace_id=principal.workspace_id, endpoint_id=endpoint_id)
    headers = static_headers.checked(body.headers or {}, kept)
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
