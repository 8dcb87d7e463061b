"""How long sessions last, and what is written while they do (PRODUCT T2d)."""

import asyncio
from uuid import UUID

import pytest

from tests.embedded.stack import Stack
from tests.embedded.superuser import as_superuser
from tests.integration.access.browser import Browser, newcomer, until_status

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]


def session_id(browser: Browser) -> UUID:
    return UUID(hex=browser.cookies["burnish_session"].partition(".")[0])


async def set_times(stack: Stack, browser: Browser, change: str) -> None:
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(f"UPDATE user_sessions SET {change} WHERE session_id = $1", session_id(browser))
        await connection.execute("SELECT note_change(NULL, 'user_session', $1)", str(session_id(browser)))


async def last_seen_s_ago(stack: Stack, browser: Browser) -> float:
    async with as_superuser(stack.urls["superuser"]) as connection:
        sql = "SELECT extract(epoch FROM clock_timestamp() - last_seen_at)::float FROM user_sessions WHERE session_id = $1"
        ago: float = await connection.fetchval(sql, session_id(browser))
    return ago


@pytest.mark.parametrize("change", ["expires_at = clock_timestamp()", "last_seen_at = clock_timestamp() - interval '7 days'"])
async def test_a_session_ends_after_its_time_and_after_long_disuse(stack: Stack, change: str) -> None:
    ada = await newcomer(stack)
    assert (await ada("GET", "/v1/auth/session")).status == 200
    await set_times(stack, ada, change)
    await until_status(ada, 401)
    assert (await ada.at(stack.gateways[1])("GET", "/v1/auth/session")).status == 401


async def test_use_keeps_a_session_alive_and_is_written_now_and_then(stack: Stack) -> None:
    ada = await newcomer(stack)
    await ada("GET", "/v1/auth/session")
    await set_times(stack, ada, "last_seen_at = clock_timestamp() - interval '6 days 23 hours'")
    async with asyncio.timeout(30):  # The gateway first has to hear of the change.
        while await last_seen_s_ago(stack, ada) > 60:
            assert (await ada("GET", "/v1/auth/session")).status == 200


async def test_a_gateway_that_remembers_old_use_looks_again_before_it_ends_a_session(stack: Stack) -> None:
    """The other gateway saw it in use; that is no change that would be told."""
    ada = await newcomer(stack)
    await set_times(stack, ada, "last_seen_at = clock_timestamp() - interval '7 days'")
    await until_status(ada, 401)  # known here as idle
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE user_sessions SET last_seen_at = clock_timestamp() WHERE session_id = $1", session_id(ada))
    assert (await ada("GET", "/v1/auth/session")).status == 200


async def test_a_password_is_hashed_anew_when_the_parameters_changed(stack: Stack) -> None:
    ada = await newcomer(stack)
    url = await stack.start_gateway(password_memory_kib=72, password_passes=1)
    try:
        assert (await ada.at(url).sign_in()).status == 200
    finally:
        stack.gateways.remove(url)
    async with as_superuser(stack.urls["superuser"]) as connection:
        stored = await connection.fetchval("SELECT password_hash FROM burnish.credentials WHERE user_id = $1::uuid", ada.user_id)
    assert stored.startswith("$argon2id$v=19$m=72,t=1,p=1$")
    assert (await ada.sign_in()).status == 200
