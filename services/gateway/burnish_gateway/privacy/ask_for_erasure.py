"""Ask for the erasure of an end user: a row for analytics, and a tombstone on the bus that outlives the backups of the database."""

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.privacy import store
from burnish_gateway.privacy.erasure import Erasure
from burnish_gateway.privacy.subject import subject_digest, subject_key
from burnish_shared import subjects
from burnish_shared.contracts.erasures import Tombstone
from burnish_shared.db import outbox
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.ids import new_uuid

SERVICE = "gateway"


async def ask_for_erasure(tx: Tx, principal: Principal, *, user_id: str, reason: str, installation_key: bytes) -> Erasure:
    """The person's id itself is written nowhere. Raises InvalidField where the reason names the person."""
    if user_id in reason:
        raise InvalidField("reason: must not hold the id that is to be forgotten; it is kept.", param="reason")
    erasure_id = new_uuid()
    key = subject_key(installation_key, erasure_id)
    erasure = await store.insert_erasure(
        tx,
        principal.workspace_id,
        erasure_id,
        digest=subject_digest(key, user_id),
        key=key,
        reason=reason,
        requested_by=principal.actor,
    )
    tombstone = Tombstone(
        erasure_id=erasure_id,
        workspace_id=principal.workspace_id,
        subject_digest=erasure.subject_digest.hex(),
        requested_by=erasure.requested_by,
        requested_at=erasure.requested_at,
    )
    await outbox.put(
        tx,
        service=SERVICE,
        subject=subjects.erasure_recorded(principal.workspace_id, erasure_id),
        message_id=tombstone.message_id(),
        body=tombstone.model_dump_json().encode(),
    )
    await audit.note(tx, principal, action="erasure.requested", kind="erasure", key=str(erasure_id), after={"status": "pending"})
    return erasure
