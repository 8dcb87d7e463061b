"""Whose leaving ends a run, and whose does not."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.chains import run_routes
from burnish_shared.ids import new_uuid


@pytest.mark.promise("G-18")
@pytest.mark.parametrize(("goes_on", "is_over", "is_cancelled"), [(False, False, True), (True, False, False), (False, True, False)])
async def test_a_run_is_cancelled_for_callers_that_left_and_not_for_gateways_that_stop(
    monkeypatch: pytest.MonkeyPatch, goes_on: bool, is_over: bool, is_cancelled: bool
) -> None:
    """With a key its caller may come back for it."""
    cancelled = list[UUID]()

    async def cut(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    async def note(_: Any, __: Any, run_id: UUID) -> None:
        cancelled.append(run_id)

    async def unless_gone(_: Any, work: Any) -> Any:
        return await work

    monkeypatch.setattr(run_routes, "ended_run", cut)
    monkeypatch.setattr(run_routes, "unless_gone", unless_gone)
    monkeypatch.setattr(run_routes, "_cancelled", note)
    gateway: Any = SimpleNamespace(inbox=SimpleNamespace(is_over=is_over))
    nobody: Any = None
    with pytest.raises(asyncio.CancelledError):
        await run_routes._answer(nobody, gateway, nobody, new_uuid(), local=None, headers={}, goes_on=goes_on)
    assert bool(cancelled) is is_cancelled
