"""A gateway knows whether erasures are missing before it takes its first request, when nobody competes for its loop and connections."""

import asyncio
from typing import Any

import pytest

from burnish.embedded.nats import ADMINISTRATOR
from burnish_gateway.assemble import assembled
from burnish_gateway.privacy import watch_erasures
from burnish_gateway.privacy.watch_erasures import ErasureWatch
from burnish_gateway.settings import GatewaySettings
from burnish_shared.errors import Unavailable
from burnish_shared.streams import ERASURES
from tests.embedded.databases import DatabaseUrls
from tests.embedded.stack import KEK
from tests.embedded.streams import empty_streams

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T8"), pytest.mark.promise("P-04")]


class _Watch(ErasureWatch):
    """One whose looks end as the test says: an error, a number of missing erasures, or None, which never ends."""

    def __init__(self, *ends: Exception | int | None) -> None:
        self.ends = list(ends)
        self.behind = None

    async def look(self) -> None:
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        if end is None:
            await asyncio.Event().wait()
        self.behind = end


async def test_a_gateway_knows_before_it_serves(module_database_urls: DatabaseUrls, nats_server: Any, streams: None) -> None:
    await empty_streams(nats_server.url(ADMINISTRATOR), only=ERASURES.name)
    settings = GatewaySettings(
        database_url=module_database_urls["gateway"], nats_url=nats_server.url("gateway"), replica="t-watch", kek=KEK
    )
    async with assembled(settings) as gateway:
        assert gateway.erasures.is_up_to_date


async def test_what_fails_at_first_is_looked_at_again_before_requests_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_erasures, "ANXIOUS_INTERVAL_S", 0.0)
    watch = _Watch(Unavailable("NATS is away"), Unavailable("PostgreSQL is busy"), 3)
    await watch.look_before_serving()
    assert watch.behind == 3 and not watch.ends


async def test_a_look_that_does_not_end_keeps_no_gateway_from_serving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_erasures, "BEFORE_SERVING_S", 0.0)
    watch = _Watch(None)
    await watch.look_before_serving()
    assert watch.behind is None and not watch.is_up_to_date
