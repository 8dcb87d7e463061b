"""`/v1/routing` and `/v1/prompts/{slug}/routing`: rules that choose a model or a version, what `auto` asks, and a dry run of both."""

from datetime import datetime
from typing import Annotated, Any

from asyncpg import Record
from fastapi import Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import Editor, GatewayParts, PromptEditor, Viewer
from burnish_gateway.execution.routes import NewExecution, check_requirements, order_of
from burnish_gateway.idempotency import run_once
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.label_rules import check_may_choose
from burnish_gateway.registry.prompt import check_not_archived, no_such_prompt
from burnish_gateway.routing import store
from burnish_gateway.routing.bodies import PromptRouting, WorkspaceRouting, stored_rules
from burnish_gateway.routing.check_rules import warnings_of
from burnish_gateway.routing.explain import explain
from burnish_gateway.routing.set_policy import set_policy
from burnish_gateway.wire import make_router
from burnish_shared.db.session import Tx
from burnish_shared.slug import parse_slug

router = make_router("models")

SlugPath = Annotated[str, Path(max_length=200)]


class RuleShown(BaseModel):
    name: str
    when: str
    use: dict[str, str | int]


class RoutingAnswer(BaseModel):
    """`updated_at` null: nobody said anything yet."""

    prompt: str | None = None
    requirements: dict[str, Any] = Field(default_factory=dict)
    rules: list[RuleShown] = Field(default_factory=list)
    updated_at: datetime | None = None
    updated_by: str | None = None
    warnings: list[str] = Field(default_factory=list, description="Of rules that choose nothing now; only in the answer to saving them.")


@router.get("/v1/routing", response_model=RoutingAnswer, summary="The workspace's routing rules, and what `auto` asks of a model")
async def show_routing(gateway: GatewayParts, principal: Viewer) -> RoutingAnswer:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return _answer(await store.find_policy(tx, principal.workspace_id, ""), slug="")


@router.put("/v1/routing", response_model=RoutingAnswer, summary="Replace the workspace's routing rules and requirements")
async def put_routing(body: WorkspaceRouting, gateway: GatewayParts, principal: Editor) -> RoutingAnswer:
    """They hold for calls that leave the model open: `model: auto`, or a prompt without a `model` in the call."""
    asked = body.requirements.model_dump(exclude_none=True, exclude_defaults=True)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        rules = stored_rules(body.rules)
        warnings = await warnings_of(tx, rules, head=None)
        row = await set_policy(tx, principal, "", requirements=asked, rules=rules, clock=gateway.clock)
    await gateway.catalog.catch_up()
    return _answer(row, slug="").model_copy(update={"warnings": warnings})


@router.get("/v1/prompts/{slug}/routing", response_model=RoutingAnswer, summary="A prompt's own routing rules")
async def show_prompt_routing(slug: SlugPath, gateway: GatewayParts, principal: Viewer) -> RoutingAnswer:
    name = parse_slug(slug)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        if await prompts_store.find_head(tx, principal.workspace_id, name) is None:
            raise no_such_prompt(name)
        return _answer(await store.find_policy(tx, principal.workspace_id, name), slug=name)


@router.put("/v1/prompts/{slug}/routing", response_model=RoutingAnswer, summary="Replace a prompt's own routing rules")
async def put_prompt_routing(slug: SlugPath, body: PromptRouting, gateway: GatewayParts, principal: PromptEditor) -> RoutingAnswer:
    """Asked before the workspace's. They may choose a version or a label too, where the call names no version by its number.

    Where a protected label stands on the prompt, they choose among approved versions: else 409 `label_protected`. A version that lost its
    approval since, or a label that moved to one without, is passed over for calls by the protected label.
    """
    name = parse_slug(slug)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        head = await prompts_store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        check_not_archived(head.prompt)
        rules = stored_rules(body.rules)
        warnings = await warnings_of(tx, rules, head=head)
        await check_may_choose(tx, head, [one["use"] for one in rules])
        row = await set_policy(tx, principal, name, requirements={}, rules=rules, clock=gateway.clock)
    await gateway.catalog.catch_up()
    return _answer(row, slug=name).model_copy(update={"warnings": warnings})


@router.post("/v1/routing/explain", summary="What would answer a call, and why not the others; nothing is called or charged")
async def explain_routing(body: NewExecution, request: Request, gateway: GatewayParts, principal: Viewer) -> Response:
    """The body of `POST /v1/executions`."""
    check_requirements(body.requirements, body.model)
    told = await explain(order_of(body), gateway=gateway, principal=principal)

    async def work(_: Tx) -> dict[str, Any]:
        return told

    return await run_once(gateway, request, principal, status=200, work=work)


def _answer(row: Record | None, *, slug: str) -> RoutingAnswer:
    return RoutingAnswer(prompt=slug or None) if row is None else RoutingAnswer(**{**dict(row), "prompt": slug or None})
