"""Open invitations of who may invite no more, taken back in the operator's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class Operator:
    """As the audit log names whoever asks on the command line."""

    actor: str = "operator"


async def take_turns(tx: "Tx", workspaces: Sequence[UUID]) -> None:
    """Before members, accounts and keys are locked, as the gateways do it. `workspaces`: in order, so that no two wait for each other."""
    from burnish_gateway import turns_store

    for workspace_id in workspaces:
        await turns_store.take_turns(tx, workspace_id, "invitations")


async def take_back(tx: "Tx", workspaces: Sequence[UUID], *, maker: str) -> None:
    """`maker`: an actor, such as `user:<id>`. In one's turn, and before the change notes."""
    from burnish_gateway.access.take_back_invitations import take_back_of

    for workspace_id in workspaces:
        await take_back_of(tx, workspace_id, Operator(), maker=maker)
