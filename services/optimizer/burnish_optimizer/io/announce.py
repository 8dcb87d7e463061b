"""Events of test runs, jobs and suggestions: ids and numbers, no text of prompts or answers."""

from typing import Any
from uuid import UUID

from burnish_optimizer.io.batches_store import EndedBatch
from burnish_optimizer.io.runs_store import Job, TestRun
from burnish_shared.clock import Clock
from burnish_shared.contracts.events import Event, EventType
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError
from burnish_shared.ids import new_uuid

SERVICE = "optimizer"


async def test_run_completed(
    tx: Tx, run: TestRun, metrics: dict[str, Any], *, failure: BurnishError | None, simulated: bool, clock: Clock
) -> None:
    """Sent for a failed run too; `status` tells."""
    if run.chain is not None:
        event_type: EventType = "chain_test_run.completed"
        tested = {"chain_id": str(run.chain.chain_id), "slug": run.chain.slug}
    elif run.prompt is not None:
        event_type = "test_run.completed"
        tested = {"prompt_id": str(run.prompt.prompt_id), "slug": run.prompt.slug, "model": run.prompt.model}
    data = tested | {
        "test_run_id": str(run.test_run_id),
        "status": "completed" if failure is None else "failed",
        "version": run.version,
        "dataset_id": str(run.dataset_id),
        "split": run.split,
        "overall_accuracy": metrics["overall_accuracy"],
        "correct": metrics["correct"],
        "total": metrics["total"],
        "error_code": failure.code if failure else None,
    }
    await _put(
        tx,
        event_type,
        workspace_id=run.workspace_id,
        object_id=run.test_run_id,
        data=data,
        simulated=simulated,
        hops=run.hops,
        clock=clock,
    )


async def batch_completed(tx: Tx, batch: EndedBatch, *, clock: Clock) -> None:
    """Sent however it ended; `status` tells."""
    data = {
        "batch_id": str(batch.batch_id),
        "status": batch.status,
        "endpoint": batch.endpoint,
        "total": batch.total,
        "succeeded": batch.succeeded,
        "failed": batch.failed,
        "cost_nusd": batch.spent_nusd,
        "error_code": batch.error["code"] if batch.error else None,
    }
    await _put(
        tx,
        "batch.completed",
        workspace_id=batch.workspace_id,
        object_id=batch.batch_id,
        data=data,
        simulated=batch.simulated,
        hops=batch.hops,
        clock=clock,
    )


async def optimization_completed(
    tx: Tx,
    job: Job,
    *,
    outcome: str,
    finish_reason: str,
    test: dict[str, Any] | None,
    suggestion_id: UUID | None,
    simulated: bool,
    clock: Clock,
) -> None:
    shown = ("n", "baseline", "candidate", "delta", "ci_low", "ci_high", "p_value")
    data = _job(job) | {
        "outcome": outcome,
        "finish_reason": finish_reason,
        "suggestion_id": str(suggestion_id) if suggestion_id else None,
        "test": {name: test[name] for name in shown} if test else None,
    }
    await _put(
        tx,
        "optimization.completed",
        workspace_id=job.workspace_id,
        object_id=job.job_id,
        data=data,
        simulated=simulated,
        hops=job.hops,
        clock=clock,
    )


async def optimization_failed(tx: Tx, job: Job, error: BurnishError, *, clock: Clock) -> None:
    data = _job(job) | {"error_code": error.code}
    await _put(
        tx,
        "optimization.failed",
        workspace_id=job.workspace_id,
        object_id=job.job_id,
        data=data,
        simulated=False,
        hops=job.hops,
        clock=clock,
    )


async def suggestion_created(tx: Tx, job: Job, suggestion_id: UUID, *, test: dict[str, Any], simulated: bool, clock: Clock) -> None:
    data = _job(job) | {"suggestion_id": str(suggestion_id), "delta": test["delta"], "ci_low": test["ci_low"], "ci_high": test["ci_high"]}
    await _put(
        tx,
        "suggestion.created",
        workspace_id=job.workspace_id,
        object_id=suggestion_id,
        data=data,
        simulated=simulated,
        hops=job.hops,
        clock=clock,
    )


def _job(job: Job) -> dict[str, Any]:
    return {"job_id": str(job.job_id), "prompt_id": str(job.prompt_id), "slug": job.slug, "base_version": job.base_version}


async def _put(
    tx: Tx, event_type: EventType, *, workspace_id: UUID, object_id: UUID, data: dict[str, Any], simulated: bool, hops: int, clock: Clock
) -> None:
    event = Event(
        id=new_uuid(),
        type=event_type,
        workspace_id=workspace_id,
        occurred_at=clock.now(),
        object_id=str(object_id),
        object_version=1,
        simulated=simulated,
        hops=hops,
        data=data,
    )
    await put_event(tx, event, service=SERVICE)
