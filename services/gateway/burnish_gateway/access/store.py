"""Keys and workspaces in SQL."""

from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import ROLES, KeyFacts, WorkspaceFacts
from burnish_shared.books.admission_request import RateLimit, TokenLimit
from burnish_shared.db.session import Tx

KEYS = "SELECT *, token_limit_of_key(api_key_id) AS token_limit_per_minute FROM find_api_key($1)"
WORKSPACE = "SELECT *, token_limit_of($1) AS token_limit_per_minute FROM find_workspace($1) CROSS JOIN find_execution_settings($1)"
"""The limit of tokens has the id of the limit of requests with a minus before it (docs/decisions/0110)."""


async def find_keys(tx: Tx, prefix: str) -> list[KeyFacts]:
    """Keys with this prefix, over all workspaces: nearly always one or none."""
    return [_key(row) for row in await tx.fetch(KEYS, prefix)]


async def find_workspace(tx: Tx, workspace_id: UUID) -> WorkspaceFacts | None:
    row = await tx.fetchrow(WORKSPACE, workspace_id)
    if row is None:
        return None
    facts = dict(row)
    rate = RateLimit(rate_id=facts.pop("rate_id"), per_minute=facts.pop("rate_limit_per_minute"))
    tokens = facts.pop("token_limit_per_minute")
    return WorkspaceFacts(rate=rate, tokens=TokenLimit(-rate.rate_id, tokens) if tokens else None, **facts)


def _key(row: Record) -> KeyFacts:
    per_minute, tokens = row["rate_limit_per_minute"], row["token_limit_per_minute"]
    return KeyFacts(
        api_key_id=row["api_key_id"],
        first_key_id=row["first_key_id"],
        workspace_id=row["workspace_id"],
        digest=row["digest"],
        role=ROLES[row["role"]],
        scopes=frozenset(row["scopes"]),
        is_operator=row["is_operator"],
        rate=RateLimit(rate_id=row["rate_id"], per_minute=per_minute, whose="api_key") if per_minute else None,
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        tokens=TokenLimit(-row["rate_id"], tokens, whose="api_key") if tokens else None,
    )


async def enter(tx: Tx, workspace_id: UUID) -> None:
    """Makes the rest of the transaction that workspace's: for the first key of one that was just made."""
    await tx.execute("SELECT set_config('app.workspace', $1, true)", str(workspace_id))
