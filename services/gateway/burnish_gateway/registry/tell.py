"""Tells members what concerns them of reviews: a row in the inbox of each, and an event for subscribers.

Everything is written in the transaction of what it tells of.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.inbox import store as inbox_store
from burnish_gateway.inbox.kinds import Kind, ReviewStatus
from burnish_gateway.registry import review_store, store
from burnish_gateway.registry.label_rules import rules_of
from burnish_gateway.registry.prompt import Prompt
from burnish_shared.clock import Clock
from burnish_shared.contracts.events import Event, EventType
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.ids import new_uuid

SERVICE: Final = "gateway"

PERSON: Final = "user:"
"""How the name of a person begins, as the audit log has it."""


async def review_requested(
    tx: Tx, principal: Principal, prompt: Prompt, version: int, *, review_id: UUID, reviewers: Sequence[UUID], clock: Clock
) -> None:
    """The `reviewers`, else whoever may decide, but for who asks, and for who wrote it where nobody approves their own."""
    asked = reviewers or await inbox_store.members_of_roles(tx, prompt.workspace_id, deciding_roles(principal), among=None)
    may_own = bool(reviewers) or (await rules_of(tx, prompt.workspace_id)).own_approval
    left_out = {principal.user_id, *(() if may_own else await authors(tx, prompt, version))}
    kinds: dict[UUID, Kind] = {one: "review_asked" for one in asked if one not in left_out}
    await _insert(tx, principal, prompt, version, kinds=kinds, review_id=review_id)
    data = _of_review(prompt, version, review_id) | {
        "requested_by": principal.actor,
        "reviewers": [str(one) for one in reviewers],
    }
    await _put(tx, prompt, "prompt.review.requested", object_id=review_id, data=data, clock=clock)


async def review_decided(
    tx: Tx, principal: Principal, prompt: Prompt, version: int, *, review_id: UUID, requested_by: str, status: ReviewStatus, clock: Clock
) -> None:
    """Whoever asked for the review and whoever wrote the version, but for who decides; of one that was withdrawn nobody."""
    await inbox_store.read_asked(tx, prompt.workspace_id, review_id)
    concerned = [] if status == "withdrawn" else [*people([requested_by]), *await authors(tx, prompt, version)]
    kinds: dict[UUID, Kind] = {one: "review_decided" for one in concerned if one != principal.user_id}
    await _insert(tx, principal, prompt, version, kinds=kinds, review_id=review_id)
    data = _of_review(prompt, version, review_id) | {"status": status, "decided_by": principal.actor}
    await _put(tx, prompt, "prompt.review.decided", object_id=review_id, data=data, clock=clock)


async def check_reviewers(tx: Tx, principal: Principal, reviewers: Sequence[UUID]) -> None:
    """Raises InvalidField for one who is no member, or may not decide on versions, and for the caller."""
    may = set(await inbox_store.members_of_roles(tx, principal.workspace_id, deciding_roles(principal), among=reviewers))
    wrong = next((one for one in reviewers if one not in may), None)
    if wrong is not None:
        roles = " or ".join(deciding_roles(principal))
        raise InvalidField(f"reviewers: {wrong} is no member of this workspace with the role {roles}.", param="reviewers")
    if principal.user_id in reviewers:
        raise InvalidField("reviewers: you ask for this review yourself; name somebody else.", param="reviewers")


def people(names: Iterable[str]) -> list[UUID]:
    """The user ids among names of the audit log, in their order. What a file that was brought in calls an author may be no id: nobody."""
    found: list[UUID] = []
    for one in names:
        with suppress(ValueError):
            found += [UUID(one.removeprefix(PERSON))] if one.startswith(PERSON) else []
    return found


def deciding_roles(principal: Principal) -> tuple[str, ...]:
    """Of members who may decide on reviews in the caller's workspace."""
    return ("admin",) if principal.workspace.only_admins_change_prompts else ("editor", "admin")


async def authors(tx: Tx, prompt: Prompt, version: int) -> list[UUID]:
    """Whoever wrote the version: the person, or the one who made the key."""
    found = await store.find_version(tx, prompt.workspace_id, prompt.prompt_id, version)
    if found is None:
        return []
    key = await review_store.key_of_author(tx, prompt, version)
    return people(sorted(await review_store.names_of(tx, actor=found.author, api_key_id=key)))


async def _insert(tx: Tx, principal: Principal, prompt: Prompt, version: int, *, kinds: Mapping[UUID, Kind], review_id: UUID) -> None:
    await inbox_store.insert_items(
        tx, prompt.workspace_id, prompt_id=prompt.prompt_id, version=version, kinds=kinds, comment_id=None, review_id=review_id,
        by=principal.actor,
    )  # fmt: skip


def _of_review(prompt: Prompt, version: int, review_id: UUID) -> dict[str, Any]:
    return _of_prompt(prompt) | {"review_id": str(review_id), "version": version}


def _of_prompt(prompt: Prompt) -> dict[str, Any]:
    return {"prompt_id": str(prompt.prompt_id), "slug": prompt.slug}


async def _put(tx: Tx, prompt: Prompt, kind: EventType, *, object_id: UUID, data: dict[str, Any], clock: Clock) -> None:
    event = Event(id=new_uuid(), type=kind, workspace_id=prompt.workspace_id, occurred_at=clock.now(), object_id=str(object_id), data=data)
    await put_event(tx, event, service=SERVICE)
