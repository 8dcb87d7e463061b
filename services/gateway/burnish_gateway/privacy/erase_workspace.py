"""End a workspace for good (PROMISES P-02): nothing begins in it any more at once, the rest is removed by analytics in batches."""

from dataclasses import replace

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal, WorkspaceFacts
from burnish_gateway.access.store import enter
from burnish_gateway.billing.store import suspend
from burnish_gateway.privacy import workspace_store as store
from burnish_gateway.privacy.erasure import WorkspaceErasure
from burnish_gateway.provider_keys import keep_key
from burnish_gateway.provider_keys import store as provider_key_store
from burnish_gateway.turns_store import take_turns
from burnish_shared.auth.key_secrets import KeySecrets
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound

PROVIDER_KEYS_PAGE = 50


def check_may_end(there: WorkspaceFacts, *, confirm: str, workspaces_beside: int) -> None:
    """Raises InvalidField unless the name is repeated, Conflict under a legal hold, and for a home that others still need."""
    if confirm != there.name:
        raise InvalidField("confirm: repeat the workspace's name exactly; what is erased does not come back.", param="confirm")
    if there.legal_hold:
        raise Conflict("The workspace is under a legal hold; nothing of it is erased while that stands.", param="workspace_id")
    if there.workspace_id == there.home_workspace_id and workspaces_beside > 0:
        raise Conflict("This is the home of the organization, which governs its other workspaces; erase those first.", param="workspace_id")


async def erase_workspace(tx: Tx, principal: Principal, there: WorkspaceFacts, *, secrets: KeySecrets) -> WorkspaceErasure:
    """Suspends it, destroys its provider keys, revokes its keys and invitations, takes its members out, and leaves the rest to analytics.

    Idempotent. The transaction begins as the caller's workspace and ends as the one that is erased.
    """
    key = str(there.workspace_id)
    if there.workspace_id != principal.workspace_id:
        await audit.note(tx, principal, action="workspace.erasure_requested", kind="workspace", key=key)
        await enter(tx, there.workspace_id)
    inside = replace(principal, workspace=there)
    await take_turns(tx, there.workspace_id, "invitations")  # as whoever removes a member or revokes a key
    if await store.begin(tx, there.workspace_id, requested_by=principal.actor):
        await audit.note(tx, inside, action="workspace.erasure_requested", kind="workspace", key=key)
        await suspend(tx, there.workspace_id, suspended=True)
        while page := await provider_key_store.list_unrevoked(tx, there.workspace_id, limit=PROVIDER_KEYS_PAGE):
            for provider_key_id in page:
                await keep_key.revoke_key(tx, inside, provider_key_id, secrets=secrets)
        await store.revoke_invitations(tx)  # Before the members: nobody becomes one any more.
        for user_id in await store.remove_members(tx):
            await note_change(tx, workspace_id=there.workspace_id, kind="member", key=str(user_id))
        for prefix in await store.revoke_api_keys(tx):
            await note_change(tx, workspace_id=there.workspace_id, kind="api_key", key=prefix)
        await note_change(tx, workspace_id=there.workspace_id, kind="workspace", key=key)
    erasure = await store.find(tx, there.workspace_id)
    if erasure is None:
        raise no_such_workspace()
    return erasure


def no_such_workspace() -> NotFound:
    return NotFound("There is no workspace of this id, or you do not belong to it.", param="workspace_id")
