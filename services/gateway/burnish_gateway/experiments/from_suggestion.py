"""A suggestion that was accepted becomes a guarded rollout (PRODUCT O6, X3). In the transaction of the acceptance."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.experiments import draft, store
from burnish_gateway.experiments.bodies import NewExperiment, RolloutAsked
from burnish_gateway.experiments.experiment import Experiment, no_such_experiment
from burnish_gateway.experiments.scored_arms import why_unscored
from burnish_gateway.experiments.start import start
from burnish_gateway.experiments.traffic import traffic_of
from burnish_shared.clock import Clock
from burnish_shared.contracts.experiments import Unit
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict

WIDEST_FIRST: Final[tuple[Unit, ...]] = ("end_user", "session", "execution")

ENOUGH: Final = 0.5
"""Of the calls that say their unit: with fewer, a narrower unit sees more of them."""


class NotScored(Conflict):
    """It would be guarded or decided by scores that do not come."""

    code = "not_scored"


async def begin_rollout(
    tx: Tx, principal: Principal, *, slug: str, label: str, version: int, suggestion_id: UUID, asked: RolloutAsked, clock: Clock
) -> UUID:
    """Drafts and starts it. Raises as a start does: Conflict where something stands against it, InvalidField for an evaluator that is not
    there. Note the change at the end."""
    await _check_scored(tx, slug, asked)
    said = asked.model_dump(exclude_none=True)
    guardrails, unit, metric = said.pop("guardrails", None), said.pop("unit", None), said.pop("metric")
    body: dict[str, Any] = {
        "name": f"Rollout of version {version}", "description": f"Suggestion {suggestion_id}", "prompt": slug, "kind": "rollout",
        "label": label, "unit": unit or "end_user", "metric": metric, "rollout": said, "on_winner": "automatic",
        "arms": [{"name": "control", "label": label, "control": True}, {"name": "candidate", "version": version}],
    }  # fmt: skip
    if guardrails is not None:
        body["guardrails"] = guardrails
    experiment_id = await draft.create(tx, principal, NewExperiment.model_validate(body), suggestion_id=suggestion_id)
    experiment = await store.find(tx, principal.workspace_id, experiment_id, for_update=True)
    if experiment is None:
        raise no_such_experiment()
    if unit is None:
        experiment = await _with_unit(tx, experiment, clock=clock)
    await start(tx, experiment, principal, (), credit_account_id=principal.workspace.credit_account_id, clock=clock)
    return experiment_id


async def _check_scored(tx: Tx, slug: str, asked: RolloutAsked) -> None:
    """Raises Conflict where no score would come of what guards or decides: nobody looks at a checklist first."""
    for metric in (asked.metric, *(one.metric for one in asked.guardrails or ())):
        why = await why_unscored(tx, metric, slug, experiment_id=None)
        if why:
            raise NotScored(f"A rollout of '{slug}' would go by scores that do not come. {why}", param="rollout")


async def _with_unit(tx: Tx, experiment: Experiment, *, clock: Clock) -> Experiment:
    """The widest unit that calls of the last days name: who meets both versions is told apart least."""
    for unit in WIDEST_FIRST:
        seen = await traffic_of(tx, replace(experiment, unit=unit), now=clock.now())
        if not seen.calls or seen.with_unit >= ENOUGH:
            break
    if unit != experiment.unit:
        await store.update(tx, experiment.workspace_id, experiment.experiment_id, {"unit": unit})
    return replace(experiment, unit=unit, revision=experiment.revision + (unit != experiment.unit))
