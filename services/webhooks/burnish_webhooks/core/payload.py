"""The bytes of a delivery: thin JSON, made once, stored, and sent and signed as they are."""

import json

from burnish_shared.contracts.events import Event

MAX_BODY_BYTES = 256 * 1024
"""A longer body is sent without its data; the link leads to it (PROMISES 5.1)."""

_COLLECTION_OF_NOUN = {
    "alert": "alerts",
    "feedback": "alerts",
    "metric": "alerts",
    "suggestion": "suggestions",
    "optimization": "optimizations",
    "test_run": "test-runs",
    "execution": "executions",
}


def body_of(event: Event, *, base_url: str) -> bytes:
    """What every endpoint of the event receives, at most MAX_BODY_BYTES. `base_url`: where customers reach the API, '' for paths alone."""
    body = _encode(event, data=event.data, base_url=base_url)
    return body if len(body) <= MAX_BODY_BYTES else _encode(event, data={"omitted": "too_large"}, base_url=base_url)


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
    links = {}
    if event.type.startswith("webhook.") and isinstance(event.data.get("endpoint_id"), str):
        links["object"] = f"/v1/webhooks/endpoints/{event.data['endpoint_id']}"
    elif (collection := _COLLECTION_OF_NOUN.get(event.type.partition(".")[0])) and event.object_id:
        links["object"] = f"/v1/{collection}/{event.object_id}"
    if isinstance(event.data.get("prompt"), str):
        links["prompt"] = f"/v1/prompts/{event.data['prompt']}"
    if isinstance(event.data.get("delivery_id"), str):
        links["delivery"] = f"/v1/webhooks/deliveries/{event.data['delivery_id']}"
    return links
