"""What the gateway, which configures webhooks, and the service that sends them must agree on."""

from typing import Final
from uuid import UUID

SECRET_PREFIX: Final = "whsec_"  # noqa: S105
SECRET_BYTES: Final = 32

SIGNING_KEY_PREFIX: Final = "whsk_"
PUBLIC_KEY_PREFIX: Final = "whpk_"
"""Of the ed25519 key pair that signs `v1a`, as Standard Webhooks writes them: base64 after the prefix."""

FAILURES_IN_A_ROW_MOST: Final = 10
"""After so many attempts without one that arrived, an endpoint is left in peace for a while (PROMISES 5.1)."""

CONDITION_NAMES: Final = frozenset(
    {"type", "data", "object_id", "object_version", "simulated", "occurred_at", "event_id", "workspace_id", "hops"}
)
"""What the condition of an endpoint can speak of."""

FILTER_FIELDS: Final = {"prompts": ("prompt", "slug", "prompt_id"), "labels": ("label",)}
"""A filter of an endpoint → the fields of an event's data that it looks at; one of them must hold a wanted value."""

UNSUBSCRIBABLE: Final = frozenset({"webhook.test"})
"""It goes to one endpoint whatever that asked for."""

BY_NAME_ALONE: Final = frozenset({"feedback.created"})
"""So many that an endpoint gets them only where it names them: no wildcard covers them."""


def secret_context(workspace_id: UUID, endpoint_id: UUID) -> str:
    """What an endpoint's secret is bound to when it is sealed (PROMISES S-02)."""
    return f"webhook_secret|{workspace_id}|{endpoint_id}"


def headers_context(workspace_id: UUID, endpoint_id: UUID) -> str:
    """What an endpoint's static headers are bound to."""
    return f"webhook_headers|{workspace_id}|{endpoint_id}"


def signing_key_context(workspace_id: UUID, endpoint_id: UUID) -> str:
    """What an endpoint's ed25519 key is bound to."""
    return f"webhook_signing_key|{workspace_id}|{endpoint_id}"


def message_id(event_id: UUID, endpoint_id: UUID) -> str:
    """`webhook-id`, and the delivery's id in the API: the same in every attempt and replay, without the dot that the signature reserves."""
    return f"msg_{event_id.hex}_{endpoint_id.hex}"


def parse_message_id(text: str) -> tuple[UUID, UUID] | None:
    """Event and endpoint of a message id; None for what is none."""
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != "msg" or any(len(part) != 32 or not part.isalnum() for part in parts[1:]):
        return None
    try:
        return UUID(hex=parts[1]), UUID(hex=parts[2])
    except ValueError:
        return None
