"""Say something of a version, or of how it differs from another one; whoever is mentioned finds it (PRODUCT P4)."""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.registry import comment_store, store, tell, uses_store
from burnish_gateway.registry.cherry_pick import is_part
from burnish_gateway.registry.comment_store import Comment
from burnish_gateway.registry.history_bodies import AddComment, ChangeComment
from burnish_gateway.registry.prompt import Head, Prompt, no_such_prompt
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden, InvalidField, NotFound
from burnish_shared.slug import Slug

MENTIONS_MOST: Final = 50

_MENTION = re.compile(r"(?<![\w@])@([^\s@<>()\[\],;:\"']{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)", re.IGNORECASE)


async def add_comment(tx: Tx, principal: Principal, slug: Slug, body: AddComment, *, clock: Clock) -> Comment:
    """Whom it concerns finds it in their inbox.

    Raises NotFound for a prompt, version or comment that is not there, InvalidField for a mention of nobody, a difference of a version
    from itself, and a part that no version has.
    """
    await uses_store.hold(tx, principal.workspace_id, [slug])  # whoever removes it for good waits, or is waited for
    head = await prompt_of(tx, principal.workspace_id, slug)
    for version in (body.version, body.against):
        if version is not None:
            head.named(label=None, version=version)
    answered = None if body.reply_to is None else await _first_of_thread(tx, head.prompt, body.reply_to)
    if answered is None or (answered.version, answered.against, answered.part) != (body.version, body.against, body.part):
        _check_is_about_something(body)
    about: Comment | AddComment = answered or body  # or whoever looks at what was answered would not find it
    made = await comment_store.insert_comment(
        tx, head.prompt, version=about.version, against=about.against, part=about.part,
        reply_to=None if answered is None else answered.comment_id, body=body.body,
        mentions=await _mentions(tx, body.body, body.mentions), author=principal.actor,
    )  # fmt: skip
    await _note(tx, principal, "prompt.comment.added", made)
    await tell.comment_added(tx, principal, head.prompt, made, clock=clock)
    return made


async def _first_of_thread(tx: Tx, prompt: Prompt, comment_id: UUID) -> Comment:
    """The comment that an answer to this one belongs to, held: an answer to an answer is one to the same. Raises NotFound."""
    wanted: UUID | None = comment_id
    found = None
    while wanted is not None:
        found = await comment_store.find_comment(tx, prompt, wanted, for_update=True)
        wanted = None if found is None else found.reply_to
    if found is None:
        raise _no_such_comment("reply_to")
    return found


def _check_is_about_something(body: AddComment) -> None:
    """Not of an answer to a comment that was saved when nobody looked: it is about the same as that."""
    if body.against == body.version:
        raise InvalidField("against: a version does not differ from itself; leave it out to speak of the version.", param="against")
    if body.part is not None and not is_part(body.part):
        such_as = "'model', 'messages[0]', 'parameters.NAME'"
        raise InvalidField(f"part: '{body.part[:100]}' is no part of a version: name a field such as {such_as}.", param="part")


async def change_comment(tx: Tx, principal: Principal, slug: Slug, comment_id: UUID, body: ChangeComment, *, clock: Clock) -> Comment:
    """Raises NotFound, Forbidden for a text that somebody else wrote, InvalidField for a mention of nobody."""
    prompt, found = await _held(tx, principal, slug, comment_id)
    if body.body is not None or body.mentions is not None:
        if found.author != principal.actor:
            raise Forbidden("Only its author changes the text of a comment; answer it instead.")
        text = found.body if body.body is None else body.body
        named = found.mentions if body.mentions is None and body.body is None else body.mentions or ()
        mentions = await _mentions(tx, text, named)
        await comment_store.change_text(tx, prompt.workspace_id, comment_id, body=text, mentions=mentions)
        await tell.mentions_changed(tx, principal, prompt, found, mentions)
        await _note(tx, principal, "prompt.comment.changed", found, before=found)
    if body.resolved is not None:
        await comment_store.settle(tx, prompt.workspace_id, comment_id, by=principal.actor if body.resolved else None)
        if body.resolved and found.resolved_at is None:
            await tell.comment_resolved(tx, principal, prompt, found, clock=clock)
        await _note(tx, principal, "prompt.comment.resolved" if body.resolved else "prompt.comment.reopened", found, before=found)
    changed = await comment_store.find_comment(tx, prompt, comment_id)
    return changed or found


async def delete_comment(tx: Tx, principal: Principal, slug: Slug, comment_id: UUID) -> Comment:
    """With the answers to it. Raises NotFound, Forbidden for somebody else's, unless an admin asks."""
    prompt, found = await _held(tx, principal, slug, comment_id)
    if found.author != principal.actor and principal.role < Role.ADMIN:
        raise Forbidden("Only its author or an admin deletes a comment.")
    await comment_store.delete_comment(tx, prompt.workspace_id, comment_id)
    await audit.note(tx, principal, action="prompt.comment.deleted", kind="prompt", key=found.slug, before=_facts(found))
    return found


async def prompt_of(tx: Tx, workspace_id: UUID, slug: str) -> Head:
    """Raises NotFound."""
    head = await store.find_head(tx, workspace_id, Slug(slug))
    if head is None:
        raise no_such_prompt(slug)
    return head


def mentioned_in(text: str) -> list[str]:
    """E-mail addresses behind an `@`, folded, each once."""
    return list(dict.fromkeys(one.rstrip(".").lower() for one in _MENTION.findall(text)))[:MENTIONS_MOST]


async def _mentions(tx: Tx, text: str, named: Sequence[UUID]) -> list[UUID]:
    known = await comment_store.names_of_members(tx, named)
    stranger = next((one for one in named if one not in known), None)
    if stranger is not None:
        raise InvalidField(f"mentions: {stranger} is no member of this workspace.", param="mentions")
    return list(dict.fromkeys([*named, *await comment_store.members_by_email(tx, mentioned_in(text))]))[:MENTIONS_MOST]


async def _held(tx: Tx, principal: Principal, slug: Slug, comment_id: UUID) -> tuple[Prompt, Comment]:
    head = await prompt_of(tx, principal.workspace_id, slug)
    found = await comment_store.find_comment(tx, head.prompt, comment_id, for_update=True)
    if found is None:
        raise _no_such_comment("comment_id")
    return head.prompt, found


async def _note(tx: Tx, principal: Principal, action: str, of: Comment, *, before: Comment | None = None) -> None:
    await audit.note(
        tx, principal, action=action, kind="prompt", key=of.slug, before=None if before is None else _facts(before), after=_facts(of)
    )


def _facts(of: Comment) -> dict[str, Any]:
    """Which comment, and on what; never its text."""
    return {"comment": str(of.comment_id), "version": of.version, "against": of.against}


def _no_such_comment(param: str) -> NotFound:
    return NotFound("There is no such comment on this prompt.", param=param)
