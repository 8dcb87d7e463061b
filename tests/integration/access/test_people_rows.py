"""What the gateway's login sees of people when nobody filters for it (PRODUCT T3)."""

import asyncpg
import pytest

from burnish_shared.db.session import Database
from tests.embedded.stack import Stack
from tests.integration.access.browser import join, newcomer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T3"), pytest.mark.promise("T-02", "T-04")]


async def test_the_gateway_sees_oneself_ones_colleagues_and_nobody_else(stack: Stack) -> None:
    ada, eve = await newcomer(stack), await newcomer(stack)
    guest = await join(stack, ada, role="viewer")
    db = await Database.open(stack.urls["gateway"], application_name="test", max_size=1)
    try:
        async with db.unit_of_work() as tx:
            assert not await tx.fetch("SELECT FROM users UNION ALL SELECT FROM members UNION ALL SELECT FROM user_sessions")
        async with db.unit_of_work(workspace=ada.workspace) as tx:  # type: ignore[arg-type]
            assert {row["email"] for row in await tx.fetch("SELECT email FROM users")} == {ada.email, guest.email}
            assert not await tx.fetch("SELECT FROM user_sessions")
            assert await tx.execute("UPDATE users SET name = 'x' WHERE email = $1", eve.email) == "UPDATE 0"
        async with db.unit_of_work(user=eve.user_id) as tx:  # type: ignore[arg-type]
            assert [row["email"] for row in await tx.fetch("SELECT email FROM users")] == [eve.email]
            assert len(await tx.fetch("SELECT FROM user_sessions")) == 1
    finally:
        await db.close()


@pytest.mark.parametrize("table", ["credentials", "identities", "sign_in_tries"])
async def test_no_service_reads_or_writes_what_is_secret_about_people(stack: Stack, table: str) -> None:
    for service in ("gateway", "executor", "analytics", "webhooks", "optimizer"):
        connection = await asyncpg.connect(stack.urls[service])
        try:
            for statement in (f"SELECT FROM burnish.{table}", f"DELETE FROM burnish.{table}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()


async def test_the_gateway_cannot_make_an_operator_or_change_an_email(stack: Stack) -> None:
    ada = await newcomer(stack)
    connection = await asyncpg.connect(stack.urls["gateway"], server_settings={"search_path": "burnish"})
    await connection.execute("SELECT set_config('app.user', $1, false)", ada.user_id)
    for change in ("is_operator = true", "email = 'x@y'", "email_verified_at = now()", "disabled_at = NULL"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"UPDATE users SET {change}")
    await connection.close()
