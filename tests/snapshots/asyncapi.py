"""The AsyncAPI document: who says what to whom over NATS, from subjects, streams, permissions and contracts."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from burnish_shared import streams, subjects
from burnish_shared.bus import users

MESSAGE_OF = {
    subjects.EXECUTIONS_REQUESTED_INTERACTIVE: "execution_request",
    streams.BACKGROUND_REQUESTS: "execution_request",
    streams.BATCH_REQUESTS: "execution_request",
    subjects.EXECUTIONS_COMPLETED_BATCH: "executions_completed_batch",
    subjects.FEEDBACK_RECORDED_BATCH: "feedback_batch",
    streams.ERASURE_SUBJECTS: "erasure_tombstone",
}
"""Subject → the contract that its messages carry; every other subject of a stream carries an event, and a wake-up carries nothing."""

WITHOUT_CONTENT = {
    users.CANCELS: "Stops one execution. The body is a word: `cancelled`, or `superseded` and the fence below which claims stop.",
    subjects.PROVIDER_LIMITS_HEARD: "What a provider said of its limits, told to all executors: a hash of key and model, and numbers.",
    subjects.PROVIDER_KEYS_TEST: "Does this provider key work? Carries ids of workspace and key; the answer says so, and never the key.",
    subjects.CONFIG_CHANGED: "Look at config_changes now. Carries nothing; the table is the truth.",
    subjects.OPTIMIZATIONS_REQUESTED: "A wake-up; the job row is the truth.",
    subjects.TEST_RUNS_REQUESTED: "A wake-up; the row of the test run is the truth.",
}

FRAMES = "Frames of one execution: `kind fence chunks body` (burnish_shared/bus/frames.py). The last one carries an execution_outcome."


def asyncapi(contracts: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """AsyncAPI 3.0. A channel is a subject; an operation is a service that sends to it or receives from it."""
    schemas: dict[str, Any] = {}
    for name, model in contracts.items():
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[name] = schema
    channels = {_id(subject): _channel(subject) for subject in _subjects()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Burnish on NATS",
            "version": "1",
            "description": "At least once everywhere; consumers dedupe by event id. A service's NATS user may do what stands here.",
        },
        "servers": {"nats": {"host": "localhost:14222", "protocol": "nats"}},
        "channels": channels,
        "operations": _operations(),
        "components": {
            "messages": {name: {"name": name, "contentType": "application/json", "payload": _schema(name)} for name in contracts},
            "schemas": schemas,
        },
    }


def _subjects() -> list[str]:
    """Subjects that services publish, and the inboxes of those who wait for frames."""
    published = {one for service in users.SERVICES for one in _published(service)}
    return sorted(published)


def _published(service: str) -> set[str]:
    events = {streams.event_subjects(kind) for kind, by in users.EVENT_PUBLISHERS.items() if service in by}
    return set(users.COMMANDS[service]) | events


def _received(service: str) -> dict[str, str]:
    """Subject → how it is read."""
    read = {subject.partition(" ")[0]: "core NATS" for subject in users.CORE_SUBSCRIPTIONS.get(service, ())}
    read |= {f"{subjects.inbox_prefix(service).decode()}.>": "core NATS, the service's own inboxes"}
    for consumer in streams.CONSUMERS:
        if consumer.service == service:
            stream = next(one for one in streams.STREAMS if one.name == consumer.stream)
            read |= dict.fromkeys(consumer.filter_subjects or stream.subjects, f"durable consumer {consumer.durable} of {consumer.stream}")
    return read


def _channel(subject: str) -> dict[str, Any]:
    stream = next((one for one in streams.STREAMS if subject in one.subjects), None)
    described = WITHOUT_CONTENT.get(subject) or (FRAMES if subject.startswith("_INBOX") else "")
    message = MESSAGE_OF.get(subject) or (None if described else "event")
    return {
        "address": subject,
        "description": described or f"Carries {message}.",
        "messages": {message: {"$ref": f"#/components/messages/{message}"}} if message else {},
        "x-stream": None if stream is None else {
            "name": stream.name, "retention": stream.retention, "max_age_s": stream.max_age_s, "discard": stream.discard,
        },
    }  # fmt: skip


def _operations() -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = set(_subjects())
    for service in users.SERVICES:
        for subject in sorted(_published(service)):
            found[f"{service}.send.{_id(subject)}"] = {"action": "send", "channel": {"$ref": f"#/channels/{_id(subject)}"}}
        for subject, how in sorted(_received(service).items()):
            if subject in known:
                found[f"{service}.receive.{_id(subject)}"] = {
                    "action": "receive", "channel": {"$ref": f"#/channels/{_id(subject)}"}, "description": how,
                }  # fmt: skip
    return found


def _id(subject: str) -> str:
    return subject.removeprefix(f"{subjects.PREFIX}.").replace(".*", "").replace(".>", "").replace(".", "_")


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
