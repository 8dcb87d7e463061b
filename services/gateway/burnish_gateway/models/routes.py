"""`/v1/models`: what can be called, and adding a model of one's own."""

from typing import Annotated, Any

from fastapi import Path, Request
from fastapi.responses import Response
from pydantic import Field

from burnish_gateway.access import audit
from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.models import store
from burnish_gateway.wire import ApiModel, Name, Text, make_router
from burnish_shared.db import model_store
from burnish_shared.db.changes import note_change
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.money import MAX_AMOUNT_NUSD

router = make_router("models")

Price = Annotated[int, Field(ge=0, le=MAX_AMOUNT_NUSD, description="Nano-dollars per million tokens")]


class NewModel(ApiModel):
    """A model that this workspace may call. The address is checked by the egress guard, here and whenever it is called."""

    model: Annotated[Text, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@-]*$")]
    provider: Annotated[Text, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_-]*$")]
    upstream_model: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    base_url: Annotated[
        Text, Field(max_length=500, description="Of an OpenAI-compatible server, such as http://host:8000/v1; empty: the provider's own")
    ] = ""
    display_name: Name | None = None
    context_tokens: Annotated[int, Field(gt=0, le=10_000_000)]
    output_tokens: Annotated[int, Field(gt=0, le=1_000_000)]
    input_price_nusd_per_million: Price
    cached_input_price_nusd_per_million: Price | None = None
    output_price_nusd_per_million: Price
    capabilities: Annotated[list[Annotated[Text, Field(max_length=40)]], Field(max_length=30)] = Field(default_factory=list)
    notes: Annotated[Text, Field(max_length=2000)] = ""


@router.get("/v1/models", summary="Models that can be called, in OpenAI's list format with prices beside it")
async def list_models(gateway: GatewayParts, principal: Viewer) -> dict[str, Any]:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        models = await model_store.list_models(tx)
    return {"object": "list", "data": [_shown(one) for one in models]}


@router.get("/v1/models/{model:path}", summary="One model")
async def get_model(gateway: GatewayParts, principal: Viewer, model: Annotated[str, Path(max_length=200)]) -> dict[str, Any]:
    return _shown(await gateway.models.find(principal.workspace_id, model))


@router.post("/v1/models", status_code=201, summary="Add a model of one's own, or set its prices anew")
async def add_model(body: NewModel, request: Request, gateway: GatewayParts, principal: Editor) -> Response:
    is_play = body.provider == "simulated"
    if not body.base_url and not is_play and not gateway.settings.trust_tenant_prices:
        raise InvalidField(
            "base_url: is needed. Models of the operator's own providers are priced by the operator (BURNISH_TRUST_TENANT_PRICES).",
            param="base_url",
        )
    if body.base_url:
        await gateway.egress.check(body.base_url)

    async def work(tx: Tx) -> dict[str, Any]:
        was = await model_store.find_model(tx, body.model)
        await store.put_model(tx, principal.workspace_id, body.model_dump())
        facts = await model_store.find_model(tx, body.model)
        if facts is None or not facts.base_url:
            raise NotFound(f"The provider {body.provider!r} is not known here; give a base_url.", param="provider")
        before = _audited(was) if was is not None else None
        await audit.note(tx, principal, action="model.set", kind="model", key=body.model, before=before, after=_audited(facts))
        await note_change(tx, workspace_id=principal.workspace_id, kind="model", key=body.model)
        return _shown(facts)

    return await run_once(gateway, request, principal, status=201, work=work)


def _audited(facts: ModelFacts) -> dict[str, Any]:
    """What the audit log keeps of a model: where it is called, and at what price."""
    kept = ("provider", "context_tokens", "output_tokens", "price_version")
    shown = _shown(facts)
    prices = {name: value for name, value in shown.items() if name.endswith("_nusd_per_million")}
    return {name: shown[name] for name in kept} | prices | {"base_url": facts.base_url}


def _shown(facts: ModelFacts) -> dict[str, Any]:
    price = facts.price
    return {
        "id": facts.model, "object": "model", "created": 0, "owned_by": facts.provider, "display_name": facts.display_name,
        "provider": facts.provider, "context_tokens": facts.context_tokens, "output_tokens": facts.output_tokens,
        "input_price_nusd_per_million": price.input_nusd_per_million if price else None,
        "cached_input_price_nusd_per_million": price.cached_input_nusd_per_million if price else None,
        "output_price_nusd_per_million": price.output_nusd_per_million if price else None,
        "price_version": price.version if price else None, "capabilities": list(facts.capabilities), "simulated": facts.simulated,
    }  # fmt: skip
