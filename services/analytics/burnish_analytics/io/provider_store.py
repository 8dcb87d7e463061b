"""Providers that answer no call of a workspace any more, of which nobody was told yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class Down:
    """`calls`: how many failed in a row since `since`; `saved`: how many of them a fallback at another provider answered.

    `code`, `http_status`: what most of them say; `models`: which were asked.
    """

    workspace_id: UUID
    provider: str
    calls: int
    saved: int
    since: datetime
    code: str
    http_status: int | None
    models: str
    simulated: bool

    @property
    def incident_key(self) -> str:
        return f"provider:{self.provider}"


async def down(tx: Tx, *, calls_least: int, least: timedelta, at_most: int) -> list[Down]:
    """Of all workspaces: so many calls in a row failed, over at least so long."""
    return [Down(**dict(row)) for row in await tx.fetch("SELECT * FROM providers_not_answering($1, $2, $3)", calls_least, least, at_most)]
