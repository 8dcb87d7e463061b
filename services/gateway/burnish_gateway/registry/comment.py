"""Say something of a version, or of how it differs from another one; whoever is mentioned finds it (PRODUCT P4)."""

from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.comments import change, store
from burnish_gateway.comments import tell as tell_all
from burnish_gateway.comments.bodies import ChangeComment
from burnish_gateway.comments.comment import Comment, OfVersion, Place
from burnish_gateway.comments.mentions import mentions_of
from burnish_gateway.registry import tell, uses_store
from burnish_gateway.registry.cherry_pick import is_part
from burnish_gateway.registry.history_bodies import AddComment
from burnish_gateway.registry.prompt import Head, Prompt, no_such_prompt
from burnish_gateway.registry.store import find_head
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import Slug


async def add_comment(tx: Tx, principal: Principal, slug: Slug, body: AddComment, *, clock: Clock) -> Comment[OfVersion]:
    """Whom it concerns finds it in their inbox.

    Raises NotFound for a prompt, version or comment that is not there, InvalidField for a mention of nobody, a difference of a version
    from itself, and a part that no version has.
    """
    await uses_store.hold(tx, principal.workspace_id, [slug])  # whoever removes it for good waits, or is waited for
    head = await prompt_of(tx, principal.workspace_id, slug)
    prompt = head.prompt
    for version in (body.version, body.against):
        if version is not None:
            head.named(label=None, version=version)
    asked = OfVersion(prompt.prompt_id, prompt.slug, body.version, body.against, body.part)
    answered = None if body.reply_to is None else await change.first_of_thread(tx, _place(prompt), body.reply_to)
    if answered is None or answered.about != asked:
        _check_is_about_something(body)
    about = asked if answered is None else answered.about  # or whoever looks at what was answered would not find it
    made = await store.insert_comment(
        tx, prompt.workspace_id, about, reply_to=None if answered is None else answered.comment_id, body=body.body,
        mentions=await mentions_of(tx, body.body, body.mentions), author=principal.actor,
    )  # fmt: skip
    await change.note(tx, principal, "added", made)
    await tell_all.comment_added(tx, principal, made, wrote=await tell.authors(tx, prompt, about.version), clock=clock)
    return made


def _check_is_about_something(body: AddComment) -> None:
    """Not of an answer to a comment that was saved when nobody looked: it is about the same as that."""
    if body.against == body.version:
        raise InvalidField("against: a version does not differ from itself; leave it out to speak of the version.", param="against")
    if body.part is not None and not is_part(body.part):
        such_as = "'model', 'messages[0]', 'parameters.NAME'"
        raise InvalidField(f"part: '{body.part[:100]}' is no part of a version: name a field such as {such_as}.", param="part")


async def change_comment(
    tx: Tx, principal: Principal, slug: Slug, comment_id: UUID, body: ChangeComment, *, clock: Clock
) -> Comment[OfVersion]:
    """As `comments.change`, of a prompt that is there."""
    place = _place((await prompt_of(tx, principal.workspace_id, slug)).prompt)
    return await change.change_comment(tx, principal, place, comment_id, body, clock=clock)


async def delete_comment(tx: Tx, principal: Principal, slug: Slug, comment_id: UUID) -> Comment[OfVersion]:
    """As `comments.change`, of a prompt that is there."""
    place = _place((await prompt_of(tx, principal.workspace_id, slug)).prompt)
    return await change.delete_comment(tx, principal, place, comment_id)


async def prompt_of(tx: Tx, workspace_id: UUID, slug: str) -> Head:
    """Raises NotFound."""
    head = await find_head(tx, workspace_id, Slug(slug))
    if head is None:
        raise no_such_prompt(slug)
    return head


def _place(prompt: Prompt) -> Place[OfVersion]:
    return Place(prompt.workspace_id, "prompt_id", prompt.prompt_id, "prompt")
