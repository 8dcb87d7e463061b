"""Plan and start a move of prompts from one model to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.model_migrations import store
from burnish_gateway.model_migrations.bodies import MigrationBody
from burnish_gateway.models.book import ModelNotFound
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_gateway.optimization.run_again import body_again
from burnish_gateway.optimization.start import check_budget, plan_optimization
from burnish_gateway.optimization.start_run import plan_test_run
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_gateway.turns_store import take_turns
from burnish_shared.db import model_store
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Conflict, InvalidField
from burnish_shared.ids import new_uuid
from burnish_shared.slug import parse_slug


@dataclass(frozen=True, slots=True)
class Plan:
    """`measure_nusd`: all test runs; `search_nusd`: if each prompt were searched, with the plan's fees. Guesses from above."""

    from_model: str
    to_model: str
    rows: Sequence[Record]
    measure_nusd: int
    search_nusd: int
    problems: tuple[tuple[str, int, str], ...]


async def plan_migration(tx: Tx, principal: Principal, body: MigrationBody) -> Plan:
    """Raises ModelNotFound, NotFound, InvalidField for a successor that cannot be called, or where none calls it."""
    successor = await _successor(tx, body)
    slugs = None if body.prompts is None else [parse_slug(one, param=f"prompts[{place}]") for place, one in enumerate(body.prompts)]
    known = await store.known_slugs(tx, principal.workspace_id, slugs or [])
    for place, slug in enumerate(slugs or []):
        if slug not in known:
            raise no_such_prompt(slug, param=f"prompts[{place}]")
    rows = await store.versions_calling(tx, principal.workspace_id, body.model, slugs=slugs)
    if not rows:
        raise InvalidField(f"model: no labelled or newest version of these prompts calls {body.model[:200]!r}.", param="model")
    measure = search = 0
    problems: list[tuple[str, int, str]] = []
    for row in rows:
        if row["dataset_id"] is None:
            continue
        try:
            again = await body_again(tx, principal, row["test_run_id"], model=successor)
            measure += (await plan_test_run(tx, principal, again)).forecast.expected_nusd
            if body.search is not None:
                job = await plan_optimization(tx, principal, search_body(row, successor, body.search.stored(successor=successor)))
                check_budget(job, body.search.budget, within="search.")
                search += job.set_aside_nusd + job.fee_nusd
        except BurnishError as error:
            problems.append((row["slug"], row["version"], error.message))
    return Plan(body.model, successor, rows, measure, search, tuple(problems))


async def start_migration(tx: Tx, principal: Principal, body: MigrationBody) -> UUID:
    """Raises what planning raises, Conflict while a move away from this model goes on."""
    await take_turns(tx, principal.workspace_id, "model_migrations")
    plan = await plan_migration(tx, principal, body)
    other = await store.running(tx, principal.workspace_id, plan.from_model)
    if other is not None:
        raise Conflict(f"The migration {other} away from this model is not over; cancel it first.", param="model")
    migration_id = new_uuid()
    await store.insert(
        tx, principal.workspace_id, migration_id, from_model=plan.from_model, to_model=plan.to_model, margin=body.margin,
        search=None if body.search is None else body.search.stored(successor=plan.to_model), by=principal.actor,
    )  # fmt: skip
    await store.insert_steps(tx, principal.workspace_id, migration_id, plan.rows)
    return migration_id


def search_body(row: Record, model: str, search: Mapping[str, Any]) -> OptimizationBody:
    """The optimization of a step, for the successor, told whatever `search` says (`SearchBody.stored`)."""
    asked = {"prompt": row["slug"], "version": row["version"], "dataset_id": str(row["dataset_id"])}
    return OptimizationBody.model_validate({**search, **asked, "models": {**search.get("models", {}), "task": model}})


async def _successor(tx: Tx, body: MigrationBody) -> str:
    was = await model_store.find_model(tx, body.model)
    if was is None:
        raise ModelNotFound(f"There is no model {body.model[:200]!r} in this workspace.", param="model")
    successor = body.successor or was.successor
    if successor is None:
        raise InvalidField("successor: the model names none; give one.", param="successor")
    facts = None if successor == body.model else await model_store.find_model(tx, successor)
    if facts is None or not facts.active or facts.price is None:
        raise InvalidField(
            f"successor: {successor[:200]!r} cannot be called: it is unknown, retired, has no price, or is the model itself.",
            param="successor",
        )
    return successor
