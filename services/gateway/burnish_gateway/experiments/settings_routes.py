"""What a workspace says of all its experiments, over HTTP."""

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.deps import Admin, GatewayParts, Viewer
from burnish_gateway.experiments import policy_store, settings_store
from burnish_gateway.experiments.answers import NamespacePage, SettingsAnswer, namespace_answer, settings_answer
from burnish_gateway.experiments.bodies import SettingsBody
from burnish_gateway.experiments.draft import guardrail_of
from burnish_gateway.experiments.scored_arms import pinned
from burnish_gateway.experiments.settings_store import WorkspaceSettings
from burnish_gateway.idempotency import run_once
from burnish_gateway.wire import make_router
from burnish_shared.contracts.experiments import Rollout, RolloutPolicy
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.experiments.assign import buckets_of
from burnish_shared.slug import parse_movable_label

router = make_router("experiments")


@router.get("/v1/experiments/settings", summary="Read the settings of experiments")
async def read_settings(gateway: GatewayParts, principal: Viewer) -> SettingsAnswer:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return settings_answer(await settings_store.find(tx, principal.workspace_id))


@router.put("/v1/experiments/settings", response_model=SettingsAnswer, summary="Set the settings of experiments")
async def put_settings(request: Request, gateway: GatewayParts, principal: Admin, body: SettingsBody) -> Response:
    """Minimum evidence for new drafts, the share of units that is in no experiment, and whether proven suggestions are rolled out without
    being asked. Where that policy changes, it tries once more what the one before did not begin. A larger holdout holds whom the smaller
    one held, and more."""

    async def work(tx: Tx) -> SettingsAnswer:
        await _check_evaluators(tx, body)
        before = await settings_store.find(tx, principal.workspace_id, for_update=True)
        after = WorkspaceSettings(body.min_samples, body.confidence, buckets_of(body.holdout_share), _policy(body, by=principal.actor))
        await settings_store.put(tx, principal.workspace_id, after)
        if after.rollout_policy is not None and after.rollout_policy.says_other_than(before.rollout_policy):
            await policy_store.try_again(tx, principal.workspace_id)
        await audit.note(
            tx, principal, action="experiment_settings.set", kind="experiment_settings", key="workspace",
            before=settings_answer(before).model_dump(mode="json"), after=settings_answer(after).model_dump(mode="json"),
        )  # fmt: skip
        await note_change(tx, workspace_id=principal.workspace_id, kind="experiment", key="settings")
        return settings_answer(after)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/experiments/namespaces", summary="List namespaces of experiments")
async def list_namespaces(gateway: GatewayParts, principal: Viewer) -> NamespacePage:
    """By name; a namespace is made by the first draft that names it."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await settings_store.list_namespaces(tx, principal.workspace_id)
    return NamespacePage(data=[namespace_answer(row) for row in rows])


async def _check_evaluators(tx: Tx, body: SettingsBody) -> None:
    """Those that a policy names are there. They are kept as they were said: each rollout goes by the newest version.

    Raises InvalidField."""
    said = body.rollout_policy
    if said is not None:
        await pinned(tx, said.metric, place="rollout_policy.metric")
        for index, one in enumerate(said.guardrails):
            await pinned(tx, one.metric, place=f"rollout_policy.guardrails[{index}].metric")


def _policy(body: SettingsBody, *, by: str) -> RolloutPolicy | None:
    said = body.rollout_policy
    if said is None:
        return None
    return RolloutPolicy(
        label=parse_movable_label(said.label), metric=said.metric, unit=said.unit,
        rollout=Rollout.model_validate(said.rollout.model_dump()), guardrails=[guardrail_of(one) for one in said.guardrails], by=by,
    )  # fmt: skip
