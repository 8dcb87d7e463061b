"""Retires a model of a workspace's own: says what calls it, and runs their newest test runs again with its successor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from asyncpg import Record

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.models import store, uses_store
from burnish_gateway.models.answers import audited
from burnish_gateway.models.bodies import RetireModel
from burnish_gateway.models.book import ModelNotFound
from burnish_gateway.models.stand_in import check_does_as_much
from burnish_gateway.optimization.run_again import body_again
from burnish_gateway.optimization.start_run import start_test_run
from burnish_gateway.uses import Use
from burnish_shared.db import model_store
from burnish_shared.db.changes import note_change
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, InvalidField

RERUNS_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Retired:
    """`uses`: what else is set up, or under way, to call it. `reruns` and `skipped`: one entry for each test run that was, or was not,
    begun again, and why not."""

    facts: ModelFacts
    prompts: list[dict[str, Any]]
    uses: list[Use]
    reruns: list[dict[str, Any]]
    skipped: list[dict[str, Any]]


async def retire_model(tx: Tx, gateway: Gateway, principal: Principal, model: str, body: RetireModel) -> Retired:
    """Raises ModelNotFound where the workspace has no such model of its own, InvalidField for a successor that cannot be called."""
    now = gateway.clock.now()
    was = await model_store.find_model(tx, model)
    if await store.lock_model(tx, principal.workspace_id, model) is None or was is None:
        raise ModelNotFound(f"This workspace has no model {model[:200]!r} of its own to retire.", param="model")
    if body.sunset_at is not None and body.sunset_at <= now:
        raise InvalidField("sunset_at: must lie ahead; leave it out to retire the model now.", param="sunset_at")
    successor = body.successor or was.successor
    await _check_successor(tx, was, successor, is_new=body.successor is not None)
    prompts = await store.prompts_that_use(tx, principal.workspace_id, model)
    uses = [one for one in await uses_store.uses_of(tx, principal.workspace_id, model) if one.kind != "prompt"]
    reruns, skipped = await _run_again(tx, principal, model, successor, prompts) if successor and body.rerun else ([], [])
    await store.end_model(tx, principal.workspace_id, model, successor=successor, sunset_at=body.sunset_at, now=now)
    facts = await model_store.find_model(tx, model)
    if facts is None:
        raise ModelNotFound(f"There is no model {model[:200]!r} any more.", param="model")
    action = "model.retired" if body.sunset_at is None else "model.deprecated"
    after = audited(facts) | {"test_runs": [one["test_run_id"] for one in reruns]}
    await audit.note(tx, principal, action=action, kind="model", key=model, before=audited(was), after=after)
    await note_change(tx, workspace_id=principal.workspace_id, kind="model", key=model)
    shown = [{"prompt": one["slug"], "version": one["version"], "labels": one["labels"] or [], "falls_back_to_it": not one["is_first"]}
             for one in prompts]  # fmt: skip
    return Retired(facts, shown, uses, reruns, skipped)


async def _check_successor(tx: Tx, was: ModelFacts, successor: str | None, *, is_new: bool) -> None:
    if successor is None:
        return
    facts = None if successor == was.model else await model_store.find_model(tx, successor)
    if facts is None or not facts.active or facts.price is None:
        raise InvalidField(
            f"successor: {successor[:200]!r} cannot be called: it is unknown, retired, has no price, or is the model itself.",
            param="successor",
        )
    if is_new:
        check_does_as_much(was.capabilities, facts, field="successor")


async def _run_again(
    tx: Tx, principal: Principal, model: str, successor: str, prompts: Sequence[Record]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """By the ordinary way of test runs: each sets its own credit aside. One that cannot begin is named, and stops nothing else."""
    reruns: list[dict[str, Any]] = []
    skipped: list[dict[str, Any]] = []
    for one in prompts:
        runs = await store.newest_runs(tx, principal.workspace_id, model, slug=one["slug"], version=one["version"])
        named = {"prompt": one["slug"], "version": one["version"]}
        if not runs:
            skipped.append(named | {"because": f"No completed test run of this version with {model!r}."})
        for run in runs:
            before = named | {"dataset_id": str(run["dataset_id"]), "split": run["split"], "replaces": str(run["test_run_id"])}
            if len(reruns) >= RERUNS_MOST:
                skipped.append(before | {"because": f"More than {RERUNS_MOST} test runs at once; start it with POST /v1/test-runs."})
                continue
            try:
                started = await start_test_run(
                    tx, principal, await body_again(tx, principal, run["test_run_id"], model=successor, ends=model)
                )
            except BurnishError as error:
                skipped.append(before | {"because": error.message})
            else:
                reruns.append(before | {"test_run_id": str(started.id), "model": successor})
    return reruns, skipped
