"""A lease counts from when it was asked for, not from when the answer came: else two gateways hold the same row for that long."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from burnish_gateway.assistant import runner as assistant
from burnish_gateway.assistant.runner import AssistantRunner
from burnish_gateway.assistant.work_store import Claim
from burnish_shared.errors import Unavailable

LEASE_S = 0.05


class _Work:
    """Never comes to its end by itself."""

    def __init__(self) -> None:
        self.was_let_go = asyncio.Event()

    async def carry_out(self) -> None:
        await asyncio.Event().wait()

    async def give_up(self) -> None: ...

    def let_go(self) -> None:
        self.was_let_go.set()


@contextlib.asynccontextmanager
async def _unit_of_work(**_: Any) -> AsyncIterator[None]:
    yield None


@pytest.mark.promise("E-03")
async def test_a_renewal_whose_answer_came_late_has_run_since_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    work, claim = _Work(), Claim(kind="enrichment", id=uuid4(), workspace_id=uuid4(), owner_id=None, fence=1)
    claims = [[claim]]

    async def claimed(_: Any, **__: Any) -> list[Claim]:
        if not claims:
            raise Unavailable("The database is away.")
        return claims.pop()

    async def renewed_late(_: Any, **__: Any) -> dict[Any, int]:
        await asyncio.sleep(2 * LEASE_S)
        return {claim.id: 1}

    async def released(_: Any, **__: Any) -> int:
        return 0

    for name, fake in (("claim", claimed), ("renew", renewed_late), ("release", released)):
        monkeypatch.setattr(assistant.store, name, fake)
    settings = SimpleNamespace(
        replica="r", assistant_lease_s=LEASE_S, assistant_look_interval_s=LEASE_S, assistant_sessions_at_once=1,
        assistant_enrichments_at_once=2,
    )  # fmt: skip
    gateway: Any = SimpleNamespace(settings=settings, db=SimpleNamespace(unit_of_work=_unit_of_work))
    running = asyncio.create_task(AssistantRunner(gateway, {"enrichment": lambda *_: work}).run())
    try:
        await asyncio.wait_for(work.was_let_go.wait(), 20)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
