"""Takes the moves to another model on, step by step: measure, compare, search where it is worse, save what came of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.access.store import find_workspace
from burnish_gateway.datasets.store import hold_dataset
from burnish_gateway.model_migrations import store
from burnish_gateway.model_migrations.save_variant import save_variant
from burnish_gateway.model_migrations.start import search_body
from burnish_gateway.optimization import store as runs_store
from burnish_gateway.optimization.compare_runs import RunComparison, compare_runs
from burnish_gateway.optimization.compare_scores import score_in_words
from burnish_gateway.optimization.run_again import body_again
from burnish_gateway.optimization.start import start_optimization
from burnish_gateway.optimization.start_run import start_test_run
from burnish_gateway.rounds import RulePrincipal, StepRounds
from burnish_shared.db.audit_log import add_entry
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Busy, Unavailable

MOST_AT_ONCE: Final = 20

STEPS_AT_ONCE: Final = 5
"""Steps of one migration that are measured or searched at the same time: others' test runs and jobs need their turn."""

LOOK_AGAIN: Final = timedelta(seconds=5)

ACTOR: Final = "system:model_migration"

BECAUSE_MOST: Final = 500
"""Characters of the reason of a step."""


def is_as_good(found: RunComparison, *, margin: float, open_ended: bool) -> bool:
    """Not worse, and by at most `margin` below. `open_ended`: some items have no right answer; of those evaluators tell, each of which has
    to say so then, also where a few others are right or wrong."""
    told = [one for one in (found if found.difference is not None else None, *(found.evaluators if open_ended else ())) if one is not None]
    return bool(told) and all(one.verdict != "worse" and one.difference is not None and one.difference.value >= -margin for one in told)


def because_of(found: RunComparison, *, open_ended: bool) -> str:
    """In words, what `is_as_good` goes by."""
    told = found.evaluators if open_ended and found.difference is not None else ()
    return " ".join([found.in_words, *map(score_in_words, told)])[:BECAUSE_MOST]


class MigrationRunner(StepRounds):
    """One gateway takes a migration on, because its row is locked."""

    task = "model_migration"
    interval_s = 5.0

    async def due(self, tx: Tx) -> Sequence[tuple[UUID, UUID]]:
        return await store.due(tx, at_most=MOST_AT_ONCE)

    async def put_off(self, tx: Tx, workspace_id: UUID, what: UUID) -> None:
        await store.look_again(tx, workspace_id, what, after=timedelta(minutes=5))

    async def step(self, tx: Tx, workspace_id: UUID, what: UUID) -> int:
        """How many steps of a migration came further."""
        migration_id = what
        migration = await store.lock_running(tx, workspace_id, migration_id)
        facts = await find_workspace(tx, workspace_id)
        if migration is None or facts is None:
            return 0
        principal = RulePrincipal(facts, Role.EDITOR, rule=ACTOR)
        steps = (await store.steps_of(tx, workspace_id, [migration_id]))[migration_id]
        under_way = [one for one in steps if one["state"] in ("measuring", "searching")]
        waiting = [one for one in steps if one["state"] == "pending"]
        moved = 0
        for step in [*under_way, *waiting[: max(0, STEPS_AT_ONCE - len(under_way))]]:
            changed = await self._step(tx, principal, migration, step)
            if changed:
                await store.set_step(tx, workspace_id, migration_id, step, **changed)
                moved += 1
        still = (await store.steps_of(tx, workspace_id, [migration_id]))[migration_id]
        if any(one["state"] in store.OPEN for one in still):
            await store.look_again(tx, workspace_id, migration_id, after=timedelta(0) if moved else LOOK_AGAIN)
            return moved
        await store.finish(tx, workspace_id, migration_id, status="completed")
        counts = {state: sum(one["state"] == state for one in still) for state in ("done", "skipped", "failed")}
        await add_entry(
            tx, workspace_id=workspace_id, actor=ACTOR, action="model_migration.completed", kind="model_migration", key=str(migration_id),
            after=counts,
        )  # fmt: skip
        return moved

    async def _step(self, tx: Tx, principal: Principal, migration: Record, step: Record) -> dict[str, Any]:
        """What changes of the step; nothing where it waits for something. What cannot begin fails the step, leaves nothing
        behind, and stops nothing else."""
        await runs_store.begin_trial(tx)
        try:
            match step["state"]:
                case "pending":
                    if because := await _archived(tx, principal, step):
                        return {"state": "skipped", "outcome": "not_measured", "because": because}
                    again = await body_again(tx, principal, step["before_run_id"], model=migration["to_model"])
                    run = await start_test_run(tx, principal, again)
                    return {"state": "measuring", "after_run_id": run.id}
                case "measuring":
                    return await self._measured(tx, principal, migration, step)
                case _:
                    return await self._searched(tx, principal, migration, step)
        except (Busy, Unavailable):
            raise
        except BurnishError as error:
            await runs_store.take_back_trial(tx)
            return {"state": "failed", "because": error.message[:BECAUSE_MOST]}

    async def _measured(self, tx: Tx, principal: Principal, migration: Record, step: Record) -> dict[str, Any]:
        run = await runs_store.find_run(tx, principal.workspace_id, "test_run", step["after_run_id"])
        if run is None or run["status"] in ("failed", "cancelled"):
            return {"state": "failed", "because": f"The test run with the successor is {run['status'] if run else 'gone'}."}
        if run["status"] != "completed":
            return {}
        found = await compare_runs(tx, principal.workspace_id, step["after_run_id"], base_id=step["before_run_id"])
        because = because_of(found, open_ended=run["open_ended"])
        if is_as_good(found, margin=migration["margin"], open_ended=run["open_ended"]):
            version = await save_variant(tx, principal, migration, step, found=None, clock=self.clock)
            return {"state": "done", "outcome": "as_good", "because": because, "new_version": version}
        if migration["search"] is None:
            return {"state": "done", "outcome": "worse", "because": because}
        measured = {"outcome": "worse", "because": because}
        try:
            job = await start_optimization(tx, principal, search_body(step, migration["to_model"], migration["search"]))
        except (Busy, Unavailable):
            raise
        except BurnishError as error:  # what was measured stays said
            await runs_store.take_back_trial(tx)
            return measured | {"state": "failed", "because": f"{because} The search did not begin: {error.message}"[:BECAUSE_MOST]}
        return measured | {"state": "searching", "job_id": job.id}

    async def _searched(self, tx: Tx, principal: Principal, migration: Record, step: Record) -> dict[str, Any]:
        job = await runs_store.find_run(tx, principal.workspace_id, "optimization", step["job_id"])
        if job is None or job["status"] in ("failed", "cancelled"):
            return {"state": "failed", "because": f"The optimization for the successor is {job['status'] if job else 'gone'}."}
        if job["status"] != "completed":
            return {}
        if job["suggestion_id"] is None:
            return {"state": "done", "because": f"{step['because']} The search ended with: {job['outcome']}."[:BECAUSE_MOST]}
        suggestion = await runs_store.find_suggestion(tx, principal.workspace_id, job["suggestion_id"], for_update=True)
        if suggestion is None or suggestion["status"] == "rejected":
            return {"state": "done", "because": "The suggestion was rejected.", "suggestion_id": job["suggestion_id"]}
        version = await save_variant(tx, principal, migration, step, found=suggestion["content"], clock=self.clock)
        return {"state": "done", "outcome": "improved", "suggestion_id": job["suggestion_id"], "new_version": version}


async def _archived(tx: Tx, principal: Principal, step: Record) -> str | None:
    """That the step's dataset was archived since it was chosen, if it was."""
    dataset = await hold_dataset(tx, principal.workspace_id, step["dataset_id"])
    if dataset is None or dataset.archived_at is None:
        return None
    return f"The dataset '{dataset.name}' was archived on {dataset.archived_at:%Y-%m-%d}, before the successor was measured with it."
