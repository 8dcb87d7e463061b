"""A server that gives no connection says nothing about a statement: it counts as away, whatever words it has for it."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

import asyncpg
import pytest

from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.session import UNAVAILABLE, Database, DurableConnection
from burnish_shared.errors import Unavailable

ASKS_FOR_TLS = struct.pack(">I", 80877103)

REFUSALS = {
    "XX000": "(EMAXCONN) Max client connections reached",
    "53000": "insufficient resources",
    "53200": "out of memory",
    "53300": "sorry, too many clients already",
    "55000": 'database "x" is not currently accepting connections',
    "55P03": "lock not available",
    "57014": "canceling statement due to statement timeout",
    "57P03": "the database system is starting up",
}
FAULTS_OF_OURS = {"28P01": asyncpg.InvalidPasswordError, "3D000": asyncpg.InvalidCatalogNameError}


@contextlib.asynccontextmanager
async def refusing(state: str) -> AsyncIterator[str]:
    """The address of a server that answers whoever connects with this SQLSTATE."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while (await _message(reader))[:4] == ASKS_FOR_TLS:
                writer.write(b"N")
            fields = b"SFATAL\0VFATAL\0C" + state.encode() + b"\0M" + REFUSALS.get(state, "no").encode() + b"\0\0"
            writer.write(b"E" + struct.pack(">I", len(fields) + 4) + fields)
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        yield f"postgresql://a:b@127.0.0.1:{server.sockets[0].getsockname()[1]}/x"


async def _message(reader: asyncio.StreamReader) -> bytes:
    length: int = struct.unpack(">I", await reader.readexactly(4))[0]
    return await reader.readexactly(length - 4)


@pytest.mark.parametrize("state", REFUSALS)
async def test_a_connection_that_is_refused_makes_the_database_unavailable(state: str) -> None:
    async with refusing(state) as dsn:
        db = await Database.open(dsn, application_name="test", pooler="transaction")
        with pytest.raises(Unavailable, match="cannot be reached"):
            async with db.unit_of_work():
                pass
        await db.close()


@pytest.mark.parametrize("state", REFUSALS)
async def test_the_hot_statements_take_a_refused_connection_for_a_database_that_is_away(state: str) -> None:
    async with refusing(state) as dsn:
        with pytest.raises(UNAVAILABLE):
            await DurableConnection(dsn, application_name="test").fetchrow("SELECT 1")


@pytest.mark.parametrize("state", FAULTS_OF_OURS)
async def test_a_wrong_password_or_database_stays_what_it_is(state: str) -> None:
    async with refusing(state) as dsn:
        db = await Database.open(dsn, application_name="test")
        with pytest.raises(FAULTS_OF_OURS[state]):
            async with db.unit_of_work():
                pass
        await db.close()
        with pytest.raises(FAULTS_OF_OURS[state]):
            await DurableConnection(dsn, application_name="test").fetchrow("SELECT 1")


async def test_the_feed_of_changes_outlasts_a_pooler_without_room() -> None:
    async with refusing("XX000") as dsn:
        db = await Database.open(dsn, application_name="test", pooler="transaction")
        running = asyncio.create_task(ChangeFeed(db).run())
        await asyncio.wait({running}, timeout=1.2)
        assert not running.done()
        running.cancel()
        await asyncio.wait({running})
        await db.close()
