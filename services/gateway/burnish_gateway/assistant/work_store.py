"""Claims of sessions and enrichments in SQL."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from burnish_shared.db.session import Tx

Kind = Literal["clarification", "enrichment"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is ours until somebody else's fence is higher. `owner_id`: whose it is, of a session."""

    kind: Kind
    id: UUID
    workspace_id: UUID
    owner_id: UUID | None
    fence: int


class ClaimLost(Exception):
    """Somebody else works on the row by now, or it needs nothing any more, or is gone."""


async def claim(tx: Tx, *, worker: str, lease_s: int, sessions: int, enrichments: int) -> list[Claim]:
    """Takes what nobody works on, at most so many of each; sessions that nobody came back to expire on the way."""
    rows = await tx.fetch(
        "SELECT kind, id, workspace_id, owner_id, fence FROM claim_assistant_work($1, $2, $3, $4)", worker, lease_s, sessions, enrichments
    )
    return [Claim(**dict(row)) for row in rows]


async def renew(tx: Tx, *, worker: str, lease_s: int, ids: Collection[UUID]) -> dict[UUID, int]:
    """Which of these this worker holds, with their fences; their leases begin anew."""
    rows = await tx.fetch("SELECT id, fence FROM renew_assistant_work($1, $2, $3)", worker, lease_s, list(ids))
    return {row["id"]: row["fence"] for row in rows}


async def release(tx: Tx, *, worker: str) -> int:
    """Lets go of everything that this worker holds; another one goes on at once."""
    released: int = await tx.fetchval("SELECT release_assistant_work($1)", worker)
    return released
