"""Uploads whose items are compared with one another take turns."""

import asyncio
import threading
import time
from typing import Any

import pytest

from burnish_gateway.bundle import routes as bundles
from burnish_gateway.datasets import add_items
from burnish_gateway.datasets import routes as datasets
from burnish_gateway.outside import LARGE_AT_ONCE
from tests.embedded.stack import Caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D1")]

ITEMS = [{"input": f"ticket number {n}", "expected": "a"} for n in range(12)]


@pytest.mark.parametrize(
    ("path", "body", "module", "name"),
    [
        ("/v1/datasets/preview", {"items": ITEMS}, datasets, "read_preview"),
        ("/v1/datasets", {"name": "d", "items": ITEMS}, add_items, "compared"),
        ("/v1/import?dry_run=true", {"version": 1, "datasets": []}, bundles, "convert"),
    ],
)
async def test_at_most_two_are_compared_at_a_time(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, path: str, body: Any, module: Any, name: str
) -> None:
    lock, work = threading.Lock(), getattr(module, name)
    at_once = most = 0

    def counted(*given: Any, **more: Any) -> Any:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        try:
            return work(*given, **more)
        finally:
            with lock:
                at_once -= 1

    monkeypatch.setattr(module, name, counted)
    told = await asyncio.gather(*(caller("POST", path, body) for _ in range(8)))
    assert {one.status for one in told} <= {200, 201, 400, 422}, told[0].body
    assert 1 <= most <= LARGE_AT_ONCE
