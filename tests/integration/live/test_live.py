"""GET /v1/live over HTTP, on real NATS: figures, events, replay, bounds, and an end when the key is revoked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from burnish_gateway.live import hub
from burnish_gateway.still_allowed import RECHECK_S
from burnish_shared import subjects
from burnish_shared.bus.connect import Bus, connect
from burnish_shared.contracts.events import Event
from burnish_shared.contracts.executions import CompletedBatch, CompletedItem, Lane, Status
from burnish_shared.ids import new_uuid
from tests.embedded.signed_in import sign_in
from tests.embedded.stack import Caller, Stack
from tests.integration.live.streams import Sent, first, live

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A2")]


@contextlib.asynccontextmanager
async def bus_of(stack: Stack, service: str) -> AsyncIterator[Bus]:
    bus = await connect(stack.nats.url(service), service=service, replica="test")
    try:
        yield bus
    finally:
        await bus.close()


async def raise_alert(stack: Stack, caller: Caller) -> str:
    event = Event(
        id=new_uuid(), type="alert.raised", workspace_id=caller.workspace.workspace_id, occurred_at=datetime.now(UTC), data={"kind": "x"}
    )
    async with bus_of(stack, "analytics") as bus:
        await bus.publish(event.subject(), event.to_bytes(), message_id=str(event.id))
    return str(event.id)


async def finish(stack: Stack, caller: Caller, count: int) -> None:
    items = [
        CompletedItem(
            execution_id=new_uuid(), workspace_id=caller.workspace.workspace_id, lane=Lane.INTERACTIVE, status=Status.SUCCESS, slug="route",
            model="m", provider="p", input_tokens=1, output_tokens=1, cost_nusd=1, latency_ms=100, finished_at=datetime.now(UTC),
        )
        for _ in range(count)
    ]  # fmt: skip
    batches = [CompletedBatch(event_id=str(new_uuid()), items=some) for some in (items[:1], items[:1], items)]  # in other company, too
    async with bus_of(stack, "executor") as bus:
        for batch in batches:
            await bus.nc.publish(subjects.EXECUTIONS_COMPLETED_BATCH, batch.model_dump_json().encode())
        await bus.nc.flush()


async def test_figures_of_the_last_minute_come_by_themselves_once_for_what_is_sent_twice(stack: Stack, caller: Caller) -> None:
    other = await stack.caller()
    async with live(caller) as events, live(other) as others:
        await first(events, "hello")
        await first(others, "hello")
        await finish(stack, caller, 3)
        async with asyncio.timeout(60):
            while (figures := (await first(events, "figures"))[2])["total"]["executions"] == 0:
                pass
        assert figures["total"]["executions"] == 3 and figures["prompts"][0]["prompt"] == "route"
        assert figures["total"]["latency_p95_ms"] == pytest.approx(100, rel=0.02)
        polled = await caller("GET", "/v1/live")
        assert polled.status == 200 and polled.body["total"]["executions"] == 3
        assert (await other("GET", "/v1/live")).body["total"]["executions"] == 0


async def test_a_stream_that_comes_back_at_another_gateway_gets_what_it_missed_and_nobody_elses(stack: Stack, caller: Caller) -> None:
    other = await stack.caller()
    async with live(caller) as events:
        await first(events, "hello")
        seen = await raise_alert(stack, caller)
        last, _, data = await first(events, "alert.raised")
        assert data["id"] == seen
    await raise_alert(stack, other)
    missed = {await raise_alert(stack, caller) for _ in range(3)}
    async with live(caller.at(stack.gateways[1]), last=last) as events:
        _, name, _ = await anext(events)
        assert name == "hello"
        assert {(await first(events, "alert.raised"))[2]["id"] for _ in missed} == missed


async def test_a_position_from_before_the_gateway_began_is_told_to_have_a_gap_and_nonsense_is_refused(caller: Caller) -> None:
    async with live(caller, last="1000") as events:
        await first(events, "gap")
    headers = {"accept": "text/event-stream", "last-event-id": "yesterday"}
    assert (await caller("GET", "/v1/live", headers=headers)).status == 422


@pytest.mark.capability("U1")
async def test_what_others_configure_is_told_by_its_kind_to_their_own_workspace_and_to_who_comes_back(stack: Stack, caller: Caller) -> None:
    stranger = await stack.caller()
    slug = f"put-away-{new_uuid().hex[-8:]}"
    assert (await caller("POST", "/v1/prompts", {"slug": slug, "template": "Hello", "model": "simulated/chat"})).status == 201
    elsewhere = caller.at(stack.gateways[1])
    async with live(caller) as events, live(stranger) as theirs:
        since = (await first(events, "hello"))[0]
        await first(theirs, "hello")
        assert (await elsewhere("POST", f"/v1/prompts/{slug}/archive")).status == 200
        while "prompt" not in (told := (await first(events, "changed"))[2])["kinds"]:
            pass
        assert set(told) == {"kinds"}  # Not which: a page reads what it may.
        made = await elsewhere("POST", "/v1/api-keys", {"name": "for a page"})
        while "api_key" not in (await first(events, "changed"))[2]["kinds"]:
            pass
        await stranger("POST", "/v1/budgets", {"period": "month", "target_kind": "workspace", "limit_nusd": 1_000_000_000})
        while (kinds := (await first(theirs, "changed"))[2]["kinds"]) != ["budget"]:
            assert not {"prompt", "api_key"} & set(kinds)
        assert made.status == 201
        chain = {"slug": f"{slug}-c", "steps": [{"id": "one", "prompt": slug, "variables": {}}]}
        await elsewhere("POST", f"/v1/prompts/{slug}/restore")
        arms = [{"name": "a", "version": 1, "share": 0.5}, {"name": "b", "version": 1, "model": "simulated/reader", "share": 0.5}]
        for kind, path, body in (
            ("chain", "/v1/chains", chain),
            ("dataset", "/v1/datasets", {"name": slug, "items": [{"input": "a", "expected": "b"}]}),
            ("evaluator", "/v1/evaluators", {"name": slug, "settings": {"kind": "regex", "pattern": "e"}}),
            ("experiment", "/v1/experiments", {"name": slug, "prompt": slug, "arms": arms, "unit": "session", "metric": "satisfaction"}),
            ("view", "/v1/views", {"place": "runs", "name": slug, "filters": {"status": "error"}}),
        ):
            saved = await elsewhere("POST", path, body)
            assert saved.status == 201, saved.body
            while kind not in (await first(events, "changed"))[2]["kinds"]:
                pass
    async with live(caller, last=since) as again:
        assert (await first(again, "changed"))[2] == {"kinds": sorted(hub.TOLD_KINDS)}


@pytest.mark.promise("T-05")
async def test_a_stream_ends_within_a_second_or_two_of_the_revocation_of_its_key(stack: Stack, caller: Caller) -> None:
    made = await caller("POST", "/v1/api-keys", {"name": "for a page"})
    assert made.status == 201
    async with live(replace(caller, key=made.body["key"])) as events:
        await first(events, "hello")
        assert (await caller("DELETE", f"/v1/api-keys/{made.body['id']}")).status in (200, 204)
        async with asyncio.timeout(60):
            assert (await first(events, "end"))[2] == {"reason": "access_ended"}


async def test_more_streams_than_the_most_are_refused_and_those_that_left_make_room(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "STREAMS_MOST", 2)
    async with live(caller) as one, live(caller) as other:
        await first(one, "hello")
        await first(other, "hello")
        refused = await caller("GET", "/v1/live", headers={"accept": "text/event-stream"})
        assert (refused.status, refused.body["error"]["code"]) == (429, "concurrency_limited")
    async with asyncio.timeout(60):
        while (await caller("GET", "/v1/live", headers={"accept": "text/event-stream", "last-event-id": "bad"})).status != 422:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(AssertionError):
                async with live(caller) as again:
                    await first(again, "hello")
                    break


async def test_of_a_burst_no_more_are_let_in_than_there_is_room_for(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "STREAMS_MOST", 2)
    headers = {"authorization": f"Bearer {caller.key}", "accept": "text/event-stream"}
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(caller.session.get(f"{caller.url}/v1/live", headers=headers) for _ in range(12)))
    try:
        assert sorted(one.status for one in answers) == [200] * 2 + [429] * 10
    finally:
        for one in answers:
            one.close()


async def test_a_reader_that_falls_behind_is_ended(stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = hub.Listener()
    ring_event = hub.Kept(1, new_uuid(), "alert.raised", b"{}")
    for _ in range(hub.EVENTS_WAITING_MOST + 1):
        listener.give(ring_event)
    assert listener.ended == "too_slow" and len(listener.events) == hub.EVENTS_WAITING_MOST


async def test_a_key_without_analytics_is_refused(stack: Stack, caller: Caller) -> None:
    made = await caller("POST", "/v1/api-keys", {"name": "narrow", "scopes": ["feedback:write"]})
    headers = {"authorization": f"Bearer {made.body['key']}", "accept": "text/event-stream"}
    assert (await caller("GET", "/v1/live", headers=headers)).status == 403


async def test_figures_and_recounts_are_asked_for_as_the_guide_says(caller: Caller) -> None:
    prompt = {"slug": "route", "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    summary = await caller("GET", "/v1/analytics/summary?prompt=route&label=production")
    assert summary.status == 200 and summary.body["prompts"] == {"value": 0, "relative_error": 0.0} and summary.body["end_users"] is None
    days = (await caller("GET", "/v1/analytics/summary?grain=day&prompt=route")).body
    assert days["end_users"]["value"] == 0 and 0.016 < days["end_users"]["relative_error"] < 0.0163
    for question in (
        "timeseries?group_by=app",
        "costs?group_by=api_key",
        "timeseries?metric=sold&group_by=label",
        "summary?app=",
        "costs?provider=x",
    ):
        assert (await caller("GET", f"/v1/analytics/{question}")).status == 200, question
    for question in (
        "timeseries?group_by=app&grain=minute",
        "summary?app=x&model=y",
        "costs?app=x&group_by=label",
        "timeseries?metric=x&app=y",
    ):
        assert (await caller("GET", f"/v1/analytics/{question}")).status == 422, question
    asked = await caller("POST", "/v1/analytics/recount", {"from": "2026-11-12T00:00:00Z"})
    assert (asked.status, asked.body["status"], asked.body["counted_from"]) == (202, "pending", None)
    [shown] = (await caller("GET", "/v1/analytics/recount")).body["data"]
    assert shown == asked.body
    assert (await caller("POST", "/v1/analytics/recount", {"from": "2020-01-01T00:00:00Z"})).status == 422
    [entry] = (await caller("GET", "/v1/audit?action=recount.requested")).body["data"]
    assert entry["object_id"] == asked.body["id"]


PLACE = "prompts/triage"


async def say(person: Caller, state: str, *, place: str = PLACE, tab: str = "a-tab") -> Any:
    answer = await person("PUT", "/v1/presence", {"place": place, "tab": tab, "state": state})
    assert answer.status == 200, answer.body
    return [(one["user_id"], one["editing"]) for one in answer.body["people"]]


@pytest.mark.capability("U1")
async def test_people_see_each_other_come_edit_and_go_at_whichever_gateway(stack: Stack) -> None:
    watcher = await stack.caller()
    stranger = await stack.caller()
    ada, ada_id = await sign_in(stack, watcher.workspace, role="editor")
    edith, edith_id = await sign_in(stack, watcher.workspace, role="viewer")
    async with live(watcher) as events, live(stranger) as theirs:
        await first(events, "hello")
        assert await say(ada.at(stack.gateways[1]), "viewing") == [(str(ada_id), False)]
        assert people(await first(events, "presence")) == [(str(ada_id), False)]
        assert await say(edith, "viewing", tab="another") == [(str(ada_id), False), (str(edith_id), False)]
        await first(events, "presence")
        await say(ada.at(stack.gateways[1]), "editing")
        assert people(await first(events, "presence")) == [(str(ada_id), True), (str(edith_id), False)]
        await say(ada.at(stack.gateways[1]), "left")
        assert people(await first(events, "presence")) == [(str(edith_id), False)]
        outsider, _ = await sign_in(stack, stranger.workspace, role="viewer")
        assert len(await say(outsider, "viewing")) == 1
        assert len(people(await first(theirs, "presence"))) == 1


@pytest.mark.capability("U1")
async def test_a_key_hears_who_is_there_and_is_not_shown(stack: Stack) -> None:
    key = await stack.caller()
    assert await say(key, "editing") == []
    person, user_id = await sign_in(stack, key.workspace, role="viewer")
    await say(person, "viewing")
    assert await say(key, "editing") == [(str(user_id), False)]


@pytest.mark.capability("U1")
@pytest.mark.parametrize("body", [{"place": "prompts"}, {"place": "prompts/a b"}, {"tab": ""}, {"state": "asleep"}, {"user_id": "x"}])
async def test_nonsense_is_refused(stack: Stack, body: dict[str, str]) -> None:
    answer = await (await stack.caller())("PUT", "/v1/presence", {"place": PLACE, "tab": "t", "state": "viewing"} | body)
    assert answer.status == 422 and answer.body["error"]["param"] == next(iter(body))


def people(sent: Sent) -> list[tuple[str, bool]]:
    return [(one["user_id"], one["editing"]) for one in sent[2]["people"]]


@pytest.mark.capability("B3")
async def test_a_stream_goes_on_where_its_caller_sends_too_many_other_requests(stack: Stack, caller: Caller) -> None:
    """Whether they may still look is asked each second of a stream, which was counted when it came."""
    url = await stack.start_gateway(requests_per_minute=10)
    stack.gateways.remove(url)  # others go on with those that limit nobody
    slowed = replace(caller, url=url)
    async with live(slowed) as events:
        await first(events, "hello")
        while (refused := await slowed("GET", "/v1/prompts")).status == 200:
            pass
        assert (refused.status, refused.body["error"]["code"]) == (429, "rate_limited")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3 * RECHECK_S):
                await first(events, "end")
