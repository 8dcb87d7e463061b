"""The simulator's own controls, for tests."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from tests.embedded.stack import Stack


@contextlib.asynccontextmanager
async def fault(stack: Stack, script: str, *, model: str = "chat") -> AsyncIterator[None]:
    """Every call of `simulated/<model>` meets this fault while the block runs."""
    async with stack.session.put(f"{stack.simulator}/faults", json={"model": model, "fault": script}) as response:
        assert response.status == 200, await response.text()
    try:
        yield
    finally:
        async with stack.session.delete(f"{stack.simulator}/faults") as response:
            assert response.status == 200


async def counters(stack: Stack) -> Any:
    """What the simulator has served."""
    async with stack.session.get(f"{stack.simulator}/counters") as response:
        return await response.json()
