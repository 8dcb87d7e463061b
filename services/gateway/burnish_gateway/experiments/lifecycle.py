"""From the start of an experiment to its end. Whoever decides, a person or the optimizer, comes through here.

Each function works on an experiment that its transaction has locked (`store.find(…, for_update=True)`), writes the audit entry and the
event, and leaves `announce.experiment_changed` to the caller, as the last statement. Raises Conflict where its state forbids it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from burnish_gateway.access.audit import Actor, note_in
from burnish_gateway.experiments import announce, store
from burnish_gateway.experiments.experiment import Experiment, PlannedArm, shown_shares
from burnish_gateway.experiments.traffic import later_latency_limit
from burnish_gateway.experiments.winning_version import WinningVersion, standing_version, winning_version
from burnish_gateway.registry.move_label import move_label
from burnish_gateway.registry.note_label import note_label
from burnish_gateway.registry.prompt import Author
from burnish_gateway.registry.store import lock_head
from burnish_shared.clock import Clock
from burnish_shared.contracts.experiments import BUCKETS, Promotion, Verdict
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, LabelProtected, NotFound
from burnish_shared.experiments.assign import Allocation, allocate, buckets_of
from burnish_shared.slug import Label, Slug

KIND: Final = "experiment"
REASON_MOST: Final = 2_000  # characters, in a label's history


@dataclass(frozen=True, slots=True)
class System:
    """Who acts where nobody asked: `system:optimizer`, `system:rollout_policy`."""

    actor: str


OPTIMIZER = System("system:optimizer")

Reason = Literal["allocation", "step", "adaptive"]


def first_shares(experiment: Experiment) -> dict[str, int]:
    """Arm -> buckets in the first epoch: the plan's, or the first step of the ramp."""
    return shares_at(experiment, 0) if experiment.rollout is not None else {one.arm: one.buckets for one in experiment.live_arms}


def shares_at(experiment: Experiment, step: int) -> dict[str, int]:
    """Of a guarded rollout at a step of its ramp: the candidate's share, and the rest for the control."""
    if experiment.rollout is None:
        raise Conflict("This experiment has no ramp; change its allocation instead.", param="step")
    candidate = buckets_of(experiment.rollout.steps[step])
    return {experiment.control.arm: BUCKETS - candidate, experiment.candidate.arm: candidate}


async def begin(tx: Tx, experiment: Experiment, by: Actor, *, changes: Mapping[str, Any], clock: Clock) -> None:
    """`changes`: what is frozen at the start, by column. The arms are frozen by then, and nothing stands against it (checklist.py)."""
    _only(experiment, "draft", to="be started")
    now, shares = clock.now(), first_shares(experiment)
    step = 0 if experiment.rollout is not None else None
    await store.begin_epoch(tx, experiment, epoch=1, allocation=allocate(shares), reason="started", step=step, by=by.actor, at=now)
    await _write(
        tx, experiment, changes, status="running", epoch=1, started_at=now, step=step, step_started_at=None if step is None else now,
        rollout_state=None if step is None else "ramping",
    )  # fmt: skip
    arms = {one.arm: {"version": one.version, "model": one.model, "mode": one.mode} for one in experiment.arms}
    after = {"status": "running", "shares": shown_shares(shares), "arms": arms, "step": step}
    await _note(tx, experiment, by, "started", after=after)
    await announce.happened(tx, experiment, "experiment.started", clock=clock, epoch=1, shares=shown_shares(shares), step=step)


async def change_shares(
    tx: Tx, experiment: Experiment, shares: Mapping[str, int], *, by: Actor, reason: Reason, clock: Clock, step: int | None = None
) -> None:
    """A new epoch with these buckets by arm. As few units as possible change their arm. `step`: of the ramp, where it is one."""
    _only(experiment, "running", to="get other shares; resume it first")
    before = await _allocation(tx, experiment)
    if set(shares) != {one.arm for one in experiment.live_arms}:
        raise Conflict("Give a share for each live arm.", param="shares")
    now, epoch = clock.now(), experiment.epoch + 1
    allocation = allocate(shares, before=before)
    await store.begin_epoch(tx, experiment, epoch=epoch, allocation=allocation, reason=reason, step=step, by=by.actor, at=now)
    moved: dict[str, Any] = {} if step is None else {"step": step, "step_started_at": now, "rollout_state": "ramping"}
    await _write(tx, experiment, moved, epoch=epoch, **await later_latency_limit(tx, experiment, shares, now=now))
    was, told = shown_shares(_whole(experiment, before)), shown_shares(shares)
    await _note(tx, experiment, by, "advanced", before={"shares": was, "step": experiment.step}, after={"shares": told, "step": step})
    await announce.happened(
        tx, experiment, "experiment.advanced", clock=clock, epoch=epoch, reason=reason, step=step, shares=told, before=was
    )


async def hold(tx: Tx, experiment: Experiment, *, by: Actor, why: str, clock: Clock) -> None:
    """A guarded rollout waits at its step until somebody says how it goes on."""
    _only(experiment, "running", to="be held")
    if experiment.rollout_state != "ramping":
        return
    await _write(tx, experiment, {"rollout_state": "holding"})
    await _note(tx, experiment, by, "held", before={"rollout_state": "ramping"}, after={"rollout_state": "holding", "why": why})
    await announce.happened(tx, experiment, "experiment.held", clock=clock, step=experiment.step, why=why)


async def pause(tx: Tx, experiment: Experiment, *, by: Actor, clock: Clock, why: str = "") -> None:
    """Everybody gets what the label names; its epoch ends. One that is paused stays as it is."""
    if experiment.status == "paused":
        return
    _only(experiment, "running", to="be paused")
    now = clock.now()
    await store.end_epoch(tx, experiment, at=now)
    await _write(tx, experiment, {"status": "paused", "paused_at": now})
    await _note(tx, experiment, by, "paused", before={"status": "running"}, after={"status": "paused", "why": why})
    await announce.happened(tx, experiment, "experiment.paused", clock=clock, by=by.actor)


async def resume(tx: Tx, experiment: Experiment, *, by: Actor, clock: Clock) -> None:
    """Goes on with the shares that it had, in a new epoch: who was in an arm is in it again. One that runs stays as it is."""
    if experiment.status == "running":
        return
    _only(experiment, "paused", to="be resumed")
    before, now, epoch = await _allocation(tx, experiment), clock.now(), experiment.epoch + 1
    await store.begin_epoch(
        tx, experiment, epoch=epoch, allocation=before, reason="resumed", step=experiment.step, by=by.actor, at=now
    )  # fmt: skip
    changed: dict[str, Any] = {"status": "running", "paused_at": None, "epoch": epoch}
    if experiment.rollout is not None:
        changed |= {"rollout_state": "ramping", "step_started_at": now}
    shares = _whole(experiment, before)
    await _write(tx, experiment, changed, **await later_latency_limit(tx, experiment, shares, now=now))
    await _note(tx, experiment, by, "resumed", before={"status": "paused"}, after={"status": "running", "shares": shown_shares(shares)})
    await announce.happened(
        tx, experiment, "experiment.resumed", clock=clock, epoch=epoch, shares=shown_shares(shares), step=experiment.step
    )


async def go_on(tx: Tx, experiment: Experiment, *, by: Actor, clock: Clock) -> None:
    """Resumes one that is paused, or a guarded rollout that is held: its step bakes anew. One that goes on already stays as it is."""
    if experiment.status == "paused" or experiment.rollout_state != "holding":
        await resume(tx, experiment, by=by, clock=clock)
        return
    _only(experiment, "running", to="go on")
    await _write(tx, experiment, {"rollout_state": "ramping", "step_started_at": clock.now()})
    await _note(tx, experiment, by, "resumed", before={"rollout_state": "holding"}, after={"rollout_state": "ramping"})
    shares = shown_shares(_whole(experiment, await _allocation(tx, experiment)))
    await announce.happened(tx, experiment, "experiment.resumed", clock=clock, shares=shares, step=experiment.step)


async def complete(
    tx: Tx, experiment: Experiment, verdict: Verdict, *, by: Actor, clock: Clock, moves_label: bool | None = None
) -> Promotion:
    """It is over, with this verdict for good. The label moves to the winner's version, where that is wanted (`on_winner`, or
    `moves_label` by hand), by the registry's own rules: one that is protected stays, and the promotion says what is lacking.
    """
    if not experiment.is_open:
        raise Conflict(f"This experiment is {_state(experiment)}; only one that was started can be decided.", param="experiment_id")
    winner = experiment.arm(verdict.winner)
    if verdict.winner is not None and winner is None:
        raise Conflict(f"There is no live arm '{verdict.winner}'.", param="winner")
    promotion = await _promoted(tx, experiment, verdict, by=by, clock=clock, moves_label=moves_label)
    state = None if experiment.rollout is None else "rolled_back"
    if state and (verdict.winner == experiment.candidate.arm or await _serves_candidate(tx, experiment)):
        state = "finished"
    await _decided(tx, experiment, verdict, promotion, rollout_state=state, by=by, clock=clock)
    return promotion


async def roll_back(tx: Tx, experiment: Experiment, verdict: Verdict, *, by: Actor, clock: Clock) -> None:
    """A guarded rollout is over: nobody gets the candidate any more. It never moved the label, so nothing has to move back.

    Where somebody else moved it to the candidate, everybody gets that, and the end says so: what people did stays.
    """
    if experiment.rollout is not None and experiment.status == "completed":
        raise Conflict(f"This rollout is over, {await _how_it_ended(tx, experiment)}.", param="experiment_id")
    if experiment.rollout is None or not experiment.is_open:
        raise Conflict("Only a guarded rollout that was started can be rolled back.", param="experiment_id")
    promotion = Promotion(state="not_wanted", label=experiment.label, version=experiment.control.version, why="rolled back", at=clock.now())
    promotion = await _stands(tx, experiment, promotion)
    if await _serves_candidate(tx, experiment):
        told = f"{verdict.sentence} Nothing was taken back: somebody moved '{experiment.label}' to the candidate, and everybody gets it."
        found = "stopped" if verdict.outcome == "rolled_back" else verdict.outcome  # what the data proved stays proven
        left = verdict.model_copy(update={"outcome": found, "winner": None, "sentence": told})
        await _decided(tx, experiment, left, promotion, rollout_state="finished", by=by, clock=clock)
        return
    await _end(tx, experiment, verdict, promotion, rollout_state="rolled_back", at=clock.now())
    after = {"status": "completed", "outcome": verdict.outcome, "step": experiment.step, **_why(verdict)}
    await _note(tx, experiment, by, "rolled_back", before={"status": experiment.status}, after=after)
    await announce.happened(
        tx, experiment, "experiment.rolled_back", clock=clock, step=experiment.step, version=experiment.candidate.version,
        decided_by=verdict.decided_by, sentence=verdict.sentence,
    )  # fmt: skip


async def _how_it_ended(tx: Tx, experiment: Experiment) -> str:
    """With the way to take its version back, where everybody gets that now."""
    if experiment.rollout_state != "finished":
        return "rolled back before"
    if not await _serves_candidate(tx, experiment):
        return f"finished, and '{experiment.label}' does not name its version: nobody gets it, and there is nothing to take back"
    return f"finished: to take its version back, POST /v1/prompts/{experiment.slug}/labels/{experiment.label}/rollback"


async def promote(tx: Tx, experiment: Experiment, *, by: Actor, clock: Clock) -> Promotion:
    """Moves the label to the winner of an experiment that is over, where it did not move then. Raises LabelProtected, Conflict, NotFound,
    InvalidField. After LabelProtected call `keep_for_approval` in another transaction."""
    won = await _version_won(tx, experiment, by=by, clock=clock)
    return await _written(tx, experiment, await _moved(tx, experiment, won, experiment.verdict, by=by, clock=clock), by=by)


async def keep_for_approval(tx: Tx, experiment: Experiment, *, by: Actor, clock: Clock) -> LabelProtected | None:
    """What the label's rules lack, kept as the promotion; a version for a winner with a model of its own stays for whoever approves it.

    None: nothing lacks any more, and the label moved; take that back and promote. Raises what `promote` raises save LabelProtected.
    """
    won = await _version_won(tx, experiment, by=by, clock=clock)
    try:
        promotion, lacks = await _moved(tx, experiment, won, experiment.verdict, by=by, clock=clock), None
    except LabelProtected as error:
        lacks = LabelProtected(error.message, param=error.param, details=error.details | {"version": won.version, "branch": won.branch})
        promotion = _told(experiment, won, "refused", at=clock.now()).model_copy(update={"why": error.message})
        if experiment.promotion is not None and experiment.promotion.model_copy(update={"at": promotion.at}) == promotion:
            return lacks  # Asked again, as a client does that heard nothing: the audit log has it.
    await _written(tx, experiment, promotion, by=by)
    return lacks


async def _version_won(tx: Tx, experiment: Experiment, *, by: Actor, clock: Clock) -> WinningVersion:
    if experiment.status != "completed" or experiment.verdict is None or experiment.winner is None:
        raise Conflict("Only an experiment that ended with a winner has one to promote.", param="experiment_id")
    winner = experiment.arm(experiment.winner)
    if winner is None or winner.version is None:
        raise Conflict("The winner is no version of the prompt.", param="winner")
    return await _version_of(tx, experiment, winner, winner.version, by=by, clock=clock)


async def _written(tx: Tx, experiment: Experiment, promotion: Promotion, *, by: Actor) -> Promotion:
    await _write(tx, experiment, {"promotion": promotion.model_dump(mode="json")})
    await _note(tx, experiment, by, "promoted", after={"label": promotion.label, "version": promotion.version, "state": promotion.state})
    return promotion


async def _promoted(tx: Tx, experiment: Experiment, verdict: Verdict, *, by: Actor, clock: Clock, moves_label: bool | None) -> Promotion:
    """What becomes of the label. Where its rules refuse, the experiment ends all the same; a version that was saved for a model that
    won stays for whoever approves it."""
    winner, now = experiment.arm(verdict.winner), clock.now()
    told = Promotion(state="not_wanted", label=experiment.label, version=winner.version if winner else None, at=now)
    if winner is None or winner.version is None:
        return told
    wanted = moves_label if moves_label is not None else experiment.on_winner == "automatic"
    is_offered = moves_label is None and experiment.on_winner == "offered"
    if not wanted and not is_offered:
        return told
    if winner.is_control and winner.model is None:  # Everybody gets it already: there is nothing to offer.
        return await _stands(tx, experiment, told.model_copy(update={"state": "stood_there", "why": "the control won"}))
    if is_offered:
        return told.model_copy(update={"state": "offered"})
    try:
        won = await _version_of(tx, experiment, winner, winner.version, by=by, clock=clock)
        told = _told(experiment, won, "refused", at=now)
        return await _moved(tx, experiment, won, verdict, by=by, clock=clock)
    except (LabelProtected, Conflict, NotFound, InvalidField) as error:
        return told.model_copy(update={"state": "refused", "why": error.message})


async def _version_of(
    tx: Tx, experiment: Experiment, winner: PlannedArm, version: int, *, by: Actor, clock: Clock
) -> WinningVersion:  # fmt: skip
    """What the label is to name. Where somebody moved it meanwhile nothing is saved for it: Conflict; to just what won: that it is."""
    if winner.model is not None:
        kept = experiment.promotion.version if experiment.promotion else None
        await _unless_moved(tx, experiment, to=(await standing_version(tx, experiment, winner, version), kept))
    return await winning_version(tx, experiment, winner, version, by=by, author=author_of(by), clock=clock)


async def _moved(tx: Tx, experiment: Experiment, won: WinningVersion, verdict: Verdict | None, *, by: Actor, clock: Clock) -> Promotion:
    """By the registry's own way, with its history, event and rules. The history says what the person who decided it gave as reason."""
    why = f": {verdict.reason}" if verdict is not None and verdict.reason else ""
    await _unless_moved(tx, experiment, to=(won.version, experiment.promotion.version if experiment.promotion else None))
    slug, label, reason = Slug(experiment.slug), Label(experiment.label), f"experiment {experiment.experiment_id}{why}"[:REASON_MOST]
    moved = await move_label(
        tx, experiment.workspace_id, slug, label, version=won.version, author=author_of(by), clock=clock, reason=reason
    )  # fmt: skip
    await note_label(tx, experiment.workspace_id, by, slug, label, moved, version=won.version, reason=reason)
    told = _told(experiment, won, "moved" if moved.is_moved else "stood_there", at=clock.now())
    return told.model_copy(update={"from_version": moved.from_version})


def _told(experiment: Experiment, won: WinningVersion, state: Literal["moved", "stood_there", "refused"], *, at: datetime) -> Promotion:
    return Promotion(state=state, label=experiment.label, version=won.version, model=won.model, branch=won.branch, at=at)


async def _stands(tx: Tx, experiment: Experiment, told: Promotion) -> Promotion:
    """What is told of a label that stays with the control, unless somebody moved it: then that."""
    try:
        await _unless_moved(tx, experiment, to=())
    except Conflict as error:
        return told.model_copy(update={"state": "refused", "why": error.message})
    return told


async def _unless_moved(tx: Tx, experiment: Experiment, *, to: Sequence[int | None]) -> None:
    """Raises Conflict where the label names none of these versions, nor what it named when the experiment began: who moved it decides."""
    placed = await _placed(tx, experiment)
    if placed is not None and placed not in (*to, experiment.control.version):
        raise Conflict(
            f"The label '{experiment.label}' named version {experiment.control.version} when the experiment began, and names version "
            f"{placed} now: somebody moved it meanwhile. Move it by hand.",
            param="label",
        )


async def _serves_candidate(tx: Tx, experiment: Experiment) -> bool:
    """Whether the label names by now what gives just what the candidate gave, and with it everybody gets it."""
    candidate, placed = experiment.candidate, await _placed(tx, experiment)
    if placed is None or candidate.version is None or placed == experiment.control.version:
        return False
    try:
        return placed == await standing_version(tx, experiment, candidate, candidate.version)
    except (InvalidField, NotFound):  # The base is gone, or does not go with the model: nothing gives what the candidate gave.
        return False


async def _placed(tx: Tx, experiment: Experiment) -> int | None:
    """The version that the label names, which nobody moves until the transaction ends."""
    head = await lock_head(tx, experiment.workspace_id, Slug(experiment.slug))
    placed = head.labels.get(experiment.label) if head else None
    return placed.version if placed else None


def touches_prompt(promotion: Promotion) -> bool:
    """Whether the prompt reads otherwise: its label moved, or a version was saved for a winner with a model of its own."""
    return promotion.state in ("moved", "refused")


def author_of(by: Actor) -> Author:
    key = getattr(by, "api_key_id", None)
    return Author(name=by.actor, api_key_id=key if isinstance(key, UUID) else None)


async def _decided(
    tx: Tx, experiment: Experiment, verdict: Verdict, promotion: Promotion, *, rollout_state: str | None, by: Actor, clock: Clock
) -> None:  # fmt: skip
    """Ends it with this verdict, and says so."""
    winner, is_moved = experiment.arm(verdict.winner), promotion.state == "moved"
    await _end(tx, experiment, verdict, promotion, rollout_state=rollout_state, at=clock.now())
    after = {"status": "completed", "outcome": verdict.outcome, "winner": verdict.winner, "promotion": promotion.state, **_why(verdict)}
    await _note(tx, experiment, by, "decided", before={"status": experiment.status}, after=after)
    await announce.happened(
        tx, experiment, "experiment.decided", clock=clock, outcome=verdict.outcome, winner=verdict.winner,
        winner_version=promotion.version if is_moved else winner.version if winner else None, label_moved=is_moved,
        decided_by=verdict.decided_by,
        sentence=verdict.sentence,
    )  # fmt: skip


async def _end(tx: Tx, experiment: Experiment, verdict: Verdict, promotion: Promotion, *, rollout_state: str | None, at: datetime) -> None:
    await store.end_epoch(tx, experiment, at=at)
    await _write(
        tx, experiment, {"verdict": verdict.model_dump(mode="json"), "promotion": promotion.model_dump(mode="json")}, status="completed",
        completed_at=at, winner=verdict.winner, decided_by=verdict.decided_by, rollout_state=rollout_state,
    )  # fmt: skip
    if experiment.shadow_account_id is not None:
        await store.close_shadow_account(tx, experiment.shadow_account_id)


def _state(experiment: Experiment) -> str:
    return "a draft" if experiment.status == "draft" else experiment.status


def _why(verdict: Verdict) -> dict[str, str]:
    return {"sentence": verdict.sentence} | ({"reason": verdict.reason} if verdict.reason else {})


def _only(experiment: Experiment, status: str, *, to: str) -> None:
    if experiment.status != status:
        raise Conflict(f"This experiment is {_state(experiment)}; only one that is {status} can {to}.", param="experiment_id")


async def _allocation(tx: Tx, experiment: Experiment) -> Allocation:
    epochs = await store.list_epochs(tx, experiment.workspace_id, experiment.experiment_id)
    return Allocation.of(epochs[-1]["ranges"]) if epochs else Allocation(())


def _whole(experiment: Experiment, allocation: Allocation) -> dict[str, int]:
    held = allocation.shares()
    return {one.arm: held.get(one.arm, 0) for one in experiment.live_arms}


async def _write(tx: Tx, experiment: Experiment, changes: Mapping[str, Any], **more: Any) -> None:
    await store.update(tx, experiment.workspace_id, experiment.experiment_id, {**changes, **more})


async def _note(
    tx: Tx, experiment: Experiment, by: Actor, what: str, *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> None:
    about = {"prompt": experiment.slug, "label": experiment.label, "name": experiment.name}
    await note_in(
        tx, experiment.workspace_id, by, action=f"experiment.{what}", kind=KIND, key=str(experiment.experiment_id), before=before,
        after=about | (after or {}),
    )  # fmt: skip
