"""Executions that are sent again are counted once, however many old ones are sent again with them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from burnish_gateway.live import hub as hubs
from burnish_gateway.live.hub import LiveHub
from burnish_shared.bus.connect import Bus
from burnish_shared.clock import SetClock
from burnish_shared.contracts.executions import CompletedBatch, CompletedItem, Lane, Status
from burnish_shared.ids import new_uuid

WORKSPACE = UUID(int=1)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def finished(*, ago_s: float) -> CompletedItem:
    return CompletedItem(
        execution_id=new_uuid(), workspace_id=WORKSPACE, lane=Lane.INTERACTIVE, status=Status.SUCCESS, model="m", provider="p",
        input_tokens=1, output_tokens=1, cost_nusd=1, latency_ms=100, finished_at=NOON - timedelta(seconds=ago_s),
    )  # fmt: skip


def message(*items: CompletedItem) -> Any:
    return SimpleNamespace(data=CompletedBatch(event_id=str(new_uuid()), items=list(items)).model_dump_json().encode())


async def test_what_left_the_window_takes_nobodys_place_in_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that lost messages gets the last thousand anew: of a busy installation many minutes."""
    monkeypatch.setattr(hubs, "COUNTED_REMEMBERED", 2)
    hub = LiveHub(cast(Bus, None), SetClock(NOON))
    recent = finished(ago_s=5)
    with hub.listening(WORKSPACE):
        await hub._on_records(message(recent))
        await hub._on_records(message(*(finished(ago_s=120 - n) for n in range(3)), recent))
        assert hub._watched[WORKSPACE].window.figures(now_s=NOON.timestamp())["total"]["executions"] == 1
