"""Limits of provider keys over real HTTP: never more than the provider allows, whichever executor calls; who waits, who hears when."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from burnish_executor.core.tickets import Wish
from burnish_executor.io.tickets_store import WINDOW_S, borrow
from burnish_shared.db.session import DurableConnection
from tests.embedded.stack import Answer
from tests.fakes.limited_provider import LimitedProvider, serving_within_limits
from tests.integration.provider_keys.conftest import METERED_KEY, Tenant
from tests.integration.provider_keys.test_waterfall import until
from tests.pace import within

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E8")]

SHIFT = "UPDATE ticket_windows SET second = second - $1"
"""Time passes for every limit."""

ROOM_IN = """UPDATE ticket_windows SET second = floor(extract(epoch FROM clock_timestamp()))::bigint - ($1 - $2),
  taken = ARRAY[(SELECT sum(one) FROM unnest(taken) one)]::bigint[] WHERE second > extract(epoch FROM clock_timestamp()) - $1"""
"""All that was lent in the window ($1) was lent so long ago that there is room again in $2 seconds, however slow the machine was since."""


@pytest_asyncio.fixture(loop_scope="session")
async def limited(tenant: Tenant) -> AsyncIterator[LimitedProvider]:
    """A provider that allows ten requests a minute, and the tenant's model `limited` there."""
    async with serving_within_limits(requests=10) as provider:
        body = {
            "model": "limited", "provider": "lab", "base_url": provider.base_url, "context_tokens": 32768, "output_tokens": 400,
            "input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1,
        }  # fmt: skip
        made = await tenant.admin("POST", "/v1/models", body)
        assert made.status == 201, made.body
        yield provider


async def _key(tenant: Tenant, provider: LimitedProvider, **more: Any) -> tuple[str, str]:
    return await tenant.add_key(provider="lab", base_url=provider.base_url, **more)


async def _storm(tenant: Tenant, calls: int, **more: Any) -> list[Answer]:
    return list(await asyncio.gather(*(tenant.call(model="limited", session_id=f"s{n}", **more) for n in range(calls))))


async def test_a_storm_never_exceeds_the_limit_of_a_key_whichever_executor_calls(tenant: Tenant, limited: LimitedProvider) -> None:
    _, key = await _key(tenant, limited, requests_per_minute=10)
    began_s = time.monotonic()
    answers = await _storm(tenant, 40, deadline_s=15)
    took_s = time.monotonic() - began_s
    assert sorted({one.status for one in answers}) == [200, 429]
    assert sum(one.status == 200 for one in answers) == 10 == len(limited.arrived[key]) and limited.refused == 0
    refused = [one for one in answers if one.status == 429]
    assert {one.body["error"]["code"] for one in refused} == {"provider_rate_limited"}
    assert all(WINDOW_S - 2 - took_s <= int(one.headers["retry-after"]) <= 64 for one in refused)
    rows = await tenant.rows()
    assert sum(row["status"] == "rate_limited" for row in rows) == 30 and all(
        row["cost_nusd"] == 0 for row in rows if row["status"] != "success"
    )


@pytest.mark.capability("E7")
async def test_the_operators_key_has_the_limit_that_the_operator_wrote_down_for_all_tenants_together(tenant: Tenant) -> None:
    other = Tenant(tenant.ground, await tenant.ground.stack.caller())
    calls = [one.call(model="metered-test", deadline_s=15) for one in (tenant, other) for _ in range(4)]
    answers = await asyncio.gather(*calls)
    assert [sum(one.status == status for one in answers) for status in (200, 429)] == [3, 5]
    assert tenant.ground.provider.calls_with(METERED_KEY) == 3


async def test_a_call_waits_for_room_as_long_as_its_deadline_allows(tenant: Tenant, limited: LimitedProvider) -> None:
    limited.requests = None
    _, key = await _key(tenant, limited, requests_per_minute=3)
    assert {one.status for one in await _storm(tenant, 3)} == {200}
    await tenant.books(ROOM_IN, int(WINDOW_S), 8)
    late = await asyncio.gather(*(tenant.call(model="limited", deadline_s=40) for _ in range(3)))
    assert {one.status for one in late} == {200} and all(one.body["latency_ms"] >= 500 for one in late), [one.body for one in late]
    assert len(limited.arrived[key]) == 6


@pytest.mark.capability("E9")
async def test_nobody_waits_for_room_longer_than_leaves_the_next_model_its_time(tenant: Tenant, limited: LimitedProvider) -> None:
    """There is room again in 30 s of 40; alone, the call would wait for it."""
    await _key(tenant, limited, requests_per_minute=3)
    assert {one.status for one in await _storm(tenant, 3)} == {200}
    await tenant.books(ROOM_IN, int(WINDOW_S), 30)
    answer = await tenant.call(model="limited", deadline_s=40, fallback_models=["gpt-test"])
    assert (answer.status, answer.body.get("model")) == (200, "gpt-test"), answer.body


async def test_nobody_waits_for_one_key_while_another_is_free(tenant: Tenant, limited: LimitedProvider) -> None:
    _, first = await _key(tenant, limited, requests_per_minute=4, priority=1)
    _, second = await _key(tenant, limited, requests_per_minute=4, priority=2)
    answers = await _storm(tenant, 12, deadline_s=15)
    assert [sum(one.status == status for one in answers) for status in (200, 429)] == [8, 4]
    assert (len(limited.arrived[first]), len(limited.arrived[second])) == (4, 4)


async def test_tokens_are_reserved_and_what_is_not_used_serves_others(tenant: Tenant, limited: LimitedProvider) -> None:
    """Each call may use about 400 tokens and uses 100: more than two of them fit into 1,000 only because the rest is given back."""
    limited.requests, limited.tokens = None, 1000
    _, key = await _key(tenant, limited, tokens_per_minute=1000)
    for number in range(6):
        answer = await tenant.call(model="limited", deadline_s=15)
        assert answer.status == 200, (number, answer.body)
    answers = await _storm(tenant, 10, deadline_s=15)
    assert limited.refused == 0 and len(limited.arrived[key]) <= 10
    assert {one.status for one in answers} <= {200, 429}


async def test_a_limit_that_a_provider_names_in_its_headers_is_kept_to_once_it_is_tight(tenant: Tenant, limited: LimitedProvider) -> None:
    limited.requests = 20
    _, key = await _key(tenant, limited)
    for _ in range(12):
        assert (await tenant.call(model="limited")).status == 200
    answers = await _storm(tenant, 40, deadline_s=15)
    assert sum(one.status == 200 for one in answers) <= 8
    assert len(limited.arrived[key]) <= 20 + 2, "each executor finds out for itself, by one call at most"
    assert limited.refused <= 2 and limited.most_in_a_window(key) <= 22


async def test_after_a_429_the_storm_leaves_the_provider_alone(tenant: Tenant, limited: LimitedProvider) -> None:
    """It says nothing but 429 and how long; without a key nobody has a row for it, so each executor remembers."""
    limited.requests, limited.says = 5, False
    began_s = time.monotonic()
    await _storm(tenant, 20, deadline_s=15)
    arrived = len(limited.arrived[""])
    answers = await _storm(tenant, 40, deadline_s=15)
    assert len(limited.arrived[""]) <= arrived + 2 and {one.status for one in answers} == {429}
    assert all(int(one.headers["retry-after"]) >= limited.window_s - 2 - (time.monotonic() - began_s) for one in answers)


async def test_limits_are_set_changed_and_taken_away_and_each_leaves_an_audit_entry(tenant: Tenant, limited: LimitedProvider) -> None:
    key_id, _ = await _key(tenant, limited, requests_per_minute=2, tokens_per_minute=10**9)
    assert (await tenant.shown(key_id))["requests_per_minute"] == 2
    await _storm(tenant, 2)
    changed = await tenant.admin("PATCH", f"/v1/provider-keys/{key_id}", {"requests_per_minute": 9})
    assert (changed.body["requests_per_minute"], changed.body["tokens_per_minute"]) == (9, 10**9)

    async def served() -> bool:
        return (await tenant.call(model="limited", deadline_s=15)).status == 200

    await until(served)
    freed = await tenant.admin("PATCH", f"/v1/provider-keys/{key_id}", {"requests_per_minute": None, "tokens_per_minute": None})
    assert (freed.body["requests_per_minute"], freed.body["tokens_per_minute"]) == (None, None)
    audited = await tenant.books("SELECT before, after FROM audit_log WHERE object_id = $1 ORDER BY audit_id", key_id)
    assert len(audited) == 3
    for wrong in (0, -1, 1.5, "ten", 10**10):
        assert (await tenant.admin("PATCH", f"/v1/provider-keys/{key_id}", {"requests_per_minute": wrong})).status == 422


async def test_a_caller_who_leaves_while_waiting_for_room_is_settled_within_a_second(tenant: Tenant, limited: LimitedProvider) -> None:
    await _key(tenant, limited, requests_per_minute=1)
    assert (await tenant.call(model="limited")).status == 200
    body = {"model": "limited", "messages": [{"role": "user", "content": "Hi."}], "deadline_s": 100}
    ws = tenant.admin.workspace.workspace_id
    waiting = asyncio.create_task(tenant.admin("POST", "/v1/executions", body))

    async def settled() -> bool:
        return not await tenant.books("SELECT 1 FROM holds WHERE workspace_id = $1", ws)

    async def held() -> bool:
        return not await settled()

    await until(held)
    await asyncio.sleep(0.5)  # until it waits; there is no event of that here
    assert not waiting.done()
    waiting.cancel()
    with within(1.0):
        await until(settled)
    assert [row["status"] for row in await tenant.rows()] == ["success", "cancelled"]


# ---- the shared count itself


@pytest_asyncio.fixture(loop_scope="session")
async def connection(tenant: Tenant) -> AsyncIterator[DurableConnection]:
    made = DurableConnection(tenant.ground.stack.urls["executor"], application_name="test-tickets", asynchronous=True)
    yield made
    await made.close()


def _wish(want: int, *, rate_id: Any, least: int = 1, limit: int = 100, **more: Any) -> Wish:
    return Wish(rate_id, limit, want, min(least, want), more.get("back", {}), more.get("used", 0), more.get("used_for_s", 0.0))


async def test_many_who_borrow_at_once_never_get_more_than_the_limit(tenant: Tenant) -> None:
    made = [DurableConnection(tenant.ground.stack.urls["executor"], application_name=f"t{n}", asynchronous=True) for n in range(6)]
    rates = [uuid4() for _ in range(3)]

    async def greedy(connection: DurableConnection, seed: int) -> dict[Any, int]:
        got = dict.fromkeys(rates, 0)
        for turn in range(8):
            order = rates[(seed + turn) % 3 :] + rates[: (seed + turn) % 3]
            lent = await borrow(connection, [_wish(5 + seed, rate_id=one) for one in order])
            for rate, one in zip(order, lent, strict=True):
                got[rate] += one.tickets
        return got

    all_got = await asyncio.gather(*(greedy(one, seed) for seed, one in enumerate(made)))
    assert [sum(got[rate] for got in all_got) for rate in rates] == [100, 100, 100]
    for one in made:
        await one.close()


async def test_what_was_borrowed_leaves_after_its_window_and_what_comes_back_is_lent_again(
    tenant: Tenant, connection: DurableConnection
) -> None:
    rate, began_s = uuid4(), time.monotonic()
    (all_of_it,) = await borrow(connection, [_wish(100, rate_id=rate)])
    (none,) = await borrow(connection, [_wish(10, rate_id=rate)])
    assert (all_of_it.tickets, none.tickets) == (100, 0) and WINDOW_S - 2 - (time.monotonic() - began_s) < none.wait_s <= WINDOW_S
    (again,) = await borrow(connection, [_wish(50, rate_id=rate, back={all_of_it.second: 30})])
    assert again.tickets == 30
    (too_few,) = await borrow(connection, [_wish(50, rate_id=rate, least=20, back={again.second: 10})])
    assert too_few.tickets == 0 and too_few.wait_s > 0
    (debt,) = await borrow(connection, [_wish(50, rate_id=rate, back={again.second: -4})])
    assert debt.tickets == 6
    await tenant.books(f"{SHIFT} WHERE rate_id = $2", int(WINDOW_S), rate)
    (fresh,) = await borrow(connection, [_wish(200, rate_id=rate)])
    assert fresh.tickets == 100


async def test_what_the_provider_says_was_used_counts_until_it_is_whole_again(tenant: Tenant, connection: DurableConnection) -> None:
    rate, began_s = uuid4(), time.monotonic()
    (first,) = await borrow(connection, [_wish(10, rate_id=rate)])
    (rest,) = await borrow(connection, [_wish(100, rate_id=rate, used=70, used_for_s=20.0)])
    assert (first.tickets, rest.tickets) == (10, 30)
    (same,) = await borrow(connection, [_wish(10, rate_id=rate, used=40, used_for_s=20.0)])
    assert same.tickets == 0 and 18 - (time.monotonic() - began_s) < same.wait_s <= 21


@pytest.mark.promise("G-16")
async def test_after_a_crash_of_postgresql_a_limit_counts_as_used_up(tenant: Tenant, connection: DurableConnection) -> None:
    """Unlogged tables are empty then, so nobody knows what was used in the minute before."""
    owner = await asyncpg.connect(tenant.ground.stack.urls["superuser"], server_settings={"search_path": "burnish"})
    try:
        began_s = time.monotonic()
        await owner.execute("UPDATE rate_epoch SET since = clock_timestamp()")
        (none,) = await borrow(connection, [_wish(1, rate_id=uuid4())])
        assert none.tickets == 0 and none.wait_s > WINDOW_S - 2 - (time.monotonic() - began_s)
    finally:
        await owner.execute("UPDATE rate_epoch SET since = '-infinity'")
        await owner.close()


async def test_limits_that_nobody_asks_for_are_forgotten(tenant: Tenant, connection: DurableConnection) -> None:
    rate = uuid4()
    await borrow(connection, [_wish(1, rate_id=rate)])
    await tenant.books(f"{SHIFT} WHERE rate_id = $2", 3700, rate)

    async def gone() -> bool:
        return not await tenant.books("SELECT 1 FROM ticket_windows WHERE rate_id = $1", rate)

    await until(gone)
