"""How a transaction begins and ends, and what row-level security goes by within it."""

import asyncio
import json
from collections.abc import Collection
from types import TracebackType
from typing import Any
from uuid import UUID

from burnish_shared.hops import current_hops


def to_json(value: object) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


class Transaction:
    """As asyncpg's. `resets`: the message that ends it also takes back what was set for the session. Nothing of ours sets anything there
    (tests/architecture/test_poolers.py); if somebody did, the next tenant must not have it, and as a message of its own it would be a
    fourth round trip. Behind a pooler the session is not ours.
    """

    def __init__(self, connection: Any, *, read_only: bool, resets: bool) -> None:
        reset = "; RESET ALL" if resets else ""
        self._connection = connection
        self._begin, self._commit, self._undo = "BEGIN READ ONLY" if read_only else "BEGIN", f"COMMIT{reset}", f"ROLLBACK{reset}"
        self._undoing: asyncio.Future[str] | None = None

    async def __aenter__(self) -> None:
        await self._say(self._begin)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            await self._say(self._commit)
        else:
            await self._undone(error)

    async def over(self) -> None:
        """Waits until the connection is free. Who was cancelled may have gone while it still rolls back. Does not raise."""
        if self._undoing is not None:
            await asyncio.wait([self._undoing])

    async def _say(self, words: str) -> None:
        """Whoever is cancelled while he waits for the answer does not know what was heard of it: a transaction may be open, a setting may
        stand. Left to the pool, which rolls back as well, each such request would be an error in the log.
        """
        try:
            await self._connection.execute(words)
        except asyncio.CancelledError as error:
            await self._undone(error)
            raise

    async def _undone(self, why: BaseException | None) -> None:
        """In a task of its own: the scope of a response whose reader hung up cancels again at every wait, so also at this one.

        Raises what it failed with, save where `why` is a cancellation: who was told to stop would take a lost server for a fault to try
        again after, and never stop. What could not be rolled back was never committed.
        """
        self._undoing = asyncio.ensure_future(self._roll_back())
        self._undoing.add_done_callback(_heard)
        await asyncio.wait([self._undoing])
        if why is None or isinstance(why, Exception):
            self._undoing.result()

    async def _roll_back(self) -> str:
        """A coroutine, since the pool's proxy of a connection that was lost raises where it is called, not where it is awaited."""
        return await self._connection.execute(self._undo)  # type: ignore[no-any-return]


def _heard(undoing: asyncio.Future[str]) -> None:
    """Whoever waited may be gone when it fails, and asyncio would log what nobody looked at; the pool finds the connection closed."""
    if not undoing.cancelled():
        undoing.exception()


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
