"""Make and delete inbound endpoints. Every change is in the audit log, without its secret."""

import base64
import secrets
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.inbound import store
from burnish_gateway.inbound.bodies import InboundAnswer, InboundBody, NewInboundAnswer, as_sent
from burnish_gateway.inbound.mapping import compiled
from burnish_gateway.inbound.signature import key_of_secret
from burnish_gateway.turns_store import take_turns
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealed_columns import inbound_secret_context
from burnish_shared.contracts.webhooks import SECRET_BYTES, SECRET_PREFIX
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.ids import new_uuid

ENDPOINTS_MOST: Final = 100
KIND: Final = "inbound_endpoint"


def check(body: InboundBody) -> None:
    """Raises InvalidField for an expression that cannot be read, or a secret that the scheme cannot use."""
    compiled(body.mapping.stored())
    if body.secret is not None:
        try:
            key_of_secret(body.scheme, body.secret)
        except ValueError as error:
            raise InvalidField("secret: for standard_webhooks must be base64, with or without whsec_ before it.", param="secret") from error


async def create(tx: Tx, principal: Principal, body: InboundBody, *, keyring: Keyring) -> NewInboundAnswer:
    """A new endpoint, and its secret this once. Raises Conflict beyond ENDPOINTS_MOST."""
    await take_turns(tx, principal.workspace_id, "inbound_endpoints")
    if await store.count(tx) >= ENDPOINTS_MOST:
        raise Conflict(f"A workspace has at most {ENDPOINTS_MOST} inbound endpoints; delete one first.")
    endpoint_id = new_uuid()
    secret = body.secret or SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
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
        created_at=row["created_at"],
    )  # fmt: skip


def no_such_endpoint() -> NotFound:
    return NotFound("There is no inbound endpoint of this id.")


def _facts(one: InboundAnswer) -> dict[str, Any]:
    return one.model_dump(mode="json", include={"name", "scheme", "header", "prefix", "encoding", "mapping"})
