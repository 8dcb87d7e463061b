"""What an invitation is about, told to whoever holds its token: before they join they know where, as what, and who asks."""

from uuid import UUID

from burnish_gateway.access import member_store
from burnish_gateway.access.people_answers import InvitingAnswer
from burnish_gateway.access.take_back_invitations import may_still_invite
from burnish_gateway.deps import Gateway
from burnish_gateway.team import organization_store
from burnish_gateway.team.accept_invitation import find_open, unmade
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound


async def show(gateway: Gateway, token: str) -> InvitingAnswer:
    """Names as they are now. Changes nothing. Raises NotFound alike for a token that is unknown, used, revoked or expired, and in other
    words where its maker may invite nobody any more."""
    _, found = await find_open(gateway, token)
    workspace_id: UUID = found["workspace_id"]
    async with gateway.db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        workspace = await organization_store.find_workspace_settings(tx, workspace_id)
        name, email = await _inviter(tx, found["invited_by"])
        may_invite = await may_still_invite(tx, found["invited_by"])
    if not may_invite:
        raise unmade()
    if workspace is None:
        raise NotFound("There is no open invitation of this token for you; ask for a new one.")
    async with gateway.db.unit_of_work(organization=workspace["organization_id"], read_only=True) as tx:
        organization = await organization_store.find_organization(tx, workspace["organization_id"])
    return InvitingAnswer(
        email=found["email"], role=found["role"], expires_at=found["expires_at"], workspace_name=workspace["name"],
        organization_name=organization["name"] if organization is not None else workspace["name"],
        invited_by_name=name, invited_by_email=email,
    )  # fmt: skip


async def _inviter(tx: Tx, actor: str) -> tuple[str | None, str | None]:
    """Name and e-mail of the member who invites; both None for an API key, and for who is no member (any more)."""
    kind, _, key = actor.partition(":")
    member = await member_store.find_member(tx, UUID(key)) if kind == "user" else None
    return (member["name"] or None, member["email"]) if member is not None else (None, None)
