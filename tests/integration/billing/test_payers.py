"""Who pays for a call, and what refuses one: allowance, markup, credit line, callers at once, rates (PRODUCT B1, B3, E7)."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from burnish_gateway.execution import store
from burnish_gateway.metrics import ADMISSIONS
from burnish_shared.db.session import Tx
from tests.embedded.stack import Caller, Stack
from tests.integration.billing.money import HELLO, SMALL, books, drift, ok, on_plan, until
from tests.integration.execution.test_executions import fault

pytestmark = [pytest.mark.asyncio(loop_scope="session")]

NO_TIME_PASSED = """
UPDATE rate_state r SET tat_us = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + CASE place WHEN 1 THEN 6000000 ELSE 3000000 END
  FROM (SELECT rate_id, row_number() OVER (ORDER BY tat_us DESC) AS place FROM rate_state) s WHERE r.rate_id = s.rate_id AND place <= 2"""
"""Since one call of a key that may make 10 a minute, in a workspace that may make 20, however slow the machine is."""

ALLOWANCE = "SELECT begin_allowance($1, this_month())"


@pytest_asyncio.fixture(loop_scope="session")
async def platform_key(stack: Stack) -> AsyncIterator[None]:
    """The simulated provider is called with the operator's key, as far as money is concerned."""
    await books(stack, "SELECT announce_platform_keys('{simulated}')")
    yield
    await books(stack, "SELECT announce_platform_keys('{}')")


async def key_sources(stack: Stack, caller: Caller) -> list[tuple[str | None, str, int]]:
    """(key source, account that paid, markup) of each execution, in order."""
    rows = await books(
        stack,
        """SELECT e.key_source, account_word(a.kind) AS payer, e.markup_nusd FROM executions e
             LEFT JOIN transfers t ON t.execution_id = e.execution_id AND t.kind = 'charge'
             LEFT JOIN accounts a ON a.account_id = t.debit_account_id WHERE e.workspace_id = $1 ORDER BY e.execution_id""",
        caller.workspace.workspace_id,
    )
    return [(row["key_source"], row["payer"], row["markup_nusd"]) for row in rows]


@pytest.mark.capability("E7")
async def test_what_has_no_price_is_not_bought_with_the_operators_key(stack: Stack, caller: Caller, platform_key: None) -> None:
    """Also where a version says it."""
    tools = [{"type": "browser_search"}]
    asked = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hello"}]}
    made = await caller("POST", "/v1/prompts", {"slug": "searcher", "template": "Hello", "model": "simulated/chat", "tools": tools})
    assert made.status == 201, made.body
    for path, body, param in (
        ("/v1/chat/completions", {**asked, "tools": tools}, "tools[0].type"),
        ("/v1/executions", {**asked, "overrides": {"tools": tools}}, "overrides.tools[0].type"),
        ("/v1/executions", {"prompt": "searcher"}, "tools[0].type"),
    ):
        refused = await caller("POST", path, body)
        assert (refused.status, refused.body["error"]["param"]) == (400, param), refused.body


async def test_a_plan_that_gives_less_leaves_what_was_given_and_says_so(stack: Stack, caller: Caller, operator: Caller) -> None:
    async def allowance() -> Any:
        return (await ok(caller("GET", "/v1/credits")))["allowance"]

    assert await allowance() == {"month_nusd": 0, "given_nusd": 0, "left_nusd": 0}
    for plan, gives, given in (("some", 300, 300), ("more", 1000, 1000), ("little", 100, 1000)):
        await on_plan(operator, caller, f"gives-{plan}", platform_allowance_nusd=gives)
        await books(stack, ALLOWANCE, caller.workspace.workspace_id)
        expected = {"month_nusd": gives, "given_nusd": given, "left_nusd": given}

        async def is_told(expected: dict[str, int] = expected) -> bool:
            return bool(await allowance() == expected)

        await until(is_told)


@pytest.mark.capability("E7")
async def test_free_use_of_the_operators_key_comes_first_then_credit_with_the_markup(
    stack: Stack, caller: Caller, operator: Caller, platform_key: None
) -> None:
    cost = (await ok((await stack.caller())("POST", "/v1/executions", SMALL)))["cost_nusd"]
    await on_plan(operator, caller, "free-use", platform_allowance_nusd=3 * cost, platform_markup_percent=20)
    await books(stack, ALLOWANCE, caller.workspace.workspace_id)
    before = (await ok(caller("GET", "/v1/credits")))["balance_nusd"]

    async def has_allowance() -> bool:
        return (await ok(caller("GET", "/v1/credits")))["allowance"]["left_nusd"] == 3 * cost

    await until(has_allowance)
    done = [await ok(caller("POST", "/v1/executions", SMALL)) for _ in range(4)]
    paid = await key_sources(stack, caller)
    free = [one for one in paid if one[1] == "allowance"]
    marked_up = -(-cost * 20 // 100)
    assert free and all(one == ("platform", "allowance", 0) for one in free)
    assert paid[len(free) :] == [("platform", "credit", marked_up)] * (4 - len(free)) and len(free) < 4
    state = await ok(caller("GET", "/v1/credits"))
    assert state["allowance"]["left_nusd"] == (3 - len(free)) * cost
    assert before - state["balance_nusd"] == (4 - len(free)) * (cost + marked_up)
    assert sum(one["cost_nusd"] for one in done) == len(free) * cost + (4 - len(free)) * (cost + marked_up)
    assert not await drift(stack)


@pytest.mark.capability("E7")
async def test_the_free_allowance_pays_for_embeddings_too(stack: Stack, caller: Caller, operator: Caller, platform_key: None) -> None:
    asked = {"model": "simulated/embed", "input": ["Where is my parcel?", "I was charged twice."], "dimensions": 8}
    await on_plan(operator, caller, "free-embeddings", platform_allowance_nusd=1_000_000, platform_markup_percent=20)
    await books(stack, ALLOWANCE, caller.workspace.workspace_id)
    before = await ok(caller("GET", "/v1/credits"))
    free = [await ok(caller("POST", "/v1/embeddings", asked)) for _ in range(2)]
    after = await ok(caller("GET", "/v1/credits"))
    assert [one[1:] for one in await key_sources(stack, caller)] == [("allowance", 0)] * 2
    used_nusd = sum(one["usage"]["cost_nusd"] for one in free)
    assert 0 < used_nusd == before["allowance"]["left_nusd"] - after["allowance"]["left_nusd"]
    assert after["balance_nusd"] == before["balance_nusd"] and not await drift(stack)


@pytest.mark.promise("C-03")
async def test_the_free_allowance_holds_for_messages_that_travel_apart_too(
    stack: Stack, caller: Caller, operator: Caller, platform_key: None
) -> None:
    """Those of a background call are put aside before it is let in; its hold counts them all the same."""
    await on_plan(operator, caller, "free-long", platform_allowance_nusd=1_000_000_000, platform_markup_percent=20)
    await books(stack, ALLOWANCE, caller.workspace.workspace_id)
    long = [{"role": "user", "content": "word " * 180_000}]
    asked = {"model": "simulated/chat", "messages": long, "overrides": {"max_tokens": 50}, "mode": "background"}
    begun = await ok(caller("POST", "/v1/executions", asked), 202)

    async def ended() -> bool:
        return (await caller("GET", f"/v1/executions/{begun['id']}")).body["status"] not in ("queued", "running")

    await until(ended)
    done = (await caller("GET", f"/v1/executions/{begun['id']}")).body
    assert done["status"] == "success", done
    assert (await key_sources(stack, caller))[0][1:] == ("allowance", 0)
    assert done["overage_nusd"] == 0 and done["usage"]["input_tokens"] > 100_000, (done["usage"], done["cost_nusd"], done["overage_nusd"])


@pytest.mark.promise("C-03")
async def test_no_text_hides_from_what_is_held_for_with_the_operators_key(stack: Stack, platform_key: None) -> None:
    """Under a kind of part, or a field, that few look at: it is sent all the same."""
    poor = await stack.caller(credit_nusd=1_000_000)
    long = "word " * 60_000
    small = {"model": "simulated/chat", "max_tokens": 1}
    assert (await poor("POST", "/v1/chat/completions", {**small, "messages": [{"role": "user", "content": "Hi"}]})).status == 200
    for message in (
        {"role": "user", "content": [{"type": "refusal", "refusal": long}]},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": long}},
        {"role": "assistant", "content": "", "reasoning_content": long},
        {"role": "user", "content": "Hi", "context": {"of": long}},
    ):
        refused = await poor("POST", "/v1/chat/completions", {**small, "messages": [message]})
        assert (refused.status, refused.body["error"]["code"]) == (402, "out_of_credit"), (list(message), refused.body)


@pytest.mark.capability("B1")
async def test_a_credit_line_is_drawn_when_credit_is_spent_and_never_beyond_the_months_cap(stack: Stack, operator: Caller) -> None:
    caller = await stack.caller(credit_nusd=0)
    refused = await caller("POST", "/v1/executions", SMALL)
    needed = refused.body["error"]["details"]["needed_nusd"]
    assert (refused.status, refused.body["error"]["details"]["available_nusd"]) == (402, 0)
    await on_plan(operator, caller, "line", overage_nusd=3 * needed)

    async def through() -> bool:
        return (await caller("POST", "/v1/executions", SMALL)).status == 200

    await until(through)
    answers = await asyncio.gather(*(caller.at(stack.gateways[n % 2])("POST", "/v1/executions", SMALL) for n in range(40)))
    # On a busy machine some may hear that no executor took their call in time; nothing of the line may be lost by those either.
    assert {one.status for one in answers} <= {200, 402, 503}
    assert all(one.body["error"]["retryable"] for one in answers if one.status == 503)
    state = await ok(caller("GET", "/v1/credits"))
    assert state["credit_line"] == {"month_nusd": 3 * needed, "used_nusd": state["credit_line"]["used_nusd"],
                                    "left_nusd": 3 * needed - state["credit_line"]["used_nusd"]}  # fmt: skip
    assert 0 < state["credit_line"]["used_nusd"] <= 3 * needed and state["balance_nusd"] >= 0
    (drawn,) = await books(
        stack,
        "SELECT sum(amount_nusd)::bigint AS n FROM transfers WHERE workspace_id = $1 AND kind = 'credit_line'",
        caller.workspace.workspace_id,
    )
    assert drawn["n"] == state["credit_line"]["used_nusd"]
    assert not await drift(stack)


@pytest.mark.capability("B1")
async def test_a_credit_line_is_one_for_all_workspaces_of_the_organization(stack: Stack, operator: Caller) -> None:
    caller = await stack.caller(credit_nusd=0)
    needed = (await caller("POST", "/v1/executions", SMALL)).body["error"]["details"]["needed_nusd"]
    made = [await ok(caller("POST", "/v1/workspaces", {"name": "more"}), 201) for _ in range(3)]
    everyone = [caller, *(replace(caller, key=one["api_key"]) for one in made)]
    await on_plan(operator, caller, "one-line", overage_nusd=2 * needed)

    async def has_line(one: Caller) -> bool:
        state = await ok(one("GET", "/v1/credits"))
        return bool(state["credit_line"]["month_nusd"] == 2 * needed)

    for one in everyone:
        for gateway in stack.gateways:
            await until(lambda one=one, gateway=gateway: has_line(one.at(gateway)), within_s=60)  # type: ignore[misc]
    await asyncio.gather(*(everyone[n % 4].at(stack.gateways[n % 2])("POST", "/v1/executions", SMALL) for n in range(40)))
    (drawn,) = await books(
        stack,
        "SELECT sum(amount_nusd)::bigint AS n FROM transfers JOIN workspaces USING (workspace_id) "
        "WHERE organization_id = $1 AND kind = 'credit_line'",
        caller.workspace.organization_id,
    )
    assert 0 < drawn["n"] <= 2 * needed
    for one in everyone:
        line = (await ok(one("GET", "/v1/credits")))["credit_line"]
        assert line == {"month_nusd": 2 * needed, "used_nusd": drawn["n"], "left_nusd": 2 * needed - drawn["n"]}
    assert not await drift(stack)


@pytest.mark.capability("B1")
@pytest.mark.parametrize(("taken", "status", "draws"), [(2, 200, 3), (9, 402, 3)])
async def test_a_call_whose_loan_another_one_took_draws_again_and_not_for_ever(
    stack: Stack, operator: Caller, monkeypatch: pytest.MonkeyPatch, taken: int, status: int, draws: int
) -> None:
    caller = await stack.caller(credit_nusd=0)
    await on_plan(operator, caller, "long-line", overage_nusd=10**12)

    async def has_line() -> bool:
        return bool((await ok(caller("GET", "/v1/credits")))["credit_line"]["month_nusd"] == 10**12)

    await until(has_line)
    drawn: list[int] = []
    draw = store.draw_credit_line

    async def draw_and_lose(tx: Tx, workspace_id: UUID, account_id: int, **amounts: int) -> int:
        drawn.append(await draw(tx, workspace_id, account_id, **amounts))
        if len(drawn) <= taken:
            await tx.execute("SELECT charge_fee($1, $2, $3, $4, 'another call')", workspace_id, account_id, drawn[-1], str(len(drawn)))
        return drawn[-1]

    monkeypatch.setattr(store, "draw_credit_line", draw_and_lose)
    assert (await caller("POST", "/v1/executions", SMALL)).status == status
    assert len(drawn) == draws and all(drawn)
    assert not await drift(stack)


async def test_a_refusal_never_says_that_enough_is_available(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another call ends between the refusal and the look at what is free."""
    caller = await stack.caller(credit_nusd=1)

    async def find_more(tx: Tx, account_id: int) -> int:
        return 10**12

    monkeypatch.setattr(store, "find_free", find_more)
    refused = (await caller("POST", "/v1/executions", SMALL)).body["error"]
    assert (refused["code"], refused["details"]["available_nusd"]) == ("out_of_credit", None)
    assert refused["details"]["needed_nusd"] > 1 and "available" not in refused["message"]


@pytest.mark.capability("B1")
async def test_a_refusal_for_a_nano_dollar_says_that_more_is_needed_than_is_available(stack: Stack) -> None:
    poor = await stack.caller(credit_nusd=0)
    needed = (await poor("POST", "/v1/executions", SMALL)).body["error"]["details"]["needed_nusd"]
    short = await stack.caller(credit_nusd=needed - 1)
    refused = (await short("POST", "/v1/executions", SMALL)).body["error"]
    assert refused["details"] == {"needed_nusd": needed, "available_nusd": needed - 1}
    said = [float(number) for number in re.findall(r"\d+\.\d{4}", refused["message"])]
    assert len(said) == 2 and said[0] > said[1], refused["message"]


@pytest.mark.capability("B3")
async def test_more_callers_at_once_than_the_plan_allows_hear_429(stack: Stack, caller: Caller, operator: Caller) -> None:
    await on_plan(operator, caller, "narrow", concurrency=2)

    async def is_narrow(gateway: str) -> bool:
        return (await ok(caller.at(gateway)("GET", "/v1/credits")))["concurrency"] == 2

    for gateway in stack.gateways:
        await until(lambda gateway=gateway: is_narrow(gateway))  # type: ignore[misc]
    answers = await asyncio.gather(
        *(caller.at(stack.gateways[n % 2])("POST", "/v1/executions", HELLO | {"overrides": {"max_tokens": 100}}) for n in range(30))
    )
    limited = [one for one in answers if one.status == 429]
    assert limited and {one.status for one in answers} == {200, 429}
    assert {one.body["error"]["code"] for one in limited} == {"concurrency_limited"}
    assert all(one.headers["retry-after"] == "1" and one.body["error"]["details"] == {"most_in_flight": 2} for one in limited)
    assert (await ok(caller("GET", "/v1/credits")))["in_flight"] == 0
    background = await caller("POST", "/v1/executions", SMALL | {"mode": "background"})
    assert background.status == 202
    assert not await drift(stack)


@pytest.mark.promise("G-16")
@pytest.mark.capability("B3")
async def test_a_limit_holds_over_two_gateways_and_starts_full_after_postgres_lost_its_state(stack: Stack, caller: Caller) -> None:
    """The rates are unlogged: a crash of PostgreSQL leaves both tables empty, which is what TRUNCATE does here."""
    await books(
        stack, "INSERT INTO plans (plan, name, rate_limit_per_minute, concurrency, base_fee_nusd, base_credit_nusd, retention_days_most, "
        "platform_keys) VALUES ('thirty', 'Thirty', 30, 100, 0, 0, 30, true)",
    )  # fmt: skip

    async def accepted(caller: Caller) -> tuple[int, float]:
        """Of 60 calls at once, and the seconds they took."""
        await books(stack, "SELECT set_plan($1, 'thirty')", caller.workspace.organization_id)
        loop = asyncio.get_running_loop()
        began = loop.time()
        answers = await asyncio.gather(*(caller.at(stack.gateways[n % 2])("POST", "/v1/executions", SMALL) for n in range(60)))
        assert {one.status for one in answers} <= {200, 429}
        return sum(one.status == 200 for one in answers), loop.time() - began

    count, took_s = await accepted(caller)
    assert 6 <= count <= 30 * 0.2 + 1 + took_s * 0.5
    await books(stack, "TRUNCATE rate_state, rate_epoch")
    count, took_s = await accepted(await stack.caller())  # no gateway remembers anything of this one
    await books(stack, "UPDATE rate_epoch SET since = '-infinity'")  # the other tests begin with all of their burst
    assert count <= 1 + took_s * 0.5, "nobody gets a fresh burst"


@pytest.mark.promise("G-06", "G-16")
@pytest.mark.capability("B3")
async def test_rate_headers_stand_in_every_answer_and_a_429_says_when_to_come_back(stack: Stack, caller: Caller, operator: Caller) -> None:
    await on_plan(operator, caller, "slow", rate_limit_per_minute=5)

    async def is_slow() -> bool:
        return (await caller("POST", "/v1/executions", SMALL)).headers["ratelimit-limit"] == "5"

    await until(is_slow)
    chat = {"model": "simulated/chat", "messages": SMALL["messages"], "max_tokens": 50}
    seen = []
    for n in range(20):
        path, body = ("/v1/executions", SMALL) if n % 2 else ("/v1/chat/completions", chat)
        seen.append(await caller.at(stack.gateways[n % 2])("POST", path, body))
    passed, refused = [one for one in seen if one.status == 200], [one for one in seen if one.status == 429]
    remaining = [int(one.headers["ratelimit-remaining"]) for one in passed]
    assert remaining == sorted(remaining, reverse=True) and all(one.headers["ratelimit-policy"] == "5;w=60;burst=2" for one in seen)
    assert len(refused) >= 10 and {one.headers["ratelimit-remaining"] for one in refused} == {"0"}
    for one in refused:
        assert 1 <= int(one.headers["retry-after"]) <= 12 and one.headers["ratelimit-reset"] == one.headers["retry-after"]
        assert one.body["error"]["details"]["limit_per_minute"] == 5
    (rows,) = await books(stack, "SELECT count(*) AS n FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id)
    assert rows["n"] <= len(passed) + 30 and not await books(
        stack, "SELECT FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id
    )


@pytest.mark.promise("C-02")
@pytest.mark.capability("B1")
async def test_a_flood_of_refused_calls_is_answered_from_memory_until_credit_comes(stack: Stack, operator: Caller) -> None:
    caller = await stack.caller(credit_nusd=0)
    assert (await caller("POST", "/v1/executions", SMALL)).status == 402

    def asked() -> float:
        return ADMISSIONS.labels("credit")._value.get()  # type: ignore[no-any-return]

    before, began_s = asked(), time.monotonic()
    flood = [await caller("POST", "/v1/executions", SMALL) for _ in range(60)]
    assert {one.status for one in flood} == {402}
    assert asked() - before <= 5 + time.monotonic() - began_s, "the database was asked about as often as once a second"
    grant = {"workspace_id": str(caller.workspace.workspace_id), "amount_nusd": 10**9, "reason": "at last"}
    await ok(operator("POST", "/v1/credits/grants", grant), 201)

    async def through() -> bool:
        return (await caller("POST", "/v1/executions", SMALL)).status == 200

    await until(through)


@pytest.mark.promise("C-02")
@pytest.mark.capability("B1")
async def test_what_a_call_gives_back_is_free_for_the_next_at_once(stack: Stack) -> None:
    """The memory of a refusal ends when a call of one's own ends."""
    poor = await stack.caller(credit_nusd=0)
    needed = (await poor("POST", "/v1/executions", SMALL)).body["error"]["details"]["needed_nusd"]
    cost = (await ok((await stack.caller())("POST", "/v1/executions", SMALL)))["cost_nusd"]
    caller = await stack.caller(credit_nusd=needed + cost)
    assert cost < needed
    async with fault(stack, "slow,s=4"):
        first = asyncio.create_task(caller("POST", "/v1/executions", SMALL))
        while not await books(stack, "SELECT FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id):
            await asyncio.sleep(0.01)
        assert (await caller("POST", "/v1/executions", SMALL)).status == 402
        assert (await first).status == 200
    assert (await caller("POST", "/v1/executions", SMALL)).status == 200


@pytest.mark.capability("B3", "B2")
async def test_a_background_call_counts_against_budgets_and_not_against_callers_at_once(stack: Stack, caller: Caller) -> None:
    budget = await ok(caller("POST", "/v1/budgets", {"target_kind": "workspace", "limit_nusd": 10**12, "period": "month"}), 201)

    async def counts() -> bool:
        body: dict[str, Any] = SMALL | {"mode": "background"}
        await ok(caller("POST", "/v1/executions", body), 202)
        return (await ok(caller("GET", f"/v1/budgets/{budget['id']}")))["spent_nusd"] > 0

    await until(counts)
    assert (await ok(caller("GET", "/v1/credits")))["in_flight"] == 0


@pytest.mark.capability("A1", "B3")
async def test_how_much_of_the_limits_is_used_is_what_the_headers_say(stack: Stack, caller: Caller, operator: Caller) -> None:
    await on_plan(operator, caller, "narrow", rate_limit_per_minute=20)
    key = await ok(caller("POST", "/v1/api-keys", {"name": "narrow", "role": "editor", "rate_limit_per_minute": 10}), 201)
    await ok(caller("POST", "/v1/api-keys", {"name": "without a limit", "role": "editor"}), 201)

    async def is_narrow() -> bool:
        return (await ok(caller("GET", "/v1/usage/rates")))["workspace"]["per_minute"] == 20

    await until(is_narrow)
    await books(stack, "DELETE FROM rate_state")  # Those of other tests, which are used up more than these.
    before = await ok(caller("GET", "/v1/usage/rates"))
    assert before["workspace"] | {"reset_s": 0} == {"per_minute": 20, "at_once": 5, "remaining": 5, "reset_s": 0}
    assert [(one["name"], one["at_once"], one["remaining"]) for one in before["api_keys"]] == [("narrow", 3, 3)]

    last = await replace(caller, key=key["key"])("POST", "/v1/executions", SMALL)
    assert last.status == 200
    other = caller.at(stack.gateways[1])
    await books(stack, NO_TIME_PASSED)
    after = await ok(other("GET", "/v1/usage/rates"))
    (used,) = after["api_keys"]
    assert used["api_key_id"] == key["id"] and used["remaining"] == int(last.headers["ratelimit-remaining"]) == 2
    assert after["workspace"]["remaining"] == 4 and 0 < after["workspace"]["reset_s"] <= 3 and 3 < used["reset_s"] <= 6
    assert (await ok((await stack.caller())("GET", "/v1/usage/rates")))["api_keys"] == [], "another workspace sees its own"

    await books(stack, "TRUNCATE rate_state, rate_epoch")
    assert (await ok(caller("GET", "/v1/usage/rates")))["workspace"]["remaining"] == 0, "after a crash limits start full"
    await books(stack, "INSERT INTO rate_epoch (since) VALUES ('-infinity') ON CONFLICT (one) DO UPDATE SET since = '-infinity'")
    assert (await ok(caller("GET", "/v1/usage/rates")))["workspace"]["remaining"] == 5
