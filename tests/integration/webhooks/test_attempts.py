"""One attempt: what it is signed with, what its answer means, and what a process that comes too late may still do."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks import Webhook
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import make_workspace
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import KEK, QUICK, Hooks, an_event

from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealing import seal
from burnish_shared.auth.signing_keys import new_key_pair
from burnish_shared.clock import SystemClock
from burnish_shared.contracts.webhooks import signing_key_context
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from burnish_webhooks import housekeeping, metrics
from burnish_webhooks.core.outcome import Aborted, Answer, Exhausted, Gone, Response, Retry
from burnish_webhooks.deliver import Attempted, LostClaim, NotSent, deliver
from burnish_webhooks.dice import SystemDice
from burnish_webhooks.io import deliveries_store, endpoints_store, texts_store
from burnish_webhooks.io.deliveries_store import Claim
from burnish_webhooks.replay import replay_waiting

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("W3")]


@dataclass
class FakeSender:
    """Answers with one status; `meanwhile` happens before it does."""

    status: int = 200
    headers: dict[str, str] | None = None
    meanwhile: Callable[[], Any] | None = None
    posts: int = 0

    async def post(self, url: str, *, body: bytes, headers: dict[str, str]) -> Answer:
        self.posts += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        return Response(self.status, self.headers or {}, "", 5)


async def _deliver(hooks: Hooks, claim: Claim, http: FakeSender, *, factor: float = 1, kek: bytes = KEK) -> Attempted:
    return await deliver(claim, db=hooks.worker, http=http, dice=SystemDice(), keyring=Keyring(kek), factor=factor)


async def _load(hooks: Hooks, claim: Claim) -> deliveries_store.Due | None:
    async with hooks.worker.unit_of_work(workspaces={hooks.workspace_id}) as tx:
        return await deliveries_store.load(tx, claim)


@pytest.mark.promise("W-03")
async def test_receivers_verify_though_the_clock_of_the_service_is_off(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint_id = await hooks.add_endpoint(receiver.url())
    await hooks.emit(an_event(hooks.workspace_id))
    with monkeypatch.context() as patched:
        patched.setattr(SystemClock, "now", lambda self: datetime.now(UTC) + timedelta(minutes=10))
        async with hooks.delivering():
            await hooks.until_all("delivered")
    Webhook(hooks.secrets[endpoint_id]).verify(receiver.requests[0].body, receiver.requests[0].headers)


async def test_who_refuses_single_messages_is_well(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(12)))
    http = FakeSender(400, {"webhook-delivery": "abort-message"})
    for _ in range(3):
        for claim in await hooks.claims():
            assert isinstance(await _deliver(hooks, claim, http), Aborted)
    state = await hooks.state(endpoint_id)
    assert (http.posts, state["consecutive_failures"], state["opened_until"], state["failing_since"]) == (12, 0, None, None)
    assert {(row["status"], row["reason"]) for row in await hooks.deliveries()} == {("cancelled", "aborted_by_receiver")}
    assert state["failed_count"] == 12, "the figures still say what was answered"


async def test_what_cannot_be_signed_is_counted_shown_and_in_the_end_a_dead_letter(hooks: Hooks) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    http = FakeSender()
    while claims := await hooks.claims():
        attempted = [await _deliver(hooks, claim, http, factor=0, kek=bytes(32)) for claim in claims]
        assert isinstance(attempted[0], Retry | Exhausted) and attempted[0].error_class == "not_sent"
    [row], attempts, state = await hooks.deliveries(), await hooks.attempts(), await hooks.state(endpoint_id)
    assert (row["status"], row["reason"], http.posts) == ("exhausted", "not_sent", 0)
    assert {(one["error_class"], one["status_code"]) for one in attempts} == {("not_sent", None)} and len(attempts) == row["claims"]
    assert (state["consecutive_failures"], state["opened_until"], state["failing_since"]) == (0, None, None), "the endpoint is well"
    assert "webhook.delivery.exhausted" in [one.type for one in await hooks.announced()]


@pytest.mark.promise("W-05")
async def test_a_status_that_came_in_time_counts_though_the_body_never_ends(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["drip"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=100, total_timeout_s=2):
        await hooks.until(lambda rows: rows[0]["status"] == "delivered" or rows[0]["failed_attempts"] == 1)
    (attempt,) = await hooks.attempts()
    assert (attempt["status_code"], attempt["error_class"]) == (200, None) and attempt["duration_ms"] < 60_000


async def test_who_pauses_and_goes_on_does_not_wait_for_a_lease(hooks: Hooks) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    (claim,) = await hooks.claims(lease_s=60)
    await hooks.change_endpoint(endpoint_id, "paused = true")
    http = FakeSender()
    assert await _deliver(hooks, claim, http) == NotSent() and http.posts == 0
    assert await _deliver(hooks, claim, http) == LostClaim(), "what was given back is nobody's"
    assert await hooks.claims() == []
    await hooks.change_endpoint(endpoint_id, "paused = false")
    assert [one.number for one in await hooks.claims()] == [2]


@pytest.mark.promise("W-10")
async def test_nothing_is_sent_to_an_endpoint_that_was_disabled_or_under_a_lease_that_ran_out(
    hooks: Hooks, databases: dict[str, Database]
) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    await hooks.emit(an_event(hooks.workspace_id), an_event(hooks.workspace_id))
    (first,) = await hooks.claims(limit=1, lease_s=0.03)
    await asyncio.sleep(0.04)
    assert await _load(hooks, first) is None
    second = (await hooks.claims(limit=1))[0]
    assert await _load(hooks, second) is not None
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("UPDATE webhook_endpoint_states SET disabled_at = clock_timestamp()")
    assert await _load(hooks, second) is None
    await hooks.change_endpoint(endpoint_id, "enabled_at = clock_timestamp()")
    assert await _load(hooks, second) is not None


@pytest.mark.promise("W-02")
async def test_a_process_that_comes_too_late_announces_nothing_and_counts_no_event(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://slow.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    (late,) = await hooks.claims(lease_s=60)

    async def lose_the_claim() -> None:
        async with databases["superuser"].unit_of_work() as tx:
            await tx.execute("UPDATE webhook_deliveries SET leased_until = clock_timestamp(), next_attempt_at = clock_timestamp()")
            await tx.execute("UPDATE webhook_endpoint_states SET due_at = clock_timestamp()")
        assert len(await hooks.claims(lease_s=60)) == 1

    assert await _deliver(hooks, late, FakeSender(500, meanwhile=lose_the_claim)) == LostClaim()
    (row,) = await hooks.deliveries()
    assert (row["status"], row["failed_attempts"], row["claims"]) == ("pending", 0, 2) and row["leased_until"] is not None
    assert (await hooks.state(endpoint_id))["failed_events"] == 0
    assert [one["number"] for one in await hooks.attempts()] == [1], "it happened, so it is in the log"

    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("UPDATE webhook_deliveries SET failed_attempts = 9")
    last = Claim(late.workspace_id, late.event_id, late.endpoint_id, 2)
    assert await _deliver(hooks, last, FakeSender(500, meanwhile=lose_the_claim)) == LostClaim()
    assert await hooks.announced() == []


@pytest.mark.promise("W-05")
async def test_two_attempts_that_are_answered_410_disable_an_endpoint_once(hooks: Hooks) -> None:
    await hooks.add_endpoint("https://gone.example/")
    await hooks.emit(an_event(hooks.workspace_id), an_event(hooks.workspace_id))
    claims = await hooks.claims()
    first = _deliver(hooks, claims[0], FakeSender(410))

    async def the_other_is_answered() -> None:
        assert await first == Gone()

    assert await _deliver(hooks, claims[1], FakeSender(410, meanwhile=the_other_is_answered)) == Gone()
    assert [one.type for one in await hooks.announced()] == ["webhook.endpoint_disabled"]


async def test_an_event_that_is_replayed_is_counted_once_among_those_that_failed(hooks: Hooks) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    event = an_event(hooks.workspace_id)
    await hooks.emit(event, an_event(hooks.workspace_id))
    for claim in await hooks.claims():
        assert isinstance(await _deliver(hooks, claim, FakeSender(500)), Retry)
    for _ in range(2):
        await hooks.wish_replay(event.id, endpoint_id)
        assert await replay_waiting(db=hooks.worker, limit=9) == 1
        (claim,) = await hooks.claims()
        assert isinstance(await _deliver(hooks, claim, FakeSender(500)), Retry)
    state = await hooks.state(endpoint_id)
    assert (state["failed_events"], state["consecutive_failures"]) == (2, 4)


async def test_seven_of_ten_failures_open_the_breaker_though_some_succeed(hooks: Hooks) -> None:
    endpoint_id = await hooks.add_endpoint("https://flapping.example/")
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(30)))
    answers = iter([500, 500, 500, 200] * 8)
    posts = 0
    while claims := await hooks.claims():
        for claim in claims:
            await _deliver(hooks, claim, FakeSender(next(answers)))
            posts += 1
    state = await hooks.state(endpoint_id)
    assert 21 <= posts <= 24 and state["opened_until"] is not None and state["openings"] == 1
    assert state["due_at"] >= state["opened_until"], "new events and answers that come late do not bring its turn forward"


@pytest.mark.promise("W-09")
@pytest.mark.parametrize(("mode", "kept"), [("nul", "than\ufffdks"), ("gzip", None)])
async def test_whatever_bytes_come_back_are_kept_as_they_are(hooks: Hooks, receiver: Receiver, mode: str, kept: str | None) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = [mode]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=1):
        await hooks.until_all("delivered")
    (attempt,) = await hooks.attempts()
    assert attempt["response_snippet"] == kept if kept else "thanks" not in attempt["response_snippet"]


@pytest.mark.promise("T-02")
async def test_a_cookie_of_one_tenants_receiver_is_sent_nowhere(
    hooks: Hooks, receiver: Receiver, module_database_urls: DatabaseUrls
) -> None:
    other = (await make_workspace(module_database_urls["superuser"])).workspace_id
    await hooks.add_endpoint(receiver.url("/ours"))
    await hooks.add_endpoint(receiver.url("/theirs"), workspace_id=other)
    receiver.modes["/theirs"] = ["cookie"]
    async with hooks.delivering() as dispatcher:
        for workspace_id, posts in ((other, 1), (hooks.workspace_id, 2), (other, 3)):
            await hooks.emit(an_event(workspace_id))
            dispatcher.wake()
            async with asyncio.timeout(60):
                while len(receiver.requests) < posts:
                    await asyncio.sleep(0.005)
        await hooks.until_all("delivered")
    assert not [one for one in receiver.requests if "cookie" in one.headers]


@pytest.mark.promise("W-04")
@pytest.mark.parametrize(("until", "signatures"), [("clock_timestamp() + interval '1 hour'", 2), ("clock_timestamp()", 1), ("NULL", 1)])
async def test_a_key_pair_that_was_replaced_signs_until_its_overlap_ends(
    hooks: Hooks, receiver: Receiver, until: str, signatures: int
) -> None:
    endpoint_id = await hooks.add_endpoint(receiver.url())
    context = signing_key_context(hooks.workspace_id, endpoint_id)
    old, new = (seal(KEK, new_key_pair().private.encode(), context=context) for _ in range(2))
    change = f"signing_key_sealed = $2, previous_signing_key_sealed = $3, previous_secret_until = {until}"
    await hooks.change_endpoint(endpoint_id, change, new, old)
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("delivered")
    assert receiver.requests[0].headers["webhook-signature"].count("v1a,") == signatures


async def test_what_is_cancelled_is_bounded_and_only_at_endpoints_that_are_off(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(5)))

    async def cancel() -> int:
        return await housekeeping.cancel_some(endpoint_id, workspace_id=hooks.workspace_id, reason="endpoint_deleted", db=hooks.worker)

    assert await cancel() == 0 and {row["status"] for row in await hooks.deliveries()} == {"pending"}
    await hooks.change_endpoint(endpoint_id, "deleted_at = clock_timestamp()")
    monkeypatch.setattr(housekeeping, "CANCEL_MOST_ROWS", 3)
    assert (await cancel(), (await hooks.state(endpoint_id))["due_at"].year < 9999) == (3, True)
    assert (await cancel(), (await hooks.state(endpoint_id))["due_at"].year < 9999) == (2, False)


# Order


async def _ordered(hooks: Hooks, url: str = "https://x.example/") -> UUID:
    endpoint_id = await hooks.add_endpoint(url)
    await hooks.change_endpoint(endpoint_id, "order_wait_s = 3600")
    return endpoint_id


@pytest.mark.promise("W-12")
async def test_an_event_waits_while_the_earlier_one_is_under_way(hooks: Hooks) -> None:
    await _ordered(hooks)
    one, two = (an_event(hooks.workspace_id, object_version=version) for version in (1, 2))
    elsewhere = an_event(hooks.workspace_id, object_id="other", object_version=1)
    await hooks.emit(one)
    (claim,) = await hooks.claims()
    await hooks.emit(two, elsewhere)
    assert [now.event_id for now in await hooks.claims()] == [elsewhere.id]
    await _deliver(hooks, claim, FakeSender(200))
    assert [now.event_id for now in await hooks.claims()] == [two.id], "its end brings the next forward"


@pytest.mark.promise("W-05")
async def test_the_end_of_an_earlier_one_cuts_no_wait_of_a_later_one_short(hooks: Hooks) -> None:
    """Whoever waited as long as the order asks for went ahead, failed, and keeps to the schedule of its own attempts."""
    await _ordered(hooks)
    one, two = (an_event(hooks.workspace_id, object_version=version) for version in (1, 2))
    await hooks.emit(one)
    (claim,) = await hooks.claims()
    await hooks.emit(two)
    async with hooks.worker.unit_of_work(workspaces={hooks.workspace_id}) as tx:
        await tx.execute(
            "UPDATE webhook_deliveries SET failed_attempts = 1, next_attempt_at = now() + interval '1 hour' WHERE event_id = $1",
            two.id,
        )
    await _deliver(hooks, claim, FakeSender(200))
    assert await hooks.claims() == []


@pytest.mark.promise("W-12")
async def test_an_event_waits_while_the_earlier_one_waits_for_its_retry(hooks: Hooks) -> None:
    await _ordered(hooks)
    one, two = (an_event(hooks.workspace_id, object_version=version) for version in (1, 2))
    await hooks.emit(one)
    (claim,) = await hooks.claims()
    assert isinstance(await _deliver(hooks, claim, FakeSender(500)), Retry)
    await hooks.emit(two)
    assert await hooks.claims() == []
    async with hooks.worker.unit_of_work(workspaces={hooks.workspace_id}) as tx:
        await deliveries_store.restart(tx, claim.endpoint_id, [one.id])
        await endpoints_store.make_due(tx, claim.endpoint_id)
    (claim,) = await hooks.claims()
    assert claim.event_id == one.id
    await _deliver(hooks, claim, FakeSender(200))
    assert [now.event_id for now in await hooks.claims()] == [two.id]


@pytest.mark.promise("W-12")
async def test_order_is_that_of_the_objects_versions_not_of_the_events_ids(hooks: Hooks) -> None:
    await _ordered(hooks)
    last, next_, first = (an_event(hooks.workspace_id, object_version=version) for version in (3, 2, 1))
    assert last.id < next_.id < first.id
    await hooks.emit(last, next_, first)
    (claim,) = await hooks.claims()
    assert claim.event_id == first.id and await hooks.claims() == []
    await _deliver(hooks, claim, FakeSender(200))
    assert [one.event_id for one in await hooks.claims()] == [next_.id], "its end brings that one forward, too"


@pytest.mark.promise("W-12")
async def test_an_earlier_event_that_another_process_takes_up_a_little_later_goes_first(hooks: Hooks, receiver: Receiver) -> None:
    await _ordered(hooks, receiver.url())
    await hooks.add_endpoint(receiver.url("/unordered"))
    before, one, two = (an_event(hooks.workspace_id, object_version=version) for version in (0, 1, 2))
    async with hooks.delivering(order_hold_s=3) as dispatcher:
        await hooks.emit(before)
        await hooks.emit(two, order_hold_s=3)
        dispatcher.wake()
        await receiver.wait_for(lambda all_: sum(request.path == "/unordered" for request in all_) == 2)
        await hooks.emit(one, order_hold_s=3)
        await hooks.until_all("delivered")
    assert [json.loads(request.body)["object_version"] for request in receiver.at("/hook")] == [0, 1, 2]


# Texts


@pytest.mark.promise("P-08")
async def test_texts_that_cannot_fit_are_not_read(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    await hooks.change_endpoint(endpoint_id, "include = '{output,variables}'")
    execution_id = new_uuid()
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(
            "INSERT INTO execution_contents (execution_id, workspace_id, messages, variables, settings, output, metadata) "
            "VALUES ($1, $2, '[]', '{}', '{}', repeat('x', 600000), '{}')",
            execution_id, hooks.workspace_id,
        )  # fmt: skip
    await hooks.emit(an_event(hooks.workspace_id, "execution.completed", data={"execution_id": str(execution_id)}))
    (claim,) = await hooks.claims()
    due = await _load(hooks, claim)
    assert due is not None
    async with hooks.worker.unit_of_work(workspaces={hooks.workspace_id}) as tx:
        assert await texts_store.load(tx, due) == {"omitted": "too_large"}


async def test_what_became_of_an_attempt_is_counted_by_name(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["hang", "ok"]
    await hooks.emit(an_event(hooks.workspace_id))
    before = [metrics.attempts_total.labels(name)._value.get() for name in ("lost_claim", "delivered")]
    async with hooks.delivering(limits=replace(QUICK, lease_s=6), total_timeout_s=100):
        await receiver.wait_for(lambda all_: len(all_) == 2)
        await hooks.until_all("delivered")
        receiver.released.set()
    after = [metrics.attempts_total.labels(name)._value.get() for name in ("lost_claim", "delivered")]
    assert after == [before[0] + 1, before[1] + 1]
