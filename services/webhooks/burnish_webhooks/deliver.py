"""One attempt at one delivery: claim, send without a transaction, settle."""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, assert_never

from burnish_shared import failpoints
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.signing_keys import signer
from burnish_shared.clock import Clock
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
from burnish_webhooks.core.outcome import Aborted, Answer, Delivered, Exhausted, Gone, Outcome, Response, Retry, classify
from burnish_webhooks.core.signature import key_of, signature_header
from burnish_webhooks.dice import Dice
from burnish_webhooks.io import deliveries_store, endpoints_store, texts_store
from burnish_webhooks.io.deliveries_store import Attempt, Claim, Due
from burnish_webhooks.io.endpoints_store import Failure

USER_AGENT = "Burnish-Webhooks/1"

SETTLE_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""While PostgreSQL restarts, what was sent already is worth some patience: else the receiver gets it twice. The lease lasts longer."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The claim was lost, or the endpoint was switched off or paused since: nothing left this process."""


class Sender(Protocol):
    """What makes the POST; `io.sender.HttpSender` in production."""

    async def post(self, url: str, *, body: bytes, headers: dict[str, str]) -> Answer: ...


async def deliver(
    claim: Claim, *, db: Database, http: Sender, clock: Clock, dice: Dice, keyring: Keyring, factor: float = 1.0
) -> Outcome | NotSent:
    """Make one attempt at one delivery. Safe to call twice: a settled delivery is left alone.

    A process that dies between the POST and the commit leaves the claim to its lease; the next attempt carries the same webhook-id.
    `factor` scales the schedule.
    """
    async with db.unit_of_work(workspaces={claim.workspace_id}, read_only=True) as tx:
        due = await deliveries_store.load(tx, claim)
        texts = await texts_store.load(tx, due) if due is not None and due.include else None
    if due is None:
        return NotSent()
    if texts is not None:
        due = replace(due, body=with_texts(due.body, texts))
    await failpoints.hit("webhooks.before_send")

    look_up_for(claim.workspace_id)
    sent_at = clock.now()
    answer = await http.post(due.url, body=due.body, headers=headers_of(due, at=sent_at, keyring=keyring))
    await failpoints.hit("webhooks.after_send")
    outcome = classify(answer, failed_before=due.failed_attempts, now=clock.now(), roll=dice.roll(), factor=factor)

    await _settle_patiently(due, outcome, answer, db=db, at=sent_at, factor=factor)
    return outcome


def headers_of(due: Due, *, at: datetime, keyring: Keyring) -> dict[str, str]:
    """Headers of one attempt: the id of all attempts, the time and signature of this one."""
    identifier = message_id(due.claim.event_id, due.claim.endpoint_id)
    context = secret_context(due.claim.workspace_id, due.claim.endpoint_id)
    keys = [key_of(keyring.open(sealed, context=context).decode()) for sealed in due.sealed_secrets]
    signing_context = signing_key_context(due.claim.workspace_id, due.claim.endpoint_id)
    signers = [signer(keyring.open(sealed, context=signing_context).decode()) for sealed in due.sealed_signing_keys]
    timestamp_s = int(at.timestamp())
    return _own_headers(due, keyring) | {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "accept-encoding": "identity",
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature_header(keys, message_id=identifier, timestamp_s=timestamp_s, body=due.body, signers=signers),
        "webhook-attempt": str(due.claim.number),
        "burnish-hops": str(due.hops),
    }


def _own_headers(due: Due, keyring: Keyring) -> dict[str, str]:
    """The endpoint's static headers, in lower case; ours win where a name were the same."""
    if due.sealed_headers is None:
        return {}
    opened = json.loads(keyring.open(due.sealed_headers, context=headers_context(due.claim.workspace_id, due.claim.endpoint_id)))
    return {str(name).lower(): str(value) for name, value in opened.items()}


async def _settle_patiently(due: Due, outcome: Outcome, answer: Answer, *, db: Database, at: datetime, factor: float) -> None:
    waits_s = iter(SETTLE_WAITS_S)
    while True:
        try:
            async with db.unit_of_work(workspaces={due.claim.workspace_id}) as tx:
                await _settle(tx, due, outcome, answer, at=at, factor=factor)
                return await failpoints.hit("webhooks.before_commit")
        except Unavailable:
            wait_s = next(waits_s, None)
            if wait_s is None:
                raise
            await asyncio.sleep(wait_s)


async def _settle(tx: Tx, due: Due, outcome: Outcome, answer: Answer, *, at: datetime, factor: float) -> None:
    """Writes what came of the attempt: the delivery, the log, the endpoint's health, and notices to others."""
    claim = due.claim
    state = await endpoints_store.lock_state(tx, claim.endpoint_id)
    if state is None:
        return  # Its workspace is gone, and the delivery with it.
    is_ours = await _settle_delivery(tx, claim, outcome)
    if is_ours and state.is_ordered and not isinstance(outcome, Retry):
        await deliveries_store.bring_next_forward(tx, claim)
    attempt = _attempt(due, outcome, answer, at=at)
    await deliveries_store.log_attempt(tx, claim, attempt)
    is_delivered = isinstance(outcome, Delivered)
    await endpoints_store.count_attempt(
        tx, claim.endpoint_id, workspace_id=claim.workspace_id, is_delivered=is_delivered, duration_ms=answer.duration_ms
    )
    health = (
        breaker.after_success()
        if is_delivered
        else breaker.after_failure(state.health, now=state.now, first_attempt=is_ours and due.failed_attempts == 0, factor=factor)
    )
    if health.openings > state.health.openings:
        metrics.breaker_openings_total.inc()
    failure = None if is_delivered else Failure(claim.event_id, attempt.error_class or "http_status", attempt.status_code)
    await endpoints_store.save_health(tx, claim.endpoint_id, health, failure=failure)
    if isinstance(outcome, Exhausted) and is_ours and not due.event_type.startswith("webhook."):
        await _announce(tx, due, "webhook.delivery.exhausted", at=state.now, error_class=outcome.error_class)
    reason = "gone" if isinstance(outcome, Gone) else "failing" if breaker.must_be_disabled(health, now=state.now) else None
    if reason is not None and not state.is_off:
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


def _attempt(due: Due, outcome: Outcome, answer: Answer, *, at: datetime) -> Attempt:
    if isinstance(answer, Response):
        failure = (
            outcome.error_class if isinstance(outcome, Retry | Exhausted) else None if isinstance(outcome, Delivered) else "http_status"
        )
        return Attempt(due.url, at, answer.duration_ms, answer.status, failure, answer.snippet)
    return Attempt(due.url, at, answer.duration_ms, None, answer.error_class, None)


async def _announce(tx: Tx, due: Due, event_type: EventType, *, at: datetime, **facts: str) -> None:
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
