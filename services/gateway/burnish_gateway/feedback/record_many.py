"""Turns many lines of feedback into reactions, each line judged alone, and makes all good ones durable together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_gateway.feedback.bodies import BatchAnswer, FeedbackBody, LineError, LineResult
from burnish_gateway.feedback.mask_reactions import as_kept
from burnish_gateway.feedback.metric_definition import Definitions
from burnish_gateway.feedback.publish import FeedbackPublisher
from burnish_gateway.feedback.record import check, feedback_id_for, items_of
from burnish_gateway.feedback.targets import with_targets
from burnish_gateway.wire import parse_model
from burnish_shared.contracts.feedback import FeedbackItem
from burnish_shared.db.rules_book import RulesBook
from burnish_shared.db.session import Database
from burnish_shared.errors import BadRequest, InvalidField

LINES_MOST: Final = 1000

STEP: Final = timedelta(microseconds=1)
"""By so much each line is accepted after the one before it: of two reactions of one end user the lower line is the one accepted last."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends feedback, and under which Idempotency-Key: line n then has the same feedback id in every repeat.

    `stores_text`: whether the workspace does, else words are left out.
    """

    workspace_id: UUID
    sent_by: str
    key: str | None
    stores_text: bool


async def record_many(
    lines: Iterable[tuple[int, bytes]],
    *,
    sender: Sender,
    now: datetime,
    publisher: FeedbackPublisher,
    metrics: Definitions,
    rules: RulesBook,
    db: Database,
) -> BatchAnswer:
    """Returns what became of each line, once all that are sound are on disk.

    Raises InvalidField where no line is sound (`details.results` says why), Unavailable when they cannot be kept anywhere: then all may
    be sent again, with the same key or ids or without, and none counts twice.
    """
    results: list[LineResult] = []
    taken: list[tuple[UUID, FeedbackBody]] = []
    for number, line in lines:
        try:
            body = parse_model(FeedbackBody, line)
            check(body, metrics, stores_text=sender.stores_text)
        except BadRequest as error:
            results.append(LineResult(line=number, error=_told(error)))
        else:
            feedback_id = body.feedback_id or _id_of_line(number, sender)
            taken.append((feedback_id, body))
            results.append(LineResult(line=number, feedback_id=feedback_id))
    answer = _answer(results)
    if not taken:
        raise _nothing_taken(answer)
    bodies = await with_targets(db, sender.workspace_id, [body for _, body in taken])
    bodies = await as_kept(rules, sender.workspace_id, bodies, stores_text=sender.stores_text)
    items: list[FeedbackItem] = []
    for place, ((feedback_id, _), body) in enumerate(zip(taken, bodies, strict=True)):
        accepted_at = now + place * STEP
        items += items_of(body, feedback_id=feedback_id, workspace_id=sender.workspace_id, sent_by=sender.sent_by, now=accepted_at)
    await publisher.record(items)
    return answer


def _id_of_line(number: int, sender: Sender) -> UUID:
    return feedback_id_for(sender.workspace_id, f"{sender.key}:{number}" if sender.key is not None else None)


def _answer(results: list[LineResult]) -> BatchAnswer:
    accepted = sum(one.error is None for one in results)
    return BatchAnswer(accepted=accepted, rejected=len(results) - accepted, results=results)


def _told(error: BadRequest) -> LineError:
    return LineError(type=error.type, code=error.code, message=error.message, param=error.param)


def _nothing_taken(answer: BatchAnswer) -> InvalidField:
    first = next(one.error for one in answer.results if one.error is not None)
    told = answer.model_dump(mode="json", exclude_none=True)
    return InvalidField(f"No line was taken. Line {answer.results[0].line}: {first.message}", param=first.param, details=told)
