"""What a comment on a run says, masked as the text of that run is in its record (PRODUCT E13)."""

from burnish_gateway.access.principal import Principal
from burnish_gateway.comments import store
from burnish_gateway.comments.bodies import BODY_MOST, AddRunComment, ChangeComment
from burnish_gateway.comments.mentions import mentioned_in, parted
from burnish_gateway.deps import Gateway
from burnish_gateway.guardrails.kept_words import kept_words
from burnish_shared.errors import InvalidField


async def masked(gateway: Gateway, principal: Principal, body: AddRunComment | ChangeComment) -> str | None:
    """The text of the body, None where it says none. Addresses of members behind an `@` stay: they are told by them, and are no end users.

    Slow, so before any transaction. Raises Unavailable where nobody can tell what is masked, InvalidField where masks make it too long.
    """
    if body.body is None:
        return None
    if not (await gateway.rules.of(principal.workspace_id)).stored:
        return body.body
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        members = await store.emails_of_members(tx, mentioned_in(body.body))
    pieces = parted(body.body, members)
    pieces[::2] = await kept_words(gateway.rules, principal.workspace_id, pieces[::2])
    said = "".join(pieces)
    if len(said) > BODY_MOST:
        raise InvalidField(
            f"body: has {len(said)} characters where what this workspace masks is masked; at most {BODY_MOST}.", param="body"
        )
    return said
