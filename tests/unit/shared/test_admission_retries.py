"""What an admission makes of a database that is busy: bounded tries, then an error that callers know (PROMISES row 21)."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import asyncpg
import pytest
from structlog.testing import capture_logs

from burnish_shared.books.admission import Admission, Verdict
from burnish_shared.books.admission_request import AdmissionRequest
from burnish_shared.errors import Busy, Unavailable
from burnish_shared.ids import new_uuid

pytestmark = [pytest.mark.asyncio, pytest.mark.promise("C-01", "G-10")]

LOCK, DEADLOCK = asyncpg.LockNotAvailableError("lock timeout"), asyncpg.DeadlockDetectedError("deadlock detected")
ROW = {"verdict": [0], "limit_id": [None], "retry_us": [0], "warned": [None], "original": [None], "fence": [1], "slack_us": []}
"""Yes, to one request."""


def wish() -> AdmissionRequest:
    return AdmissionRequest(
        execution_id=new_uuid(), workspace_id=new_uuid(), amount_nusd=1, ttl_ms=60_000, lane="interactive", account_ids=[1]
    )


async def asked(*meets: Exception) -> Any:
    """What one caller hears where the database says these things one after the other, and then yes."""
    connection: Any = AsyncMock()
    told = iter(meets)

    async def fetchrow(*_: Any) -> Any:
        if (error := next(told, None)) is not None:
            raise error
        return ROW

    connection.fetchrow = fetchrow
    admission = Admission(connection, connection)
    running = asyncio.create_task(admission.run())
    try:
        return await admission.ask(wish())
    finally:
        running.cancel()


@pytest.mark.parametrize("meets", [(DEADLOCK,), (DEADLOCK, DEADLOCK), (DEADLOCK,) * 3, (LOCK,), (DEADLOCK, LOCK)])
async def test_a_deadlock_or_a_lock_is_met_again_before_a_caller_hears_of_it(meets: tuple[Exception, ...]) -> None:
    assert (await asked(*meets)).verdict is Verdict.YES


@pytest.mark.parametrize("meets", [(LOCK, DEADLOCK), (LOCK, LOCK), (DEADLOCK,) * 9])
async def test_one_that_meets_them_again_and_again_is_told_to_try_later(meets: tuple[Exception, ...]) -> None:
    with pytest.raises(Busy):
        await asked(*meets)


async def test_a_database_that_goes_away_behind_a_lock_is_away_and_not_busy() -> None:
    """Consumers wait for one that is away for as long as it takes, and for held rows for a while."""
    with pytest.raises(Unavailable) as raised:
        await asked(LOCK, asyncpg.CannotConnectNowError("the database system is shutting down"))
    assert not isinstance(raised.value, Busy)


async def test_a_server_that_is_full_is_told_of_once_and_not_at_each_try() -> None:
    """It was twenty lines a second of every gateway and executor."""
    with capture_logs() as logged:
        assert (await asked(*[asyncpg.TooManyConnectionsError("sorry, too many clients already")] * 12, DEADLOCK)).verdict is Verdict.YES
    told = [(one["error"], one["times"]) for one in logged if one["event"] == "admission.retried"]
    assert told == [("TooManyConnectionsError", 1), ("DeadlockDetectedError", 1)]
