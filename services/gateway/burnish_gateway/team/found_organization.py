"""Found an organization with its home workspace, and make further workspaces in one."""

from dataclasses import dataclass
from uuid import UUID

from burnish_gateway.access import member_store, store
from burnish_gateway.access.audit import note_in
from burnish_gateway.team import organization_store
from burnish_shared.auth.api_keys import NewKey
from burnish_shared.auth.provisioning import create_api_key, create_workspace
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NotFound, Unavailable
from burnish_shared.ids import new_uuid


@dataclass(frozen=True, slots=True)
class Founder:
    """Who makes a workspace. A person (`user_id`) becomes its first admin. `room`: whose transaction it is, and stays.

    `is_operator`: whose organizations all bring what their plan gives; of anybody else it is the first one alone.
    """

    actor: str
    user_id: UUID | None
    room: UUID
    is_operator: bool = False

    @property
    def workspace_id(self) -> UUID:
        """Where the keys of repeated requests are kept (`idempotency.run_once`)."""
        return self.room


@dataclass(frozen=True, slots=True)
class Founded:
    """A workspace that was just made, with an admin key whose text is shown once."""

    workspace_id: UUID
    organization_id: UUID
    key: NewKey


async def found_organization(tx: Tx, founder: Founder, *, name: str, plan: str, pepper: bytes) -> Founded:
    """An organization on `plan` with a home workspace of the same name, and what the plan gives in this month. Writes the change notes.

    A person's second one gets nothing of what the plan gives: credit could be made by founding.
    Raises Unavailable where there is no such plan: an operator chose it, not who asks.
    """
    if not await organization_store.has_plan(tx, plan):
        raise Unavailable(
            f"No organization can be founded now: its plan {plan!r} is not there. The operator makes it (PUT /v1/plans/{plan}), or sets"
            " BURNISH_SIGN_UP_PLAN to one that GET /v1/plans lists."
        )
    organization_id, workspace_id = new_uuid(), new_uuid()
    await organization_store.create_organization(
        tx, organization_id=organization_id, workspace_id=workspace_id, name=name, plan=plan,
        founder=None if founder.is_operator else founder.user_id,
    )  # fmt: skip
    await store.enter(tx, workspace_id)
    await note_in(
        tx, workspace_id, founder, action="organization.created", kind="organization", key=str(organization_id),
        after={"name": name, "plan": plan},
    )  # fmt: skip
    key = await _furnish(tx, founder, workspace_id, name=name, pepper=pepper)
    await store.enter(tx, founder.room)
    await organization_store.begin_plan(tx, organization_id=organization_id, workspace_id=workspace_id)
    await _note_changes(tx, founder, workspace_id, key)
    return Founded(workspace_id=workspace_id, organization_id=organization_id, key=key)


async def add_workspace(tx: Tx, founder: Founder, *, name: str, organization_id: UUID, pepper: bytes) -> Founded:
    """A further workspace of an organization. Writes the change notes. Raises Conflict where the plan allows no more."""
    await _check_room(tx, organization_id)
    workspace_id, _, _ = await create_workspace(tx, name=name, organization_id=organization_id)
    await store.enter(tx, workspace_id)
    key = await _furnish(tx, founder, workspace_id, name=name, pepper=pepper)
    await store.enter(tx, founder.room)
    await note_in(tx, founder.room, founder, action="workspace.created", kind="workspace", key=str(workspace_id), after={"name": name})
    await _note_changes(tx, founder, workspace_id, key)
    return Founded(workspace_id=workspace_id, organization_id=organization_id, key=key)


async def _check_room(tx: Tx, organization_id: UUID) -> None:
    """Raises NotFound for an organization that is not there, Conflict where it has all the workspaces that its plan allows."""
    row = await organization_store.lock_workspace_count(tx, organization_id)
    if row is None:
        raise NotFound("There is no organization of this id.", param="organization_id")
    most: int = row["workspaces_most"]
    if row["workspaces"] >= most:
        raise Conflict(
            f"The plan {row['plan']!r} allows an organization {most} workspace{'' if most == 1 else 's'}, and this one has "
            f"{row['workspaces']}; "
            "delete one that is not needed, or ask the operator for a plan with more."
        )


async def _furnish(tx: Tx, founder: Founder, workspace_id: UUID, *, name: str, pepper: bytes) -> NewKey:
    """An admin key, the founder as admin, and the first entries of the new workspace's log. The transaction is that workspace's."""
    api_key_id, key = await create_api_key(
        tx, workspace_id=workspace_id, name="first key", role="admin", pepper=pepper, created_by=founder.actor
    )
    await note_in(tx, workspace_id, founder, action="workspace.created", kind="workspace", key=str(workspace_id), after={"name": name})
    await note_in(
        tx, workspace_id, founder, action="api_key.created", kind="api_key", key=str(api_key_id),
        after={"name": "first key", "role": "admin"},
    )  # fmt: skip
    if founder.user_id is not None:
        await member_store.add_member(tx, workspace_id, founder.user_id, role="admin", invited_by=None)
        await note_in(tx, workspace_id, founder, action="member.added", kind="member", key=str(founder.user_id), after={"role": "admin"})
    return key


async def _note_changes(tx: Tx, founder: Founder, workspace_id: UUID, key: NewKey) -> None:
    await note_change(tx, workspace_id=workspace_id, kind="api_key", key=key.prefix)
    if founder.user_id is not None:
        await note_change(tx, workspace_id=workspace_id, kind="member", key=str(founder.user_id))
