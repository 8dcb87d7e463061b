"""NATS users: one for each service, allowed to publish and to read its own subjects only (DESIGN section 5, PROMISES T-06).

What a service consumes follows from `streams.CONSUMERS`; what it publishes is named here. Its inboxes lie under `_INBOX_<service>.`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from burnish_shared import streams, subjects

CANCELS: Final = f"{subjects.PREFIX}.executions.cancel.>"

EVENT_PUBLISHERS: Final[dict[str, tuple[str, ...]]] = {
    "prompt.version.created": ("gateway", "optimizer"),
    "prompt.label.moved": ("gateway", "optimizer"),
    "prompt.comment.created": ("gateway",),
    "prompt.comment.resolved": ("gateway",),
    "prompt.review.requested": ("gateway",),
    "prompt.review.decided": ("gateway",),
    "run.comment.created": ("gateway",),
    "run.comment.resolved": ("gateway",),
    "execution.completed": ("executor",),
    "feedback.created": ("analytics",),
    "feedback.retracted": ("analytics",),
    "feedback.threshold_reached": ("analytics",),
    "metric.degraded": ("analytics",),
    "metric.recovered": ("analytics",),
    "alert.raised": ("analytics",),
    "alert.acknowledged": ("gateway",),
    "alert.resolved": ("analytics", "gateway"),
    "test_run.completed": ("optimizer",),
    "chain_test_run.completed": ("optimizer",),
    "batch.completed": ("optimizer",),
    "chain_run.completed": ("gateway",),
    "optimization.completed": ("optimizer",),
    "optimization.failed": ("optimizer",),
    "suggestion.created": ("optimizer",),
    "suggestion.accepted": ("gateway", "optimizer"),
    "suggestion.rejected": ("gateway", "optimizer"),
    "experiment.started": ("gateway",),
    "experiment.paused": ("gateway",),
    "experiment.resumed": ("gateway",),
    "experiment.advanced": ("gateway",),
    "experiment.held": ("gateway",),
    "experiment.decided": ("gateway",),
    "experiment.rolled_back": ("gateway",),
    "budget.threshold_crossed": ("gateway", "executor"),
    "budget.exhausted": ("gateway", "executor"),
    "credits.low": ("gateway", "executor"),
    "credits.exhausted": ("gateway", "executor"),
    "provider_key.unhealthy": ("executor",),
    "usage.anomaly_detected": ("analytics",),
    "data.erased": ("analytics",),
    "report.ready": ("gateway",),
    "webhook.endpoint_disabled": ("webhooks", "gateway"),
    "webhook.delivery.exhausted": ("webhooks",),
    "webhook.test": ("gateway", "webhooks"),
}
"""Which services' relays send which event. A new type of contracts.events needs a line here; a test compares the two."""

COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "gateway": (
        subjects.EXECUTIONS_REQUESTED_INTERACTIVE,
        streams.BACKGROUND_REQUESTS,
        streams.BATCH_REQUESTS,
        CANCELS,
        subjects.FEEDBACK_RECORDED_BATCH,
        subjects.CONFIG_CHANGED,
        subjects.PRESENCE,
        subjects.PROVIDER_KEYS_TEST,
        streams.ERASURE_SUBJECTS,
        streams.PAYLOAD_SUBJECTS,
        *streams.JOB_SUBJECTS,
    ),
    "executor": (
        streams.BACKGROUND_REQUESTS,
        streams.BATCH_REQUESTS,
        subjects.EXECUTIONS_COMPLETED_BATCH,
        subjects.PROVIDER_LIMITS_HEARD,
        streams.PAYLOAD_SUBJECTS,
        "_INBOX_gateway.>",
        "_INBOX_optimizer.>",
    ),
    "optimizer": (streams.BATCH_REQUESTS, CANCELS, *streams.JOB_SUBJECTS),
    "analytics": (),
    "webhooks": (),
}
"""What each service publishes besides events."""

CORE_SUBSCRIPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "gateway": (subjects.EXECUTIONS_COMPLETED_BATCH, subjects.PRESENCE, *(streams.event_subjects(kind) for kind in EVENT_PUBLISHERS)),
    "executor": (
        f"{subjects.EXECUTIONS_REQUESTED_INTERACTIVE} {subjects.EXECUTORS_QUEUE}",
        f"{subjects.PROVIDER_KEYS_TEST} {subjects.EXECUTORS_QUEUE}",
        subjects.PROVIDER_LIMITS_HEARD,
        CANCELS,
    ),
}
"""What a service reads from core NATS besides its inboxes; `subject queue` allows the queue form only."""

READABLE_BY_INDEXER: Final = ("RECORDS", "FEEDBACK", "EVENTS", "JOBS")
"""Streams whose messages the dead-letter indexer (analytics) may fetch by sequence. Not EXECUTIONS: requests are for executors alone."""

READS_TOMBSTONES: Final = (f"$JS.API.STREAM.INFO.{streams.ERASURES.name}", f"$JS.API.STREAM.MSG.GET.{streams.ERASURES.name}")
"""Analytics compares the stream of erasures with the table, most of all after a restore."""

READS_PAYLOADS: Final = ("gateway", "executor")
"""A request that was too big for its message is read by the executor, an answer by the gateway."""

SERVICES: Final = ("gateway", "executor", "optimizer", "analytics", "webhooks")
USERS: Final = ("provisioner", *SERVICES)

PROVISIONER_API: Final = (
    "$JS.API.INFO",
    "$JS.API.STREAM.CREATE.*",
    "$JS.API.STREAM.UPDATE.*",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.MSG.GET.*",
    "$JS.API.CONSUMER.CREATE.>",
    "$JS.API.CONSUMER.INFO.>",
    "$JS.API.CONSUMER.NAMES.*",
    "$JS.API.CONSUMER.LIST.*",
    "$JS.API.STREAM.SNAPSHOT.*",
    "$JS.SNAPSHOT.ACK.>",
    "$JS.API.STREAM.RESTORE.*",
    "$JS.SNAPSHOT.RESTORE.>",
)
"""The provisioner makes and corrects, and hands streams out to a backup and back. It cannot delete or purge anything, by permission and not
by good behaviour alone: it restores a stream only where there is none."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one user may publish and subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def permissions(user: str) -> Permissions:
    """What `user` (one of USERS) may do. Raises KeyError for anybody else."""
    if user == "provisioner":
        return Permissions(PROVISIONER_API, (_inboxes(user),))
    published = (*COMMANDS[user], *(streams.event_subjects(kind) for kind, by in EVENT_PUBLISHERS.items() if user in by))
    return Permissions(
        publish=(*published, *_stream_api(published), *_consumer_api(user), *_indexer_api(user), *_payload_api(user)),
        subscribe=(_inboxes(user), subjects.CONFIG_CHANGED, *CORE_SUBSCRIPTIONS.get(user, ())),
    )


def authorization(passwords: Mapping[str, str]) -> str:
    """The `authorization` block of nats.conf. `passwords` holds one for each of USERS.

    The file that gets them is for its owner only. Raises ValueError when one is missing or shorter than 16 characters.
    """
    lines = ["authorization {", "  users: ["]
    for user in USERS:
        password = passwords.get(user, "")
        if len(password) < 16:
            raise ValueError(f"the NATS user {user} needs a password of at least 16 characters")
        granted = permissions(user)
        lines.append(f"    {{ user: {json.dumps(user)}, password: {json.dumps(password)}, permissions: {{")
        lines.append(f"        publish: {{ allow: {json.dumps(list(granted.publish))} }},")
        lines.append(f"        subscribe: {{ allow: {json.dumps(list(granted.subscribe))} }} }} }}")
    return "\n".join([*lines, "  ]", "}", ""])


def _inboxes(user: str) -> str:
    return f"{subjects.inbox_prefix(user).decode()}.>"


def _stream_api(published: tuple[str, ...]) -> tuple[str, ...]:
    """A relay compares the streams that it writes to with their marks, so it may ask for their state."""
    return tuple(f"$JS.API.STREAM.INFO.{one.name}" for one in streams.STREAMS if set(one.subjects) & set(published))


def _consumer_api(user: str) -> tuple[str, ...]:
    return tuple(
        subject
        for one in streams.CONSUMERS
        if one.service == user
        for subject in (
            f"$JS.API.CONSUMER.MSG.NEXT.{one.stream}.{one.durable}",
            f"$JS.API.CONSUMER.INFO.{one.stream}.{one.durable}",
            f"$JS.ACK.{one.stream}.{one.durable}.>",
        )
    )


def _payload_api(user: str) -> tuple[str, ...]:
    return (f"$JS.API.STREAM.MSG.GET.{streams.PAYLOADS.name}",) if user in READS_PAYLOADS else ()


def _indexer_api(user: str) -> tuple[str, ...]:
    if user != "analytics":
        return ()
    return (*(f"$JS.API.STREAM.MSG.GET.{name}" for name in READABLE_BY_INDEXER), *READS_TOMBSTONES)
