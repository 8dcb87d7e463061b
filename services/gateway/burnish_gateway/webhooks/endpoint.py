"""What the gateway knows of endpoints and deliveries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from burnish_shared.errors import Conflict, NotFound

EndpointStatus = Literal["active", "paused", "disabled"]
RestingReason = Literal["failures_in_a_row", "share_of_failures", "failed_again"]
DeliveryStatus = Literal["pending", "delivered", "exhausted", "cancelled"]
WaitsFor = Literal["endpoint_paused", "endpoint_resting", "next_attempt"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint without its secret. `resting_until`: left in peace after failures until then.
    `failed_in_a_row`: attempts since the last that arrived, `failing_since` the first of them.

    `headers`: None where a value is hidden. `order_wait_s` None: no order. `public_key` None: no ed25519 signature.
    `previous_secret_expires_at`: the secret before this one signs until then too.
    """

    endpoint_id: UUID
    url: str
    description: str
    events: Sequence[str]
    filters: Mapping[str, Sequence[str]]
    condition: str
    headers: Mapping[str, str | None]
    headers_revision: int
    throttle_per_minute: int | None
    order_wait_s: int | None
    include: Sequence[str]
    public_key: str | None
    previous_secret_expires_at: datetime | None
    status: EndpointStatus
    disabled_reason: str | None
    resting_until: datetime | None
    resting_reason: RestingReason | None
    failed_in_a_row: int
    failing_since: datetime | None
    delivered_count: int
    failed_count: int
    last_delivered_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint. `reason` says why it ended undelivered."""

    event_id: UUID
    endpoint_id: UUID
    event_type: str
    object_id: str | None
    status: DeliveryStatus
    reason: str | None
    attempts: int
    next_attempt_at: datetime | None
    waits_for: WaitsFor | None
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """One attempt as it was logged. `status_code` None: no answer; `error_class` None: delivered."""

    number: int
    url: str
    started_at: datetime
    duration_ms: int
    status_code: int | None
    error_class: str | None
    response_snippet: str | None
    request_headers: Mapping[str, str | None] | None
    response_headers: Mapping[str, str | None] | None


@dataclass(frozen=True, slots=True)
class SealedParts:
    """What of an endpoint is needed for changing it, and never shown. `disabled_at`: None where it is not disabled."""

    headers_sealed: bytes | None
    has_key_pair: bool
    disabled_at: datetime | None


def check_on(endpoint: Endpoint | None) -> None:
    """Raises Conflict where nothing can be sent. None: the endpoint of a delivery that is kept was deleted."""
    if endpoint is None:
        raise Conflict("The endpoint of this delivery was deleted, so nothing can be sent to it.")
    if endpoint.status == "disabled":
        raise Conflict('The endpoint is disabled, so nothing is sent: PATCH it with {"enabled": true} first.')


def endpoint_id_of(text: str) -> UUID:
    """The id of an address. Raises NotFound: what is no id names no endpoint."""
    try:
        return UUID(text)
    except ValueError:
        raise no_such_endpoint() from None


def no_such_endpoint() -> NotFound:
    return NotFound("There is no such webhook endpoint in this workspace.", param="endpoint_id")


def no_such_delivery() -> NotFound:
    return NotFound("There is no such webhook delivery; deliveries are kept for 30 days.", param="delivery_id")
