"""Delivery under load: a moved label is seen everywhere within a second whatever message was lost, and PostgreSQL may go away."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from burnish_shared.db.config_cache import POLL_S
from tests.integration.registry.conftest import Bench, Caller, RunningGateway
from tests.integration.registry.wire import Wire
from tests.pace import comes_within

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P3")]

SEEN_WITHIN_S = 1.0
CLIENTS = 24
MOVES = 6
REST_S = 0.3
"""Between two moves: some readers meet a move that the gateway has not heard of, most do not."""

PATIENCE_S = 60

REST_OF_A_CLIENT_S = 0.005
"""Gateways and clients share a process: without a pause the clients alone would fill it."""


@dataclass(slots=True)
class Readers:
    """Clients that read the prompt over and over, half of them with what they have (`If-None-Match`), and note what they were told."""

    now: Callable[[], float]
    told: list[tuple[float, float, int]] = field(default_factory=list)
    """Asked at, answered at, version."""
    errors: list[Any] = field(default_factory=list)
    not_modified: int = 0
    stop: bool = False

    async def read(self, call: Caller, *, renders: bool) -> None:
        etag, version = "", 0
        while not self.stop:
            asked_at = self.now()
            if renders:
                answer = await call("POST", "/v1/prompts/hello/render", {"label": "production"})
            else:
                answer = await call("GET", "/v1/prompts/hello?label=production", headers={"if-none-match": etag} if etag else None)
            if answer.status == 304:
                self.not_modified += 1
            elif answer.status == 200:
                version, etag = answer.body["version"], answer.headers.get("etag", "")
                said = answer.body["messages"][0]["content"]
                if said != f"version {version}":
                    self.errors.append((version, said))
            else:
                self.errors.append((answer.status, answer.body))
            self.told.append((asked_at, self.now(), version))
            await asyncio.sleep(REST_OF_A_CLIENT_S)


@pytest.mark.promise("G-20")
async def test_a_label_moved_under_load_is_seen_within_a_second_without_any_message(bench: Bench, spare_now: Callable[[], float]) -> None:
    """These gateways hear nothing over NATS: each has only its own look at the change sequence, every half second."""
    assert POLL_S < SEEN_WITHIN_S
    gateways = [await bench.start() for _ in range(3)]
    mover = await bench.caller(gateways[0])
    await mover("POST", "/v1/prompts", {"slug": "hello", "template": "version 1", "model": "simulated/chat"})
    for version in range(1, MOVES + 1):
        saved = await mover("POST", "/v1/prompts/hello/versions", {"template": f"version {version + 1}", "base_version": version})
        assert saved.status == 201, saved.body
    readers = Readers(spare_now)
    tasks = [
        asyncio.create_task(readers.read(mover.at(gateways[n % 3].url), renders=n % 4 == 3)) for n in range(CLIENTS)
    ]  # fmt: skip
    moved: list[tuple[float, int]] = [(0.0, 1)]
    for version in range(2, MOVES + 2):
        await asyncio.sleep(REST_S)
        answer = await mover("PUT", "/v1/prompts/hello/labels/production", {"version": version})
        assert answer.status == 200, answer.body
        moved.append((spare_now(), version))
    async with asyncio.timeout(PATIENCE_S):
        while len(readers.told) <= 20 * CLIENTS or not readers.not_modified or readers.told[-1][2] != MOVES + 1:
            await asyncio.sleep(0.02)
    await asyncio.sleep(SEEN_WITHIN_S + 0.2)
    readers.stop = True
    await asyncio.gather(*tasks)
    assert not readers.errors, readers.errors[:3]
    late = []
    for asked_at, answered_at, version in readers.told:
        least = max(number for at, number in moved if at <= asked_at - SEEN_WITHIN_S)
        if version < least:
            late.append((version, least, asked_at, answered_at))
    assert not late, late[:3]
    assert len(readers.told) > 20 * CLIENTS and readers.not_modified > 0, "there was some load"
    assert {version for _, _, version in readers.told} >= {1, MOVES + 1}
    for gateway in gateways:
        async with asyncio.timeout(PATIENCE_S):
            while (await mover.at(gateway.url)("GET", "/v1/prompts/hello?label=production")).body["version"] != MOVES + 1:
                await asyncio.sleep(0.02)


@pytest.mark.promise("G-10")
async def test_with_postgresql_stopped_delivery_goes_on_and_says_how_old_it_is(
    bench: Bench, first: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burnish_gateway.registry.catalog.FRESH_FOR_S", 1.5)
    wire = Wire(bench.urls["gateway"])
    await wire.connect()
    far = await bench.start(wire.url)
    near = await bench.caller(first)
    call = near.at(far.url)
    await near("POST", "/v1/prompts", {"slug": "hello", "template": "version 1", "model": "simulated/chat"})
    await near("POST", "/v1/prompts", {"slug": "gone", "template": "x", "model": "simulated/chat"})
    await near("POST", "/v1/prompts/hello/versions", {"template": "version 2", "base_version": 1})
    await far.gateway.feed.catch_up()  # What changed before PostgreSQL went, and was not read again, would be unknown.
    async with asyncio.timeout(PATIENCE_S):  # A gateway that stood still says how old it is until it has looked again.
        while "age" in (fresh := await call("GET", "/v1/prompts/hello?label=production")).headers:
            await asyncio.sleep(0.02)
        assert (fresh.status, fresh.body["version"]) == (200, 1)
        while "age" in (await call("POST", "/v1/prompts/hello/render", {})).headers:
            await asyncio.sleep(0.02)

    await wire.cut()
    assert (await near("PUT", "/v1/prompts/hello/labels/production", {"version": 2})).status == 200
    async with asyncio.timeout(PATIENCE_S):
        while "age" not in (served := await call("GET", "/v1/prompts/hello?label=production")).headers:
            assert served.status == 200
            await asyncio.sleep(0.02)
    assert (served.status, served.body["version"]) == (200, 1) and int(served.headers["age"]) >= 1
    kept = await call("GET", "/v1/prompts/hello?label=production", headers={"if-none-match": served.headers["etag"]})
    assert (kept.status, "age" in kept.headers) == (304, True)
    rendered = await call("POST", "/v1/prompts/hello/render", {})
    assert rendered.status == 200 and rendered.body["stale_for_s"] >= 1.5 and "age" in rendered.headers
    unknown = await call("GET", "/v1/prompts/gone")
    assert (unknown.status, unknown.body["error"]["code"]) == (503, "unavailable"), "what it never knew it does not deny"

    await wire.connect()
    async with asyncio.timeout(PATIENCE_S):
        while (again := await call("GET", "/v1/prompts/hello?label=production")).body["version"] == 1 or "age" in again.headers:
            assert again.status == 200
            await asyncio.sleep(0.02)
    assert again.body["version"] == 2
    await wire.cut()


@pytest.mark.promise("G-10")
async def test_a_removed_label_is_an_error_everywhere_within_a_second(first: RunningGateway, second: RunningGateway, call: Caller) -> None:
    await call("POST", "/v1/prompts", {"slug": "hello", "template": "version 1", "model": "simulated/chat"})
    other = call.at(second.url)
    assert (await other("GET", "/v1/prompts/hello?label=production")).status == 200
    assert (await call("DELETE", "/v1/prompts/hello/labels/production")).status == 200
    async with comes_within(SEEN_WITHIN_S):
        while (answer := await other("GET", "/v1/prompts/hello?label=production")).status == 200:
            await asyncio.sleep(0.01)
    assert answer.status == 404
