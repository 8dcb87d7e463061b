"""`/v1/alerts` and `/v1/alert-rules`."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.alerts import channel_routes, mute_routes, store
from burnish_gateway.alerts.acknowledge import acknowledge, no_such_alert
from burnish_gateway.alerts.answers import (
    AlertAnswer,
    AlertDetail,
    AlertPage,
    AlertRuleAnswer,
    AlertRuleBody,
    AlertRulePage,
    Status,
)
from burnish_gateway.alerts.chart import chart_of
from burnish_gateway.alerts.check_policy import check_policy
from burnish_gateway.deps import Editor, Gateway, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import include, json_response, make_router
from burnish_shared.contracts.alert_channels import AlertKind, Severity
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.slug import parse_slug

router = make_router("alerts")

include(router, channel_routes.router)
include(router, mute_routes.router)

Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]
Cursor = Annotated[str | None, Query(max_length=500)]

WORKSPACE_DEFAULT = ""
ALL_PROMPTS = "(all prompts)"
"""How the audit log names the workspace's rule."""

"""The slug under which a rule for all prompts of a workspace is kept."""


@router.get("/v1/alerts", response_model=AlertPage, summary="Alerts, newest first")
async def list_alerts(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    status: Status | None = None,
    kind: AlertKind | None = None,
    severity: Severity | None = None,
    prompt: Annotated[str | None, Query(max_length=63)] = None,
    label: Annotated[str | None, Query(max_length=63)] = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> Response:
    """`label`: the one that the alert is about, such as production."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of="alerts")
    slug = parse_slug(prompt, param="prompt") if prompt is not None else None
    sought = store.Sought(status=status, slug=slug, label=label, kind=kind, severity=severity)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        before = UUID(position[0]) if position else None
        alerts = await store.list_alerts(tx, sought, before=before, at_most=limit + 1)
    return _page(gateway, alerts, limit=limit, workspace_id=principal.workspace_id, of="alerts", position=lambda one: [str(one.id)])


@router.get("/v1/alerts/{alert_id}", response_model=AlertDetail, summary="One alert, and what happened to it")
async def get_alert(alert_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        alert = await store.find_alert(tx, alert_id)
        if alert is None:
            raise no_such_alert()
        detail = AlertDetail(
            **alert.model_dump(), timeline=await store.timeline_of(tx, alert), chart=await chart_of(tx, alert, now=gateway.clock.now())
        )
    return json_response(detail)


@router.post("/v1/alerts/{alert_id}/acknowledge", response_model=AlertAnswer, summary="Say that somebody has seen it")
async def post_acknowledge(alert_id: UUID, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """The alert stays until what it tells of is over. Acknowledging again changes nothing."""

    async def work(tx: Tx) -> AlertAnswer:
        seen = await acknowledge(tx, workspace_id=principal.workspace_id, alert_id=alert_id, by=principal.actor, clock=gateway.clock)
        after = {"status": seen.status, "prompt": seen.prompt, "metric": seen.metric}
        await audit.note(tx, principal, action="alert.acknowledged", kind="alert", key=str(alert_id), after=after)
        return seen

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/alert-rules", response_model=AlertRulePage, summary="Rules that differ from the product's defaults")
async def list_rules(principal: Viewer, gateway: GatewayParts, *, limit: Limit = PAGE_DEFAULT, cursor: Cursor = None) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of="alert-rules")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rules = await store.list_rules(tx, after=position[0] if position else None, at_most=limit + 1)
    return _page(
        gateway, rules, limit=limit, workspace_id=principal.workspace_id, of="alert-rules", position=lambda one: [one.prompt or ""]
    )


@router.put("/v1/alert-rules", response_model=AlertRuleAnswer, summary="Set the rule for all prompts of the workspace")
async def put_default_rule(request: Request, body: AlertRuleBody, principal: Editor, gateway: GatewayParts) -> Response:
    return await _put(gateway, request, principal, slug=WORKSPACE_DEFAULT, body=body)


@router.put("/v1/alert-rules/{prompt}", response_model=AlertRuleAnswer, summary="Set the rule for one prompt")
async def put_rule(prompt: str, request: Request, body: AlertRuleBody, principal: Editor, gateway: GatewayParts) -> Response:
    """Sets the whole rule. It is judged anew at once, against the feedback that is there."""
    return await _put(gateway, request, principal, slug=parse_slug(prompt, param="prompt"), body=body)


@router.delete("/v1/alert-rules/{prompt}", response_model=AlertRuleAnswer, summary="Fall back to the workspace's rule")
async def delete_rule(prompt: str, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    return await _delete(gateway, request, principal, slug=parse_slug(prompt, param="prompt"))


@router.delete("/v1/alert-rules", response_model=AlertRuleAnswer, summary="Fall back to the product's defaults")
async def delete_default_rule(request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    return await _delete(gateway, request, principal, slug=WORKSPACE_DEFAULT)


async def _put(gateway: Gateway, request: Request, principal: Editor, *, slug: str, body: AlertRuleBody) -> Response:
    async def work(tx: Tx) -> AlertRuleAnswer:
        if slug and not await store.prompt_exists(tx, slug):
            raise NotFound("There is no such prompt in this workspace.", param="prompt")
        if body.start_optimization is not None:
            await check_policy(tx, principal, body.start_optimization, slug=slug)
        await _check_evaluators(tx, body)
        before = await store.find_rule(tx, slug=slug)
        rule = await store.put_rule(tx, workspace_id=principal.workspace_id, slug=slug, body=body)
        await audit.note(
            tx, principal, action="alert_rule.set", kind="alert_rule", key=slug or ALL_PROMPTS, before=_plain(before), after=_plain(rule)
        )
        await note_change(tx, workspace_id=principal.workspace_id, kind="alert_rule", key=slug)
        return rule

    return await run_once(gateway, request, principal, status=200, work=work)


async def _check_evaluators(tx: Tx, body: AlertRuleBody) -> None:
    asked = [one.evaluator_id for one in body.targets or () if one.evaluator_id is not None]
    unknown = await store.unknown_evaluator(tx, asked) if asked else None
    if unknown is not None:
        index = next(index for index, one in enumerate(body.targets or ()) if one.evaluator_id == unknown)
        raise NotFound("There is no evaluator of this id; GET /v1/evaluators lists them.", param=f"targets[{index}].evaluator_id")


async def _delete(gateway: Gateway, request: Request, principal: Editor, *, slug: str) -> Response:
    async def work(tx: Tx) -> AlertRuleAnswer:
        rule = await store.delete_rule(tx, slug=slug)
        if rule is None:
            raise NotFound(
                "There is no rule of this name; GET /v1/alert-rules lists those that were set.", param="prompt" if slug else None
            )
        await audit.note(tx, principal, action="alert_rule.deleted", kind="alert_rule", key=slug or ALL_PROMPTS, before=_plain(rule))
        await note_change(tx, workspace_id=principal.workspace_id, kind="alert_rule", key=slug)
        return rule

    return await run_once(gateway, request, principal, status=200, work=work)


def _plain(rule: AlertRuleAnswer | None) -> dict[str, Any] | None:
    return rule.model_dump(mode="json") if rule is not None else None


def _page(gateway: Gateway, rows: list[Any], *, limit: int, workspace_id: UUID, of: str, position: Any) -> Response:
    page = gateway.cursors.page(rows, limit=limit, workspace_id=workspace_id, of=of, position=position)
    return json_response({**page, "data": [one.model_dump(mode="json") for one in page["data"]]})
