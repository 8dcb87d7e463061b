"""Tells members what concerns them of comments: a row in the inbox of each, and an event for subscribers.

Everything is written in the transaction of what it tells of.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.comments import store
from burnish_gateway.comments.comment import Comment, OfRun, OfVersion
from burnish_gateway.inbox import store as inbox_store
from burnish_gateway.inbox.kinds import Kind
from burnish_shared.clock import Clock
from burnish_shared.contracts.events import Event, EventType
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

SERVICE: Final = "gateway"

SPEAKERS_MOST: Final = 100
"""Members who are told of an answer in a thread."""

AnyComment = Comment[OfVersion] | Comment[OfRun]

_CREATED: Final[Mapping[bool, EventType]] = {True: "prompt.comment.created", False: "run.comment.created"}
_RESOLVED: Final[Mapping[bool, EventType]] = {True: "prompt.comment.resolved", False: "run.comment.resolved"}


async def comment_added(tx: Tx, principal: Principal, made: AnyComment, *, wrote: Sequence[UUID], clock: Clock) -> None:
    """Whoever is mentioned, whoever spoke in the thread, and whoever `wrote` what it is about. For who answers, the thread is read."""
    first = made.reply_to or made.comment_id
    spoke = [] if made.reply_to is None else await store.speakers(tx, made.workspace_id, first, at_most=SPEAKERS_MOST)
    await _tell(tx, principal, made, kinds_of(made.mentions, answered=spoke, wrote=wrote, but=principal.user_id))
    if principal.user_id is not None:
        await inbox_store.read_thread(tx, made.workspace_id, first, user_id=principal.user_id)
    data = {
        "reply_to": None if made.reply_to is None else str(made.reply_to),
        "author": made.author,
        "mentions": [str(one) for one in made.mentions],
    }
    if isinstance(made.about, OfVersion):
        data["part"] = made.about.part
    await _put(tx, made, _CREATED, data, clock=clock)


async def mentions_changed(tx: Tx, principal: Principal, of: AnyComment, mentions: Sequence[UUID]) -> None:
    """Who is mentioned only since the text was changed. Whoever was told of the comment before is not told again."""
    await _tell(tx, principal, of, kinds_of(mentions, answered=(), wrote=(), but=principal.user_id))


async def comment_resolved(tx: Tx, principal: Principal, of: AnyComment, *, clock: Clock) -> None:
    """The thread waits for nobody any more."""
    await inbox_store.read_thread(tx, of.workspace_id, of.comment_id, user_id=None)
    await _put(tx, of, _RESOLVED, {"resolved_by": principal.actor}, clock=clock)


def kinds_of(mentioned: Iterable[UUID], *, answered: Iterable[UUID], wrote: Iterable[UUID], but: UUID | None) -> dict[UUID, Kind]:
    """User → why they are told of a comment, by the nearest reason. `but`: who wrote it."""
    kinds: dict[UUID, Kind] = dict.fromkeys(wrote, "comment")
    kinds |= dict.fromkeys(answered, "answer")
    kinds |= dict.fromkeys(mentioned, "mention")
    return {one: kind for one, kind in kinds.items() if one != but}


async def _tell(tx: Tx, principal: Principal, of: AnyComment, kinds: Mapping[UUID, Kind]) -> None:
    prompt_id, version = (of.about.prompt_id, of.about.version) if isinstance(of.about, OfVersion) else (None, None)
    await inbox_store.insert_items(
        tx, of.workspace_id, prompt_id=prompt_id, version=version, kinds=kinds, comment_id=of.comment_id,
        review_id=None, by=principal.actor,
    )  # fmt: skip


async def _put(tx: Tx, of: AnyComment, kinds: Mapping[bool, EventType], data: Mapping[str, Any], *, clock: Clock) -> None:
    event = Event(
        id=new_uuid(), type=kinds[isinstance(of.about, OfVersion)], workspace_id=of.workspace_id, occurred_at=clock.now(),
        object_id=str(of.comment_id), data={"comment_id": str(of.comment_id), **_about(of), **data},
    )  # fmt: skip
    await put_event(tx, event, service=SERVICE)


def _about(of: AnyComment) -> dict[str, Any]:
    about = of.about
    if isinstance(about, OfVersion):
        return {"prompt_id": str(about.prompt_id), "slug": about.slug, "version": about.version, "against": about.against}
    return {
        "execution_id": None if about.execution_id is None else str(about.execution_id),
        "session_id": about.session_id,
        "chain_run_id": None if about.chain_run_id is None else str(about.chain_run_id),
    }
