"""Statements as superuser between those of the services: each database keeps one connection for them.

A connection of its own for every statement costs 12 ms of processor time, half of them PostgreSQL's, which starts a process.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

import asyncpg

_KEPT: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, bool], asyncpg.Connection]]" = WeakKeyDictionary()
"""Of each event loop: DSN, `decoded` → the connection that nobody uses at the moment."""


@asynccontextmanager
async def as_superuser(url: str, *, decoded: bool = False) -> AsyncIterator[asyncpg.Connection]:
    """A connection with schema `burnish` first, as if it were new: settings, locks and cursors of whoever had it before are gone, and no
    statement stays prepared. Do not create temporary tables in it. Two at once get two. What failed in it is not kept.
    `decoded`: jsonb is read and written as Python values."""
    kept = _KEPT.setdefault(asyncio.get_running_loop(), {})
    connection = await _as_new(kept.pop((url, decoded), None)) or await _connect(url, decoded=decoded)
    try:
        yield connection
    except BaseException:
        await connection.close()
        raise
    if (url, decoded) in kept:
        await connection.close()
    else:
        kept[url, decoded] = connection


async def _connect(url: str, *, decoded: bool) -> asyncpg.Connection:
    connection = await asyncpg.connect(url, server_settings={"search_path": "burnish"}, statement_cache_size=0)
    if decoded:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    return connection


async def _as_new(connection: asyncpg.Connection | None) -> asyncpg.Connection | None:
    """None where there is none, or somebody ended it meanwhile."""
    if connection is None or connection.is_closed():
        return None
    try:
        await connection.reset()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
        return None
    return connection


async def forget(url: str) -> None:
    """Closes what is kept of a database that goes."""
    for decoded in (False, True):
        connection = _KEPT.get(asyncio.get_running_loop(), {}).pop((url, decoded), None)
        if connection is not None:
            await connection.close()
