"""What becomes of a comment, whatever it is about: answer it, change or settle it, delete it."""

from typing import Any
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.comments import store, tell
from burnish_gateway.comments.bodies import ChangeComment
from burnish_gateway.comments.comment import About, Comment, OfRun, OfVersion, Place, facts_of
from burnish_gateway.comments.mentions import mentions_of
from burnish_shared.clock import Clock
from burnish_shared.db.changes import tell_pages
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden, NotFound

AnyComment = Comment[OfVersion] | Comment[OfRun]


async def first_of_thread(tx: Tx, place: Place[About], comment_id: UUID) -> Comment[About]:
    """The comment that an answer to this one belongs to, held: an answer to an answer is one to the same. Raises NotFound.

    It alone is held: whoever deletes it holds it first and its answers then, and one that was held here on the way would wait for that.
    """
    found = await store.find_comment(tx, place, comment_id)
    if found is not None:
        found = await store.find_comment(tx, place, found.reply_to or found.comment_id, for_update=True)
    if found is None:
        raise no_such_comment(place, "reply_to")
    return found


async def change_comment(
    tx: Tx, principal: Principal, place: Place[About], comment_id: UUID, body: ChangeComment, *, clock: Clock
) -> Comment[About]:
    """Raises NotFound, Forbidden for a text that somebody else wrote, InvalidField for a mention of nobody."""
    found: Comment[Any] = await _held(tx, place, comment_id)
    if body.body is not None or body.mentions is not None:
        if found.author != principal.actor:
            raise Forbidden("Only its author changes the text of a comment; answer it instead.")
        text = found.body if body.body is None else body.body
        named = found.mentions if body.mentions is None and body.body is None else body.mentions or ()
        mentions = await mentions_of(tx, text, named)
        await store.change_text(tx, place.workspace_id, comment_id, body=text, mentions=mentions)
        await tell.mentions_changed(tx, principal, found, mentions)
        await note(tx, principal, "changed", found, before=found)
    if body.resolved is not None:
        await store.settle(tx, place.workspace_id, comment_id, by=principal.actor if body.resolved else None)
        if body.resolved and found.resolved_at is None:
            await tell.comment_resolved(tx, principal, found, clock=clock)
        await note(tx, principal, "resolved" if body.resolved else "reopened", found, before=found)
    return await store.find_comment(tx, place, comment_id) or found


async def delete_comment(tx: Tx, principal: Principal, place: Place[About], comment_id: UUID) -> Comment[About]:
    """With the answers to it. Raises NotFound, Forbidden for somebody else's, unless an admin asks."""
    found: Comment[Any] = await _held(tx, place, comment_id)
    if found.author != principal.actor and principal.role < Role.ADMIN:
        raise Forbidden("Only its author or an admin deletes a comment.")
    await store.delete_comment(tx, place.workspace_id, comment_id)
    await note(tx, principal, "deleted", found, before=found, is_left=False)
    return found


async def note(tx: Tx, principal: Principal, done: str, of: AnyComment, *, before: AnyComment | None = None, is_left: bool = True) -> None:
    """Into the audit log: which comment, and on what; never its text, and no session."""
    facts = {"comment": str(of.comment_id), **facts_of(of.about)}
    earlier, later = None if before is None else facts, facts if is_left else None
    if isinstance(of.about, OfVersion):
        action, key = f"prompt.comment.{done}", of.about.slug
        await audit.note(tx, principal, action=action, kind="prompt", key=key, before=earlier, after=later)
        tell_pages(tx, workspace_id=of.workspace_id, kind="comment")
    else:
        action, key = f"run.comment.{done}", str(of.comment_id)
        await audit.note(tx, principal, action=action, kind="comment", key=key, before=earlier, after=later)


async def _held(tx: Tx, place: Place[About], comment_id: UUID) -> Comment[About]:
    found = await store.find_comment(tx, place, comment_id, for_update=True)
    if found is None:
        raise no_such_comment(place, "comment_id")
    return found


def no_such_comment(place: Place[Any], param: str) -> NotFound:
    return NotFound(f"There is no such comment on this {place.noun}.", param=param)
