"""The NATS server holds each service to its own subjects (PROMISES T-06)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import nats
import pytest

from burnish_shared import streams, subjects
from burnish_shared.bus import users
from burnish_shared.bus.connect import why_refused

WORKSPACE = uuid4()

PUBLISHED = {
    subjects.EXECUTIONS_REQUESTED_INTERACTIVE: {"gateway"},
    subjects.executions_requested_background(WORKSPACE): {"gateway", "executor"},
    subjects.executions_requested_batch(WORKSPACE): {"gateway", "optimizer", "executor"},
    subjects.execution_cancel(uuid4()): {"gateway", "optimizer"},
    subjects.EXECUTIONS_COMPLETED_BATCH: {"executor"},
    subjects.FEEDBACK_RECORDED_BATCH: {"gateway"},
    subjects.OPTIMIZATIONS_REQUESTED: {"gateway", "optimizer"},
    subjects.CONFIG_CHANGED: {"gateway"},
    subjects.PROVIDER_KEYS_TEST: {"gateway"},
    subjects.PROVIDER_LIMITS_HEARD: {"executor"},
    subjects.event("alert.raised", WORKSPACE): {"analytics"},
    subjects.event("execution.completed", WORKSPACE): {"executor"},
    subjects.event("prompt.label.moved", WORKSPACE): {"gateway", "optimizer"},
    "_INBOX_gateway.0.x": {"executor"},
    "_INBOX_optimizer.0.x": {"executor"},
    "_INBOX_analytics.0.x": set(),
    "$JS.API.STREAM.DELETE.RECORDS": set(),
    "$JS.API.STREAM.PURGE.RECORDS": set(),
    "$JS.API.CONSUMER.DELETE.RECORDS.analytics_records": set(),
    "$JS.API.CONSUMER.CREATE.EXECUTIONS.spy": {"provisioner"},
    "$JS.API.CONSUMER.MSG.NEXT.EXECUTIONS.executor_batch": {"executor"},
    "$JS.API.CONSUMER.MSG.NEXT.RECORDS.analytics_records": {"analytics"},
    "$JS.API.STREAM.MSG.GET.EXECUTIONS": {"provisioner"},
}

SUBSCRIBED = {
    (">", ""): set(),
    ("burnish.v1.>", ""): set(),
    (subjects.EXECUTIONS_REQUESTED_INTERACTIVE, ""): set(),
    (subjects.EXECUTIONS_REQUESTED_INTERACTIVE, subjects.EXECUTORS_QUEUE): {"executor"},
    (subjects.PROVIDER_KEYS_TEST, ""): set(),
    (subjects.PROVIDER_LIMITS_HEARD, ""): {"executor"},
    (subjects.PROVIDER_KEYS_TEST, subjects.EXECUTORS_QUEUE): {"executor"},
    (streams.BACKGROUND_REQUESTS, ""): set(),
    (subjects.EXECUTIONS_COMPLETED_BATCH, ""): {"gateway"},
    (subjects.CONFIG_CHANGED, ""): set(users.SERVICES),
    ("burnish.v1.executions.cancel.>", ""): {"executor"},
    ("_INBOX.>", ""): set(),
    **{(f"_INBOX_{user}.>", ""): {user} for user in users.USERS},
}


async def refused_by_server(url: str, attempt: Callable[[Any], Awaitable[Any]]) -> list[str]:
    """Makes the attempts on one connection; what the server said about those that it refused, in lower case and in order."""
    refused: list[str] = []
    last = asyncio.Event()

    async def on_error(error: Exception) -> None:
        refused.append(str(error).lower())
        if "sentinel" in refused[-1]:
            last.set()

    client = await nats.connect(url, error_cb=on_error, allow_reconnect=False)
    try:
        await attempt(client)
        await client.publish("sentinel", b"")
        await asyncio.wait_for(last.wait(), 60)
    finally:
        await client.close()
    return refused[:-1]


@pytest.mark.promise("T-06")
@pytest.mark.parametrize("user", users.USERS)
async def test_a_user_publishes_what_is_its_own_and_nothing_else(nats_server: Any, streams: None, user: str) -> None:
    async def publish_everything(client: Any) -> None:
        for subject in PUBLISHED:
            await client.publish(subject, b"{}")

    refused = await refused_by_server(nats_server.url(user), publish_everything)
    expected = [subject for subject, allowed in PUBLISHED.items() if user not in allowed]
    assert refused == [f'nats: permissions violation for publish to "{subject.lower()}"' for subject in expected]


@pytest.mark.promise("T-06")
@pytest.mark.parametrize("user", users.USERS)
async def test_a_user_reads_what_is_its_own_and_nothing_else(nats_server: Any, user: str) -> None:
    async def subscribe_to_everything(client: Any) -> None:
        for subject, queue in SUBSCRIBED:
            await client.subscribe(subject, queue=queue)

    refused = await refused_by_server(nats_server.url(user), subscribe_to_everything)
    expected = [one for one, allowed in SUBSCRIBED.items() if user not in allowed]
    assert [text.partition("subscription to ")[2] for text in refused] == [
        f'"{subject.lower()}"' + (f' using queue "{queue}"' if queue else "") for subject, queue in expected
    ]


async def test_why_nats_lets_nobody_in_is_told_without_the_password(nats_server: Any) -> None:
    refused = nats_server.url("provisioner").replace("password-of-provisioner", "hidden")
    assert (said := await why_refused(refused)) == "nats: 'Authorization Violation'" and "hidden" not in said
    assert "Connect call failed" in await why_refused("nats://a:hidden@127.0.0.1:1")
    assert "lets us in" in await why_refused(nats_server.url("provisioner"))
