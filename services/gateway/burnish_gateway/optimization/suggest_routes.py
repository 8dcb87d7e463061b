"""`/v1/suggest`: what could be changed about a prompt, from what a test run said of it (PRODUCT D4)."""

import json
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, model_validator

from burnish_gateway.access.principal import Principal
from burnish_gateway.assistant import settings_store
from burnish_gateway.assistant.models import callable_model, usual_model
from burnish_gateway.deps import Editor, Gateway, GatewayParts, request_id_of
from burnish_gateway.error_answer import PAID
from burnish_gateway.execution.order import Order
from burnish_gateway.execution.replay import replay as replay_execution
from burnish_gateway.execution.routes import answered
from burnish_gateway.execution.submit import Admitted, submit
from burnish_gateway.idempotency import answered_before, fingerprint_of, key_of, run_once
from burnish_gateway.optimization import store
from burnish_gateway.optimization.suggest import Suggested, by_rules, messages_for, read
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.wire import ApiModel, Text, make_router
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Conflict, NotFound

router = make_router("optimization")

OUTPUT_TOKENS: Final = 1_500

ROUTE: Final = "suggest"
"""Under which the call of the model has the caller's Idempotency-Key, beside the answer: repeats that come at once ask it once."""


class SuggestBody(ApiModel):
    """A completed test run; or a template with figures such as `GET /v1/test-runs/{id}` tells them."""

    test_run_id: UUID | None = None
    template: Annotated[Text, Field(min_length=1, max_length=200_000)] | None = None
    metrics: Annotated[dict[str, Any], Field(max_length=200)] = Field(default_factory=dict)
    category_stats: Annotated[dict[str, Any], Field(max_length=500)] = Field(default_factory=dict)
    confusion_matrix: Annotated[dict[str, Any], Field(max_length=500)] = Field(default_factory=dict)
    failed_cases: Annotated[list[dict[str, Any]], Field(max_length=2_000)] = Field(default_factory=list)
    model: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="Who is asked; the model that writes prompts in this workspace, unless given."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.test_run_id is None) == (self.template is None):
            raise ValueError("test_run_id: give either a test run, or a template with its figures")
        return self

    @model_validator(mode="after")
    def _shares_are_shares(self) -> Self:
        for name in ("overall_accuracy", "accuracy"):
            given = self.metrics.get(name)
            if isinstance(given, int | float) and not 0 <= given <= 1:
                raise ValueError(f"metrics.{name}: is a share of the answers, from 0 to 1")
        return self


class Suggestions(BaseModel):
    analysis: str
    suggestions: list[str] = Field(description="Concrete changes of the text, the most useful first.")
    priority_categories: list[str] = Field(description="Those that lose most answers.")
    source: str = Field(description="The model that said it; `rules` where none could be asked: simulated ones understand no prompts.")
    execution_id: str | None
    cost_nusd: int


@router.post(
    "/v1/suggest", response_model=Suggestions, responses=PAID, summary="Suggest changes of a prompt, from what a test run said of it"
)
async def suggest(request: Request, body: SuggestBody, principal: Editor, gateway: GatewayParts) -> Response:
    """An ordinary call of a model, paid like any other. Words for people: what finds a better prompt and proves it is
    `POST /v1/optimizations`."""
    if (before := await answered_before(gateway, request, principal)) is not None:
        return before
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        told = await _of_run(tx, principal, body.test_run_id) if body.test_run_id is not None else _of_body(body)
    rules = by_rules(told["category_stats"], told["confusion_matrix"], metrics=told["metrics"], failed=len(told["failed_cases"]))
    said, outcome = await _asked(request, told, rules, model=body.model, gateway=gateway, principal=principal)

    async def work(_: Tx) -> Suggestions:
        return Suggestions(
            analysis=said.analysis,
            suggestions=said.suggestions,
            priority_categories=said.priority_categories,
            source=outcome["model"] if said is not rules else "rules",
            execution_id=outcome.get("id"),
            cost_nusd=outcome.get("cost_nusd", 0),
        )

    return await run_once(gateway, request, principal, status=200, work=work)


async def _asked(
    request: Request, told: dict[str, Any], rules: Suggested, *, model: str | None, gateway: Gateway, principal: Principal
) -> tuple[Suggested, dict[str, Any]]:
    """What the model says, and its execution. A model that was named and cannot be called raises; of the usual one the rules remain."""
    try:
        name = model or await _usual(gateway, principal)
        facts = await callable_model(gateway, principal, name, param="model")
    except BurnishError:
        if model is not None:
            raise
        return rules, {}
    if facts.simulated:
        return rules, {}
    order = Order(
        messages=messages_for(told), model=name, overrides={"max_tokens": min(OUTPUT_TOKENS, facts.output_tokens)}, app="burnish.suggest",
        prompt_key="burnish-suggest",
    )  # fmt: skip
    text = key_of(request)
    key = IdempotencyKey(ROUTE, text, fingerprint_of(await request.body())) if text is not None else None
    admitted = await submit(order, gateway=gateway, principal=principal, request_id=request_id_of(request), key=key)
    if isinstance(admitted, Admitted):
        outcome = json.loads((await answered(request, admitted, gateway=gateway))[0])
    else:
        outcome = json.loads(await replay_execution(admitted.execution_id, gateway=gateway, principal=principal, wait=True))
    return read(outcome.get("output"), spare=rules) or rules, outcome


async def _usual(gateway: Gateway, principal: Principal) -> str:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        chosen = await settings_store.find(tx)
    return (chosen["write_model"] if chosen else None) or await usual_model(gateway, principal, "prompt_writing")


async def _of_run(tx: Tx, principal: Principal, run_id: UUID) -> dict[str, Any]:
    """Raises NotFound, Conflict for a run that is not completed."""
    run = await store.find_run(tx, principal.workspace_id, "test_run", run_id)
    if run is None:
        raise NotFound("There is no such test run in this workspace.", param="test_run_id")
    if run["status"] != "completed":
        raise Conflict(f"This test run is {run['status']}; it has figures once it is completed.", param="test_run_id")
    version = await prompts_store.find_version(tx, principal.workspace_id, run["prompt_id"], run["version"])
    texts = [one["content"] for one in version.content.messages if isinstance(one.get("content"), str)] if version else []
    result: dict[str, Any] = run["result"] or {}
    metrics: dict[str, Any] = dict(result.get("metrics") or {})
    return {
        "prompt": "\n\n".join(texts),
        "category_stats": metrics.pop("category_stats", None) or {},
        "metrics": metrics,
        "confusion_matrix": result.get("confusion_matrix") or {},
        "failed_cases": result.get("failed_cases") or [],
    }


def _of_body(body: SuggestBody) -> dict[str, Any]:
    return {"prompt": body.template} | body.model_dump(include={"metrics", "category_stats", "confusion_matrix", "failed_cases"})
