"""What the tests of money share: an operator, plans of their own, calls, and a look into the books."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from burnish_shared.auth.provisioning import create_api_key, make_operator
from burnish_shared.db.session import Tx
from tests.embedded.stack import Answer, Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import make_workspace

HELLO = {"messages": [{"role": "user", "content": "Say hello to Ada."}], "model": "simulated/chat"}
SMALL = HELLO | {"overrides": {"max_tokens": 50}}

PLAN = {
    "name": "Test",
    "rate_limit_per_minute": 100_000,
    "concurrency": 100,
    "retention_days_most": 30,
}


async def operator_of(stack: Stack) -> Caller:
    """A key that may act on the installation, in a workspace of its own."""
    workspace = await make_workspace(stack.urls["superuser"])
    pepper = await stack.pepper()
    async with as_superuser(stack.urls["superuser"]) as connection:
        api_key_id, key = await create_api_key(Tx(connection), workspace_id=workspace.workspace_id, name="op", role="admin", pepper=pepper)
        await make_operator(Tx(connection), api_key_id)
    return Caller(stack.session, stack.gateways[0], key.text, workspace)


async def books(stack: Stack, sql: str, *args: object) -> list[Any]:
    """Rows, as superuser."""
    async with as_superuser(stack.urls["superuser"]) as connection:
        return list(await connection.fetch(sql, *args))


async def ok(answer: Awaitable[Answer], status: int = 200) -> Any:
    """The body of an answer that must be this one."""
    made = await answer
    assert made.status == status, (made.status, made.body)
    return made.body


async def on_plan(operator: Caller, caller: Caller, name: str, **fields: Any) -> None:
    """Makes a plan and puts the caller's organization on it; returns when both gateways know."""
    await ok(operator("PUT", f"/v1/plans/{name}", PLAN | fields))
    await ok(operator("PUT", f"/v1/organizations/{caller.workspace.organization_id}/plan", {"plan": name}))


async def until(holds: Callable[[], Awaitable[bool]], *, within_s: float = 60.0) -> None:
    """Raises TimeoutError where it does not become true in time. A second is promised; a busy machine is given a minute."""
    async with asyncio.timeout(within_s):
        while not await holds():
            await asyncio.sleep(0.02)


async def drift(stack: Stack) -> list[Any]:
    return await books(stack, "SELECT * FROM drift()")


async def close_days(stack: Stack, through: date) -> None:
    """As analytics does, until every day that can be closed is closed."""
    while any(row["n"] for row in await books(stack, "SELECT close_usage_days(w, $1, 31) AS n FROM usage_days_due($1, 1000) w", through)):
        pass
