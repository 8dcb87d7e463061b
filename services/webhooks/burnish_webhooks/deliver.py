"""One attempt at one delivery: claim, send without a transaction, settle."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, assert_never

import structlog

from burnish_shared import failpoints, tracing
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.signing_keys import signer
from burnish_shared.contracts.events import Event, EventType
from burnish_shared.contracts.webhook_body import with_texts
from burnish_shared.contracts.webhooks import headers_context, message_id, secret_context, signing_key_context
from burnish_shared.db import outbox
from burnish_shared.db.audit_log import add_entry
from burnish_shared.db.session import Database, Tx
from burnish_shared.egress import look_up_for
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid
from burnish_webhooks import metrics
from burnish_webhooks.core import breaker
from burnish_webhooks.core.breaker import Health
from burnish_webhooks.core.notice import CANNOT_BE_MADE
from burnish_webhooks.core.outcome import Aborted, Answer, Delivered, Exhausted, Gone, NoResponse, Outcome, Response, Retry, classify
from burnish_webhooks.core.shown_headers import Shown, shown_request
from burnish_webhooks.core.signature import key_of, signature_header
from burnish_webhooks.core.told_back import without_own
from burnish_webhooks.dice import Dice
from burnish_webhooks.io import deliveries_store, endpoints_store, texts_store
from burnish_webhooks.io.deliveries_store import Attempt, Claim, Due
from burnish_webhooks.io.endpoints_store import EndpointState, Failure

log = structlog.get_logger("burnish.webhooks")

USER_AGENT = "Burnish-Webhooks/1"

SETTLE_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""While PostgreSQL restarts, what was sent already is worth some patience: else the receiver gets it twice. The lease lasts longer."""

A_MOMENT = timedelta(minutes=2)
"""An attempt begins before the failure that it ends with, by less than this."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The endpoint was switched off or paused since the claim: nothing left this process, and the delivery is as it was before."""


@dataclass(frozen=True, slots=True)
class LostClaim:
    """The lease ran out before the attempt began or ended: somebody else decides. An answer that came is in the log."""


Attempted = Outcome | NotSent | LostClaim


class Sender(Protocol):
    """What makes the POST; `io.sender.HttpSender` in production."""

    async def post(self, url: str, *, body: bytes, headers: dict[str, str]) -> Answer: ...


async def deliver(
    claim: Claim, *, db: Database, http: Sender, dice: Dice, keyring: Keyring, factor: float = 1.0, order_hold_s: float = 0.0
) -> Attempted:
    """Make one attempt at one delivery. Safe to call twice: a settled delivery is left alone.

    A process that dies between the POST and the commit leaves the claim to its lease; the next attempt carries the same webhook-id.
    `factor` scales the schedule; `order_hold_s` as in fan_out.
    """
    look_up_for(claim.workspace_id)
    async with db.unit_of_work(workspaces={claim.workspace_id}, read_only=True) as tx:
        due = await deliveries_store.load(tx, claim)
        texts = await texts_store.load(tx, due) if due is not None and due.include else None
    if due is None:
        return NotSent() if await _give_back(claim, db=db) else LostClaim()
    if texts is not None:
        due = replace(due, body=with_texts(due.body, texts))
    await failpoints.hit("webhooks.before_send")

    with tracing.span("webhook attempt", parent=due.traceparent, kind="client", attributes=_told_of(due)) as traceparent:
        due = replace(due, traceparent=traceparent if tracing.is_exported() else due.traceparent)
        answer, sent = await _send(due, http=http, keyring=keyring)
        _note(answer)
    metrics.attempt_seconds.observe(answer.duration_ms / 1000)
    await failpoints.hit("webhooks.after_send")
    due = replace(due, sent=sent)
    answered_at = due.at + timedelta(milliseconds=answer.duration_ms)
    outcome = classify(answer, failed_before=due.failed_attempts, now=answered_at, roll=dice.roll(), factor=factor)

    is_ours = await _settle_patiently(due, outcome, answer, db=db, factor=factor, order_hold_s=order_hold_s)
    return outcome if is_ours else LostClaim()


async def _send(due: Due, *, http: Sender, keyring: Keyring) -> tuple[Answer, Shown]:
    """What came back, and the headers that went out as the log keeps them. A request that cannot be made is an attempt like any other: it
    is counted, shown and, when no slot is left, a dead letter, in place of being claimed again and again unseen."""
    try:
        own_headers = own_headers_of(due, keyring)
        headers = headers_of(due, keyring, own=own_headers)
    except CANNOT_BE_MADE:
        log.exception("webhooks.attempt_not_made", event_id=str(due.claim.event_id), endpoint_id=str(due.claim.endpoint_id))
        return NoResponse("not_sent", 0), {}
    answer = await http.post(due.url, body=due.body, headers=headers)
    own = {name for name, value in own_headers.items() if headers[name] == value}
    return without_own(answer, own_headers.values()), shown_request(headers, own=own)


async def _give_back(claim: Claim, *, db: Database) -> bool:
    """Whether the claim was ours. Who unpauses the endpoint in the next moment need not wait for the lease."""
    async with db.unit_of_work(workspaces={claim.workspace_id}) as tx:
        if await endpoints_store.lock_state(tx, claim.endpoint_id) is None or not await deliveries_store.give_back(tx, claim):
            return False
        await endpoints_store.make_due(tx, claim.endpoint_id)
        return True


def _told_of(due: Due) -> tracing.Attributes:
    """For the span: ids and numbers. Not the URL, whose path and query may be a secret."""
    return {
        "http.request.method": "POST", "burnish.event_type": due.event_type, "burnish.event_id": str(due.claim.event_id),
        "burnish.endpoint_id": str(due.claim.endpoint_id), "burnish.attempt": due.claim.number,
    }  # fmt: skip


def _note(answer: Answer) -> None:
    """What came back, for the span."""
    if isinstance(answer, Response):
        failed = None if 200 <= answer.status < 300 else str(answer.status)
        tracing.note({"http.response.status_code": answer.status}, error=failed)
    else:
        tracing.note({}, error=answer.error_class)


def headers_of(due: Due, keyring: Keyring, *, own: Mapping[str, str]) -> dict[str, str]:
    """Headers of one attempt: the id of all attempts, the time and signature of this one. `own`: those of `own_headers_of`, of which none
    takes the place of one of ours."""
    identifier = message_id(due.claim.event_id, due.claim.endpoint_id)
    context = secret_context(due.claim.workspace_id, due.claim.endpoint_id)
    keys = [key_of(keyring.open(sealed, context=context).decode()) for sealed in due.sealed_secrets]
    signing_context = signing_key_context(due.claim.workspace_id, due.claim.endpoint_id)
    signers = [signer(keyring.open(sealed, context=signing_context).decode()) for sealed in due.sealed_signing_keys]
    timestamp_s = int(due.at.timestamp())
    return {
        **own,
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "accept-encoding": "identity",
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature_header(keys, message_id=identifier, timestamp_s=timestamp_s, body=due.body, signers=signers),
        "webhook-attempt": str(due.claim.number),
        "burnish-hops": str(due.hops),
        **({tracing.TRACEPARENT: due.traceparent} if due.traceparent else {}),
    }


def own_headers_of(due: Due, keyring: Keyring) -> dict[str, str]:
    """The endpoint's static headers, in lower case; ours win where a name were the same."""
    if due.sealed_headers is None:
        return {}
    opened = json.loads(keyring.open(due.sealed_headers, context=headers_context(due.claim.workspace_id, due.claim.endpoint_id)))
    return {str(name).lower(): str(value) for name, value in opened.items()}


async def _settle_patiently(due: Due, outcome: Outcome, answer: Answer, *, db: Database, factor: float, order_hold_s: float) -> bool:
    waits_s = iter(SETTLE_WAITS_S)
    while True:
        try:
            async with db.unit_of_work(workspaces={due.claim.workspace_id}) as tx:
                is_ours = await _settle(tx, due, outcome, answer, factor=factor, order_hold_s=order_hold_s)
                await failpoints.hit("webhooks.before_commit")
            return is_ours
        except Unavailable:
            wait_s = next(waits_s, None)
            if wait_s is None:
                raise
            await asyncio.sleep(wait_s)


async def _settle(tx: Tx, due: Due, outcome: Outcome, answer: Answer, *, factor: float, order_hold_s: float) -> bool:
    """Writes what came of the attempt: the delivery, the log, the endpoint's health, and notices to others. False: the claim was lost."""
    claim = due.claim
    state = await endpoints_store.lock_state(tx, claim.endpoint_id)
    if state is None:
        return False  # Its workspace is gone, and the delivery with it.
    is_ours = await _settle_delivery(tx, claim, outcome)
    if is_ours and state.is_ordered and not isinstance(outcome, Retry):
        await deliveries_store.bring_next_forward(tx, claim, order_hold_s=order_hold_s)
    health = await _health(tx, due, outcome, state, is_ours=is_ours, factor=factor)
    attempt = _attempt(due, outcome, answer)
    await deliveries_store.log_attempt(tx, claim, attempt)
    is_delivered = isinstance(outcome, Delivered)
    await endpoints_store.count_attempt(
        tx, claim.endpoint_id, workspace_id=claim.workspace_id, is_delivered=is_delivered, duration_ms=answer.duration_ms
    )
    failure = None if is_delivered else Failure(claim.event_id, attempt.error_class or "http_status", attempt.status_code)
    await endpoints_store.save_health(tx, claim.endpoint_id, health, failure=failure)
    if isinstance(outcome, Exhausted) and is_ours and not due.event_type.startswith("webhook."):
        facts = {"error_class": outcome.error_class, "status_code": attempt.status_code, "attempts": claim.number}
        await _announce(tx, due, "webhook.delivery.exhausted", at=state.now, **facts)
    await _disable_if_lost(tx, due, outcome, health, state)
    return is_ours


async def _health(tx: Tx, due: Due, outcome: Outcome, state: EndpointState, *, is_ours: bool, factor: float) -> Health:
    """What the attempt taught of the endpoint. Who refuses one message is well and says nothing of others; who was sent none, nothing."""
    before = state.health
    if isinstance(outcome, Aborted) or (isinstance(outcome, Retry | Exhausted) and outcome.error_class == "not_sent"):
        return before
    if isinstance(outcome, Delivered):
        return breaker.after_success(before, now=state.now, factor=factor)
    is_new = is_ours and due.failed_attempts == 0
    if is_new and before.failing_since is not None:
        is_new = not await deliveries_store.has_failed_since(tx, due.claim, since=before.failing_since - A_MOMENT)
    health = breaker.after_failure(before, now=state.now, is_new_event=is_new, factor=factor)
    if health.openings > before.openings:
        metrics.breaker_openings_total.inc()
    return health


async def _disable_if_lost(tx: Tx, due: Due, outcome: Outcome, health: Health, state: EndpointState) -> None:
    """Switches an endpoint off that is gone, or has failed for days; its owner hears of it elsewhere."""
    claim = due.claim
    reason = "gone" if isinstance(outcome, Gone) else "failing" if breaker.must_be_disabled(health, now=state.now) else None
    if reason is None or state.is_off:
        return
    await endpoints_store.disable(tx, claim.endpoint_id, reason=reason)
    await _announce(tx, due, "webhook.endpoint_disabled", at=state.now, reason=reason)
    await add_entry(
        tx, workspace_id=claim.workspace_id, actor="system:webhooks", action="webhook_endpoint.disabled", kind="webhook_endpoint",
        key=str(claim.endpoint_id), before={"disabled": False}, after={"disabled": True, "reason": reason},
    )  # fmt: skip
    metrics.endpoints_disabled_total.labels(reason).inc()


async def _settle_delivery(tx: Tx, claim: Claim, outcome: Outcome) -> bool:
    match outcome:
        case Delivered():
            return await deliveries_store.settle_finally(tx, claim, status="delivered", reason=None)
        case Retry(delay_s=delay_s):
            return await deliveries_store.settle_pending(tx, claim, delay_s=delay_s)
        case Exhausted(error_class=error_class):
            return await deliveries_store.settle_finally(tx, claim, status="exhausted", reason=error_class)
        case Aborted():
            return await deliveries_store.settle_finally(tx, claim, status="cancelled", reason="aborted_by_receiver")
        case Gone():
            return await deliveries_store.settle_finally(tx, claim, status="cancelled", reason="gone")
        case _:
            assert_never(outcome)


def _attempt(due: Due, outcome: Outcome, answer: Answer) -> Attempt:
    if isinstance(answer, Response):
        failure = (
            outcome.error_class if isinstance(outcome, Retry | Exhausted) else None if isinstance(outcome, Delivered) else "http_status"
        )
        return Attempt(due.url, due.at, answer.duration_ms, answer.status, failure, answer.snippet, due.sent, answer.shown)
    return Attempt(due.url, due.at, answer.duration_ms, None, answer.error_class, None, due.sent, None)


async def _announce(tx: Tx, due: Due, event_type: EventType, *, at: datetime, **facts: str | int | None) -> None:
    """An event about webhooks itself. It is one hop further than what caused it, so that rounds of them end (PROMISES W-13)."""
    claim = due.claim
    delivery_id = message_id(claim.event_id, claim.endpoint_id)
    event = Event(
        id=new_uuid(),
        type=event_type,
        workspace_id=claim.workspace_id,
        occurred_at=at,
        object_id=delivery_id if event_type == "webhook.delivery.exhausted" else str(claim.endpoint_id),
        hops=due.hops + 1,
        data={
            "endpoint_id": str(claim.endpoint_id),
            "delivery_id": delivery_id,
            "event_id": str(claim.event_id),
            "event_type": due.event_type,
        }
        | facts,
    )
    await outbox.put_event(tx, event, service="webhooks")
