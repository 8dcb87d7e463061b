"""`/v1/model-migrations`: all prompts of a model move to its successor, in one act (PRODUCT E5, O1)."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.model_migrations import answers, retire_routes, store
from burnish_gateway.model_migrations.bodies import MigrationBody
from burnish_gateway.model_migrations.start import plan_migration, start_migration
from burnish_gateway.optimization import store as runs_store
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, include, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound

router = make_router("optimization")
include(router, retire_routes.router)

LIST = "model-migrations"
KIND: Final = "model_migration"


@router.post(
    "/v1/model-migrations/forecast", response_model=answers.MigrationForecast, summary="Say what a move to another model would take"
)
async def forecast(body: MigrationBody, request: Request, principal: Viewer, gateway: GatewayParts) -> Response:
    """Which prompts call the model, and what measuring them, and searching each of them, would cost. Nothing is started."""

    async def work(tx: Tx) -> answers.MigrationForecast:
        return answers.forecast_answer(await plan_migration(tx, principal, body))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post(
    "/v1/model-migrations",
    status_code=202,
    response_model=answers.WholeMigrationAnswer,
    summary="Move all prompts of a model to its successor",
)
async def create(body: MigrationBody, request: Request, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """For each labelled or newest version that calls the model: its newest test run again with the successor, compared item by item.

    What is as good gets a version with the successor; what is worse is searched, where that was asked for, and what the search proves
    becomes a variant. New versions stand on a branch: nobody gets them until a label moves.
    """

    async def work(tx: Tx) -> answers.WholeMigrationAnswer:
        migration_id = await start_migration(tx, principal, body)
        made = await _whole(tx, principal, migration_id)
        after: dict[str, Any] = {"model": made.model, "successor": made.successor, "steps": len(made.steps), "search": made.search}
        await audit.note(tx, principal, action="model_migration.started", kind=KIND, key=str(migration_id), after=after)
        return made

    return await run_once(gateway, request, principal, status=202, work=work)


@router.get("/v1/model-migrations", response_model=answers.MigrationPage, summary="Moves to other models, the newest first")
async def list_migrations(
    *,
    principal: Viewer,
    gateway: GatewayParts,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.page(tx, principal.workspace_id, before=UUID(position[0]) if position else None, limit=limit + 1)
        steps = await store.steps_of(tx, principal.workspace_id, [row["migration_id"] for row in rows])
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["migration_id"])]
    )
    data = [answers.migration_answer(row, steps[row["migration_id"]]) for row in page["data"]]
    return json_response(answers.MigrationPage(data=data, next_cursor=page["next_cursor"]))


@router.get("/v1/model-migrations/{migration_id}", response_model=answers.WholeMigrationAnswer, summary="One move to another model")
async def read(migration_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    """How far it is, what it cost, and what became of each prompt."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await _whole(tx, principal, migration_id))


@router.post(
    "/v1/model-migrations/{migration_id}/cancel", response_model=answers.WholeMigrationAnswer, summary="Stop a move to another model"
)
async def cancel(migration_id: UUID, request: Request, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """Its test runs and optimizations stop within seconds. What was saved stays; what is over stays as it is."""

    async def work(tx: Tx) -> answers.WholeMigrationAnswer:
        before = await _whole(tx, principal, migration_id, for_update=True)
        if before.status == "running":
            for step in (await store.steps_of(tx, principal.workspace_id, [migration_id]))[migration_id]:
                if step["state"] not in store.OPEN:
                    continue
                if step["after_run_id"] is not None:
                    await runs_store.ask_to_cancel(tx, principal.workspace_id, "test_run", step["after_run_id"])
                if step["job_id"] is not None:
                    await runs_store.ask_to_cancel(tx, principal.workspace_id, "optimization", step["job_id"])
                await store.set_step(tx, principal.workspace_id, migration_id, step, state="cancelled")
            await store.finish(tx, principal.workspace_id, migration_id, status="cancelled")
            was, now = {"status": "running"}, {"status": "cancelled"}
            await audit.note(tx, principal, action="model_migration.cancelled", kind=KIND, key=str(migration_id), before=was, after=now)
        return await _whole(tx, principal, migration_id)

    return await run_once(gateway, request, principal, status=200, work=work)


async def _whole(tx: Tx, principal: Principal, migration_id: UUID, *, for_update: bool = False) -> answers.WholeMigrationAnswer:
    """`for_update`: nobody takes it on until the transaction ends. Raises NotFound."""
    row = await store.find(tx, principal.workspace_id, migration_id, for_update=for_update)
    if row is None:
        raise NotFound("There is no such migration in this workspace.", param="migration_id")
    return answers.whole_answer(row, (await store.steps_of(tx, principal.workspace_id, [migration_id]))[migration_id])
