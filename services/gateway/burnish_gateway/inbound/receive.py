"""One message of somebody else's system: verified, mapped, made durable."""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_gateway.deps import Gateway
from burnish_gateway.feedback.bodies import FeedbackBody
from burnish_gateway.feedback.mask_reactions import as_kept
from burnish_gateway.feedback.record import check, items_of
from burnish_gateway.feedback.targets import with_targets
from burnish_gateway.inbound.book import Receiver
from burnish_gateway.inbound.mapping import FieldMapping, mapped
from burnish_gateway.inbound.metrics import RECEIVED
from burnish_gateway.inbound.refusals import Reason
from burnish_gateway.inbound.signature import SignatureRule, Verified, verify, why_not
from burnish_gateway.strict_json import parse_json
from burnish_gateway.throttle import Throttle
from burnish_gateway.wire import parse_model
from burnish_shared.errors import BurnishError, InvalidBody, InvalidField, PayloadTooLarge, RateLimited, Unauthenticated, Unavailable
from burnish_shared.hops import HEADER
from burnish_shared.ids import derived_uuid

BODY_MOST_BYTES: Final = 256 * 1024

MESSAGES: Final = Throttle(rate_per_s=100, burst=500)
"""By endpoint."""

REFUSALS: Final = Throttle(rate_per_s=1, burst=60)
"""By address of the sender. What is signed well is taken all the same: many may share an address with somebody who guesses."""

LOOKUPS: Final = Throttle(rate_per_s=10, burst=200)
"""By address of the sender, for endpoints that are not in memory: whoever makes up ids costs PostgreSQL no more, and pushes out of memory
no more, than this."""

NOBODY: Final = SignatureRule("standard_webhooks")
NOBODYS_KEY: Final = secrets.token_bytes(32)
"""What a message to an endpoint that is not there is compared with, so that it takes as long as one with a bad signature."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """`message_id`: the sender's own id of the message, where the mapping says where it stands."""

    body: FeedbackBody
    message_id: str | None


async def receive(gateway: Gateway, endpoint_id: str, raw: bytes, headers: Mapping[str, str], *, address: str) -> UUID | None:
    """The feedback's id; None where the mapping's `when` leaves the message alone.

    Raises Unauthenticated in one and the same way for whatever is wrong with endpoint, signature or time; RateLimited; InvalidField where
    the payload does not give what the mapping asks for; Unavailable.
    """
    receiver = await _find(gateway, endpoint_id, address=address)
    now = gateway.clock.now()
    verified = _verified(receiver, raw, headers, now=now)
    if receiver is None or verified is None:
        wait_s = REFUSALS.take(address, now_s=time.monotonic())
        if receiver is not None:
            why = why_not(receiver.rule, headers, now_s=now.timestamp())
            gateway.inbound_refusals.note(receiver, "throttled" if wait_s > 0 else "signature", why, at=now)
        _let_in(wait_s)
        RECEIVED.labels("refused").inc()
        raise Unauthenticated("There is no such endpoint, or the signature does not fit: it is missing, wrong, or older than 5 minutes.")
    try:
        _let_in(MESSAGES.take(str(receiver.endpoint_id), now_s=time.monotonic()))
        return await _take(gateway, receiver, raw, headers, message_id=verified.message_id)
    except (InvalidBody, InvalidField, RateLimited) as error:
        gateway.inbound_refusals.note(receiver, _reason(error), error.message, param=error.param, at=now)
        raise


async def note_too_large(gateway: Gateway, endpoint_id: str, error: PayloadTooLarge, *, address: str) -> None:
    """Remembers that a message was too long to be read, where there is such an endpoint. The sender hears 413 in any case."""
    RECEIVED.labels("refused").inc()
    try:
        receiver = await _find(gateway, endpoint_id, address=address)
    except (RateLimited, Unavailable):
        return
    if receiver is not None:
        gateway.inbound_refusals.note(receiver, "too_large", error.message, at=gateway.clock.now())


def _reason(error: BurnishError) -> Reason:
    if isinstance(error, RateLimited):
        return "too_many"
    return "mapping" if isinstance(error, InvalidField) and error.param != HEADER else "body"


def _verified(receiver: Receiver | None, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> Verified | None:
    """By the secret, or the one before it while it is good. Two are looked at in any case, so that it takes as long."""
    rule, key = (receiver.rule, receiver.key) if receiver is not None else (NOBODY, NOBODYS_KEY)
    is_good = receiver is not None and receiver.previous_until is not None and now < receiver.previous_until
    previous = receiver.previous_key if is_good and receiver is not None and receiver.previous_key is not None else NOBODYS_KEY
    found = [verify(rule, one, raw, headers, now_s=now.timestamp()) for one in (key, previous)]
    return found[0] or found[1]


async def _take(gateway: Gateway, receiver: Receiver, raw: bytes, headers: Mapping[str, str], *, message_id: str | None) -> UUID | None:
    if HEADER in headers:
        raise InvalidField("This message comes from Burnish's own webhooks; feedback on it would go round for ever.", param=HEADER)
    found = await reaction_in(gateway, receiver.workspace_id, receiver.mapping, _payload(raw))
    if found is None:
        RECEIVED.labels("left_alone").inc()
        return None
    body = found.body
    [body] = await with_targets(gateway.db, receiver.workspace_id, [body])
    stores_text = await _stores_text(gateway, receiver.workspace_id)
    [body] = await as_kept(gateway.rules, receiver.workspace_id, [body], stores_text=stores_text)
    told = found.message_id or message_id or hashlib.sha256(raw).hexdigest()
    feedback_id = derived_uuid(receiver.endpoint_id, told)
    sent_by = f"inbound:{receiver.endpoint_id}"
    items = items_of(body, feedback_id=feedback_id, workspace_id=receiver.workspace_id, sent_by=sent_by, now=gateway.clock.now())
    await gateway.feedback.record(items)
    RECEIVED.labels("taken").inc()
    return feedback_id


async def reaction_in(gateway: Gateway, workspace_id: UUID, mapping: FieldMapping, payload: Mapping[str, Any]) -> Reaction | None:
    """What a payload comes to by a mapping; None where `when` leaves it alone. Raises InvalidField."""
    found = mapped(mapping, payload)
    if found is None:
        return None
    body = _body(found.body)
    metrics = await gateway.metrics.of(workspace_id) if body.metric is not None else {}
    check(body, metrics, stores_text=await _stores_text(gateway, workspace_id))
    return Reaction(body, found.message_id)


async def _stores_text(gateway: Gateway, workspace_id: UUID) -> bool:
    return (await gateway.authenticator.workspaces.get(workspace_id)).store_content


def _payload(raw: bytes) -> dict[str, Any]:
    payload = parse_json(raw, duplicate_keys=True)
    if not isinstance(payload, dict):
        raise InvalidBody("The body must be a JSON object.")
    return payload


def _body(fields: dict[str, Any]) -> FeedbackBody:
    try:
        return parse_model(FeedbackBody, json.dumps(fields).encode())
    except (InvalidBody, InvalidField) as error:
        raise InvalidField(f"The mapping gave what is no feedback. {error.message}", param=error.param) from error


async def _find(gateway: Gateway, endpoint_id: str, *, address: str) -> Receiver | None:
    try:
        wanted = UUID(endpoint_id)
    except ValueError:
        return None
    if not gateway.inbound.knows(wanted):
        _let_in(LOOKUPS.take(address, now_s=time.monotonic()))
    return await gateway.inbound.find(wanted)


def _let_in(wait_s: float) -> None:
    if wait_s > 0:
        RECEIVED.labels("slowed_down").inc()
        raise RateLimited("Too many messages; the next one is taken in a moment.", retry_after_s=wait_s)
