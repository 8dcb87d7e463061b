"""Which organizations a caller belongs to, and which ones they govern: as an admin of the home workspace."""

from dataclasses import dataclass
from uuid import UUID

from burnish_gateway.access.person import Membership
from burnish_gateway.access.principal import Principal, Role, WorkspaceFacts
from burnish_gateway.deps import Gateway
from burnish_shared.errors import Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Belonging:
    """One organization of the caller's. `governs`: may rename it and see all of it."""

    organization_id: UUID
    name: str
    plan: str
    home_workspace_id: UUID
    governs: bool


async def belongings(gateway: Gateway, principal: Principal) -> list[Belonging]:
    """The caller's organizations, the oldest membership first; a key has one."""
    memberships = await memberships_of(gateway, principal)
    found: dict[UUID, Belonging] = {}
    for one in memberships:
        if one.organization_id not in found:
            facts = await gateway.authenticator.workspaces.get(one.workspace_id)
            found[one.organization_id] = _belonging(facts, memberships)
    return list(found.values())


async def belonging_to(gateway: Gateway, principal: Principal, organization_id: UUID) -> Belonging:
    """Raises NotFound for an organization that is not the caller's."""
    for one in await belongings(gateway, principal):
        if one.organization_id == organization_id:
            return one
    raise NotFound("There is no organization of this id, or you do not belong to it.")


async def governed(gateway: Gateway, principal: Principal, organization_id: UUID) -> Belonging:
    """Raises NotFound, and Forbidden for those who belong to it and do not govern it."""
    one = await belonging_to(gateway, principal, organization_id)
    if not one.governs:
        raise Forbidden("An organization is governed by the admins of its home workspace.")
    return one


async def memberships_of(gateway: Gateway, principal: Principal) -> tuple[Membership, ...]:
    """The caller's memberships; a key counts as a member of its workspace with its role."""
    if principal.user_id is not None:
        return (await gateway.authenticator.people.users.get(principal.user_id)).memberships
    return (Membership(principal.workspace_id, principal.organization_id, principal.role),)


def _belonging(facts: WorkspaceFacts, memberships: tuple[Membership, ...]) -> Belonging:
    return Belonging(
        organization_id=facts.organization_id,
        name=facts.organization_name,
        plan=facts.plan,
        home_workspace_id=facts.home_workspace_id,
        governs=any(one.workspace_id == facts.home_workspace_id and one.role >= Role.ADMIN for one in memberships),
    )
