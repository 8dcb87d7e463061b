"""Make, change and delete endpoints, and rotate their secrets. Every change is in the audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.turns_store import take_turns
from burnish_gateway.webhooks import endpoints_store, replay_range
from burnish_gateway.webhooks.bodies import EndpointBody, EndpointChange
from burnish_gateway.webhooks.endpoint import Endpoint, no_such_endpoint
from burnish_gateway.webhooks.endpoint_columns import NOTHING_SEALED, columns_of
from burnish_gateway.webhooks.notices_store import tell_it_is_over
from burnish_gateway.webhooks.reach import check_reach
from burnish_gateway.webhooks.secret import new_key_pair, new_secret
from burnish_shared.auth.keyring import Keyring
from burnish_shared.db.session import Tx
from burnish_shared.egress import Target, same_place
from burnish_shared.errors import Conflict, InvalidField
from burnish_shared.ids import new_uuid
from burnish_shared.moments import in_utc

ENDPOINTS_MOST = 100
"""Each event is compared with every endpoint of its workspace."""

KIND: Final = "webhook_endpoint"


@dataclass(frozen=True, slots=True)
class MadeEndpoint:
    endpoint: Endpoint
    secret: str


@dataclass(frozen=True, slots=True)
class ChangedEndpoint:
    """`catch_up_id`: the replay that was asked for with it."""

    endpoint: Endpoint
    catch_up_id: UUID | None


@dataclass(frozen=True, slots=True)
class RotatedSecret:
    """The new secret, until when the old one signs too, and the new public key where there is a key pair."""

    secret: str
    previous_until: datetime
    public_key: str | None


async def create_endpoint(tx: Tx, principal: Principal, body: EndpointBody, *, target: Target, keyring: Keyring) -> MadeEndpoint:
    """A new endpoint and its secret. `target` is the URL as the egress guard passed it. Raises Conflict beyond ENDPOINTS_MOST."""
    await take_turns(tx, principal.workspace_id, "webhook_endpoints")
    if await endpoints_store.count(tx, principal.workspace_id) >= ENDPOINTS_MOST:
        raise Conflict(f"A workspace has at most {ENDPOINTS_MOST} webhook endpoints; delete one first.")
    endpoint_id = new_uuid()
    check_reach(body.events, body.filters.stored() if body.filters else {})
    secret = new_secret(keyring, principal.workspace_id, endpoint_id)
    columns = columns_of(body, principal, endpoint_id, before=NOTHING_SEALED, keyring=keyring)
    await endpoints_store.insert(tx, principal.workspace_id, endpoint_id, columns | {"url": target.url, "secret_sealed": secret.sealed})
    endpoint = await find_endpoint(tx, principal, endpoint_id)
    await audit.note(tx, principal, action="webhook_endpoint.created", kind=KIND, key=str(endpoint_id), after=_facts(endpoint))
    return MadeEndpoint(endpoint, secret.text)


async def change_endpoint(
    tx: Tx, principal: Principal, endpoint_id: UUID, body: EndpointChange, *, target: Target | None, keyring: Keyring
) -> ChangedEndpoint:
    """What is left out stays. `target` is the new URL, if there is one, as the egress guard passed it.

    Raises NotFound, InvalidField, and Conflict where it is to catch up while another replay of it runs.
    """
    if not body.model_fields_set:
        raise InvalidField("Nothing to change was given; name at least one setting.")
    if body.catch_up and not body.enabled:
        raise InvalidField("catch_up: goes with enabled: true.", param="catch_up")
    sealed = await endpoints_store.sealed_parts(tx, principal.workspace_id, endpoint_id)
    if sealed is None:
        raise no_such_endpoint()
    before = await find_endpoint(tx, principal, endpoint_id)
    changes = columns_of(body, principal, endpoint_id, before=sealed, keyring=keyring)
    if target is not None:
        _check_hidden(before, body, target)
        changes["url"] = target.url
    if changes.keys() & {"events", "filters"}:
        check_reach(changes.get("events", before.events), changes.get("filters", before.filters))
    await endpoints_store.change(tx, principal.workspace_id, endpoint_id, changes, enable=bool(body.enabled))
    after = await find_endpoint(tx, principal, endpoint_id)
    await audit.note(
        tx, principal, action="webhook_endpoint.changed", kind=KIND, key=str(endpoint_id), before=_facts(before), after=_facts(after)
    )
    if body.enabled and sealed.disabled_at is not None:
        await tell_it_is_over(tx, principal.workspace_id, endpoint_id, is_deleted=False)
    caught_up = None
    if body.catch_up and sealed.disabled_at is not None:
        caught_up = await replay_range.catch_up(tx, principal, endpoint_id, since=sealed.disabled_at)
    return ChangedEndpoint(after, caught_up)


async def delete_endpoint(tx: Tx, principal: Principal, endpoint_id: UUID) -> None:
    """No attempt begins after the commit. Raises NotFound."""
    before = await find_endpoint(tx, principal, endpoint_id)
    if not await endpoints_store.delete(tx, principal.workspace_id, endpoint_id):
        raise no_such_endpoint()  # somebody else was first
    if before.status == "disabled":
        await tell_it_is_over(tx, principal.workspace_id, endpoint_id, is_deleted=True)
    await audit.note(tx, principal, action="webhook_endpoint.deleted", kind=KIND, key=str(endpoint_id), before=_facts(before))


async def rotate_secret(tx: Tx, principal: Principal, endpoint_id: UUID, *, overlap_hours: int, keyring: Keyring) -> RotatedSecret:
    """A new secret, and key pair where there is one, that sign from now on.

    Raises NotFound, and Conflict while the secret before this one still signs: a third would break the promise that it does. With an
    overlap of 0 hours (the secret is known to others) only the new one signs, whatever was promised.
    """
    before = await find_endpoint(tx, principal, endpoint_id)
    secret = new_secret(keyring, principal.workspace_id, endpoint_id)
    key_pair = new_key_pair(keyring, principal.workspace_id, endpoint_id) if before.public_key is not None else None
    until = await endpoints_store.rotate(
        tx, principal.workspace_id, endpoint_id, secret_sealed=secret.sealed, key_pair=key_pair, overlap_hours=overlap_hours
    )
    if until is None:
        raise _still_signs(await find_endpoint(tx, principal, endpoint_id))
    facts = {"previous_secret_expires_at": in_utc(until)}
    await audit.note(tx, principal, action="webhook_endpoint.secret_rotated", kind=KIND, key=str(endpoint_id), after=facts)
    return RotatedSecret(secret.text, until, key_pair.public_key if key_pair else None)


async def find_endpoint(tx: Tx, principal: Principal, endpoint_id: UUID) -> Endpoint:
    """Raises NotFound."""
    endpoint = await endpoints_store.find(tx, principal.workspace_id, endpoint_id)
    if endpoint is None:
        raise no_such_endpoint()
    return endpoint


def _check_hidden(before: Endpoint, body: EndpointChange, target: Target) -> None:
    """A value that nobody may read goes nowhere but where it was given for: another place could tell it to whoever changes the address.

    Raises InvalidField.
    """
    if same_place(before.url, target.url):
        return
    given = {name.lower(): value for name, value in (before.headers if body.headers is None else body.headers).items()}
    if "headers" in body.model_fields_set and body.headers is None:
        given = {}
    if kept := sorted(name for name, value in before.headers.items() if value is None and given.get(name.lower(), "") is None):
        raise InvalidField(
            f"headers: the address goes to another server, and what is stored for {', '.join(kept)} was given for the one before: give its "
            "value anew beside the url, or leave it out of headers.",
            param="headers",
        )


def _facts(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "url": endpoint.url,
        "description": endpoint.description,
        "events": list(endpoint.events),
        "filters": dict(endpoint.filters),
        "condition": endpoint.condition,
        "headers": dict(endpoint.headers),
        "throttle_per_minute": endpoint.throttle_per_minute,
        "order_wait_s": endpoint.order_wait_s,
        "include": list(endpoint.include),
        "public_key": endpoint.public_key,
        "status": endpoint.status,
    }


def _still_signs(endpoint: Endpoint) -> Conflict:
    until = endpoint.previous_secret_expires_at
    if until is None:
        return Conflict("The secret before this one signed until a moment ago: ask again.")
    return Conflict(
        f"The secret was replaced not long ago, and the one before it signs until {until:%Y-%m-%d %H:%M} UTC: "
        "wait until then, or give overlap_hours 0 to end it now.",
        details={"previous_secret_expires_at": in_utc(until)},
    )
