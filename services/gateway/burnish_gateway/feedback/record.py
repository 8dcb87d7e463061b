"""Turns one POST into the reactions that it holds. Pure, save for the publisher that makes them durable."""

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.feedback.bodies import CONTEXT_MOST_BYTES, FeedbackBody
from burnish_gateway.feedback.mask_reactions import as_kept
from burnish_gateway.feedback.metric_definition import Definitions, check_value
from burnish_gateway.feedback.publish import FeedbackPublisher
from burnish_gateway.feedback.targets import with_targets
from burnish_shared.contracts.feedback import FeedbackItem
from burnish_shared.db.rules_book import RulesBook
from burnish_shared.db.session import Database
from burnish_shared.errors import InvalidField
from burnish_shared.hops import current_hops
from burnish_shared.ids import derived_uuid, new_uuid

TARGETS: Final = ("execution_id", "session_id", "imported")
REACTIONS: Final = ("thumb", "score", "comment", "correction", "metric")
OF_WORDS: Final = ("comment", "correction")


async def record(
    body: FeedbackBody,
    *,
    workspace_id: UUID,
    sent_by: str,
    key: str | None,
    now: datetime,
    publisher: FeedbackPublisher,
    metrics: Definitions,
    rules: RulesBook,
    stores_text: bool,
    db: Database,
) -> UUID:
    """Makes the feedback durable and returns its id. Safe to repeat: with the same id or Idempotency-Key it counts once.

    `metrics`: what the workspace declared; `stores_text`: else words are left out. Raises InvalidField naming the field, Unavailable when
    it cannot be kept anywhere.
    """
    check(body, metrics, stores_text=stores_text)
    [body] = await with_targets(db, workspace_id, [body])
    [body] = await as_kept(rules, workspace_id, [body], stores_text=stores_text)
    feedback_id = body.feedback_id or feedback_id_for(workspace_id, key)
    await publisher.record(items_of(body, feedback_id=feedback_id, workspace_id=workspace_id, sent_by=sent_by, now=now))
    return feedback_id


def sender_of(principal: Principal) -> str:
    """Who sent a reaction, as it is kept: the id of an API key, or `user:` and the id of a person who signed in."""
    return str(principal.api_key_id) if principal.api_key_id is not None else f"user:{principal.user_id}"


def feedback_id_for(workspace_id: UUID, key: str | None) -> UUID:
    """The same id for the same Idempotency-Key of a workspace; without a key a fresh one."""
    return derived_uuid(workspace_id, key) if key is not None else new_uuid()


def check(body: FeedbackBody, metrics: Definitions, *, stores_text: bool) -> None:
    """What one field alone cannot say, and words alone where none are stored. Raises InvalidField."""
    targets = [name for name in TARGETS if getattr(body, name) is not None]
    if not targets:
        raise InvalidField(
            "execution_id: give execution_id, session_id or imported; feedback must be about something.", param="execution_id"
        )
    if len(targets) > 1:
        raise InvalidField(f"{targets[1]}: give one of {', '.join(TARGETS)}, not several.", param=targets[1])
    given = [name for name in REACTIONS if getattr(body, name) is not None]
    if not given:
        raise InvalidField(f"thumb: give at least one of {', '.join(REACTIONS)}.", param="thumb")
    if not stores_text and all(name in OF_WORDS for name in given):
        raise InvalidField(f"{given[0]}: this workspace stores no text; give thumb, score or metric.", param=given[0])
    if body.metric is not None:
        check_value(metrics, body.metric.name, body.metric.value)
    if body.context is not None and len(json.dumps(body.context, ensure_ascii=False).encode()) > CONTEXT_MOST_BYTES:
        raise InvalidField(f"context: may have at most {CONTEXT_MOST_BYTES} bytes as JSON.", param="context")


def items_of(body: FeedbackBody, *, feedback_id: UUID, workspace_id: UUID, sent_by: str, now: datetime) -> list[FeedbackItem]:
    """One item for each kind of reaction; a comment rides along with the thumb or the score where there is one.

    `sent_by`: as `sender_of` says, or `inbound:` and the id of an inbound endpoint.
    """
    common: dict[str, Any] = {
        "feedback_id": feedback_id,
        "workspace_id": workspace_id,
        "target_kind": "execution" if body.execution_id is not None else "session",
        "target_id": str(body.execution_id) if body.execution_id is not None else body.session_id,
        "user_id": body.user_id,
        "context": body.context or {},
        "accepted_at": now,
        "api_key_id": sent_by,
        "hops": current_hops(),
    }
    reactions: list[dict[str, Any]] = []
    if body.thumb is not None:
        reactions.append({"kind": "thumb", "value": float(body.thumb == "up")})
    if body.score is not None:
        reactions.append({"kind": "score", "value": body.score})
    if body.comment is not None:
        if reactions:
            reactions[0]["comment"] = body.comment
        else:
            reactions.append({"kind": "comment", "comment": body.comment})
    if body.correction is not None:
        reactions.append({"kind": "correction", "correction": body.correction})
    if body.metric is not None:
        reactions.append({"kind": f"metric:{body.metric.name}", "value": body.metric.value})
    return [FeedbackItem(**common, **one) for one in reactions]
