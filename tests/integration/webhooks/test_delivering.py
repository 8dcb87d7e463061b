"""Deliveries on a real database to a real receiver, with the schedule scaled to milliseconds."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

import asyncpg
import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import make_workspace
from tests.fakes.receiver import Receiver
from tests.integration.bus_parts import fetch
from tests.integration.webhooks.conftest import KEK, QUICK, Hooks, a_secret, an_event

from burnish_shared.auth.sealing import seal
from burnish_shared.contracts.webhooks import message_id, secret_context
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from burnish_webhooks.housekeeping import cancel_switched_off, forget_old, make_partitions, measure
from burnish_webhooks.io import deliveries_store
from burnish_webhooks.replay import replay_waiting

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.promise("W-01", "W-03", "M-02")
@pytest.mark.capability("W1", "W2", "W3")
async def test_an_event_told_twice_becomes_one_signed_delivery(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id = await hooks.add_endpoint(receiver.url(), "alert.raised")
    event = an_event(hooks.workspace_id, data={"prompt": "routing", "text": "größer"})

    assert await hooks.emit(event, event) == 1
    assert await hooks.emit(event) == 0
    async with hooks.delivering():
        (delivery,) = await hooks.until_all("delivered")

    (request,) = receiver.requests
    assert request.id == message_id(event.id, endpoint_id)
    assert request.body == delivery["body"]
    assert Webhook(hooks.secrets[endpoint_id]).verify(request.body, request.headers) == json.loads(request.body)
    assert json.loads(request.body)["data"] == {"prompt": "routing", "text": "größer"}
    assert (request.headers["webhook-attempt"], request.headers["user-agent"]) == ("1", "Burnish-Webhooks/1")
    (attempt,) = await hooks.attempts()
    assert (attempt["status_code"], attempt["error_class"], attempt["response_snippet"]) == (200, None, "thanks")


@pytest.mark.promise("W-01", "M-02")
async def test_an_old_event_that_comes_again_makes_no_second_delivery(hooks: Hooks, databases: dict[str, Database]) -> None:
    before, after = an_event(hooks.workspace_id), an_event(hooks.workspace_id)
    await hooks.emit(before)
    await hooks.add_endpoint("https://some.example/")
    assert await hooks.emit(before, after) == 1
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("DELETE FROM event_ids WHERE event_id = $1", str(after.id))
    assert await hooks.emit(after) == 0


@pytest.mark.promise("W-05", "W-11")
@pytest.mark.capability("W3")
async def test_a_failing_delivery_is_tried_on_schedule_with_one_id(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["500", "drop", "ok"]
    await hooks.emit(an_event(hooks.workspace_id))

    async with hooks.delivering(factor=0.001):
        await hooks.until_all("delivered")

    first, second, third = receiver.requests
    assert {request.id for request in receiver.requests} == {first.id}
    assert [request.headers["webhook-attempt"] for request in receiver.requests] == ["1", "2", "3"]
    assert second.at_s - first.at_s >= 0.004
    assert third.at_s - second.at_s >= 0.24
    assert [attempt["error_class"] for attempt in await hooks.attempts()] == ["http_status", "connection_lost", None]


@pytest.mark.promise("W-05")
async def test_retry_after_is_waited_for(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["503;retry-after=1", "ok"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=0.000001):
        await hooks.until_all("delivered")
    first, second = receiver.requests
    assert second.at_s - first.at_s >= 1.0


@pytest.mark.promise("W-06", "W-13")
@pytest.mark.capability("W3")
async def test_an_exhausted_delivery_is_announced_once_and_can_be_replayed(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id = await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["500"] * 11 + ["ok"]
    event = an_event(hooks.workspace_id)
    await hooks.emit(event)

    async with hooks.delivering(factor=0.0000001) as dispatcher:
        (dead,) = await hooks.until_all("exhausted")
        assert (dead["failed_attempts"], dead["reason"], len(receiver.requests)) == (10, "http_status", 10)
        (notice,) = await hooks.announced()
        assert (notice.type, notice.hops, notice.data["delivery_id"]) == (
            "webhook.delivery.exhausted",
            1,
            message_id(event.id, endpoint_id),
        )
        assert await hooks.emit(notice) == 0

        await _wish_replay(hooks, event.id, endpoint_id)
        assert await replay_waiting(db=hooks.worker, limit=10) == 1
        assert await replay_waiting(db=hooks.worker, limit=10) == 0
        dispatcher.wake()
        (done,) = await hooks.until_all("delivered")
        assert done["failed_attempts"] == 1, "its schedule began anew: a failure more was not the last one"
    assert {request.id for request in receiver.requests} == {message_id(event.id, endpoint_id)}


@pytest.mark.promise("W-13")
async def test_a_notice_about_webhooks_that_fails_causes_no_further_notice(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["500"]
    await hooks.emit(an_event(hooks.workspace_id, "webhook.delivery.exhausted", hops=1))
    async with hooks.delivering(factor=0.0000001):
        await hooks.until_all("exhausted")
    assert await hooks.announced() == []


@pytest.mark.promise("W-05", "W-10")
@pytest.mark.capability("W3")
async def test_410_disables_the_endpoint_and_what_waits_is_cancelled_until_it_is_enabled(
    hooks: Hooks, receiver: Receiver, module_database_urls: DatabaseUrls
) -> None:
    endpoint_id = await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["410", "ok"]
    first = an_event(hooks.workspace_id)
    await hooks.emit(first)
    async with hooks.delivering() as dispatcher:
        await hooks.until_all("cancelled")
        (notice,) = await hooks.announced()
        assert (notice.type, notice.data["reason"], notice.object_id) == ("webhook.endpoint_disabled", "gone", str(endpoint_id))
        by_whom = "SELECT actor, action, after FROM audit_log WHERE object_id = $1"
        (entry,) = await fetch(module_database_urls["superuser"], by_whom, str(endpoint_id))
        assert (entry["actor"], entry["action"]) == ("system:webhooks", "webhook_endpoint.disabled") and "gone" in entry["after"]

        later = an_event(hooks.workspace_id)
        await hooks.emit(later)
        await _wish_replay(hooks, first.id, endpoint_id)
        assert await replay_waiting(db=hooks.worker, limit=10) == 0
        assert [row["status"] for row in await hooks.deliveries()] == ["cancelled", "cancelled"]
        assert len(receiver.requests) == 1

        await hooks.change_endpoint(endpoint_id, "enabled_at = clock_timestamp()")
        for event in (first, later):
            await _wish_replay(hooks, event.id, endpoint_id)
        assert await replay_waiting(db=hooks.worker, limit=10) == 2
        dispatcher.wake()
        await hooks.until_all("delivered")


async def test_a_receiver_can_refuse_one_message_for_good(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["abort", "ok"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=0.000001):
        (row,) = await hooks.until_all("cancelled")
    assert (row["reason"], len(receiver.requests), await hooks.announced()) == ("aborted_by_receiver", 1, [])


@pytest.mark.promise("W-05", "W-08", "W-09")
@pytest.mark.parametrize(
    ("mode", "status", "error_class"),
    [("redirect", 302, "redirect"), ("hang", None, "timeout"), ("drop", None, "connection_lost"), ("huge", 200, None), ("drip", 200, None)],
)
async def test_what_a_receiver_does_is_logged_and_bounded(
    hooks: Hooks, receiver: Receiver, mode: str, status: int | None, error_class: str | None
) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = [mode, "ok"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=0.000001, total_timeout_s={"hang": 0.3, "drip": 2}.get(mode, 50)):
        await hooks.until_all("delivered")
    attempt = (await hooks.attempts())[0]
    assert (attempt["status_code"], attempt["error_class"]) == (status, error_class)
    assert attempt["duration_ms"] < 60_000 and len(attempt["response_snippet"] or "") <= 4096
    assert receiver.at("/elsewhere") == []


@pytest.mark.promise("W-08")
async def test_an_address_that_the_operator_did_not_open_is_not_called(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.add_endpoint(receiver.url())
    await hooks.add_endpoint("https://169.254.169.254/latest")
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=100, policy="10.0.0.0/8"):
        await hooks.until(lambda rows: all(row["failed_attempts"] == 1 for row in rows))
    assert {attempt["error_class"] for attempt in await hooks.attempts()} == {"egress_refused"}
    assert receiver.requests == []


async def test_an_answer_is_settled_though_the_database_was_away_meanwhile(
    hooks: Hooks, receiver: Receiver, module_database_urls: DatabaseUrls
) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["slow=0.2"]
    await hooks.emit(an_event(hooks.workspace_id))
    owner = await asyncpg.connect(module_database_urls["superuser"])
    try:
        async with hooks.delivering():
            await receiver.wait_for(lambda all_: len(all_) == 1)
            await owner.execute("ALTER ROLE burnish_webhooks CONNECTION LIMIT 0")
            await owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'burnish_webhooks'")
            await asyncio.sleep(0.35)
            await owner.execute("ALTER ROLE burnish_webhooks CONNECTION LIMIT -1")
            (row,) = await hooks.until_all("delivered")
    finally:
        await owner.execute("ALTER ROLE burnish_webhooks CONNECTION LIMIT -1")
        await owner.close()
    assert (len(receiver.requests), row["claims"]) == (1, 1)


@pytest.mark.promise("W-07")
@pytest.mark.capability("W3")
async def test_a_hanging_endpoint_holds_up_nobody_and_has_four_attempts_under_way(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.add_endpoint(receiver.url("/hang"))
    for number in range(12):
        await hooks.add_endpoint(receiver.url(f"/ok{number}"))
    receiver.modes["/hang"] = ["hang"]
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(10)))
    async with hooks.delivering(total_timeout_s=100, limits=replace(QUICK, lease_s=120)):
        await receiver.wait_for(lambda all_: sum(one.path != "/hang" for one in all_) == 120)
        assert len(receiver.at("/hang")) == 4
        receiver.released.set()
        await hooks.until_all("delivered")
    assert receiver.most_at_once["/hang"] == 4
    assert max(receiver.most_at_once.values()) <= 4


@pytest.mark.capability("W3")
async def test_the_breaker_postpones_attempts_and_uses_up_none(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id = await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["500"] * 10 + ["ok"]
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(14)))

    # Retries after 5 s scaled by 0.01 = 50 ms; the breaker pauses 60 s scaled = 600 ms.
    async with hooks.delivering(factor=0.01, limits=replace(QUICK, per_endpoint=1)):
        await hooks.until_all("delivered")

    times = [request.at_s for request in receiver.requests]
    assert times[10] - times[9] >= 0.55
    state = await hooks.state(endpoint_id)
    assert (state["consecutive_failures"], state["opened_until"], state["openings"]) == (0, None, 0)
    assert sum(row["failed_attempts"] for row in await hooks.deliveries()) == 10


@pytest.mark.promise("W-10")
async def test_a_paused_endpoint_waits_and_a_deleted_one_is_cancelled(hooks: Hooks, receiver: Receiver) -> None:
    paused, deleted = await hooks.add_endpoint(receiver.url("/paused")), await hooks.add_endpoint(receiver.url("/deleted"))
    await hooks.change_endpoint(paused, "paused = true")
    event = an_event(hooks.workspace_id)
    await hooks.emit(event)
    await hooks.change_endpoint(deleted, "deleted_at = clock_timestamp()")
    async with hooks.delivering() as dispatcher:
        await cancel_switched_off(db=hooks.worker)
        await measure(db=hooks.worker)
        by_endpoint = {row["endpoint_id"]: row for row in await hooks.deliveries()}
        assert (by_endpoint[deleted]["status"], by_endpoint[deleted]["reason"]) == ("cancelled", "endpoint_deleted")
        assert by_endpoint[paused]["status"] == "pending" and receiver.requests == []
        assert (await hooks.state(deleted))["due_at"].year == 9999

        await hooks.change_endpoint(paused, "paused = false")
        dispatcher.wake()
        await receiver.wait_for(lambda all_: len(all_) == 1)
        await hooks.until(lambda rows: {row["status"] for row in rows} == {"delivered", "cancelled"})
    assert receiver.requests[0].path == "/paused"


@pytest.mark.promise("W-04", "S-02")
async def test_while_a_secret_is_rotated_both_sign_and_then_only_the_new_one(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id, new = await hooks.add_endpoint(receiver.url()), a_secret()
    old = hooks.secrets[endpoint_id]
    await hooks.change_endpoint(
        endpoint_id,
        "previous_secret_sealed = secret_sealed, previous_secret_until = $2, secret_sealed = $3",
        datetime.now(UTC) + timedelta(hours=24),
        seal(KEK, new.encode(), context=secret_context(hooks.workspace_id, endpoint_id)),
    )
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering() as dispatcher:
        await hooks.until_all("delivered")
        for secret in (old, new):
            Webhook(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)

        await hooks.change_endpoint(endpoint_id, "previous_secret_until = clock_timestamp()")
        await hooks.emit(an_event(hooks.workspace_id))
        dispatcher.wake()
        await hooks.until_all("delivered")
    Webhook(new).verify(receiver.requests[1].body, receiver.requests[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(receiver.requests[1].body, receiver.requests[1].headers)


@pytest.mark.promise("T-02", "T-04")
async def test_nothing_of_one_tenant_reaches_another(hooks: Hooks, receiver: Receiver, module_database_urls: DatabaseUrls) -> None:
    other = (await make_workspace(module_database_urls["superuser"])).workspace_id
    theirs = await hooks.add_endpoint(receiver.url("/theirs"), workspace_id=other)
    ours = await hooks.add_endpoint(receiver.url("/ours"))
    await hooks.emit(an_event(hooks.workspace_id), an_event(other, "webhook.test", object_id=str(ours)))
    async with hooks.delivering():
        await hooks.until_all("delivered")
    assert [request.path for request in receiver.requests] == ["/ours"]
    for table in ("webhook_endpoints", "webhook_deliveries", "webhook_attempts", "webhook_endpoint_states"):
        async with hooks.gateway.unit_of_work(workspace=other) as tx:
            assert await tx.fetchval(f"SELECT count(*) FROM {table} WHERE endpoint_id <> $1", theirs) == 0
        async with hooks.worker.unit_of_work(workspaces={other}) as tx:
            assert await tx.fetchval(f"SELECT count(*) FROM {table} WHERE endpoint_id <> $1", theirs) == 0
        async with hooks.worker.unit_of_work() as tx:
            assert await tx.fetchval(f"SELECT count(*) FROM {table}") == 0


async def _claims(hooks: Hooks, *, limit: int = 50, lease_s: float = 60) -> list[deliveries_store.Claim]:
    async with hooks.worker.unit_of_work() as tx:
        return await deliveries_store.claim_due(tx, limit=limit, lease_s=lease_s, per_endpoint=4, per_workspace=32)


@pytest.mark.capability("W3")
async def test_turns_go_round_workspaces_and_endpoints_within_the_limits(hooks: Hooks, module_database_urls: DatabaseUrls) -> None:
    quiet = (await make_workspace(module_database_urls["superuser"])).workspace_id
    loud_endpoints = [await hooks.add_endpoint("https://loud.example/") for _ in range(10)]
    quiet_endpoint = await hooks.add_endpoint("https://quiet.example/", workspace_id=quiet)
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(6)))
    await hooks.emit(an_event(quiet))

    first = await _claims(hooks, limit=6)
    assert len(first) == 6 and quiet_endpoint in {claim.endpoint_id for claim in first}
    rest = [claim for _ in range(4) for claim in await _claims(hooks)]
    per_endpoint = {endpoint: sum(claim.endpoint_id == endpoint for claim in first + rest) for endpoint in loud_endpoints}
    assert max(per_endpoint.values()) == 4
    assert sum(per_endpoint.values()) == 32
    assert len({(claim.event_id, claim.endpoint_id) for claim in first + rest}) == len(first + rest) == 33


@pytest.mark.capability("W3")
async def test_an_endpoint_that_is_full_stays_full_when_more_comes(hooks: Hooks) -> None:
    await hooks.add_endpoint("https://busy.example/")
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(5)))
    assert len(await _claims(hooks)) == 4
    await hooks.emit(an_event(hooks.workspace_id))
    assert await _claims(hooks) == []


@pytest.mark.capability("W3")
async def test_after_its_pause_an_endpoint_gets_one_probe(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://recovering.example/")
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(3)))
    pause = "UPDATE webhook_endpoint_states SET opened_until = clock_timestamp() + $2 * interval '1 second' WHERE endpoint_id = $1"
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(pause, endpoint_id, 60)
    assert await _claims(hooks) == []
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(pause, endpoint_id, -1)
    assert len(await _claims(hooks)) == 1
    await hooks.emit(an_event(hooks.workspace_id))
    assert await _claims(hooks) == []


@pytest.mark.promise("W-10")
@pytest.mark.parametrize("change", ["paused = true", "deleted_at = clock_timestamp()"])
async def test_what_was_claimed_is_not_sent_once_the_endpoint_is_off(hooks: Hooks, change: str) -> None:
    endpoint_id = await hooks.add_endpoint("https://some.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    (claim,) = await _claims(hooks)
    async with hooks.worker.unit_of_work(workspaces={hooks.workspace_id}) as tx:
        assert await deliveries_store.load(tx, claim) is not None
    await hooks.change_endpoint(endpoint_id, change)
    async with hooks.worker.unit_of_work(workspaces={hooks.workspace_id}) as tx:
        assert await deliveries_store.load(tx, claim) is None


@pytest.mark.promise("W-02")
async def test_a_lease_that_ran_out_is_claimed_again_and_the_late_process_decides_nothing(
    hooks: Hooks, databases: dict[str, Database]
) -> None:
    await hooks.add_endpoint("https://slow.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    (late,) = await _claims(hooks)
    assert await _claims(hooks) == []
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("UPDATE webhook_deliveries SET leased_until = clock_timestamp(), next_attempt_at = clock_timestamp()")
        await tx.execute("UPDATE webhook_endpoint_states SET due_at = clock_timestamp()")
    (now,) = await _claims(hooks)
    assert (late.number, now.number) == (1, 2)
    async with hooks.worker.unit_of_work(workspaces={hooks.workspace_id}) as tx:
        assert await deliveries_store.load(tx, late) is None
        assert await deliveries_store.settle_finally(tx, late, status="exhausted", reason="timeout") is False
        assert await deliveries_store.settle_finally(tx, now, status="delivered", reason=None) is True
        assert await deliveries_store.settle_finally(tx, now, status="exhausted", reason="timeout") is False


async def test_what_is_older_than_its_retention_goes_and_coming_days_have_partitions(
    hooks: Hooks, module_database_urls: DatabaseUrls
) -> None:
    await hooks.add_endpoint("https://some.example/")
    by_name = an_event(hooks.workspace_id, id=uuid5(hooks.workspace_id, "an id that holds no time"))
    await hooks.emit(an_event(hooks.workspace_id), by_name)
    owner = await asyncpg.connect(module_database_urls["superuser"], server_settings={"search_path": "burnish"})
    try:
        await owner.execute(
            "CALL make_day_partitions('webhook_deliveries', -40, -38); CALL make_day_partitions('webhook_attempts', -40, -38)"
        )
        await owner.execute("DROP TABLE IF EXISTS webhook_deliveries_" + (datetime.now(UTC) + timedelta(days=7)).strftime("%Y%m%d"))
        await owner.execute("UPDATE webhook_deliveries SET created_at = created_at - interval '40 days' WHERE event_id = $1", by_name.id)
        await make_partitions(db=hooks.worker)
        await forget_old(db=hooks.worker, retention_days=30)
        names = [
            row["relname"]
            for row in await owner.fetch("SELECT relname FROM pg_class WHERE relname ~ '^webhook_(deliveries|attempts)_[0-9]{8}$'")
        ]
    finally:
        await owner.close()
    days = {(datetime.now(UTC) + timedelta(days=ahead)).strftime("%Y%m%d") for ahead in range(-1, 8)}
    assert {name.rpartition("_")[2] for name in names if "deliveries" in name} == days
    assert len(await hooks.deliveries()) == 1


async def _wish_replay(hooks: Hooks, event_id: Any, endpoint_id: Any) -> None:
    async with hooks.gateway.unit_of_work(workspace=hooks.workspace_id) as tx:
        await tx.execute(
            "INSERT INTO webhook_replays (replay_id, workspace_id, event_id, endpoint_id) VALUES ($1, $2, $3, $4)",
            new_uuid(), hooks.workspace_id, event_id, endpoint_id,
        )  # fmt: skip
