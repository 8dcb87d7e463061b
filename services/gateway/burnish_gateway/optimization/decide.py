"""Accept or reject a suggestion (PRODUCT O6): a new version with its lineage, and the label that moves to it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.experiments.announce import experiment_changed
from burnish_gateway.experiments.bodies import RolloutAsked
from burnish_gateway.experiments.from_suggestion import begin_rollout
from burnish_gateway.lineage import store as lineage_store
from burnish_gateway.optimization import store
from burnish_gateway.optimization.bodies import AcceptBody
from burnish_gateway.optimization.edited_text import with_text
from burnish_gateway.optimization.measured_with import measured_with, unmeasured_model
from burnish_gateway.optimization.rollout_warning import rollout_warning
from burnish_gateway.optimization.some_edits import with_some
from burnish_gateway.registry import announce
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.add_version import Origin, add_version
from burnish_gateway.registry.move_label import move_label
from burnish_gateway.registry.note_label import note_label
from burnish_gateway.registry.prompt import EdgeKind, check_not_archived, no_such_prompt
from burnish_gateway.registry.spelling import author_of
from burnish_shared.clock import Clock
from burnish_shared.contracts.events import Event
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.editable import editable_index
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.ids import new_uuid
from burnish_shared.slug import PRODUCTION, Label, Slug, parse_movable_label

SERVICE = "gateway"


@dataclass(frozen=True, slots=True)
class Accepted:
    version: int
    label: str | None
    experiment_id: UUID | None = None
    rollout_warning: str | None = None


async def accept(tx: Tx, principal: Principal, suggestion_id: UUID, body: AcceptBody, *, clock: Clock) -> Accepted:
    """What was measured becomes the next version, byte for byte, and the label moves; of some edits alone, or of a text that somebody
    edited, a version that nobody gets yet. Accepting again answers the same.

    Raises NotFound, Conflict where it was rejected, or accepted before with other edits, another text or without the label that is asked
    for now, where the prompt is archived, where production no longer names what was measured, or where a label would call another model
    than those that it was measured with, InvalidField.
    """
    label = None if body.label is None else parse_movable_label(body.label)
    if body.rollout is not None and label is None:
        raise InvalidField("rollout: needs the label whose calls get the new version step by step.", param="rollout")
    row = await store.find_suggestion(tx, principal.workspace_id, suggestion_id, for_update=True)
    if row is None:
        raise no_such_suggestion()
    if row["status"] == "accepted":
        await _check_same(tx, principal.workspace_id, row, body)
        return _as_before(row, body, label)
    slug = Slug(row["slug"])
    await _check_open(tx, principal.workspace_id, slug, row)
    content = await _chosen(tx, principal.workspace_id, row, body)
    is_measured = content == row["content"]
    if not is_measured and body.rollout is None:
        label = _label_of_unmeasured(body, label)
    if label is not None and body.rollout is None and not body.force:
        await _check_model(tx, principal.workspace_id, row, content, label=label)
    if label == PRODUCTION and not body.force:
        await _check_incumbent(tx, principal.workspace_id, slug, measured=row["base_version"])
    saved = await add_version(
        tx,
        principal.workspace_id,
        slug,
        content,
        base_version=row["base_version"],
        author=author_of(principal),
        clock=clock,
        origin=Origin(
            source="optimizer", edge=_edge_of(row["evidence"]), job_id=row["job_id"], suggestion_id=suggestion_id, newest_only=False
        ),
        change_message=_message(row["evidence"], body=None if is_measured else body),
    )
    version = saved.version.version
    if is_measured and (measured := (row["evidence"].get("measured") or {}).get("candidate_sha256")):
        await lineage_store.link_accepted(
            tx, principal.workspace_id, prompt_id=row["prompt_id"], version=version, job_id=row["job_id"], digest=measured
        )
    label, experiment_id = await _hand_out(tx, principal, row, body=body, label=label, version=version, clock=clock)
    await store.decide(
        tx, principal.workspace_id, suggestion_id, status="accepted", by=principal.actor, version=version, label=label, reason=None
    )
    await _announce(tx, principal, row, status="accepted", extra={"version": version, "label": label}, clock=clock)
    rolled_out = None if experiment_id is None else str(experiment_id)
    after: dict[str, Any] = {"version": version, "label": label, "prompt": slug, "experiment_id": rolled_out}
    after |= {} if is_measured else {"edited": True} if body.text is not None else {"edits": sorted(set(body.edits or ()))}
    await audit.note(tx, principal, action="suggestion.accepted", kind="suggestion", key=str(suggestion_id), after=after)
    await announce.prompt_changed(tx, principal.workspace_id, slug)
    if experiment_id is not None:
        await experiment_changed(tx, principal.workspace_id, experiment_id)
    return Accepted(version, label, experiment_id, _warned(row, body) if is_measured and experiment_id is not None else None)


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


async def _check_open(tx: Tx, workspace_id: UUID, slug: Slug, row: Any) -> None:
    """Raises Conflict where it was rejected, and where its prompt is archived, which is locked."""
    if row["status"] == "rejected":
        raise Conflict("This suggestion was rejected.", param="suggestion_id")
    if (head := await prompts_store.lock_head(tx, workspace_id, slug)) is not None:
        check_not_archived(head.prompt)


async def _check_same(tx: Tx, workspace_id: UUID, row: Any, body: AcceptBody) -> None:
    """Raises Conflict where edits or a text do not come to what was accepted before; InvalidField for edits that could not be accepted.

    A text is compared as it is: by what the prompt locks today, the answer to the same request would change.
    """
    if body.edits is None and body.text is None:
        return
    stands = await prompts_store.find_version(tx, workspace_id, row["prompt_id"], row["accepted_version"])
    if stands is None:
        return
    messages = stands.content.fields()["messages"]
    if body.text is not None and body.edits is None:
        index = editable_index((await _base_of(tx, workspace_id, row))["messages"])
        if index is not None and index < len(messages) and messages[index]["content"] == body.text:
            return
    elif messages == (await _chosen(tx, workspace_id, row, body))["messages"]:
        return
    raise Conflict(
        f"This suggestion was accepted before, as version {row['accepted_version']}, "
        f"with other {'edits' if body.text is None else 'words'} than these. Look at that version; what you want "
        f"otherwise is saved with POST /v1/prompts/{row['slug']}/versions.",
        param="edits" if body.text is None else "text",
        details={"version": row["accepted_version"], "label": row["label"]},
    )


def _warned(row: Any, body: AcceptBody) -> str | None:
    return rollout_warning(row["evidence"], body.rollout.guardrails if isinstance(body.rollout, RolloutAsked) else None)


def _as_before(row: Any, body: AcceptBody, label: Label | None) -> Accepted:
    """The answer to who accepts what was accepted. Raises Conflict where a label is asked for that did not move then, nor will."""
    if (body.edits is not None or body.text is not None) and "label" not in body.model_fields_set:
        label = None
    if label is not None and label != row["label"] and row["experiment_id"] is None:
        moved = "no label moved" if row["label"] is None else f"'{row['label']}' moved"
        raise Conflict(
            f"This suggestion was accepted before, as version {row['accepted_version']}, and {moved} to it, not '{label}'. Look at that "
            f"version, and move the label with PUT /v1/prompts/{row['slug']}/labels/{label}.",
            param="label",
            details={"version": row["accepted_version"], "label": row["label"]},
        )
    return Accepted(row["accepted_version"], row["label"], row["experiment_id"])


async def _hand_out(
    tx: Tx, principal: Principal, row: Any, *, body: AcceptBody, label: Label | None, version: int, clock: Clock
) -> tuple[Label | None, UUID | None]:
    """The label moves, or a rollout begins that moves it when it is decided. Returns the label that moved, and the rollout."""
    slug, suggestion_id = Slug(row["slug"]), row["suggestion_id"]
    if label is None:
        return None, None
    if body.rollout is not None:
        asked = RolloutAsked() if body.rollout == "guarded" else body.rollout
        experiment_id = await begin_rollout(
            tx, principal, slug=slug, label=label, version=version, suggestion_id=suggestion_id, asked=asked, clock=clock
        )
        await store.note_rollout(tx, principal.workspace_id, suggestion_id, experiment_id)
        return None, experiment_id
    reason, author = f"suggestion {suggestion_id} accepted", author_of(principal)
    moved = await move_label(tx, principal.workspace_id, slug, label, version=version, author=author, clock=clock, reason=reason)
    await note_label(tx, principal.workspace_id, principal, slug, label, moved, version=version, reason=reason)
    return label, None


async def _chosen(tx: Tx, workspace_id: UUID, row: Any, body: AcceptBody) -> dict[str, Any]:
    """What is accepted: all that was measured, some of its edits, or a text that somebody edited. Raises InvalidField."""
    content: dict[str, Any] = row["content"]
    if body.edits is None and body.text is None:
        return content
    if body.edits is not None and body.text is not None:
        raise InvalidField("text: give either a text or edits; a text holds what you take of the edits.", param="text")
    base = await _base_of(tx, workspace_id, row)
    if body.edits is not None:
        return with_some(content, row["evidence"], base=base, places=body.edits)
    head = await prompts_store.lock_head(tx, workspace_id, Slug(row["slug"]))
    if head is None:
        raise no_such_prompt(row["slug"])
    return with_text(content, base=base, text=body.text or "", locked=head.prompt.locked_blocks, rules=head.prompt.rules)


async def _base_of(tx: Tx, workspace_id: UUID, row: Any) -> dict[str, Any]:
    """The content of the version that a suggestion improves. Raises NotFound."""
    base = await prompts_store.find_version(tx, workspace_id, row["prompt_id"], row["base_version"])
    if base is None:
        raise no_such_prompt(row["slug"], version=row["base_version"], param="prompt")
    return base.content.fields()


async def _check_model(tx: Tx, workspace_id: UUID, row: Any, content: dict[str, Any], *, label: Label) -> None:
    """Raises Conflict where the label's calls would meet the change with a model that nobody measured it with."""
    served = unmeasured_model(content, row["evidence"], base=await _base_of(tx, workspace_id, row))
    if served is None:
        return
    measured = measured_with(content, row["evidence"])
    raise Conflict(
        f"The gain was measured with {', '.join(measured)}, but '{label}' would call {served}. Set label to null and give the version that "
        'model, begin a rollout, or accept with "force": true.',
        param="label",
        details={"measured_with": measured, "model": served},
    )


def _label_of_unmeasured(body: AcceptBody, label: Label | None) -> Label | None:
    """None, unless the caller insists. Raises Conflict where it names a label without insisting."""
    if "label" not in body.model_fields_set:
        return None
    if label is not None and not body.force:
        what = "Only all edits together were measured" if body.text is None else "The text was measured as it was before the edit"
        raise Conflict(
            f'{what}. Set label to null and test the version, begin a rollout, or accept with "force": true.',
            param="label",
        )
    return label


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


def _edge_of(evidence: dict[str, Any]) -> EdgeKind:
    """What the lineage says of a version that a search made: a search for a shorter text shortened the base."""
    return "compressed_from" if evidence.get("method") == "compression" else "mutated_from"


def _message(evidence: dict[str, Any], *, body: AcceptBody | None) -> str:
    """`body`: what was chosen instead of all that was measured. The author of the version is who chose or edited it."""
    test = evidence["test"]
    gain = f"gain {100 * test['ci_low']:+.1f} to {100 * test['ci_high']:+.1f} points"
    if body is not None and body.text is not None:
        return f"Optimizer, edited by its author as it was accepted: the {gain} on {test['n']} test items is of the text before that edit"
    if body is not None:
        return f"Optimizer: {len(set(body.edits or ()))} of {len(evidence['edits'])} edits, which were measured only together"
    return f"Optimizer: {test['baseline']:.1%} → {test['candidate']:.1%} on {test['n']} test items ({gain}, {len(evidence['edits'])} edits)"


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
