"""Streams and durable consumers as data (DESIGN section 5, PROMISES 5.3).

`bus.provision` makes them, `bus.users` derives permissions from them.

A new consumer is one more `ConsumerSpec` in `CONSUMERS`; nothing else needs to change. A consumer that nobody reads holds back its
work queue and raises the lag alarms, so it is added together with its reader.
"""

from dataclasses import dataclass
from typing import Final, Literal

from burnish_shared import subjects
from burnish_shared.contracts.events import EVENT_TYPES

SECOND_NS: Final = 1_000_000_000
DAY_S: Final = 86_400
FOR_EVER: Final = 0
"""The server's word for a stream that forgets nothing by age."""

GIB: Final = 1 << 30
DUPLICATE_WINDOW_S: Final = 600
"""How long the server remembers a `Nats-Msg-Id` (PROMISES 5.3). Consumers dedupe by event id for 30 days beyond it."""

REQUEST_MAX_BYTES: Final = (768 << 10) + (16 << 10)
"""A request of at most 768 KiB and its headers; more travels by claim-check."""

RETRY_DELAYS_S: Final = (1.0, 5.0, 30.0, 120.0, 300.0, 900.0)
"""Wait before the next delivery, by the number of deliveries so far; the last one repeats (PROMISES 5.3)."""

EXECUTION_RETRY_DELAYS_S: Final = (1.0, 5.0)

EXECUTIONS_IN_HAND: Final = 4_096
"""Messages of one lane that all executors have in hand at once (PROMISES 5.3). Where it is reached, one tenant's work can take all of it,
whatever each executor keeps for others: 42 executors reach it in the lane of batches."""

STOPS_MOST: Final = 3
"""So many deliveries the server makes beyond those after which a failing message is dead-lettered: what services gave back because they
were stopped is delivered again, and lost to nobody. The server tells how often it delivered, not why it had to again, and a failure may
have been another replica's: so a failure looks at all deliveries (no message fails more often than `max_deliver` says), a stop at none."""


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One stream. `persist_async`: messages are acknowledged before they are on disk, because PostgreSQL sends them again after a loss.

    It holds on a single server only, and the server refuses to change it (err_code 10052). `messages_expire`: each message may say for
    how long it is kept, at most `max_age_s`.
    """

    name: str
    subjects: tuple[str, ...]
    retention: Literal["workqueue", "limits"]
    max_age_s: int
    max_bytes: int
    discard: Literal["old", "new"]
    persist_async: bool = False
    max_message_bytes: int = -1
    duplicate_window_s: int = DUPLICATE_WINDOW_S
    messages_expire: bool = False

    def config(self, *, replicas: int = 1, max_bytes: int | None = None) -> dict[str, object]:
        """The configuration in the server's own words and units (nanoseconds). `max_bytes` stands in for the spec's on a small disk."""
        config: dict[str, object] = {
            "name": self.name,
            "subjects": list(self.subjects),
            "retention": self.retention,
            "storage": "file",
            "discard": self.discard,
            "max_age": self.max_age_s * SECOND_NS,
            "max_bytes": self.max_bytes if max_bytes is None else max_bytes,
            "max_msg_size": self.max_message_bytes,
            "max_msgs": -1,
            "max_msgs_per_subject": -1,
            "max_consumers": -1,
            "duplicate_window": self.duplicate_window_s * SECOND_NS,
            "num_replicas": replicas,
        }
        if self.persist_async and replicas == 1:
            config["persist_mode"] = "async"
        if self.messages_expire:
            config["allow_msg_ttl"] = True
        return config


@dataclass(frozen=True, slots=True)
class ConsumerSpec:
    """One durable pull consumer, and how its loop reads it.

    `filter_subjects` empty: everything in the stream. `batch_messages`, `batch_bytes`: most handed over at once; `gather_ms`: how long the
    loop waits after the first message for its neighbours. `max_deliver`: deliveries after which a message that fails is dead-lettered;
    the server's own limit lies STOPS_MOST above it.
    `handle_timeout_s`: a handler that takes longer is cut off, and its messages count as failed.
    """

    stream: str
    durable: str
    service: str
    filter_subjects: tuple[str, ...] = ()
    ack_wait_s: float = 60.0
    max_deliver: int = 10
    max_ack_pending: int = 5_000
    retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S
    batch_messages: int = 500
    batch_bytes: int = 16 * 1024 * 1024
    gather_ms: int = 10
    handle_timeout_s: float = 120.0

    def config(self, *, ack_wait_s: float | None = None) -> dict[str, object]:
        """The configuration in the server's own words and units. `ack_wait_s` (a setting) stands in for a longer wait of the spec."""
        wait_s = self.ack_wait_s if ack_wait_s is None else min(self.ack_wait_s, ack_wait_s)
        config: dict[str, object] = {
            "durable_name": self.durable,
            "name": self.durable,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": int(wait_s * SECOND_NS),
            "max_deliver": self.max_deliver + STOPS_MOST,
            "max_ack_pending": self.max_ack_pending,
            "max_waiting": 512,
            "replay_policy": "instant",
        }
        if len(self.filter_subjects) == 1:
            config["filter_subject"] = self.filter_subjects[0]
        elif self.filter_subjects:
            config["filter_subjects"] = list(self.filter_subjects)
        return config


BACKGROUND_REQUESTS: Final = f"{subjects.PREFIX}.executions.requested.background.*"
BATCH_REQUESTS: Final = f"{subjects.PREFIX}.executions.requested.batch.*"
ERASURE_SUBJECTS: Final = f"{subjects.PREFIX}.erasures.recorded.*.*"
JOB_SUBJECTS: Final = (subjects.OPTIMIZATIONS_REQUESTED, subjects.TEST_RUNS_REQUESTED, subjects.BATCHES_REQUESTED)


def event_subjects(event_type: str) -> str:
    """Pattern of one event type's subjects, over all workspaces."""
    return f"{subjects.PREFIX}.{event_type}.*"


EXECUTIONS: Final = StreamSpec(
    name="EXECUTIONS",
    subjects=(BACKGROUND_REQUESTS, BATCH_REQUESTS),
    retention="workqueue",
    max_age_s=DAY_S,
    max_bytes=GIB,
    discard="new",
    persist_async=True,
    max_message_bytes=REQUEST_MAX_BYTES,
)
RECORDS: Final = StreamSpec(
    name="RECORDS",
    subjects=(subjects.EXECUTIONS_COMPLETED_BATCH,),
    retention="workqueue",
    max_age_s=7 * DAY_S,
    max_bytes=8 * GIB,
    discard="new",
    persist_async=True,
)
FEEDBACK: Final = StreamSpec(
    name="FEEDBACK",
    subjects=(subjects.FEEDBACK_RECORDED_BATCH,),
    retention="workqueue",
    max_age_s=7 * DAY_S,
    max_bytes=8 * GIB,
    discard="new",
)
EVENTS: Final = StreamSpec(
    name="EVENTS",
    subjects=tuple(event_subjects(one) for one in EVENT_TYPES),
    retention="limits",
    max_age_s=7 * DAY_S,
    max_bytes=GIB,
    discard="old",
)
JOBS: Final = StreamSpec(
    name="JOBS",
    subjects=JOB_SUBJECTS,
    retention="workqueue",
    max_age_s=7 * DAY_S,
    max_bytes=GIB >> 2,
    discard="new",
)
ADVISORY: Final = StreamSpec(
    name="ADVISORY",
    subjects=("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>", "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>"),
    retention="limits",
    max_age_s=7 * DAY_S,
    max_bytes=GIB >> 2,
    discard="old",
)

ERASURES: Final = StreamSpec(
    name="ERASURES",
    subjects=(ERASURE_SUBJECTS,),
    retention="limits",
    max_age_s=FOR_EVER,
    max_bytes=GIB >> 2,
    discard="new",
)
"""Tombstones (PROMISES P-04): they outlive the backups of PostgreSQL, so that a restored one learns what was erased since."""

PAYLOAD_SUBJECTS: Final = f"{subjects.PREFIX}.payloads.*"

PAYLOADS: Final = StreamSpec(
    name="PAYLOADS",
    subjects=(PAYLOAD_SUBJECTS,),
    retention="limits",
    max_age_s=DAY_S + 7200,
    max_bytes=GIB,
    discard="new",
    messages_expire=True,
)
"""What is too big for one message (bus/payloads.py). Each part says how long it is kept: an hour beyond the deadline of its execution."""

STREAMS: Final = (EXECUTIONS, RECORDS, FEEDBACK, EVENTS, JOBS, ADVISORY, ERASURES, PAYLOADS)

INCIDENT_EVENTS: Final = ("budget.threshold_crossed", "budget.exhausted", "credits.low", "credits.exhausted", "provider_key.unhealthy")
"""What analytics makes alerts of."""

EXECUTOR_BACKGROUND: Final = ConsumerSpec(
    stream="EXECUTIONS",
    durable="executor_background",
    service="executor",
    filter_subjects=(BACKGROUND_REQUESTS,),
    ack_wait_s=30.0,
    max_deliver=3,
    max_ack_pending=EXECUTIONS_IN_HAND,
    retry_delays_s=EXECUTION_RETRY_DELAYS_S,
    batch_messages=1,
    gather_ms=0,
    handle_timeout_s=660.0,
)
EXECUTOR_BATCH: Final = ConsumerSpec(
    stream="EXECUTIONS",
    durable="executor_batch",
    service="executor",
    filter_subjects=(BATCH_REQUESTS,),
    ack_wait_s=30.0,
    max_deliver=3,
    max_ack_pending=EXECUTIONS_IN_HAND,
    retry_delays_s=EXECUTION_RETRY_DELAYS_S,
    batch_messages=1,
    gather_ms=0,
    handle_timeout_s=660.0,
)
ANALYTICS_RECORDS: Final = ConsumerSpec(stream="RECORDS", durable="analytics_records", service="analytics")
ANALYTICS_FEEDBACK: Final = ConsumerSpec(stream="FEEDBACK", durable="analytics_feedback", service="analytics")
ANALYTICS_EVENTS: Final = ConsumerSpec(
    stream="EVENTS",
    durable="analytics_events",
    service="analytics",
    filter_subjects=tuple(event_subjects(one) for one in INCIDENT_EVENTS),
)
WEBHOOKS_EVENTS: Final = ConsumerSpec(stream="EVENTS", durable="webhooks_events", service="webhooks", batch_messages=50)
OPTIMIZER_JOBS: Final = ConsumerSpec(stream="JOBS", durable="optimizer_jobs", service="optimizer", batch_messages=8)
ADVISORY_INDEX: Final = ConsumerSpec(stream="ADVISORY", durable="advisory_index", service="analytics", batch_messages=100)

CONSUMERS: Final = (
    EXECUTOR_BACKGROUND,
    EXECUTOR_BATCH,
    ANALYTICS_RECORDS,
    ANALYTICS_FEEDBACK,
    ANALYTICS_EVENTS,
    WEBHOOKS_EVENTS,
    OPTIMIZER_JOBS,
    ADVISORY_INDEX,
)
"""Every durable consumer. The names are part of the dead-letter rows and of the permissions: a rename makes a new consumer."""


def consumers_of(stream: str) -> tuple[ConsumerSpec, ...]:
    return tuple(one for one in CONSUMERS if one.stream == stream)
