"""`/suggest`: what could be changed about a prompt, from what a run of it said, in the words of the source system."""

from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.compat.source import bodies, store
from burnish_gateway.compat.source.caller import SourceEditor
from burnish_gateway.deps import Gateway, GatewayParts
from burnish_gateway.error_answer import PAID
from burnish_gateway.optimization import suggest_routes
from burnish_gateway.optimization.suggest_routes import SuggestBody, Suggestions
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_gateway.wire import make_router
from burnish_shared.slug import parse_slug

router = make_router("optimization")


@router.post("/suggest", response_model=Suggestions, responses=PAID, summary="Suggest changes of a prompt, as the source system does")
async def suggest(request: Request, body: bodies.AskSuggestions, principal: SourceEditor, gateway: GatewayParts) -> Response:
    """With a `prompt_id` and nothing else, what the newest completed run of the prompt said. Native: `POST /v1/suggest`, which also takes
    a test run."""
    if body.is_prompt_alone and (run_id := await _newest_run(gateway, principal, body.prompt_id or "")) is not None:
        return await suggest_routes.suggest(request, SuggestBody.model_construct(test_run_id=run_id), principal, gateway)
    template = body.prompt_template or await _template(gateway, principal, body.prompt_id or "")
    asked = SuggestBody.model_construct(
        template=template, metrics=body.metrics, category_stats=body.category_stats, confusion_matrix=body.confusion_matrix,
        failed_cases=body.failed_cases,
    )  # fmt: skip
    return await suggest_routes.suggest(request, asked, principal, gateway)


async def _newest_run(gateway: Gateway, principal: Principal, prompt_id: str) -> UUID | None:
    slug = parse_slug(prompt_id, param="prompt_id")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await store.newest_completed_of(tx, principal.workspace_id, slug)


async def _template(gateway: Gateway, principal: Principal, prompt_id: str) -> str:
    slug = parse_slug(prompt_id, param="prompt_id")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find_prompt(tx, principal.workspace_id, slug)
    if row is None:
        raise no_such_prompt(slug)
    return "\n\n".join(one["content"] for one in row["content"]["messages"] if one.get("content"))
