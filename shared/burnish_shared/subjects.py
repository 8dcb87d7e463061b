"""Every NATS subject, built in one place from ids only, so that no user's text can become part of a subject."""

from uuid import UUID

PREFIX = "burnish.v1"

EXECUTIONS_REQUESTED_INTERACTIVE = f"{PREFIX}.executions.requested.interactive"
"""Core NATS, queue group `executors`."""

EXECUTORS_QUEUE = "executors"

EXECUTIONS_COMPLETED_BATCH = f"{PREFIX}.executions.completed.batch"
FEEDBACK_RECORDED_BATCH = f"{PREFIX}.feedback.recorded.batch"
OPTIMIZATIONS_REQUESTED = f"{PREFIX}.optimizations.requested"
TEST_RUNS_REQUESTED = f"{PREFIX}.test_runs.requested"
BATCHES_REQUESTED = f"{PREFIX}.batches.requested"
PROVIDER_KEYS_TEST = f"{PREFIX}.provider_keys.test"
PROVIDER_LIMITS_HEARD = f"{PREFIX}.provider_limits.heard"
"""Core NATS, queue group `executors`: a request with an answer."""

CONFIG_CHANGED = f"{PREFIX}.config.changed"
"""Core NATS: 'look at config_changes now'. Carries nothing; the table is the truth."""

PRESENCE = f"{PREFIX}.presence.*"
"""Core NATS: who has what open, for live pages. Kept by nobody but in memory."""


def presence(workspace_id: UUID) -> str:
    return f"{PREFIX}.presence.{workspace_id}"


def executions_requested_background(workspace_id: UUID) -> str:
    return f"{PREFIX}.executions.requested.background.{workspace_id}"


def executions_requested_batch(workspace_id: UUID) -> str:
    return f"{PREFIX}.executions.requested.batch.{workspace_id}"


def payload(payload_id: UUID) -> str:
    """Parts of what is too big for one message."""
    return f"{PREFIX}.payloads.{payload_id.hex}"


def execution_cancel(execution_id: UUID) -> str:
    return f"{PREFIX}.executions.cancel.{execution_id.hex}"


def erasure_recorded(workspace_id: UUID, erasure_id: UUID) -> str:
    """A subject for each erasure, so that the number of subjects in the stream is the number of erasures."""
    return f"{PREFIX}.erasures.recorded.{workspace_id}.{erasure_id}"


def event(event_type: str, workspace_id: UUID) -> str:
    """Where an event of the EVENTS stream goes: `alert.raised` → `burnish.v1.alert.raised.<workspace>`.

    `event_type` is one of the constants of `contracts.events`, never a user's text.
    """
    return f"{PREFIX}.{event_type}.{workspace_id}"


def inbox_prefix(service: str) -> bytes:
    """The inbox prefix that a service's NATS user may subscribe to, as nats-py wants it."""
    return f"_INBOX_{service}".encode()


def reply_inbox(service: str, replica: str, token: str) -> str:
    return f"_INBOX_{service}.{replica}.{token}"
