"""An experiment before its start: made, changed as a whole, thrown away. One transaction each; nobody gets anything of it."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.experiments import settings_store, store
from burnish_gateway.experiments.bodies import ArmBody, GuardrailBody, NewExperiment, known_direction
from burnish_gateway.experiments.experiment import Experiment, PlannedArm, no_such_experiment
from burnish_gateway.experiments.scored_arms import pinned, why_unscored
from burnish_gateway.models.book import ModelNotFound
from burnish_gateway.models.store import keep_known
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.prompt import Head, check_not_archived, no_such_prompt
from burnish_shared.contracts.experiments import BUCKETS, Guardrail, OnWinner, Rollout, Settings
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.experiments.assign import buckets_of
from burnish_shared.experiments.guardrails import USUAL
from burnish_shared.hops import current_hops
from burnish_shared.ids import new_uuid
from burnish_shared.slug import parse_label, parse_movable_label, parse_slug

LOOKS: Final = 5


async def create(tx: Tx, principal: Principal, body: NewExperiment, *, suggestion_id: UUID | None = None) -> UUID:
    """Raises NotFound for the prompt, InvalidField naming the arm that is none."""
    values = await values_of(tx, principal, body)
    experiment_id = await put(tx, principal, values, body, extra={"suggestion_id": suggestion_id})
    await audit.note(
        tx, principal, action="experiment.created", kind="experiment", key=str(experiment_id), after=_audited(values, arms_of(body))
    )
    return experiment_id


async def put(tx: Tx, principal: Principal, values: dict[str, Any], body: NewExperiment, *, extra: dict[str, Any]) -> UUID:
    """Writes it with its arms. `values`: of `values_of`; `extra`: further columns."""
    experiment_id = new_uuid()
    await store.insert(
        tx, principal.workspace_id,
        values | {
            "experiment_id": experiment_id, "hash_key": new_uuid(), "created_by": principal.actor, "hops": current_hops(),
        } | extra,
    )  # fmt: skip
    await store.put_arms(tx, principal.workspace_id, experiment_id, arms_of(body))
    return experiment_id


async def change(tx: Tx, principal: Principal, experiment_id: UUID, body: NewExperiment, *, revision: int) -> None:
    """The draft is from now on what `body` says. Raises Conflict where it was changed since, or started."""
    before = await held(tx, principal.workspace_id, experiment_id, revision=revision)
    if before.status != "draft":
        raise Conflict(f"This experiment is {before.status}; what it compares is fixed from its start on. Make another.", param="status")
    values = await values_of(tx, principal, body, of=experiment_id)
    await store.update(tx, principal.workspace_id, experiment_id, values)
    await store.put_arms(tx, principal.workspace_id, experiment_id, arms_of(body))
    was = {"metric": before.metric, "unit": before.unit, "arms": [_arm_audited(one) for one in before.arms]}
    after = _audited(values, arms_of(body))
    await audit.note(tx, principal, action="experiment.changed", kind="experiment", key=str(experiment_id), before=was, after=after)


async def throw_away(tx: Tx, principal: Principal, experiment_id: UUID) -> Experiment:
    """Raises Conflict for one that was started: its record stays."""
    experiment = await held(tx, principal.workspace_id, experiment_id)
    if experiment.status != "draft":
        raise Conflict(f"This experiment is {experiment.status}; only a draft can be thrown away.", param="experiment_id")
    await store.delete(tx, principal.workspace_id, experiment_id)
    await audit.note(
        tx, principal, action="experiment.deleted", kind="experiment", key=str(experiment_id),
        before={"name": experiment.name, "prompt": experiment.slug},
    )  # fmt: skip
    return experiment


async def held(tx: Tx, workspace_id: UUID, experiment_id: UUID, *, revision: int | None = None) -> Experiment:
    """Locked until the transaction ends. Raises NotFound, Conflict where it is not at this revision any more."""
    experiment = await store.find(tx, workspace_id, experiment_id, for_update=True)
    if experiment is None:
        raise no_such_experiment()
    if revision is not None and revision != experiment.revision:
        raise Conflict(
            f"The experiment was changed meanwhile: you saw revision {revision}, it is at {experiment.revision}. Read it again.",
            param="revision",
            details={"revision": experiment.revision},
        )
    return experiment


async def check_models(gateway: Gateway, principal: Principal, body: NewExperiment) -> None:
    """Raises InvalidField for an arm whose model nobody can call. Price and key are looked at before the start."""
    for index, arm in enumerate(body.arms):
        try:
            if arm.model is not None:
                await gateway.models.find(principal.workspace_id, arm.model)
        except ModelNotFound as error:
            raise InvalidField(f"arms[{index}].model: {error.message}", param=f"arms[{index}].model") from error


def arms_of(body: NewExperiment) -> list[PlannedArm]:
    """With the shares that were given, or even ones; the first live arm is the control where none says so."""
    live = [one for one in body.arms if one.mode == "live"]
    control = next((one.name for one in live if one.control), live[0].name)
    shares = _shares(live, body)
    return [
        PlannedArm(
            arm=one.name, mode=one.mode, is_control=one.name == control, label=one.label, version=one.version, model=one.model,
            buckets=shares[one.name] if one.mode == "live" else buckets_of(one.share or 0),
        )
        for one in body.arms
    ]  # fmt: skip


def _shares(live: Sequence[ArmBody], body: NewExperiment) -> dict[str, int]:
    if body.kind == "rollout":
        return {one.name: 0 for one in live}  # the ramp says them
    if all(one.share is not None for one in live):
        return {one.name: buckets_of(one.share or 0) for one in live}
    even, rest = divmod(BUCKETS, len(live))
    return {one.name: even + (number < rest) for number, one in enumerate(live)}


async def _prompt(tx: Tx, workspace_id: UUID, slug: str) -> Head:
    name = parse_slug(slug, param="prompt")
    head = await prompts_store.find_head(tx, workspace_id, name)
    if head is None:
        raise no_such_prompt(name)
    check_not_archived(head.prompt)
    return head


async def values_of(tx: Tx, principal: Principal, body: NewExperiment, *, joins: bool = True, of: UUID | None = None) -> dict[str, Any]:
    """By column. What is named is looked at here, so that a draft says what it can mean. `joins` False: makes no namespace. `of`: the
    experiment whose values they are, where it is there already."""
    head = await _prompt(tx, principal.workspace_id, body.prompt)
    await keep_known(tx, principal.workspace_id, [(f"arms[{index}].model", arm.model) for index, arm in enumerate(body.arms)])
    for index, arm in enumerate(body.arms):
        _check_arm(head, arm, index)
    own = await settings_store.find(tx, principal.workspace_id)
    if body.namespace is not None and joins:
        await settings_store.join_namespace(tx, principal, body.namespace, unit=body.unit)
    metric = await _deciding_metric(tx, body, of=of)
    usual = list(USUAL) if body.kind == "rollout" else []
    rules = usual if body.guardrails is None else await _pinned(tx, body.guardrails)
    said = body.deciding
    settings = Settings(
        confidence=body.confidence or own.confidence, min_samples=body.min_samples or own.min_samples, planned_units=said.planned_units,
        looks=(said.looks or LOOKS) if said.method == "group_sequential" else None, equivalence_margin=said.equivalence_margin,
        smallest_effect=said.smallest_effect, max_days=said.max_days, namespace_share=body.namespace_share or 0.5,
    )  # fmt: skip
    ramp = body.rollout.model_dump() if body.rollout is not None else {}
    return {
        "name": body.name, "description": body.description, "prompt_id": head.prompt.prompt_id, "slug": head.prompt.slug,
        "label": parse_movable_label(body.label), "kind": body.kind, "unit": body.unit, "targeting": body.targeting,
        "namespace": body.namespace, "metric": metric, "direction": body.direction or _direction(body.metric),
        "method": said.method, "allocation": body.allocation, "on_winner": body.on_winner or _usual_end(body),
        "guardrails": [one.model_dump(mode="json") for one in rules],
        "rollout": Rollout.model_validate(ramp).model_dump(mode="json") if body.kind == "rollout" else None,
        "settings": settings.model_dump(mode="json"),
        "shadow_budget_nusd": body.shadow_budget_nusd,
    }  # fmt: skip


def _usual_end(body: NewExperiment) -> OnWinner:
    """A rollout that held at 100 % goes on: were the label only offered, everybody would get the old version again."""
    return "automatic" if body.kind == "rollout" else "offered"


def _check_arm(head: Head, arm: ArmBody, index: int) -> None:
    """Raises InvalidField where the arm names what is not there."""
    try:
        if arm.version is not None or arm.label is not None:
            head.named(label=None if arm.label is None else parse_label(arm.label, param=f"arms[{index}].label"), version=arm.version)
    except NotFound as error:
        field = "version" if arm.version is not None else "label"
        raise InvalidField(f"arms[{index}].{field}: {error.message}", param=f"arms[{index}].{field}") from error


async def _deciding_metric(tx: Tx, body: NewExperiment, *, of: UUID | None) -> str:
    """With the version of its evaluator, where scores decide. Raises InvalidField where none would come, or not of all arms alike: it
    could never be decided, or wrongly."""
    metric = await pinned(tx, body.metric, place="metric")
    why = await why_unscored(tx, metric, body.prompt, experiment_id=of)
    if why:
        raise InvalidField(f"metric: {why}", param="metric")
    return metric


async def _pinned(tx: Tx, bodies: Sequence[GuardrailBody]) -> list[Guardrail]:
    """With the version of each evaluator written down, so that what is guarded does not change under way. Raises InvalidField."""
    rules: list[Guardrail] = []
    for index, body in enumerate(bodies):
        rule = guardrail_of(body)
        rule = rule.model_copy(update={"metric": await pinned(tx, rule.metric, place=f"guardrails[{index}].metric")})
        if any(one.metric == rule.metric for one in rules):
            raise InvalidField(
                f"guardrails[{index}].metric: {rule.metric} stands there twice; give each metric one margin.", param="guardrails"
            )
        rules.append(rule)
    return rules


def guardrail_of(body: GuardrailBody) -> Guardrail:
    direction = body.direction or _direction(body.metric)
    return Guardrail(
        metric=body.metric, margin=body.margin, relative=body.relative, direction=direction, alpha=body.alpha, least=body.least
    )


def _direction(metric: str) -> Any:
    return known_direction(metric) or "lower"


def _audited(values: dict[str, Any], arms: Sequence[PlannedArm]) -> dict[str, Any]:
    """Targeting may quote what customers say, and stays out of the log."""
    told = {name: values[name] for name in ("name", "slug", "label", "kind", "unit", "metric", "method", "on_winner", "namespace")}
    return told | {"targets": bool(values["targeting"]), "arms": [_arm_audited(one) for one in arms]}


def _arm_audited(arm: PlannedArm) -> dict[str, Any]:
    return {"arm": arm.arm, "version": arm.version, "label": arm.label, "model": arm.model, "buckets": arm.buckets, "mode": arm.mode}
