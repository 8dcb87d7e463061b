"""Accept or reject a suggestion (PRODUCT O6): a new version with its lineage, and the label that moves to it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.optimization import store
from burnish_gateway.optimization.bodies import AcceptBody
from burnish_gateway.registry import announce
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.add_version import Origin, add_version
from burnish_gateway.registry.move_label import move_label
from burnish_gateway.registry.spelling import author_of
from burnish_shared.clock import Clock
from burnish_shared.contracts.events import Event
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.ids import new_uuid
from burnish_shared.slug import PRODUCTION, Slug, parse_movable_label

SERVICE = "gateway"


@dataclass(frozen=True, slots=True)
class Accepted:
    version: int
    label: str | None


async def accept(tx: Tx, principal: Principal, suggestion_id: UUID, body: AcceptBody, *, clock: Clock) -> Accepted:
    """What was measured becomes the next version, byte for byte, and the label moves. Accepting again answers the same.

    Raises NotFound, Conflict where it was rejected or where production no longer names what was measured, InvalidField.
    """
    if body.rollout is not None:
        raise InvalidField("Guarded rollouts do not exist yet; leave 'rollout' out.", param="rollout")
    label = None if body.label is None else parse_movable_label(body.label)
    row = await store.find_suggestion(tx, principal.workspace_id, suggestion_id, for_update=True)
    if row is None:
        raise no_such_suggestion()
    if row["status"] == "accepted":
        return Accepted(row["accepted_version"], row["label"])
    if row["status"] == "rejected":
        raise Conflict("This suggestion was rejected.", param="suggestion_id")

    slug = Slug(row["slug"])
    if label == PRODUCTION and not body.force:
        await _check_incumbent(tx, principal.workspace_id, slug, measured=row["base_version"])
    saved = await add_version(
        tx,
        principal.workspace_id,
        slug,
        row["content"],
        base_version=row["base_version"],
        author=author_of(principal),
        clock=clock,
        origin=Origin(source="optimizer", edge="mutated_from", job_id=row["job_id"], suggestion_id=suggestion_id, newest_only=False),
        change_message=_message(row["evidence"]),
    )
    version = saved.version.version
    if label is not None:
        await move_label(
            tx,
            principal.workspace_id,
            slug,
            label,
            version=version,
            author=author_of(principal),
            clock=clock,
            reason=f"suggestion {suggestion_id} accepted",
        )
    await store.decide(
        tx, principal.workspace_id, suggestion_id, status="accepted", by=principal.actor, version=version, label=label, reason=None
    )
    await _announce(tx, principal, row, status="accepted", extra={"version": version, "label": label}, clock=clock)
    after = {"version": version, "label": label, "prompt": slug}
    await audit.note(tx, principal, action="suggestion.accepted", kind="suggestion", key=str(suggestion_id), after=after)
    await announce.prompt_changed(tx, principal.workspace_id, slug)
    return Accepted(version, label)


async def reject(tx: Tx, principal: Principal, suggestion_id: UUID, *, reason: str, clock: Clock) -> None:
    """Nobody gets it. Rejecting again changes nothing. Raises NotFound, Conflict where it was accepted."""
    row = await store.find_suggestion(tx, principal.workspace_id, suggestion_id, for_update=True)
    if row is None:
        raise no_such_suggestion()
    if row["status"] == "rejected":
        return
    if row["status"] == "accepted":
        raise Conflict(f"This suggestion was accepted as version {row['accepted_version']}.", param="suggestion_id")
    await store.decide(
        tx, principal.workspace_id, suggestion_id, status="rejected", by=principal.actor, version=None, label=None, reason=reason
    )
    await _announce(tx, principal, row, status="rejected", extra={}, clock=clock)
    after = {"reason": reason, "prompt": row["slug"]}
    await audit.note(tx, principal, action="suggestion.rejected", kind="suggestion", key=str(suggestion_id), after=after)


def no_such_suggestion() -> NotFound:
    return NotFound("There is no such suggestion in this workspace.", param="suggestion_id")


async def _check_incumbent(tx: Tx, workspace_id: UUID, slug: Slug, *, measured: int) -> None:
    head = await prompts_store.lock_head(tx, workspace_id, slug)
    placed = head.labels.get(PRODUCTION) if head else None
    if placed is not None and placed.version != measured:
        raise Conflict(
            f"The gain was measured against version {measured}, but production names version {placed.version} by now. "
            'Run the optimization again, or accept with "force": true.',
            param="label",
            details={"measured_version": measured, "production_version": placed.version},
        )


def _message(evidence: dict[str, Any]) -> str:
    test = evidence["test"]
    return (
        f"Optimizer: {test['baseline']:.1%} → {test['candidate']:.1%} on {test['n']} test items "
        f"(gain {100 * test['ci_low']:+.1f} to {100 * test['ci_high']:+.1f} points, {len(evidence['edits'])} edits)"
    )


async def _announce(tx: Tx, principal: Principal, row: Any, *, status: str, extra: dict[str, Any], clock: Clock) -> None:
    """Text of a reason stays out: events carry ids and numbers."""
    event = Event(
        id=new_uuid(),
        type="suggestion.accepted" if status == "accepted" else "suggestion.rejected",
        workspace_id=principal.workspace_id,
        occurred_at=clock.now(),
        object_id=str(row["suggestion_id"]),
        object_version=2,
        simulated=row["simulated"],
        data={
            "suggestion_id": str(row["suggestion_id"]),
            "job_id": str(row["job_id"]),
            "prompt_id": str(row["prompt_id"]),
            "slug": row["slug"],
            "base_version": row["base_version"],
        }
        | extra,
    )
    await put_event(tx, event, service=SERVICE)
