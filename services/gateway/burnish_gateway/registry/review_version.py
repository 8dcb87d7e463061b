"""Review of a version: draft → in review → approved, and back (PRODUCT P5)."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.registry import review_store, store, tell
from burnish_gateway.registry.label_rules import rules_of
from burnish_gateway.registry.own_text import own_unapproved
from burnish_gateway.registry.prompt import Head, Prompt, check_not_archived, no_such_prompt
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, Forbidden
from burnish_shared.slug import Slug

Decision = Literal["approved", "sent_back", "withdrawn"]

FROM: Final[dict[Decision, tuple[str, ...]]] = {
    "approved": ("in_review",),
    "sent_back": ("in_review", "approved"),
    "withdrawn": ("in_review",),
}
"""In which status a version must stand. An approval can be taken back: labels that name the version stay, but move to it no more."""

TEXT_TOLD: Final = 500
"""Characters of somebody's own text that a refusal names."""


async def request_review(
    tx: Tx, principal: Principal, slug: Slug, version: int, *, note: str, reviewers: Sequence[UUID], clock: Clock
) -> Head:
    """The version is in review. Raises NotFound, Conflict where it is so already, or approved, and for an archived prompt, InvalidField
    for `reviewers` who may not decide."""
    head = await _held(tx, principal.workspace_id, slug, version)
    check_not_archived(head.prompt)
    await tell.check_reviewers(tx, principal, reviewers)
    review_id = await review_store.insert_review(tx, head.prompt, version, note=note, reviewers=reviewers, by=principal.actor)
    if review_id is None:
        status = await review_store.status_of(tx, head.prompt, version)
        raise Conflict(f"Version {version} is {_words(status)} already.", param="version")
    await _note(tx, principal, head.prompt, version, before="draft", after="in_review")
    await tell.review_requested(tx, principal, head.prompt, version, review_id=review_id, reviewers=reviewers, clock=clock)
    return head


async def decide_review(tx: Tx, principal: Principal, slug: Slug, version: int, *, decision: Decision, comment: str, clock: Clock) -> Head:
    """Raises NotFound, Conflict for a version in another status and for approving one of an archived prompt, Forbidden for approving
    one's own, or text of one's own that nobody else has approved, where the workspace forbids it."""
    head = await _held(tx, principal.workspace_id, slug, version)
    status = await review_store.status_of(tx, head.prompt, version)
    if status == decision or (decision == "withdrawn" and status == "draft"):
        return head
    if status not in FROM[decision]:
        raise Conflict(f"Version {version} is {_words(status)}; ask for a review first.", param="version")
    if decision == "approved":
        check_not_archived(head.prompt)
        await _check_not_own(tx, principal, head.prompt, version)
    decided = await review_store.decide(tx, head.prompt, version, status=decision, comment=comment, by=principal.actor)
    await _note(tx, principal, head.prompt, version, before=status, after=decision)
    if decided is not None:
        review_id, asked_by = decided
        await tell.review_decided(
            tx, principal, head.prompt, version, review_id=review_id, requested_by=asked_by, status=decision, clock=clock
        )
    return head


async def why_not_approved(tx: Tx, principal: Principal, prompt: Prompt, version: int) -> str | None:
    """Why whoever asks may not approve a version that is in review, though their role may: it is, or holds, text of their own. None:
    nothing speaks against it."""
    try:
        await _check_not_own(tx, principal, prompt, version)
    except Forbidden as refusal:
        return refusal.message
    return None


async def _check_not_own(tx: Tx, principal: Principal, prompt: Prompt, version: int) -> None:
    if (await rules_of(tx, principal.workspace_id)).own_approval:
        return
    found = await store.find_version(tx, prompt.workspace_id, prompt.prompt_id, version)
    if found is None:
        raise no_such_prompt(prompt.slug, version=version)
    wrote = await review_store.names_of(tx, actor=found.author, api_key_id=await review_store.key_of_author(tx, prompt, version))
    asks = await review_store.names_of(tx, actor=principal.actor, api_key_id=principal.api_key_id)
    if wrote & asks:
        raise Forbidden("In this workspace nobody approves a version of their own; ask somebody else.")
    own = await own_unapproved(tx, prompt, found.content, version=version, names=asks)
    if own is not None:
        raise Forbidden(
            f"In this workspace nobody is the only one to approve text of their own: version {version} still holds what you wrote in "
            f"version {own.version} ({own.piece.part}: {_short(own.piece.text)}), and nobody else has approved it. Ask somebody else, or "
            f"have somebody else approve version {own.version} first.",
            param="version",
            details={"written_in": own.version, "part": own.piece.part, "text": own.piece.text[:TEXT_TOLD]},
        )


async def _held(tx: Tx, workspace_id: UUID, slug: Slug, version: int) -> Head:
    head = await store.lock_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    head.named(label=None, version=version)
    return head


async def _note(tx: Tx, principal: Principal, prompt: Prompt, version: int, *, before: str, after: str) -> None:
    """What was said stays with the review: the log holds no text."""
    await audit.note(
        tx, principal, action=f"prompt.version.{'review_requested' if after == 'in_review' else after}", kind="prompt",
        key=prompt.slug, before={"version": version, "status": before}, after={"version": version, "status": after},
    )  # fmt: skip


def _words(status: str) -> str:
    return "in review" if status == "in_review" else status if status == "approved" else "a draft"


def _short(text: str) -> str:
    return f"'{text}'" if len(text) <= 80 else f"'{text[:79]}…'"
