"""How a transaction begins and ends, and what row-level security goes by within it."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from burnish_shared.hops import current_hops


def to_json(value: object) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


@asynccontextmanager
async def transaction(connection: Any, *, read_only: bool, resets: bool) -> AsyncIterator[None]:
    """As asyncpg's. `resets`: the message that ends it also takes back what was set for the session. Nothing of ours sets anything there
    (tests/architecture/test_poolers.py); if somebody did, the next tenant must not have it, and as a message of its own it would be a
    fourth round trip. Behind a pooler the session is not ours.
    """
    reset = "; RESET ALL" if resets else ""
    undo = f"ROLLBACK{reset}"
    await _say(connection, "BEGIN READ ONLY" if read_only else "BEGIN", undo=undo)
    try:
        yield
    except BaseException:
        await connection.execute(undo)
        raise
    await _say(connection, f"COMMIT{reset}", undo=undo)


async def _say(connection: Any, words: str, *, undo: str) -> None:
    """Whoever is cancelled while he waits for the answer does not know what was heard of it: a transaction may be open, a setting may
    stand. Left to the pool, which rolls back as well, each such request would be an error in the log.
    """
    try:
        await connection.execute(words)
    except asyncio.CancelledError:
        await connection.execute(undo)
        raise


async def name_tenant(
    connection: Any, *, workspace: UUID | None, workspaces: Collection[UUID], organization: UUID | None, user: UUID | None
) -> None:
    """What policies go by, until the transaction ends."""
    named = set(workspaces) | ({workspace} if workspace is not None else set())
    await connection.execute(
        "SELECT set_config('app.workspace', $1, true), set_config('app.workspaces', $2, true), "
        "set_config('app.organization', $3, true), set_config('app.user', $4, true), "
        "set_config('request.jwt.claims', $5, true), set_config('app.hops', $6, true)",
        str(workspace or ""),
        ",".join(sorted(str(one) for one in named)),
        str(organization or ""),
        str(user or ""),
        to_json({"sub": str(user), "role": "authenticated"}) if user is not None else "",
        str(current_hops()),
    )
