"""Many requests at once, and what their answers have in common."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Sequence
from typing import Any

from tests.embedded.stack import Answer
from tests.embedded.superuser import as_superuser
from tests.security.conftest import World
from tests.security.world import PLACES

AT_ONCE = 12

UNTOUCHED_ROWS = (
    "SELECT coalesce(md5(string_agg(r, '|' ORDER BY r)), '') AS digest, count(*) AS n "
    "FROM (SELECT (to_jsonb(t) - 'last_used_at')::text AS r FROM {table} t WHERE workspace_id = $1) rows"
)
"""All that a workspace has in a table. When a key was last used is written by gateways now and then, whatever was asked."""

GOES_ON = """
SELECT EXISTS (SELECT FROM model_migrations WHERE workspace_id = $1 AND status = 'running')
    OR EXISTS (SELECT FROM chain_runs WHERE workspace_id = $1 AND status IN ('queued', 'running'))
    OR EXISTS (SELECT FROM enrichments WHERE workspace_id = $1 AND processing_status IN ('pending', 'processing'))
    OR EXISTS (SELECT FROM clarifications WHERE workspace_id = $1 AND task IS NOT NULL)
"""
"""What somebody who was let in began, or the tenant itself as it was made, goes on by itself in gateways, and writes until it is over."""


def is_error(answer: Answer) -> bool:
    return isinstance(answer.body, dict) and {"type", "code", "message", "param"} <= set(answer.body.get("error", {}))


def plain(answer: Answer, named: str = PLACES["slug"]) -> tuple[int, str, tuple[str, ...]]:
    """What an answer says, without the id that was asked for and what differs from one moment to the next."""
    text = answer.raw.decode().replace(named, "THAT")
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|req_[0-9a-f]{32}", "ID", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "DIGEST", text)
    text = re.sub(r'"created": ?\d+', '"created":0', text)  # a second, as OpenAI's answers have it
    text = re.sub(r"\b\d{8}T\d{6}\b", "TIME", text)  # so the version of a price is called
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)", "TIME", text)
    return answer.status, text, tuple(sorted(set(answer.headers) - {"date", "content-length"}))


def ids(world: World) -> list[str]:
    """Alpha's ids that cannot stand in an answer by chance."""
    return [one for one in world.alpha.own.values() if re.fullmatch(r"[0-9a-f-]{36}|msg_.*", one)]


async def rows_of(world: World, workspace_id: Any, *, but: frozenset[str] = frozenset()) -> dict[str, tuple[str, int]]:
    """Table → digest and number of the workspace's rows: nothing of it changed when this did not. `but`: tables that do not count."""
    async with as_superuser(world.stack.urls["superuser"]) as connection:
        async with asyncio.timeout(90):
            while await connection.fetchval(GOES_ON, workspace_id):
                await asyncio.sleep(0.05)
        tables = await connection.fetch(
            """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
                WHERE c.relnamespace = 'burnish'::regnamespace AND c.relrowsecurity AND NOT c.relispartition"""
        )
        rows = {table[0]: await connection.fetchrow(UNTOUCHED_ROWS.format(table=table[0]), workspace_id) for table in tables}
        return {table: (hashlib.sha256(row["digest"].encode()).hexdigest(), row["n"]) for table, row in rows.items() if table not in but}


async def at_once(requests: Sequence[Awaitable[None]], *, turns: int = AT_ONCE) -> None:
    """Awaits all, a few at a time."""
    turn = asyncio.Semaphore(turns)

    async def one(request: Awaitable[None]) -> None:
        async with turn:
            await request

    await asyncio.gather(*(one(request) for request in requests))
