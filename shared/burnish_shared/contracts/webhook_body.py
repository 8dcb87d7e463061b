"""The bytes of a delivery: thin JSON, made once, stored, and sent and signed as they are."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, get_args
from urllib.parse import quote

from burnish_shared.contracts.event_catalogue import CATALOGUE
from burnish_shared.contracts.events import Event

MAX_BODY_BYTES = 256 * 1024
"""A longer body is sent without its data; the link leads to it (PROMISES 5.1)."""

_LINKS = {
    "alert_id": ("alert", "/v1/alerts/"),
    "suggestion_id": ("suggestion", "/v1/suggestions/"),
    "job_id": ("optimization", "/v1/optimizations/"),
    "test_run_id": ("test_run", "/v1/test-runs/"),
    "execution_id": ("execution", "/v1/executions/"),
    "example_execution_id": ("execution", "/v1/executions/"),
    "session_id": ("session", "/v1/sessions/"),
    "dataset_id": ("dataset", "/v1/datasets/"),
    "prompt": ("prompt", "/v1/prompts/"),
    "slug": ("prompt", "/v1/prompts/"),
    "endpoint_id": ("endpoint", "/v1/webhooks/endpoints/"),
    "delivery_id": ("delivery", "/v1/webhooks/deliveries/"),
    "budget_id": ("budget", "/v1/budgets/"),
    "live_evaluation_id": ("live_evaluation", "/v1/live-evaluations/"),
    "erasure_id": ("erasure", "/v1/erasures/"),
    "provider_key_id": ("provider_key", "/v1/provider-keys/"),
    "report_id": ("report", "/v1/reports/"),
    "batch_id": ("batch", "/v1/batches/"),
    "chain_run_id": ("chain_run", "/v1/chain-runs/"),
    "experiment_id": ("experiment", "/v1/experiments/"),
}
"""A field of the event's data → the link made of it: its name and the path that it completes."""

_OF_CHAINS = {"slug": ("chain", "/v1/chains/")}
"""Of the events of chains, whose slug names no prompt."""

_CREDITS = {"credits": "/v1/credits"}
"""Of the events `credits.*`, which are about the workspace."""

UNSENT = frozenset({"account_id"})
"""Fields of events that are ours."""


MOMENTS: Final = frozenset({"at"}) | {
    name
    for kind in CATALOGUE.values()
    for name, field in kind.data.model_fields.items()
    if datetime in (field.annotation, *get_args(field.annotation))
}
"""Fields of data that hold a moment, as text by whoever told of the event: PostgreSQL and Python write UTC as `+00:00`."""


def body_of(event: Event, *, base_url: str) -> bytes:
    """What every endpoint of the event receives, at most MAX_BODY_BYTES. `base_url`: where customers reach the API, '' for paths alone."""
    data = {name: with_plain_moments(value, name=name) for name, value in event.data.items() if name not in UNSENT}
    body = _encode(event, data=data, base_url=base_url)
    return body if len(body) <= MAX_BODY_BYTES else _encode(event, data={"omitted": "too_large"}, base_url=base_url)


def with_texts(body: bytes, texts: Mapping[str, Any]) -> bytes:
    """The body with `content`: texts that its endpoint asked for. Where they do not fit, `content` says so and the link leads to them."""
    thin = json.loads(body)
    for content in (dict(texts), {"omitted": "too_large"}):
        whole = json.dumps(thin | {"content": content}, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        if len(whole) <= MAX_BODY_BYTES:
            return whole
    return body


def with_plain_moments(value: Any, *, name: str = "") -> Any:
    """The same with every moment in UTC ending in `Z`, as the time of the event does (RFC 3339 allows both). `name`: of the field."""
    if isinstance(value, dict):
        return {key: with_plain_moments(one, name=key) for key, one in value.items()}
    if isinstance(value, list):
        return [with_plain_moments(one, name=name) for one in value]
    is_utc = name in MOMENTS and isinstance(value, str) and value.endswith("+00:00")
    return value.removesuffix("+00:00") + "Z" if is_utc else value


def _encode(event: Event, *, data: object, base_url: str) -> bytes:
    content = {
        "type": event.type,
        "timestamp": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "data": data,
        "event_id": str(event.id),
        "workspace_id": str(event.workspace_id),
        "object_id": event.object_id,
        "object_version": event.object_version,
        "simulated": event.simulated,
        "hops": event.hops,
        "links": {name: base_url.rstrip("/") + path for name, path in _links(event).items()},
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _links(event: Event) -> dict[str, str]:
    known = _LINKS | _OF_CHAINS if event.type.startswith(("chain_run.", "chain_test_run.")) else _LINKS
    named = ((known[field], event.data.get(field)) for field in known)
    lead = _CREDITS if event.type.startswith("credits.") else {}
    return lead | {name: path + quote(value, safe="") for (name, path), value in named if isinstance(value, str) and value}
