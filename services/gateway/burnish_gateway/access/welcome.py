"""Where a person belongs who comes through the OpenID provider for the first time: nowhere, or in the workspace that the operator named."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from burnish_gateway.access import member_store, store
from burnish_gateway.access.audit import note_in
from burnish_gateway.access.person import Claims
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx

log = structlog.get_logger("burnish.gateway")


@dataclass(frozen=True, slots=True)
class Welcome:
    """The operator's word for newcomers: a role in one workspace. `domains`: of verified e-mails, in small letters; empty: whoever the
    provider signs in."""

    workspace_id: UUID
    role: str
    domains: frozenset[str] = frozenset()

    @property
    def actor(self) -> str:
        """How the audit log names who let them in."""
        return "system:oidc"

    def is_for(self, claims: Claims) -> bool:
        """Of an e-mail that it did not verify the provider says nothing here (`OidcProvider.exchange`)."""
        return not self.domains or (claims.email is not None and claims.email.rpartition("@")[2] in self.domains)


async def let_in(tx: Tx, welcome: Welcome, user_id: UUID) -> None:
    """Makes the newcomer a member, in the transaction that makes the account: whoever is removed later does not come back by themselves.

    Where the workspace is suspended, erased or not there, they belong nowhere. Writes its change note: call it last.
    """
    facts = await store.find_workspace(tx, welcome.workspace_id)
    if facts is None or facts.suspended_at is not None:
        log.warning("sign_in.no_default_workspace", workspace_id=str(welcome.workspace_id))
        return
    await store.enter(tx, welcome.workspace_id)
    await member_store.add_member(tx, welcome.workspace_id, user_id, role=welcome.role, invited_by=welcome.actor)
    await note_in(tx, welcome.workspace_id, welcome, action="member.added", kind="member", key=str(user_id), after={"role": welcome.role})
    await note_change(tx, workspace_id=welcome.workspace_id, kind="member", key=str(user_id))
