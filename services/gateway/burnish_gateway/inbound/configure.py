"""Make, change and delete inbound endpoints, and rotate their secrets. Every change is in the audit log, without its secret."""

import base64
import secrets
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.inbound import store
from burnish_gateway.inbound.bodies import (
    InboundAnswer,
    InboundBody,
    InboundChange,
    InboundRefusal,
    InboundRefusals,
    InboundRotation,
    NewInboundAnswer,
    RotatedInboundAnswer,
    as_sent,
)
from burnish_gateway.inbound.mapping import compiled
from burnish_gateway.inbound.signature import Scheme, key_of_secret
from burnish_gateway.turns_store import take_turns
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealed_columns import inbound_secret_context
from burnish_shared.contracts.webhooks import SECRET_BYTES, SECRET_PREFIX
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.ids import new_uuid
from burnish_shared.moments import in_utc

ENDPOINTS_MOST: Final = 100
KIND: Final = "inbound_endpoint"


def check(body: InboundBody) -> None:
    """Raises InvalidField for an expression that cannot be read, or a secret that the scheme cannot use."""
    compiled(body.mapping.stored())
    if body.secret is not None:
        _check_secret(body.scheme, body.secret)


def _check_secret(scheme: Scheme, secret: str) -> None:
    try:
        key_of_secret(scheme, secret)
    except ValueError as error:
        raise InvalidField("secret: for standard_webhooks must be base64, with or without whsec_ before it.", param="secret") from error


async def create(tx: Tx, principal: Principal, body: InboundBody, *, keyring: Keyring) -> NewInboundAnswer:
    """A new endpoint, and its secret this once. Raises Conflict beyond ENDPOINTS_MOST."""
    await take_turns(tx, principal.workspace_id, "inbound_endpoints")
    if await store.count(tx) >= ENDPOINTS_MOST:
        raise Conflict(f"A workspace has at most {ENDPOINTS_MOST} inbound endpoints; delete one first.")
    endpoint_id = new_uuid()
    secret = body.secret or _new_secret()
    sealed = keyring.seal(secret.encode(), context=inbound_secret_context(principal.workspace_id, endpoint_id))
    columns = {
        "name": body.name,
        "scheme": body.scheme,
        "header": body.header,
        "prefix": body.prefix,
        "encoding": body.encoding,
        "mapping": body.mapping.stored(),
        "secret_sealed": sealed,
        "created_by": principal.actor,
    }
    made = answer(await store.insert(tx, principal.workspace_id, endpoint_id, columns))
    await audit.note(tx, principal, action="inbound_endpoint.created", kind=KIND, key=str(endpoint_id), after=_facts(made))
    await note_change(tx, workspace_id=principal.workspace_id, kind="inbound_endpoint", key=str(endpoint_id))
    return NewInboundAnswer(**made.model_dump(), secret=secret)


async def change(tx: Tx, principal: Principal, endpoint_id: UUID, body: InboundChange) -> InboundAnswer:
    """As it is then; everywhere within a second. What says nothing new changes nothing.

    Raises NotFound, InvalidField, Conflict where it is not at the body's revision any more.
    """
    found = await store.lock(tx, endpoint_id)
    if found is None:
        raise no_such_endpoint()
    before = answer(found)
    given = {name: getattr(body, name) for name in sorted(body.model_fields_set - {"revision"})}
    of_hmac = [name for name in ("encoding", "header", "prefix") if name in given]
    if of_hmac and before.scheme != "hmac_sha256":
        raise InvalidField(f"{of_hmac[0]}: belongs to hmac_sha256; this endpoint's scheme is {before.scheme}.", param=of_hmac[0])
    if body.mapping is not None:
        given["mapping"] = body.mapping.stored()
        compiled(given["mapping"])
    new = {name: value for name, value in given.items() if value != found[name]}
    if not new:
        return before
    if body.revision not in (None, before.revision):
        raise Conflict(
            f"The inbound endpoint was changed meanwhile: you saw revision {body.revision}, it is at {before.revision}. Read it again.",
            param="revision",
            details={"revision": before.revision},
        )
    row = await store.change(tx, endpoint_id, new)
    if row is None:
        raise no_such_endpoint()
    changed = answer(row)
    await audit.note(
        tx, principal, action="inbound_endpoint.updated", kind=KIND, key=str(endpoint_id), before=_facts(before), after=_facts(changed)
    )  # fmt: skip
    await note_change(tx, workspace_id=principal.workspace_id, kind="inbound_endpoint", key=str(endpoint_id))
    return changed


async def rotate(tx: Tx, principal: Principal, endpoint_id: UUID, body: InboundRotation, *, keyring: Keyring) -> RotatedInboundAnswer:
    """A new secret; what the old one signs is taken for the overlap.

    Raises NotFound, InvalidField, and Conflict while the secret before this one is good: a third would break the promise that it is. With
    an overlap of 0 hours (the secret is known to others) only the new one is, whatever was promised.
    """
    scheme = answer(await _found(tx, endpoint_id)).scheme
    if body.secret is not None:
        _check_secret(scheme, body.secret)
    secret = body.secret or _new_secret()
    sealed = keyring.seal(secret.encode(), context=inbound_secret_context(principal.workspace_id, endpoint_id))
    until = await store.rotate(tx, endpoint_id, secret_sealed=sealed, overlap_hours=body.overlap_hours)
    if until is None:
        raise Conflict(
            "The secret was replaced not long ago, and the one before it is still good: wait, or give overlap_hours 0 to end it now.",
            param="overlap_hours",
        )
    facts = {"previous_secret_until": in_utc(until)}
    await audit.note(tx, principal, action="inbound_endpoint.secret_rotated", kind=KIND, key=str(endpoint_id), after=facts)
    await note_change(tx, workspace_id=principal.workspace_id, kind="inbound_endpoint", key=str(endpoint_id))
    return RotatedInboundAnswer(id=endpoint_id, secret=secret, previous_secret_until=until)


async def refusals(tx: Tx, endpoint_id: UUID) -> InboundRefusals:
    """Raises NotFound."""
    await _found(tx, endpoint_id)
    return InboundRefusals(data=[InboundRefusal(**dict(row)) for row in await store.list_refusals(tx, endpoint_id)])


async def stored_mapping(tx: Tx, endpoint_id: UUID) -> dict[str, str]:
    """Raises NotFound."""
    mapping: dict[str, str] = (await _found(tx, endpoint_id))["mapping"]
    return mapping


async def _found(tx: Tx, endpoint_id: UUID) -> Record:
    row = await store.find(tx, endpoint_id)
    if row is None:
        raise no_such_endpoint()
    return row


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


async def delete(tx: Tx, principal: Principal, endpoint_id: UUID) -> InboundAnswer:
    """What is gone; within a second no gateway takes anything for it. Raises NotFound."""
    row = await store.delete(tx, endpoint_id)
    if row is None:
        raise no_such_endpoint()
    gone = answer(row)
    await audit.note(tx, principal, action="inbound_endpoint.deleted", kind=KIND, key=str(endpoint_id), before=_facts(gone))
    await note_change(tx, workspace_id=principal.workspace_id, kind="inbound_endpoint", key=str(endpoint_id))
    return gone


def answer(row: Record) -> InboundAnswer:
    return InboundAnswer(
        id=row["endpoint_id"], name=row["name"], path=f"/v1/inbound/{row['endpoint_id']}", scheme=row["scheme"], header=row["header"],
        prefix=row["prefix"], encoding=row["encoding"], mapping=as_sent(row["mapping"]), created_by=row["created_by"],
        created_at=row["created_at"], updated_at=row["updated_at"], previous_secret_until=row["previous_secret_until"],
        revision=row["revision"],
    )  # fmt: skip


def no_such_endpoint() -> NotFound:
    return NotFound("There is no inbound endpoint of this id.")


def _facts(one: InboundAnswer) -> dict[str, Any]:
    return one.model_dump(mode="json", include={"name", "scheme", "header", "prefix", "encoding", "mapping"})
