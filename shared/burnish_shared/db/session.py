"""Connections, and the unit of work: the only place where a transaction begins and commits.

Tenant context is local to the transaction (PROMISES T-04): `app.workspace` for the gateway's role, `app.workspaces` for batch writers.
Without it the row-level policies show nothing.

Behind a pooler in transaction mode (PgBouncer, Supavisor) the next transaction may run on another server connection: there every setting
is local to its transaction, no statement is prepared beyond it, and every statement stands in one (`pooler="transaction"`).
"""

import asyncio
import contextlib
import json
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self
from uuid import UUID

import asyncpg

from burnish_shared.db.changes import ChangeKind
from burnish_shared.db.transaction import Transaction, name_tenant, to_json
from burnish_shared.errors import Busy, Deadlocked, Unavailable

Pooler = Literal["none", "transaction"]
"""What stands between us and PostgreSQL: nothing that matters (a pooler in session mode neither), or a pooler in transaction mode."""

POOL_WAIT_S = 3.0
"""How long a request waits for a connection before it is answered 503 (PROMISES 5.2)."""

CONNECT_TIMEOUT_S = 3.0

CONNECT_ANEW_S = 1.0
"""At most this often connections are given up because their server only reads."""

SILENCE_S = 1.0
"""A server that does not answer this long after it should have ended the statement itself is frozen or out of reach."""

READ_ONLY = asyncpg.ReadOnlySQLTransactionError
"""A server that was demoted, follows another or was set to be read only. Behind the same name another one may write by then."""

REFUSES_CHANGES = (READ_ONLY, asyncpg.DiskFullError)
"""Those, and a server without room. It answers, and most reads go on; a write may be tried again."""

UNAVAILABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what is left of a connection whose server was killed while it answered
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    *REFUSES_CHANGES,
)
"""What asyncpg raises when PostgreSQL is away, starting, stopping, full, read only, or silent for too long (TimeoutError is an OSError).

Not a fault of the statement: it may be tried again.
"""

BUSY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError)
"""A lock that others held too long, a deadlock, a statement that took too long. The transaction did nothing: it may be tried again."""

REFUSES_CONNECTIONS = (
    asyncpg.InternalServerError,  # Supavisor: "(EMAXCONN) Max client connections reached"
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # a database that takes no connections for now
    *BUSY,
)
"""What a server or a pooler also says instead of giving a connection. Of a statement it would be an answer; here none was asked yet."""

HELD_BY_OTHERS: Final = "The database is busy with the same rows at the moment; try again."
TOOK_TOO_LONG: Final = "The database took too long for this; try again, or ask for less at once, such as a shorter time."


@dataclass(frozen=True, slots=True)
class Tx:
    """One open transaction. Stores take it; only `Database.unit_of_work` makes and commits it."""

    connection: Any
    changes: list[str] = field(default_factory=list)
    """Kinds of configuration that it changed, see `note_change`."""
    for_pages: set[tuple[UUID, ChangeKind]] = field(default_factory=set)
    """Of what it changed for open pages alone, see `tell_pages`."""
    patience_s: float | None = None
    """How long `fetch` and `fetchval` wait for a server that is silent; None: as the pool's statements do."""

    async def fetch(self, sql: str, *args: object) -> Sequence[asyncpg.Record]:
        return await self.connection.fetch(sql, *args, timeout=self.patience_s)  # type: ignore[no-any-return]

    async def fetchrow(self, sql: str, *args: object) -> asyncpg.Record | None:
        return await self.connection.fetchrow(sql, *args)  # type: ignore[no-any-return]

    async def fetchval(self, sql: str, *args: object, patience_s: float | None = None) -> Any:
        """`patience_s`: for what may take longer than the pool's statements do, and raised its own statement_timeout."""
        return await self.connection.fetchval(sql, *args, timeout=patience_s or self.patience_s)

    async def execute(self, sql: str, *args: object) -> str:
        return await self.connection.execute(sql, *args)  # type: ignore[no-any-return]

    async def copy_into(self, table: str, records: Iterable[tuple[object, ...]], *, columns: Sequence[str]) -> None:
        """COPY. PostgreSQL refuses it for tables with row-level security: `table` is a temporary one."""
        await self.connection.copy_records_to_table(table, records=records, columns=list(columns))


async def _decode_json(connection: Any) -> None:
    """jsonb columns are read and written as Python values. One transaction, since asyncpg asks for the types in two steps."""
    async with connection.transaction():
        for kind in ("json", "jsonb"):
            await connection.set_type_codec(kind, encoder=to_json, decoder=json.loads, schema="pg_catalog")


def server_settings(*, statement_timeout_ms: int, application_name: str) -> dict[str, str]:
    """Session settings of every connection (PROMISES 5.2). Schema `burnish` comes first, nothing is found in `public` by accident."""
    return {
        "search_path": "burnish",
        "application_name": application_name,
        "statement_timeout": str(statement_timeout_ms),
        "lock_timeout": "2000",
        "idle_in_transaction_session_timeout": "10000",
        "jit": "off",
        "timezone": "UTC",
    }


def connect_options(settings: Mapping[str, str], pooler: Pooler) -> dict[str, Any]:
    """How asyncpg connects. A pooler in transaction mode refuses settings at connect (save a name for its lists) and forgets statements."""
    if pooler == "none":
        return {"server_settings": dict(settings)}
    return {"server_settings": {"application_name": settings["application_name"]}, "statement_cache_size": 0}


def local_settings(settings: Mapping[str, str], pooler: Pooler) -> str:
    """What each transaction begins with behind a pooler in transaction mode: the same settings, until its end. Otherwise empty."""
    if pooler == "none":
        return ""
    quoted = {name: value.replace("'", "''") for name, value in settings.items() if name != "application_name"}
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in quoted.items())


class _ForOne:
    """A connection, for one statement."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, method: str) -> Any:
        connection, self._connection = self._connection, None
        if connection is None:
            raise RuntimeError("a unit of work of one statement was given a second one")
        return getattr(connection, method)


async def _keep_as_it_is(_: Any) -> None:
    """The end of each transaction has reset the session. A transaction that is open is rolled back before this, by the pool."""


async def _tx_over(connection: Any, *, most_s: float | None, one_statement: bool) -> Tx:
    """`most_s`: its statements may take so long, in a transaction that was begun; None: as long as the pool's."""
    if most_s is not None:
        await connection.execute("SELECT set_config('statement_timeout', $1, true)", str(round(most_s * 1000)))
    return Tx(_ForOne(connection) if one_statement else connection, patience_s=None if most_s is None else most_s + SILENCE_S)


class Database:
    """A pool of connections as one role.

    `await Database.open(...)` does not need PostgreSQL to be there yet: connections are made when they are first used.
    """

    def __init__(self, pool: Any, *, begin_with: str) -> None:
        self._pool = pool
        self._begin_with = begin_with
        self._anew_at = -math.inf
        self.after_change: Callable[[], Awaitable[None]] | None = None
        """Awaited after a commit that changed configuration, before the unit of work ends. Must not raise."""
        self.told_pages: Callable[[Collection[tuple[UUID, ChangeKind]]], None] | None = None
        """Called after a commit with what open pages are to be told, see `tell_pages`. Must not raise. None: they are told nothing."""

    @classmethod
    async def open(
        cls, dsn: str, *, application_name: str, max_size: int = 4, statement_timeout_ms: int = 5_000, pooler: Pooler = "none"
    ) -> Self:
        """A pool that connects lazily. `dsn` may name a server that is still starting."""
        settings = server_settings(statement_timeout_ms=statement_timeout_ms, application_name=application_name)
        pool = await asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=max_size,
            timeout=CONNECT_TIMEOUT_S,
            init=_decode_json,
            reset=_keep_as_it_is,
            command_timeout=statement_timeout_ms / 1000 + SILENCE_S,
            **connect_options(settings, pooler),
        )
        return cls(pool, begin_with=local_settings(settings, pooler))

    async def close(self) -> None:
        """Closes the pool; open transactions get 2 s, then are cut off."""
        try:
            async with asyncio.timeout(2):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def unit_of_work(
        self,
        *,
        workspace: UUID | None = None,
        workspaces: Collection[UUID] = (),
        organization: UUID | None = None,
        user: UUID | None = None,
        read_only: bool = False,
        statement_most_s: float | None = None,
        one_statement: bool = False,
    ) -> AsyncIterator[Tx]:
        """One transaction, committed when the block ends and rolled back when it raises.

        `workspace` is the tenant of a request; `workspaces` are those of a batch. With neither, tenant tables show no row. `organization`
        and `user` open what belongs to them, beside the tenant's own. `user` is also what auth.uid() returns, as in the claims that
        PostgREST sets. `statement_most_s`: of each statement in place of the pool's, for reads of many rows. `one_statement`: there is no
        second one (RuntimeError), so its own transaction is enough, where nothing is to be set before it: it is committed once it was
        answered, whatever the block does then, and costs one round trip in place of three; nobody checks then that it is `read_only`.
        Raises Unavailable when no connection can be had within POOL_WAIT_S, and where the server takes no changes. Never open across a
        call to a model or URL.
        """
        names_tenant = workspace is not None or bool(workspaces) or organization is not None or user is not None
        by_itself = one_statement and not (names_tenant or self._begin_with or statement_most_s is not None)
        try:
            connection = await self._pool.acquire(timeout=POOL_WAIT_S)
        except (TimeoutError, *UNAVAILABLE, *REFUSES_CONNECTIONS) as error:
            raise Unavailable("The database cannot be reached at the moment; try again.", retry_after_s=1) from error
        transaction = None if by_itself else Transaction(connection, read_only=read_only, resets=not self._begin_with)
        try:
            async with transaction or contextlib.nullcontext():
                if self._begin_with:
                    await connection.execute(self._begin_with)
                if names_tenant:
                    await name_tenant(connection, workspace=workspace, workspaces=workspaces, organization=organization, user=user)
                tx = await _tx_over(connection, most_s=statement_most_s, one_statement=one_statement)
                try:
                    yield tx
                except REFUSES_CHANGES:
                    raise  # It answers, so the rollback is no wait.
                except UNAVAILABLE:
                    connection.terminate()  # Nothing can be rolled back or reset there: both would wait for a server that is silent.
                    raise
        except REFUSES_CHANGES as error:
            if isinstance(error, READ_ONLY):
                if read_only:
                    raise  # No server would take it: the fault is ours.
                await self._connect_anew()
            raise Unavailable("The database takes no changes at the moment; try again.", retry_after_s=1) from error
        except UNAVAILABLE as error:
            raise Unavailable("The database went away in the middle of the work; try again.", retry_after_s=1) from error
        except BUSY as error:
            raise _busy(error) from error
        finally:
            await asyncio.shield(self._give_back(connection, transaction))
        await self._tell(tx)

    async def _tell(self, tx: Tx) -> None:
        """Of what it changed, now that it is committed."""
        if tx.for_pages and self.told_pages is not None:
            self.told_pages(tx.for_pages)
        if tx.changes and self.after_change is not None:
            await self.after_change()

    async def _connect_anew(self) -> None:
        """Gives up every connection at its next use: behind the same name another server may take changes by now."""
        now = asyncio.get_running_loop().time()
        if now - self._anew_at >= CONNECT_ANEW_S:
            self._anew_at = now
            await self._pool.expire_connections()

    async def _give_back(self, connection: Any, transaction: Transaction | None) -> None:
        try:
            if transaction is not None:
                await transaction.over()
            await self._pool.release(connection)
        except UNAVAILABLE:
            with contextlib.suppress(asyncpg.InterfaceError):  # The pool had taken it back before it failed.
                connection.terminate()


class DurableConnection:
    """One connection of its own that is made again when it was lost; calls from several coroutines wait for each other.

    The hot statements use it: `asynchronous=True` commits without waiting for the disk, and the caller then awaits
    `flush` of another connection before it tells anybody (ADMISSION, early lock release).
    """

    def __init__(
        self,
        dsn: str,
        *,
        application_name: str,
        asynchronous: bool = False,
        lock_timeout_ms: int = 250,
        statement_timeout_ms: int = 5_000,
        pooler: Pooler = "none",
    ) -> None:
        self._dsn = dsn
        self._timeout_s = statement_timeout_ms / 1000 + SILENCE_S
        settings = server_settings(statement_timeout_ms=statement_timeout_ms, application_name=application_name) | {
            "plan_cache_mode": "force_generic_plan",
            "lock_timeout": str(lock_timeout_ms),
            "synchronous_commit": "off" if asynchronous else "on",
        }
        self._options = connect_options(settings, pooler)
        self._begin_with = local_settings(settings, pooler)
        self._connection: Any = None
        self._anew_at = -math.inf
        self._turn = asyncio.Lock()

    async def fetchrow(self, sql: str, *args: object) -> asyncpg.Record | None:
        """One row. Raises what asyncpg raises; a lost connection is made again on the next call, never inside this one.

        A connection that is refused is one of UNAVAILABLE, whatever the server said: it says nothing about the statement.
        """
        return await self._call("fetchrow", sql, *args)  # type: ignore[no-any-return]

    async def fetch(self, sql: str, *args: object) -> Sequence[asyncpg.Record]:
        return await self._call("fetch", sql, *args)  # type: ignore[no-any-return]

    async def flush(self) -> float:
        """Returns when everything that was committed before this call is on disk (a synchronous commit of an empty WAL message): how
        long that took, seconds, as this process saw it."""
        since = time.monotonic()
        await self._call("execute", "SELECT pg_logical_emit_message(true, 'burnish', '')")
        return time.monotonic() - since

    async def close(self) -> None:
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close(timeout=2)

    async def _call(self, method: str, sql: str, *args: object) -> Any:
        """One statement. After a failure that is not the statement's fault the connection is given up: nobody knows what state it is in."""
        async with self._turn:
            connection = await self._get()
            try:
                if self._begin_with:
                    return await self._in_transaction(connection, method, sql, *args)
                return await getattr(connection, method)(sql, *args)
            except REFUSES_CHANGES as error:
                self._connect_anew(connection, error)
                raise
            except UNAVAILABLE:
                connection.terminate()
                raise

    def _connect_anew(self, connection: Any, error: asyncpg.PostgresError) -> None:
        now = asyncio.get_running_loop().time()
        if isinstance(error, READ_ONLY) and now - self._anew_at >= CONNECT_ANEW_S:
            self._anew_at = now
            connection.terminate()

    async def _in_transaction(self, connection: Any, method: str, sql: str, *args: object) -> Any:
        async with Transaction(connection, read_only=False, resets=False):
            try:
                await connection.execute(self._begin_with)
                return await getattr(connection, method)(sql, *args)
            except REFUSES_CHANGES:
                raise
            except UNAVAILABLE:
                connection.terminate()
                raise

    async def _get(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await self._made()
            except REFUSES_CONNECTIONS as error:
                raise ConnectionRefusedError("The database gives no connection at the moment.") from error
        return self._connection

    async def _made(self) -> Any:
        made = await asyncpg.connect(self._dsn, timeout=CONNECT_TIMEOUT_S, command_timeout=self._timeout_s, **self._options)
        try:
            await _decode_json(made)
        except BaseException:
            made.terminate()
            raise
        return made


def _busy(error: BaseException) -> Busy:
    """What is told of an error of BUSY."""
    if isinstance(error, asyncpg.DeadlockDetectedError):
        return Deadlocked(HELD_BY_OTHERS, retry_after_s=1)
    return Busy(TOOK_TOO_LONG if isinstance(error, asyncpg.QueryCanceledError) else HELD_BY_OTHERS, retry_after_s=1)
