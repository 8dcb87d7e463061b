"""A provider that hangs or fails takes nothing from others, is left alone for a while and tried again; and what a version says of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median
from time import perf_counter
from typing import Any

import pytest
import pytest_asyncio

from tests.embedded.stack import Answer, Caller, Stack, running_stack
from tests.fakes.keyed_provider import TEXT, KeyedProvider, Manner, serving_by_key
from tests.integration.execution.test_executions import HELLO, books, fault
from tests.integration.optimization.test_suggest import FIGURES
from tests.pace import comes_within, undisturbed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E9")]

ASKED = [{"role": "user", "content": "Hello."}]

SLOTS = 12

QUEUED = 2
"""Places of each queued lane for one tenant; two more are kept for others, one of them at the same provider."""

REST_S = 3.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    """One executor with few slots, that finds out soon."""
    executor = {
        "max_running": SLOTS,
        "background_running": QUEUED,
        "batch_running": QUEUED,
        "attempt_timeout_s": 2.5,
        "first_token_s": 2.0,
        "circuit_calls_least": 8,
        "circuit_rest_s": REST_S,
        "rest_most_s": 60.0,
    }
    async with running_stack(
        module_database_urls, nats_server, gateways=1, executors=1, executor=executor, gateway={"dispatch_give_up_s": 1.5}
    ) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def provider(caller: Caller) -> AsyncIterator[KeyedProvider]:
    async with two_models(caller) as one:
        yield one


@asynccontextmanager
async def two_models(caller: Caller) -> AsyncIterator[KeyedProvider]:
    """Answers the caller's model own/one; own/two is another one at another address."""
    async with AsyncExitStack() as exit_stack:
        one, two = [await exit_stack.enter_async_context(serving_by_key()) for _ in range(2)]
        await add_model(caller, "own/one", one, price=10_000_000)
        await add_model(caller, "own/two", two, price=1_000_000)
        yield one


async def add_model(caller: Caller, name: str, provider: KeyedProvider, *, price: int, **more: Any) -> None:
    facts = {
        "model": name, "provider": "lab", "upstream_model": name, "base_url": provider.base_url, "context_tokens": 100_000,
        "output_tokens": 400, "input_price_nusd_per_million": price, "output_price_nusd_per_million": price, **more,
    }  # fmt: skip
    made = await caller("POST", "/v1/models", facts)
    assert made.status == 201, made.body


async def ask(caller: Caller, **more: Any) -> Answer:
    return await caller("POST", "/v1/executions", {"messages": ASKED, "model": "own/one", **more})


async def timed(caller: Caller, calls: int) -> list[float]:
    """Seconds of each of these calls of a simulated model, one after the other; all of them succeed."""
    took = []
    for _ in range(calls):
        began_at = perf_counter()
        answer = await caller("POST", "/v1/executions", HELLO)
        took.append(perf_counter() - began_at)
        assert answer.status == 200, answer.body
    return took


@pytest.mark.promise("E-12")
async def test_a_provider_that_hangs_is_let_go_in_time_and_leaves_others_their_slots(stack: Stack, spare_now: Callable[[], float]) -> None:
    """More callers of one tenant than the executor has slots wait for a provider that never answers; another tenant notices nothing."""

    async def attempt() -> None:
        caller = await stack.caller()
        async with two_models(caller) as provider:
            await _hang_beside_another(stack, caller, provider, spare_now)

    await undisturbed(attempt, still_most_s=0.3)


async def _hang_beside_another(stack: Stack, caller: Caller, provider: KeyedProvider, spare_now: Callable[[], float]) -> None:
    other = await stack.caller()
    await timed(other, 3)
    before = await timed(other, 20)
    provider.manners[""] = Manner(hangs=True)
    began_at = spare_now()
    hanging = [asyncio.create_task(ask(caller, fallback_models=[])) for _ in range(2 * SLOTS)]
    while len(provider.calls) < SLOTS // 2:
        await asyncio.sleep(0.01)
    during = []
    while len(during) < 20 and not all(one.done() for one in hanging):
        during += await timed(other, 1)
    answers = await asyncio.gather(*hanging)
    assert spare_now() - began_at < 9, "each call was let go at its own limit"
    assert {one.status for one in answers} <= {503, 504} and len(provider.calls) <= SLOTS // 2 + 2
    assert during and median(during) < 2 * median(before) + 0.5, (before, during)


@pytest.mark.promise("E-12")
@pytest.mark.capability("E15")
async def test_a_tenant_whose_background_work_hangs_keeps_nobody_elses_waiting(
    stack: Stack, caller: Caller, provider: KeyedProvider
) -> None:
    """More of it than the lane has places: another tenant's comes before what waits, and each of its own is asked and paid once."""
    other, asked, calls = await stack.caller(), {"mode": "background", "deadline_s": 60}, 4 * QUEUED
    provider.manners[""] = Manner(hangs=True)
    hanging = [(await ask(caller, fallback_models=[], **asked)).body["id"] for _ in range(calls)]
    async with comes_within(10):
        while len(provider.calls) < QUEUED:
            await asyncio.sleep(0.01)
        accepted = await other("POST", "/v1/executions", HELLO | asked)
        while (await other("GET", f"/v1/executions/{accepted.body['id']}")).body["status"] != "success":
            await asyncio.sleep(0.01)
    assert len(provider.calls) == QUEUED, "that many of one tenant at once, and no more"
    provider.manners.clear()
    provider.released.set()
    async with comes_within(10):
        for one in hanging:
            while (await caller("GET", f"/v1/executions/{one}")).body["status"] != "success":
                await asyncio.sleep(0.01)
    assert len(provider.calls) == calls and not await books(
        stack, "SELECT 1 FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id
    )


async def test_a_provider_that_fails_is_left_alone_and_tried_again_by_one_call(stack: Stack) -> None:
    async def attempt() -> None:
        caller = await stack.caller()
        async with two_models(caller) as provider:
            provider.manners[""] = Manner(status=500)
            failed = [await ask(caller, fallback_models=[]) for _ in range(4)]
            assert {one.status for one in failed[:2]} == {502} and len(provider.calls) == 8, (
                "each call tried four times, until it was enough"
            )
            refused = failed[-1]
            assert (refused.status, refused.body["error"]["code"], refused.body["error"]["retryable"]) == (
                503,
                "provider_unavailable",
                True,
            )
            assert "retry-after" in refused.headers
            asked = {"model": "own/one", "max_tokens": 5, "messages": [{"role": "user", "content": "Hm?"}]}
            claudes = await caller("POST", "/v1/messages", asked)
            assert (claudes.status, claudes.body["error"]["type"]) == (529, "overloaded_error"), "Anthropic's clients wait for that"
            assert "retry-after" in claudes.headers and len(provider.calls) == 8
            other = await ask(caller, fallback_models=["own/two"])
            assert (other.status, other.body["model"]) == (200, "own/two") and len(provider.calls) == 8
            assert [(one["model"], one["status"]) for one in other.body["attempts"]] == [("own/one", "error"), ("own/two", "success")]
            await asyncio.sleep(REST_S * 1.25)  # A rest is longer by up to a fifth, by lot.
            provider.manners[""] = Manner(hangs=True)
            trying = asyncio.create_task(ask(caller, fallback_models=[], deadline_s=8))
            while len(provider.calls) < 9:
                assert not trying.done(), trying.result()
                await asyncio.sleep(0.01)
            assert (await ask(caller, fallback_models=[])).status == 503 and len(provider.calls) == 9, "one tries, the others wait for it"
            provider.manners.clear()
            provider.released.set()
            assert (await trying).status == 200
            assert {(await ask(caller)).status for _ in range(3)} == {200}

    await undisturbed(attempt, still_most_s=0.3)


@pytest.mark.promise("E-04")
@pytest.mark.capability("P1")
@pytest.mark.parametrize("retries", [0, 2])
async def test_a_version_says_how_often_a_call_is_tried_again(caller: Caller, provider: KeyedProvider, retries: int) -> None:
    body = {"slug": f"tries{retries}", "messages": ASKED, "model": "own/one", "retry_policy": {"retries": retries}}
    made = await caller("POST", "/v1/prompts", body)
    assert made.status == 201 and made.body["retry_policy"] == {"retries": retries}, made.body
    provider.manners[""] = Manner(status=503)
    answer = await caller("POST", "/v1/executions", {"prompt": body["slug"]})
    assert answer.body["error"]["code"] == "provider_failed" and len(provider.calls) == retries + 1


async def test_a_version_says_how_long_a_provider_is_waited_for(caller: Caller, provider: KeyedProvider) -> None:
    body = {"slug": "hasty", "messages": ASKED, "model": "own/one", "retry_policy": {"wait_most_s": 0.5}}
    assert (await caller("POST", "/v1/prompts", body)).status == 201
    provider.manners[""] = Manner(status=429, retry_after="1")
    answer = await caller("POST", "/v1/executions", {"prompt": "hasty"})
    assert answer.status == 429 and len(provider.calls) == 1
    assert 1 <= int(answer.headers["retry-after"]) <= 2


async def test_a_provider_that_limits_without_saying_how_long_is_asked_as_often_as_was_said(
    caller: Caller, provider: KeyedProvider
) -> None:
    provider.manners[""] = Manner(status=429)
    answer = await ask(caller)
    assert (answer.status, len(provider.calls)) == (429, 4), answer.body
    assert "The provider answered 429" in answer.body["error"]["message"]


@pytest.mark.promise("E-04")
async def test_the_next_cheaper_model_answers_where_the_version_says_so(caller: Caller, provider: KeyedProvider) -> None:
    async with serving_by_key() as others:
        for name, price in (("own/dear", 50_000_000), ("own/cheap", 100_000), ("own/middle", 5_000_000)):
            await add_model(caller, name, others, price=price, capabilities=["chat"])
        body = {"slug": "thrifty", "messages": ASKED, "model": "own/one", "fallback_cheaper": True, "retry_policy": {"retries": 0}}
        assert (await caller("POST", "/v1/prompts", body)).status == 201
        told = await caller("POST", "/v1/routing/explain", {"prompt": "thrifty"})
        assert told.body["falls_back_to"] == ["own/middle", "own/two", "own/cheap"], told.body
        named = await caller("POST", "/v1/routing/explain", {"prompt": "thrifty", "fallback_models": []})
        assert named.body["falls_back_to"] == []
        provider.manners[""] = Manner(status=500)
        answer = await caller("POST", "/v1/executions", {"prompt": "thrifty"})
        assert (answer.status, answer.body["model"]) == (200, "own/middle"), answer.body
        alone = await caller("POST", "/v1/executions", {"prompt": "thrifty", "fallback_models": []})
        assert alone.body["error"]["code"] == "provider_failed"


@pytest.mark.capability("P1")
async def test_another_version_stands_in_for_one_that_cannot_be_rendered(caller: Caller) -> None:
    first = {"slug": "spare", "messages": [{"role": "user", "content": "Hello {{name}}."}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", first)).status == 201
    fuller = [{"role": "user", "content": "Hello {{name}} of {{town}}, aged {{age:number}}."}]
    made = await caller("POST", "/v1/prompts/spare/versions", {"base_version": 1, "messages": fuller, "fallback_version": 1})
    assert made.status == 201 and made.body["fallback_version"] == 1, made.body
    called = {"prompt": "spare", "version": 2, "variables": {"name": "Ada"}}
    answer = await caller("POST", "/v1/executions", called)
    assert (answer.status, answer.body["version"], answer.headers["x-burnish-version"]) == (200, 1, "1"), answer.body
    whole = await caller("POST", "/v1/executions", called | {"variables": {"name": "Ada", "town": "London", "age": 36}})
    assert whole.body["version"] == 2
    nothing = await caller("POST", "/v1/executions", called | {"variables": {}})
    assert (nothing.status, nothing.body["error"]["code"]) == (422, "missing_variables")
    wrong = await caller(
        "POST", "/v1/executions", called | {"variables": {"name": "Ada", "town": "L", "age": 3}, "overrides": {"max_tokens": 0}}
    )
    assert wrong.status == 422, "what is wrong with the call is wrong with every version"


@pytest.mark.promise("G-11")
@pytest.mark.capability("E3")
async def test_a_caller_who_leaves_between_two_tries_is_settled_within_a_second(
    stack: Stack, caller: Caller, provider: KeyedProvider
) -> None:
    provider.manners[""] = Manner(status=429, retry_after="4")
    leaving = asyncio.create_task(ask(caller, deadline_s=30))
    while not provider.calls:
        await asyncio.sleep(0.01)
    leaving.cancel()
    async with comes_within(1.0):
        while await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id):
            await asyncio.sleep(0.02)
    (row,) = await books(stack, "SELECT status, cost_nusd FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id)
    assert (row["status"], row["cost_nusd"]) == ("cancelled", 0) and len(provider.calls) == 1


@pytest.mark.promise("G-11")
@pytest.mark.capability("E3")
@pytest.mark.parametrize("route", ["/v1/executions", "/v1/chat/completions", "/v1/responses", "/v1/messages"])
@pytest.mark.parametrize("stream", [False, True])
async def test_on_every_route_a_caller_who_leaves_stops_the_model_within_a_second(
    stack: Stack, caller: Caller, route: str, stream: bool
) -> None:
    body: dict[str, Any] = {"model": "simulated/chat", "messages": ASKED, "stream": stream, "deadline_s": 60}
    body |= {"max_tokens": 50} if route == "/v1/messages" else {"input": "Hello."} if route == "/v1/responses" else {}
    if route == "/v1/responses":
        del body["messages"]
    async with fault(stack, "slow_chunks,rate=5"):
        leaving = asyncio.create_task(caller("POST", route, body))
        while (await counters(stack))["open"] == 0:
            assert not leaving.done(), leaving.result().body
            await asyncio.sleep(0.02)
        leaving.cancel()
        of_caller = "SELECT status FROM executions WHERE workspace_id = $1"
        async with comes_within(1.0):
            while (await counters(stack))["open"] or not (rows := await books(stack, of_caller, caller.workspace.workspace_id)):
                await asyncio.sleep(0.02)
    assert [row["status"] for row in rows] == ["cancelled"]


@pytest.mark.promise("G-11")
@pytest.mark.capability("E2", "D4")
@pytest.mark.parametrize(
    ("route", "body"),
    [("/v1/embeddings", {"input": "Hello."}), ("/v1/suggest", {"template": "Sort it.", **FIGURES})],
    ids=["embed", "suggest"],
)
async def test_a_caller_who_leaves_an_embedding_or_a_suggestion_stops_the_model_within_a_second(
    stack: Stack, caller: Caller, provider: KeyedProvider, route: str, body: dict[str, Any]
) -> None:
    provider.manners[""] = Manner(hangs=True)
    leaving = asyncio.create_task(caller("POST", route, {"model": "own/one", **body}))
    while not provider.calls:
        assert not leaving.done(), leaving.result().body
        await asyncio.sleep(0.02)
    leaving.cancel()
    async with comes_within(1.0):
        while not provider.left or not (
            rows := await books(stack, "SELECT status FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id)
        ):
            await asyncio.sleep(0.02)
    assert [row["status"] for row in rows] == ["cancelled"] and len(provider.calls) == 1
    assert not await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)


async def counters(stack: Stack) -> Any:
    async with stack.session.get(f"{stack.simulator}/counters") as response:
        return await response.json()


async def test_the_text_of_the_fake_is_what_the_others_answer(caller: Caller, provider: KeyedProvider) -> None:
    assert (await ask(caller)).body["output"] == TEXT


async def test_what_a_version_or_a_caller_says_stands_in_for_the_usual_limit_of_time(caller: Caller, provider: KeyedProvider) -> None:
    """The provider is silent for 3 s; usual are 2.5 s for a call, and 2 s until a stream begins."""
    slow = {"slug": "slow", "model": "own/one", "timeout_s": 20, "messages": ASKED, "fallback_models": []}
    assert (await caller("POST", "/v1/prompts", slow)).status == 201
    provider.manners[""] = Manner(hangs=True)
    plain: dict[str, Any] = {"messages": ASKED, "model": "own/one", "fallback_models": []}
    bodies = [
        {"prompt": "slow"},
        {"prompt": "slow", "stream": True},
        {**plain, "deadline_s": 20},
        {**plain, "deadline_s": 20, "stream": True},
    ]
    patient = [asyncio.create_task(caller("POST", "/v1/executions", one)) for one in bodies]
    through_chat = asyncio.create_task(caller("POST", "/v1/chat/completions", {"model": "own/one", "messages": ASKED, "deadline_s": 20}))
    usual = await caller("POST", "/v1/executions", plain)
    assert usual.status == 504 and usual.body["error"]["message"] == "The provider did not answer within 2.5 s."
    await asyncio.sleep(0.5)
    provider.released.set()
    answers = [await one for one in (*patient, through_chat)]
    assert {one.status for one in answers} == {200}, [one.body for one in answers]
