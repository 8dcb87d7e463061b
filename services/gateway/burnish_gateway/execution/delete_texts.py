"""Takes the texts of one execution away at once, as retention would when their time is over (PRODUCT T8)."""

from dataclasses import dataclass
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.access.scopes import may
from burnish_gateway.execution import content_store
from burnish_gateway.execution.read import Open, find_one
from burnish_shared.db.changes import tell_pages
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, Forbidden, NotFound

ERASES = "privacy:write"
"""The scope of those who erase what others asked."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """`at`: when, in UTC. `by_this_call`: they were there until now, as far as any were kept."""

    at: str
    by_this_call: bool


async def delete_texts(tx: Tx, principal: Principal, execution_id: UUID) -> Deleted:
    """Messages, variables, answer, metadata, words of feedback and of judges, comments, who asked; figures, costs and the row stay.
    Safe to repeat.

    Raises NotFound for absent and foreign alike, Conflict for one under way and under a legal hold, Forbidden as `check_may_change`.
    """
    found = await find_one(tx, execution_id)
    if isinstance(found, Open):
        raise Conflict(f"This execution has not ended; end it first (POST /v1/executions/{execution_id}/cancel).")
    await check_may_change(tx, principal, execution_id, what="delete its texts")
    comments = await content_store.hold_comments(tx, execution_id)
    done = await content_store.delete_texts(tx, execution_id)
    if done == "held":
        raise held()
    at = await content_store.find_deleted_at(tx, execution_id)
    if done is None or at is None:
        raise NotFound("There is no execution of this id.")
    if done == "deleted":
        had = {"has_texts": found["messages"] is not None, "comments": comments}
        await audit.note(tx, principal, action="execution.texts_deleted", kind="execution", key=str(execution_id), before=had)
        tell_pages(tx, workspace_id=principal.workspace_id, kind="execution")
    return Deleted(at, done == "deleted")


async def check_may_change(tx: Tx, principal: Principal, execution_id: UUID, *, what: str) -> None:
    """Raises Forbidden unless the caller's key, or one before it in its line, asked for this execution, or the caller may erase persons."""
    if principal.role >= Role.ADMIN and may(principal, ERASES):
        return
    if principal.api_key_id is not None and await content_store.is_asked_with(tx, execution_id, principal.api_key_id):
        return
    raise Forbidden(
        f"This execution was not asked for with your key; to {what} takes an admin (a narrowed key needs {ERASES} besides), or that key."
    )


def held() -> Conflict:
    """Of a workspace under a legal hold."""
    return Conflict("This workspace is under a legal hold; no text of it goes while that is on (`legal_hold` of the workspace).")
