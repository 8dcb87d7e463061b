"""`/v1/plans`: what is offered, and which organization has what."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from fastapi.responses import Response

from burnish_gateway.access.audit import note
from burnish_gateway.billing import plan_store
from burnish_gateway.billing.operate import note_there
from burnish_gateway.billing.plan import PLAN_NAME, PlanAnswer, PlanBody, PlanChoice, PlanChosen, PlanPage
from burnish_gateway.deps import GatewayParts, Operator, Viewer
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.changes import note_change
from burnish_shared.errors import InvalidField, NotFound

plans = make_router("billing")

PlanName = Annotated[str, Path(pattern=PLAN_NAME)]


@plans.get("/v1/plans", response_model=PlanPage, summary="The plans of this installation")
async def list_plans(gateway: GatewayParts, principal: Viewer) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await plan_store.list_plans(tx)
    return json_response(PlanPage(data=[PlanAnswer(**dict(row)) for row in rows], next_cursor=None))


@plans.get("/v1/plans/{plan}", response_model=PlanAnswer, summary="One plan")
async def get_plan(plan: str, gateway: GatewayParts, principal: Viewer) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await plan_store.find_plan(tx, plan.replace("\x00", ""))
    if row is None:
        raise NotFound(f"There is no plan {plan[:40]!r}; GET /v1/plans lists them.", param="plan")
    return json_response(PlanAnswer(**dict(row)))


@plans.put("/v1/plans/{plan}", response_model=PlanAnswer, summary="Make or change a plan (operator)")
async def put_plan(plan: PlanName, body: PlanBody, gateway: GatewayParts, principal: Operator) -> Response:
    """Every gateway goes by it within a second: limits, fees and markup of the next call are the new ones."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        before = await plan_store.find_plan(tx, plan)
        saved = PlanAnswer(**dict(await plan_store.save_plan(tx, plan, body)))
        was = PlanAnswer(**dict(before)).model_dump(mode="json", exclude={"updated_at"}) if before else None
        now = saved.model_dump(mode="json", exclude={"updated_at"})
        await note(tx, principal, action="plan.saved", kind="plan", key=plan, before=was, after=now)
        await note_change(tx, workspace_id=None, kind="plan", key=plan)
    return json_response(saved)


@plans.put("/v1/organizations/{organization_id}/plan", response_model=PlanChosen, summary="Choose an organization's plan (operator)")
async def choose_plan(organization_id: UUID, body: PlanChoice, gateway: GatewayParts, principal: Operator) -> Response:
    """Takes effect within a second. A plan with more base credit brings the difference at once; one with less takes nothing back."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        if await plan_store.find_plan(tx, body.plan) is None:
            raise InvalidField(f"plan: there is no plan {body.plan!r}; GET /v1/plans lists them.", param="plan")
        row = await plan_store.set_plan(tx, organization_id, body.plan)
        if row is None:
            raise NotFound("There is no organization of this id.", param="organization_id")
        await note_there(
            tx,
            principal,
            row["home_workspace_id"],
            action="organization.plan_chosen",
            kind="organization",
            key=str(organization_id),
            before={"plan": row["before"]},
            after={"plan": body.plan},
        )
        await note_change(tx, workspace_id=None, kind="plan", key=body.plan)
    chosen = PlanChosen(organization_id=str(organization_id), plan=body.plan, before=row["before"], granted_nusd=row["granted_nusd"])
    return json_response(chosen)
