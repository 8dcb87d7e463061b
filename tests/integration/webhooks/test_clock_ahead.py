"""A clock that ran ahead and was put right: nothing rests until it is there again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import Hooks, an_event

from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from burnish_webhooks.bring_back import bring_back
from burnish_webhooks.core.breaker import OPENS_AFTER, PAUSE_S
from burnish_webhooks.core.schedule import JITTER_RATIO, SLOTS_S

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("C-12"), pytest.mark.capability("W3")]

AHEAD = timedelta(days=2)
LEASE_S = 60.0

SHIFTED = {
    "webhook_deliveries": ("next_attempt_at", "leased_until", "waiting_since", "created_at"),
    "webhook_endpoint_states": (
        "due_at", "served_at", "opened_until", "failing_since", "window_since", "sent_until", "last_failed_at", "last_delivered_at",
    ),
    "webhook_attempts": ("started_at",),
    "alert_notices": ("next_attempt_at",),
    "mails": ("next_attempt_at",),
}  # fmt: skip


async def _had_run_ahead(databases: dict[str, Database], by: timedelta = AHEAD) -> None:
    """As if all of it was written while the clock ran ahead."""
    async with databases["superuser"].unit_of_work() as tx:
        for table, columns in SHIFTED.items():
            await tx.execute(f"UPDATE {table} SET " + ", ".join(f"{column} = {column} + $1" for column in columns), by)
        await tx.execute("UPDATE webhook_replay_pace SET spent_until = clock_timestamp() + $1", by)


async def _mend(hooks: Hooks) -> int:
    return await bring_back(db=hooks.worker, lease_s=LEASE_S, order_hold_s=1.0)


async def _waits_s(hooks: Hooks) -> list[float]:
    rows = await hooks.rows(
        "SELECT extract(epoch FROM next_attempt_at - clock_timestamp())::float8 AS s FROM webhook_deliveries ORDER BY event_id"
    )
    return [row["s"] for row in rows]


async def _ahead_s(hooks: Hooks, endpoint_id: UUID, column: str) -> float:
    [row] = await hooks.rows(
        f"SELECT extract(epoch FROM {column} - clock_timestamp())::float8 AS s FROM webhook_endpoint_states WHERE endpoint_id = $1",
        endpoint_id,
    )
    found: float = row["s"]
    return found


async def test_what_was_made_while_the_clock_ran_ahead_goes_out(hooks: Hooks, receiver: Receiver, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint(receiver.url())
    await hooks.emit(an_event(hooks.workspace_id), an_event(hooks.workspace_id))
    await _had_run_ahead(databases)
    assert await hooks.claims() == []
    assert await _mend(hooks) > 0
    assert max(await _waits_s(hooks)) <= 5
    nothing_said = ("opened_until", "failing_since", "window_since", "sent_until")
    assert [(await hooks.state(endpoint_id))[column] for column in nothing_said] == [None] * 4
    assert [row["leased_until"] for row in await hooks.deliveries()] == [None] * 2
    async with databases["superuser"].unit_of_work() as tx:  # those seconds later
        await tx.execute("UPDATE webhook_deliveries SET next_attempt_at = next_attempt_at - interval '5 seconds'")
        await tx.execute("UPDATE webhook_endpoint_states SET due_at = due_at - interval '5 seconds'")
        pace = await tx.fetchval("SELECT extract(epoch FROM spent_until - clock_timestamp())::float8 FROM webhook_replay_pace")
    assert pace <= 1
    async with hooks.delivering():
        await hooks.until_all("delivered")
    assert await _mend(hooks) == 0


@pytest.mark.parametrize("by", [AHEAD, timedelta(hours=1)], ids=["two days", "an hour"])
async def test_a_failed_delivery_waits_for_its_slot_and_the_breaker_for_its_pause(
    hooks: Hooks, receiver: Receiver, databases: dict[str, Database], by: timedelta
) -> None:
    endpoint_id = await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["500"]
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(OPENS_AFTER)))
    async with hooks.delivering(factor=1):
        await hooks.until(lambda rows: sum(row["failed_attempts"] for row in rows) >= OPENS_AFTER)
    await _had_run_ahead(databases, by)
    await _mend(hooks)
    waits_s = await _waits_s(hooks)
    assert max(waits_s) <= SLOTS_S[1] * (1 + JITTER_RATIO), waits_s
    assert await _ahead_s(hooks, endpoint_id, "opened_until") <= PAUSE_S
    for column in ("failing_since", "served_at"):
        assert await _ahead_s(hooks, endpoint_id, column) <= 0
    assert await _ahead_s(hooks, endpoint_id, "due_at") <= PAUSE_S
    assert await _mend(hooks) == 0


async def test_a_lease_of_a_process_that_died_meanwhile_ends(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    assert len(await hooks.claims(lease_s=LEASE_S)) == 1
    await _had_run_ahead(databases)
    await _mend(hooks)
    [row] = await hooks.rows("SELECT extract(epoch FROM leased_until - clock_timestamp())::float8 AS s FROM webhook_deliveries")
    assert row["s"] <= LEASE_S and max(await _waits_s(hooks)) <= LEASE_S and await _ahead_s(hooks, endpoint_id, "due_at") <= LEASE_S


@pytest.mark.parametrize("asked", ["86000", "Tue, 30 Nov 2100 00:00:00 GMT"])
async def test_what_lies_within_its_schedule_is_left_alone(hooks: Hooks, receiver: Receiver, asked: str) -> None:
    endpoint_id = await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = [f"503;retry-after={asked}"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=1):
        await hooks.until(lambda rows: rows[0]["failed_attempts"] == 1)
    before, state = await hooks.deliveries(), await hooks.state(endpoint_id)
    assert (await _waits_s(hooks))[0] > 80_000
    assert await _mend(hooks) == 0
    assert (await hooks.deliveries(), await hooks.state(endpoint_id)) == (before, state)


async def test_what_a_receiver_asked_for_is_waited_for_by_the_right_clock(
    hooks: Hooks, receiver: Receiver, databases: dict[str, Database]
) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["503;retry-after=7200"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=1):
        await hooks.until(lambda rows: rows[0]["failed_attempts"] == 1)
    await _had_run_ahead(databases)
    await _mend(hooks)
    assert 7_000 < (await _waits_s(hooks))[0] <= 7_200


async def test_notices_and_mails_go_out_too(hooks: Hooks, databases: dict[str, Database]) -> None:
    channel_id = new_uuid()
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(
            "INSERT INTO alert_channels (channel_id, workspace_id, name, kind, settings) VALUES ($1, $2, 'c', 'email', '{}')",
            channel_id, hooks.workspace_id,
        )  # fmt: skip
        for attempts, status in ((0, "pending"), (1, "pending"), (0, "sent")):
            await tx.execute(
                "INSERT INTO alert_notices (event_id, channel_id, workspace_id, event_type, body, occurred_at, attempts, status)"
                " VALUES ($1, $2, $3, 'test', '{}', now(), $4, $5)",
                new_uuid(), channel_id, hooks.workspace_id, attempts, status,
            )  # fmt: skip
        await tx.execute(
            "INSERT INTO mails (mail_id, workspace_id, kind, sealed, expires_at)"
            " VALUES ($1, $2, 'invitation', '', now() + interval '9 days')",
            new_uuid(), hooks.workspace_id,
        )  # fmt: skip
    await _had_run_ahead(databases)
    assert await _mend(hooks) == 3
    wait = "extract(epoch FROM next_attempt_at - clock_timestamp())::float8 AS s"
    async with databases["superuser"].unit_of_work() as tx:
        notices: list[Any] = await tx.fetch(f"SELECT {wait} FROM alert_notices WHERE status = 'pending' ORDER BY attempts")
        [mail] = await tx.fetch(f"SELECT {wait} FROM mails")
        await tx.execute("DELETE FROM mails")
        await tx.execute("DELETE FROM alert_notices")
    assert notices[0]["s"] <= 5 and notices[1]["s"] <= 3_600 and mail["s"] <= 90
