"""What callers are told about webhooks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.webhooks.endpoint import Delivery, DeliveryStatus, Endpoint, EndpointStatus, LoggedAttempt, RestingReason, WaitsFor
from burnish_shared.contracts.webhooks import message_id
from burnish_shared.egress import Target


class EndpointAnswer(BaseModel):
    """An endpoint. Its secret is shown once, when it is made or rotated."""

    id: UUID
    url: str = Field(description="Viewers see it without what follows a question mark.")
    description: str
    events: list[str]
    filters: dict[str, list[str]]
    condition: str
    headers: dict[str, str | None] = Field(description="Null: the value is hidden.")
    headers_revision: int = Field(description="Grows whenever the headers are written, so that a change of a hidden value is noticed.")
    throttle_per_minute: int | None
    ordered: bool
    order_wait_s: int | None
    include: list[str]
    public_key: str | None = Field(description="whpk_…, of the ed25519 signatures (`v1a`); null where there are none.")
    previous_secret_expires_at: datetime | None = Field(description="The secret before this one signs too until then; null: it does not.")
    status: EndpointStatus
    disabled_reason: str | None = Field(description="gone: it answered 410 · failing: nothing arrived for five days")
    resting_until: datetime | None = Field(description="It failed too often and is left in peace until then.")
    resting_reason: RestingReason | None = Field(
        default=None,
        description="failures_in_a_row: ten attempts · share_of_failures: 70 % of at least 20 attempts within five minutes · "
        "failed_again: the attempt after a pause, so the next pause is twice as long",
    )
    failed_in_a_row: int = Field(default=0, description="So many attempts failed since the last that arrived; 0 once one arrives.")
    failing_since: datetime | None = Field(default=None, description="When the first of them failed; null where none did.")
    delivered_count: int
    failed_count: int
    last_delivered_at: datetime | None
    created_at: datetime
    updated_at: datetime


WARNING = Field(default=None, description="What will keep deliveries from arriving, such as a host that has no address; else null.")


class ChangedEndpointAnswer(EndpointAnswer):
    warning: str | None = WARNING
    catch_up_id: UUID | None = Field(default=None, description="The replay that sends what was cancelled meanwhile.")


class NewEndpointAnswer(EndpointAnswer):
    warning: str | None = WARNING
    secret: str = Field(description="whsec_…, for verifying signatures. Shown once.")


class EndpointPage(BaseModel):
    data: list[EndpointAnswer]
    next_cursor: str | None


class DeletedEndpointAnswer(BaseModel):
    id: UUID
    deleted: bool


class RotatedSecretAnswer(BaseModel):
    id: UUID
    secret: str = Field(description="The new secret. Shown once.")
    public_key: str | None = Field(description="Of the new ed25519 key pair, where the endpoint has one.")
    previous_secret_expires_at: datetime = Field(description="Until then both secrets sign.")


class DeliveryAnswer(BaseModel):
    """One event for one endpoint. `id` is the `webhook-id` that the receiver sees."""

    id: str
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    object_id: str | None
    status: DeliveryStatus
    reason: str | None
    attempts: int
    next_attempt_at: datetime | None = Field(
        description="At the earliest; null where it has ended, or its endpoint is paused: then it is tried once the endpoint goes on."
    )
    waits_for: WaitsFor | None = Field(
        description="`endpoint_paused`: until it goes on. `endpoint_resting`: it failed too often, and is left in peace until "
        "`next_attempt_at`. `next_attempt`: until then, after an attempt that failed, or behind the throttle or an earlier event. "
        "Null: it is due, or has ended."
    )
    created_at: datetime
    settled_at: datetime | None


class DeliveryPage(BaseModel):
    data: list[DeliveryAnswer]
    next_cursor: str | None


class AttemptAnswer(BaseModel):
    number: int
    url: str
    started_at: datetime
    duration_ms: int
    status_code: int | None
    error_class: str | None
    response_snippet: str | None = Field(description="The beginning of the answer's body; only for editors and admins.")
    request_headers: dict[str, str | None] | None = Field(
        description="As they were sent, but for values of the endpoint's own headers (null); only for editors and admins."
    )
    response_headers: dict[str, str | None] | None = Field(
        description="As they came, up to 4,000 characters; secrets such as cookies are null. Only for editors and admins."
    )


class DeliveryDetailAnswer(DeliveryAnswer):
    body: dict[str, Any] = Field(description="What is sent; without the texts that the endpoint asks for, which are kept nowhere else.")
    attempt_log: list[AttemptAnswer]


class TestAnswer(BaseModel):
    """The delivery appears within a second or two."""

    delivery_id: str
    event_id: UUID
    warning: str | None = WARNING


class DismissedAnswer(BaseModel):
    dismissed: int = Field(description="At most 10,000 at once; ask again for more, with this `settled_to`.")
    settled_to: datetime = Field(description="What died from this time on was left alone.")


class ReplayAnswer(BaseModel):
    delivery_id: str
    status: str


def warning_of(target: Target | None, endpoint: Endpoint | None = None) -> str | None:
    """What was found that is no reason to refuse, but keeps deliveries from arriving. None: nothing."""
    if endpoint is not None and endpoint.status == "paused":
        return "The endpoint is paused: what is sent waits until it is no more."
    if target is None or target.resolves:
        return None
    return (
        f"The host {target.host!r} has no address at the moment: look for a typing error. Deliveries are tried as usual and fail meanwhile."
    )


def endpoint_answer(endpoint: Endpoint, *, in_full: bool = True) -> EndpointAnswer:
    """`in_full` False: without what may be secret in the URL, for those who only look."""
    return EndpointAnswer(
        id=endpoint.endpoint_id,
        url=endpoint.url if in_full else _bare(endpoint.url),
        description=endpoint.description,
        events=list(endpoint.events),
        filters={name: list(values) for name, values in endpoint.filters.items()},
        condition=endpoint.condition,
        headers=dict(endpoint.headers),
        headers_revision=endpoint.headers_revision,
        throttle_per_minute=endpoint.throttle_per_minute,
        ordered=endpoint.order_wait_s is not None,
        order_wait_s=endpoint.order_wait_s,
        include=list(endpoint.include),
        public_key=endpoint.public_key,
        previous_secret_expires_at=endpoint.previous_secret_expires_at,
        status=endpoint.status,
        disabled_reason=endpoint.disabled_reason,
        resting_until=endpoint.resting_until,
        resting_reason=endpoint.resting_reason,
        failed_in_a_row=endpoint.failed_in_a_row,
        failing_since=endpoint.failing_since,
        delivered_count=endpoint.delivered_count,
        failed_count=endpoint.failed_count,
        last_delivered_at=endpoint.last_delivered_at,
        created_at=endpoint.created_at,
        updated_at=endpoint.updated_at,
    )


def delivery_answer(delivery: Delivery) -> DeliveryAnswer:
    return DeliveryAnswer(
        id=message_id(delivery.event_id, delivery.endpoint_id),
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        object_id=delivery.object_id,
        status=delivery.status,
        reason=delivery.reason,
        attempts=delivery.attempts,
        next_attempt_at=delivery.next_attempt_at,
        waits_for=delivery.waits_for,
        created_at=delivery.created_at,
        settled_at=delivery.settled_at,
    )


def attempt_answer(attempt: LoggedAttempt, *, in_full: bool) -> AttemptAnswer:
    """`in_full` False: receivers' answers, and what may be secret in a URL, are hidden from lower roles (PROMISES W-09)."""
    return AttemptAnswer(
        number=attempt.number,
        url=attempt.url if in_full else _bare(attempt.url),
        started_at=attempt.started_at,
        duration_ms=attempt.duration_ms,
        status_code=attempt.status_code,
        error_class=attempt.error_class,
        response_snippet=attempt.response_snippet if in_full else None,
        request_headers=dict(sorted(attempt.request_headers.items())) if in_full and attempt.request_headers is not None else None,
        response_headers=dict(sorted(attempt.response_headers.items())) if in_full and attempt.response_headers is not None else None,
    )


def _bare(url: str) -> str:
    """The URL without its query, where keys like to stand."""
    address, mark, _ = url.partition("?")
    return address + ("?…" if mark else "")
