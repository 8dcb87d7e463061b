"""A hundred callers at once on credit for exactly twenty-two calls: twenty-two are served, and not a nano-dollar more is spent."""

import asyncio
from collections import Counter
from typing import Any

import aiohttp
import pytest

from burnish_shared.money import price_of
from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import books, fault

TOKENS = 3
PRICE_NUSD_PER_MILLION = 1_000_000_000
CALL_NUSD = price_of(TOKENS, nusd_per_million=PRICE_NUSD_PER_MILLION)
"""Input is free and each answer is cut off at the cap, so that a call costs just what was held for it."""

AFFORDABLE = 22

ROOM = {"context_tokens": 8_000, "input_price_nusd_per_million": 0, "output_price_nusd_per_million": PRICE_NUSD_PER_MILLION}


async def with_model(stack: Stack, *, calls: int, cap: bool) -> tuple[Caller, dict[str, Any]]:
    """A caller with credit for so many calls, and the body of one. The cap is the caller's own (`cap`), or the model's."""
    caller = await stack.caller(credit_nusd=calls * CALL_NUSD)
    where = {"provider": "own", "upstream_model": "simulated/chat", "base_url": f"{stack.simulator}/v1"}
    made = await caller("POST", "/v1/models", {"model": "own/three", "output_tokens": 500 if cap else TOKENS, **where, **ROOM})
    assert made.status == 201, made.body
    body = {"messages": [{"role": "user", "content": "Tell me about the sea."}], "model": "own/three"}
    return caller, body | ({"overrides": {"max_tokens": TOKENS}} if cap else {})


async def outcome(caller: Caller, body: dict[str, Any], *, hangs_up: bool) -> str:
    """What became of one call: its status, or that its caller went away in the middle."""
    streamed = body.get("stream", False)
    seen = []
    try:
        async with asyncio.timeout(0.3 if hangs_up and not streamed else 60):
            if not streamed:
                return str((await caller("POST", "/v1/executions", body)).status)
            async for name, _ in caller.stream("/v1/executions", body):
                seen.append(name)
                if hangs_up and name == "delta":
                    return "gone"
    except TimeoutError:
        return "gone"
    return "200" if seen[-1] == "done" else seen[-1]


async def settled(stack: Stack, caller: Caller) -> tuple[int, int]:
    """(balance, Σ cost) once nothing is held any more; the ledger must say the same, leg by leg."""
    ws = caller.workspace.workspace_id
    async with asyncio.timeout(60):
        while await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", ws):
            await asyncio.sleep(0.02)
    assert await books(stack, "SELECT * FROM drift()") == []
    account = (await books(stack, "SELECT * FROM accounts WHERE account_id = $1", caller.workspace.credit_account_id))[0]
    assert (account["held_nusd"], account["in_flight"]) == (0, 0)
    legs = "SELECT coalesce(sum(CASE WHEN credit_account_id = $1 THEN amount_nusd ELSE -amount_nusd END), 0)::bigint AS s FROM transfers"
    ledger = (await books(stack, f"{legs} WHERE $1 IN (credit_account_id, debit_account_id)", account["account_id"]))[0]["s"]
    costs = (await books(stack, "SELECT coalesce(sum(cost_nusd), 0)::bigint AS s FROM executions WHERE workspace_id = $1", ws))[0]["s"]
    balance = account["limit_nusd"] - account["spent_nusd"]
    assert ledger == balance >= 0
    assert (await caller("GET", "/v1/credits")).body["balance_nusd"] == balance
    return balance, costs


@pytest.mark.promise("C-02", "C-03", "C-13")
@pytest.mark.capability("B1")
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("cap", [True, False], ids=["max_tokens", "no_max_tokens"])
async def test_of_a_hundred_at_once_just_the_affordable_ones_are_served(stack: Stack, streamed: bool, cap: bool) -> None:
    caller, body = await with_model(stack, calls=AFFORDABLE, cap=cap)
    callers = [caller.at(url) for url in stack.gateways[:2]]
    ends = await asyncio.gather(*(outcome(callers[i % 2], body | {"stream": streamed}, hangs_up=False) for i in range(100)))
    told = Counter(ends)
    assert told == {"200": AFFORDABLE, "402": 100 - AFFORDABLE}, told
    assert await settled(stack, caller) == (0, AFFORDABLE * CALL_NUSD)


@pytest.mark.promise("C-02", "C-03", "C-06", "C-13", "G-11")
@pytest.mark.capability("B1")
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("cap", [True, False], ids=["max_tokens", "no_max_tokens"])
async def test_when_every_fifth_client_hangs_up_the_sums_still_hold(stack: Stack, streamed: bool, cap: bool) -> None:
    """On a busy machine some may hear that no executor took their call in time (503); nothing may be held or spent for those."""
    caller, body = await with_model(stack, calls=AFFORDABLE, cap=cap)
    callers = [caller.at(url) for url in stack.gateways[:2]]
    async with fault(stack, "slow_chunks,rate=1" if streamed else "slow,s=2"):
        calls = (outcome(callers[i % 2], body | {"stream": streamed}, hangs_up=i % 5 == 0) for i in range(100))
        ends = Counter(await asyncio.gather(*calls))
        balance, costs = await settled(stack, caller)
    rows = await books(stack, "SELECT status, cost_nusd FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id)
    assert ends["200"] + ends["402"] + ends["gone"] + ends["503"] == 100 and ends["gone"] > 0, ends
    assert costs + balance == AFFORDABLE * CALL_NUSD
    assert all(0 <= row["cost_nusd"] <= CALL_NUSD for row in rows)
    assert sum(row["cost_nusd"] == CALL_NUSD for row in rows if row["status"] == "success") >= ends["200"] > 0
    assert {row["status"] for row in rows} <= {"success", "cancelled"} | ({"error"} if ends["503"] else set())
    if streamed:  # they saw text, so they pay for it, and for no more; on a busy machine the last word of one may have been out already
        gone = [row["cost_nusd"] for row in rows if row["status"] == "cancelled"]
        assert all(cost > 0 for cost in gone) and any(cost < CALL_NUSD for cost in gone)


@pytest.mark.promise("C-02", "C-03")
@pytest.mark.capability("B1")
async def test_of_a_thousand_at_once_on_three_gateways_none_is_served_too_many(stack: Stack) -> None:
    """Where this many do not get an answer in time they are told so (503), and nothing is held for them in the end."""
    affordable = 100
    caller, body = await with_model(stack, calls=affordable, cap=True)
    while len(stack.gateways) < 3:
        await stack.start_gateway()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        callers = [Caller(session, url, caller.key, caller.workspace) for url in stack.gateways]
        for one in callers:  # each gateway knows the key and the model before the rush
            assert (await one("GET", "/v1/models/own/three")).status == 200
        ends = Counter(await asyncio.gather(*(outcome(callers[i % 3], body, hangs_up=False) for i in range(1_000))))
    assert ends.total() == ends["200"] + ends["402"] + ends["503"] and ends["200"] <= affordable and ends["402"] > 0, ends
    balance, costs = await settled(stack, caller)
    assert balance + costs == affordable * CALL_NUSD and costs >= ends["200"] * CALL_NUSD
    if not ends["503"]:
        assert (ends["200"], balance) == (affordable, 0)
