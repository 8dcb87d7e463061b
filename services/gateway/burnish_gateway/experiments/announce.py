"""Tells others what became of an experiment: an event for subscribers, and the change that makes every gateway read it anew."""

from typing import Any
from uuid import UUID

from burnish_gateway.experiments.experiment import Experiment
from burnish_shared.clock import Clock
from burnish_shared.contracts.events import Event, EventType
from burnish_shared.db.changes import note_change
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

SERVICE = "gateway"


async def happened(tx: Tx, experiment: Experiment, what: EventType, *, clock: Clock, epoch: int | None = None, **data: Any) -> None:
    """`experiment`: as it was before this change. `epoch`: the one that begins with it. `data`: of the type, without what all have."""
    event = Event(
        id=new_uuid(), type=what, workspace_id=experiment.workspace_id, occurred_at=clock.now(), object_id=str(experiment.experiment_id),
        object_version=experiment.revision + 1, simulated=experiment.simulated, hops=experiment.hops,
        data={
            "experiment_id": str(experiment.experiment_id), "prompt_id": str(experiment.prompt_id), "slug": experiment.slug,
            "name": experiment.name, "kind": experiment.kind, "label": experiment.label, "epoch": epoch or experiment.epoch,
        } | data,
    )  # fmt: skip
    await put_event(tx, event, service=SERVICE)


async def experiment_changed(tx: Tx, workspace_id: UUID, experiment_id: UUID, *, moved: str | None = None) -> None:
    """The last statements of every transaction that changes what an experiment gives to whom. `moved`: the slug whose label moved too."""
    if moved is not None:
        await note_change(tx, workspace_id=workspace_id, kind="prompt", key=moved)
    await note_change(tx, workspace_id=workspace_id, kind="experiment", key=str(experiment_id))
