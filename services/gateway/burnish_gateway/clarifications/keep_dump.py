"""Keep sessions of another system as the owner's own."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from burnish_gateway.access.principal import Principal
from burnish_gateway.clarifications import store
from burnish_gateway.clarifications.bodies import COMMENTS_MOST_CHARS
from burnish_gateway.clarifications.import_rows import ReadDump, Row
from burnish_gateway.clarifications.owner import owner_of
from burnish_gateway.clarifications.start import KEPT_MOST_CHARS, kept_as_masked
from burnish_gateway.deps import Gateway
from burnish_shared.db.session import Tx


class Unkept(Exception):
    """A dry run: what would have been kept is given back with the transaction."""

    def __init__(self, counts: dict[str, int]) -> None:
        super().__init__("a dry run")
        self.counts = counts


async def mask_dump(found: ReadDump, *, gateway: Gateway, principal: Principal) -> None:
    """What was said there as the workspace wants it kept here."""
    texts = (
        (found.sessions, ("initial_prompt", "selections", "working_memory", "result")),
        (found.messages, ("content",)),
        (found.feedback, ("comments",)),
    )
    for rows, names in texts:
        await _mask(rows, names, gateway=gateway, principal=principal)
    for one in found.sessions:
        one["initial_prompt"] = one["initial_prompt"][:KEPT_MOST_CHARS]
    for one in found.feedback:
        one["comments"] = one["comments"][:COMMENTS_MOST_CHARS]


async def _mask(rows: Sequence[Row], names: Sequence[str], *, gateway: Gateway, principal: Principal) -> None:
    said = [{name: one[name] for name in names} for one in rows]
    for one, kept in zip(rows, await kept_as_masked(gateway, principal, said), strict=True):
        one.update(kept)


async def keep_dump(tx: Tx, found: ReadDump, *, principal: Principal, hours: float, now: datetime) -> dict[str, int]:
    """How many of each were not here yet. The transaction is the owner's. Idempotent."""
    whose = {"workspace_id": principal.workspace_id, "owner_id": owner_of(principal)}
    of_session = whose | {
        "actor": principal.actor, "api_key_id": principal.api_key_id, "first_key_id": principal.first_key_id, "user_id": principal.user_id,
        "expires_at": now + timedelta(hours=hours),
    }  # fmt: skip
    return {
        "sessions": await store.bring_in(tx, "clarifications", "session_id", [one | of_session for one in found.sessions]),
        "messages": await store.bring_in(tx, "clarification_messages", "message_id", [one | whose for one in found.messages]),
        "feedback": await store.bring_in(tx, "clarification_feedback", "feedback_id", [one | whose for one in found.feedback]),
    }
