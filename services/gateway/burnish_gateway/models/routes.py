"""`/v1/models`: what can be called, and describing and changing a model of one's own."""

from typing import Annotated, Any, Final

from fastapi import Path, Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import Editor, GatewayParts, Operator, Viewer
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.models import store
from burnish_gateway.models.answers import KnownModelPage, RemovedModel, shown
from burnish_gateway.models.bodies import MODEL_NAME, ModelChange, ModelPath, NewModel, OfferKnown, PlatformModel, named
from burnish_gateway.models.book import ModelNotFound
from burnish_gateway.models.known_models import count_by_provider, filled, known_models, provenance
from burnish_gateway.models.last_tested import with_last_tested
from burnish_gateway.models.measure import measure
from burnish_gateway.models.offer_known import offer_known
from burnish_gateway.models.remove_model import remove_model
from burnish_gateway.models.set_model import add_model, change_model, check_address, set_platform_model
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db import model_store
from burnish_shared.db.session import Tx
from burnish_shared.moments import in_utc

router = make_router("models")

KNOWN: Final = "known models"


@router.get("/v1/models", summary="Models that can be called, in OpenAI's list format with prices beside it")
async def list_models(
    gateway: GatewayParts,
    principal: Viewer,
    provider: Annotated[str | None, Query(max_length=60)] = None,
    capability: Annotated[str | None, Query(max_length=40, description="Only those that say so of themselves.")] = None,
    retired: Annotated[bool, Query(description="Also those that cannot be called any more.")] = False,
) -> dict[str, Any]:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        models = await with_last_tested(tx, principal.workspace_id, await model_store.list_models(tx, retired=retired))
    data = [shown(one) for one in models if provider in (None, one.provider) and (capability is None or capability in one.capabilities)]
    ids = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    return {"object": "list", "data": data, "has_more": False, **ids}  # beside OpenAI's words those of Anthropic


@router.get("/v1/models/{model:path}/prices", summary="Every price of a model, newest first")
async def list_prices(gateway: GatewayParts, principal: Viewer, model: ModelPath) -> dict[str, Any]:
    """An execution names the `price_version` that it was charged by. `scope`: whether the workspace's own model had the price, or the
    platform's. After those of the platform's come those of an own one that stood for it and was removed."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_prices(tx, principal.workspace_id, named(model))
    if not rows:
        raise ModelNotFound(f"There is no model {model[:200]!r}, or it never had a price.", param="model")
    data = [
        {
            "price_version": row["price_version"],
            "prices": row["prices"],
            "set_by": row["set_by"],
            "set_at": in_utc(row["set_at"]),
            "scope": row["scope"],
        }
        for row in rows
    ]
    return {"data": data, "next_cursor": None}


@router.get("/v1/models/{model:path}", summary="One model, retired ones too, with what was measured of its calls in the last seven days")
async def get_model(gateway: GatewayParts, principal: Viewer, model: ModelPath) -> dict[str, Any]:
    """`last_tested_at`: the end of the newest completed test run with it, or a later moment that somebody wrote down.
    `measured_reliability` and `measured_latency_ms` are suggestions: `PATCH` makes them the scores that routing goes by."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        facts = await model_store.find_model(tx, named(model))
        if facts is None:
            raise ModelNotFound(f"There is no model {model[:200]!r}; GET /v1/models lists those that can be called.", param="model")
        (facts,) = await with_last_tested(tx, principal.workspace_id, [facts])
        return shown(facts) | await measure(tx, principal.workspace_id, facts.model, clock=gateway.clock)


@router.post("/v1/models", status_code=201, summary="Add a model of one's own, or describe it and set its prices anew")
async def put_model(body: NewModel, request: Request, gateway: GatewayParts, principal: Editor) -> Response:
    whole, has_known_prices = filled(body)
    if not has_known_prices:
        checked = await or_answered(
            check_address(gateway, body.provider, body.base_url), gateway=gateway, request=request, principal=principal
        )
        if isinstance(checked, Response):
            return checked

    async def work(tx: Tx) -> dict[str, Any]:
        return shown(await add_model(tx, gateway, principal, whole))

    response = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()  # so that who asks next, here, is told the new price
    return response


@router.patch("/v1/models/{model:path}", summary="Change what is said of a model of one's own; other prices are a new price version")
async def patch_model(model: ModelPath, body: ModelChange, gateway: GatewayParts, principal: Editor) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        facts = await change_model(tx, gateway, principal, named(model), body)
    await gateway.catalog.catch_up()
    return json_response(shown(facts))


@router.delete("/v1/models/{model:path}", response_model=RemovedModel, summary="Remove a model of one's own")
async def delete(model: ModelPath, request: Request, gateway: GatewayParts, principal: Editor) -> Response:
    """Where the operator offers one of that name that can be called in its place, that one is called from now on. Else it is refused (409)
    while a prompt, an evaluator or anything else that is set up or under way names the model: `details.used_by` says what, and `/retire`
    ends it instead. Its prices stay."""

    async def work(tx: Tx) -> RemovedModel:
        return await remove_model(tx, gateway, principal, named(model))

    response = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return response


@router.get(
    "/v1/known-models",
    response_model=KnownModelPage,
    response_model_exclude_unset=True,
    summary="Models whose limits and prices ship with Burnish, with their source and date",
)
async def list_known_models(
    gateway: GatewayParts,
    principal: Viewer,
    *,
    provider: Annotated[str | None, Query(max_length=60)] = None,
    search: Annotated[str, Query(max_length=100, description="A part of the name.")] = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> dict[str, Any]:
    """None of them can be called before it is added: `POST /v1/models` needs no more than `model` and `provider` of one.

    Prices are those that providers published by `as_of`, as `source` has them. Look at the provider's page before money depends on them.
    """
    now = gateway.clock.now()
    after = gateway.cursors.open(cursor, principal.workspace_id, of=KNOWN)
    found = known_models(provider=provider, words=search, after=after[0] if after else "", now=now)
    page = gateway.cursors.page(
        found[: limit + 1], limit=limit, workspace_id=principal.workspace_id, of=KNOWN, position=lambda one: [one["model"]]
    )
    return {**provenance(), "providers": count_by_provider(now=now), **page}


@router.post("/v1/platform-models/known", summary="Offer known models of a provider to every workspace (operator)")
async def offer_known_models(body: OfferKnown, request: Request, gateway: GatewayParts, principal: Operator) -> Response:
    """Those that are not offered yet are added with the limits and prices that ship; what the operator has described stays as it is."""

    async def work(tx: Tx) -> dict[str, Any]:
        return await offer_known(tx, gateway, principal, body)

    response = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return response


@router.put("/v1/platform-models/{platform_model:path}", summary="Describe a model for every workspace, and set its prices (operator)")
async def put_platform_model(
    platform_model: Annotated[str, Path(max_length=200, pattern=MODEL_NAME)],
    body: PlatformModel,
    gateway: GatewayParts,
    principal: Operator,
) -> Response:
    """It is called at its provider's own address, with the operator's keys or a workspace's. Other prices are a new price version."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        facts = await set_platform_model(tx, gateway, principal, platform_model, body)
    await gateway.catalog.catch_up()
    return json_response(shown(facts))
