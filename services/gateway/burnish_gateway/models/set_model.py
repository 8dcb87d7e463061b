"""Adds a model of a workspace's own, or changes one. One transaction, with its audit entry and the change note."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from asyncpg import Record

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.models import store
from burnish_gateway.models.answers import audited
from burnish_gateway.models.bodies import (
    ModelChange,
    NewModel,
    PlatformModel,
    is_keyword,
    is_toy_name,
    keyword_refused,
    stored,
    toy_name_refused,
)
from burnish_gateway.models.book import ModelNotFound
from burnish_gateway.models.stand_in import check_does_as_much
from burnish_gateway.named_changes import named_by
from burnish_shared.db import model_store
from burnish_shared.db.changes import note_change
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.db.session import Tx
from burnish_shared.egress import EgressRefused
from burnish_shared.errors import InvalidField, NotFound

NULLABLE: Final = frozenset(
    {
        "input_price_nusd_per_million", "cached_input_price_nusd_per_million", "cache_write_input_price_nusd_per_million",
        "output_price_nusd_per_million", "reasoning_price_nusd_per_million", "quality_score", "reliability_score", "latency_ms",
        "fallback_model", "successor", "deprecated_at", "sunset_at", "last_tested_at",
    }
)  # fmt: skip

SET: Final = "model.set"


async def check_address(gateway: Gateway, provider: str, base_url: str) -> None:
    """Raises InvalidField where the operator prices that provider's models, and what the egress guard raises."""
    if not base_url and provider != "simulated" and not gateway.settings.trust_tenant_prices:
        raise InvalidField(
            "base_url: is needed. Models of the operator's own providers are priced by the operator (BURNISH_TRUST_TENANT_PRICES).",
            param="base_url",
        )
    if base_url:
        try:
            await gateway.egress.check(base_url)
        except EgressRefused as error:
            raise EgressRefused(error.message, param="base_url") from None


async def add_model(tx: Tx, gateway: Gateway, principal: Principal, body: NewModel) -> ModelFacts:
    """Adds the model, or replaces all that was said of it. Raises NotFound for a provider that is not known here, InvalidField."""
    said = stored(body.model_dump(exclude={"model"}), body)
    said |= {"upstream_model": body.upstream_model or body.model, "display_name": body.display_name or body.model}
    return await _put(tx, gateway, principal, body.model, said, action=SET)


async def change_model(tx: Tx, gateway: Gateway, principal: Principal, model: str, body: ModelChange) -> ModelFacts:
    """Raises ModelNotFound, also for a model of the platform, which the operator describes; InvalidField."""
    row = await store.lock_model(tx, principal.workspace_id, model)
    if row is None:
        raise ModelNotFound(
            f"This workspace has no model {model[:200]!r} of its own. GET /v1/models lists those that can be called; the operator's are "
            "described by the operator, and POST /v1/models adds one of your own that stands for it.",
            param="model",
        )
    said = named_by(body, may_be_null=NULLABLE)
    whole = {name: row[name] for name in store.FIELDS} | stored(said, body)
    if (whole["input_price_nusd_per_million"] is None) != (whole["output_price_nusd_per_million"] is None):
        raise InvalidField(
            "input_price_nusd_per_million: has to be given together with output_price_nusd_per_million.",
            param="input_price_nusd_per_million",
        )
    if any(name in said for name in ("base_url", *store.PRICED)):
        await check_address(gateway, whole["provider"], whole["base_url"])
    return await _put(tx, gateway, principal, model, whole, action="model.changed")


async def set_platform_model(tx: Tx, gateway: Gateway, principal: Principal, model: str, body: PlatformModel) -> ModelFacts:
    """Of the operator's own. Raises InvalidField for a new one whose name chooses a model or names a prompt, and for a provider, or another
    model of the operator's, that is not known here."""
    if not await store.is_provider(tx, body.provider):
        raise InvalidField(f"provider: {body.provider!r} is not known here; it is a row of `providers`.", param="provider")
    said = stored(body.model_dump(), body)
    said |= {"upstream_model": body.upstream_model or model, "display_name": body.display_name or model}
    row = await store.lock_platform_model(tx, model)
    if row is not None and "last_tested_at" not in body.model_fields_set:
        said["last_tested_at"] = row["last_tested_at"]
    if row is None and is_keyword(model):
        raise InvalidField(keyword_refused(model, field="platform_model"), param="platform_model")
    if row is None and is_toy_name(model, provider=body.provider):
        raise InvalidField(toy_name_refused(model, field="platform_model"), param="platform_model")
    await _check_others(tx, said, of=model, was=row, find=model_store.find_platform_model)
    await store.put_platform_model(tx, model, said, was=row, by=principal.actor, now=gateway.clock.now())
    facts = await model_store.find_platform_model(tx, model)
    if facts is None:
        raise ModelNotFound(f"There is no model {model[:200]!r}.", param="model")
    before = None if row is None else {name: row[name] for name in ("active", "price_version", *store.PRICED)}
    await audit.note(tx, principal, action="platform_model.set", kind="model", key=model, before=before, after=audited(facts))
    await note_change(tx, workspace_id=None, kind="model", key=model)
    return facts


async def _put(tx: Tx, gateway: Gateway, principal: Principal, model: str, said: Mapping[str, Any], *, action: str) -> ModelFacts:
    row = await store.lock_model(tx, principal.workspace_id, model)
    await _check_others(tx, said, of=model, was=row, find=model_store.find_model)
    was = await model_store.find_model(tx, model)
    await store.put_model(tx, principal.workspace_id, model, said, was=row, by=principal.actor, now=gateway.clock.now())
    if action == SET:
        await store.revive_model(tx, principal.workspace_id, model)
    facts = await model_store.find_model(tx, model)
    if facts is None or not facts.base_url:
        raise NotFound(f"The provider {said['provider']!r} is not known here; give a base_url.", param="provider")
    before = audited(was) if was is not None and was.own else None
    await audit.note(tx, principal, action=action, kind="model", key=model, before=before, after=audited(facts))
    await note_change(tx, workspace_id=principal.workspace_id, kind="model", key=model)
    return facts


async def _check_others(
    tx: Tx, said: Mapping[str, Any], *, of: str, was: Record | None, find: Callable[[Tx, str], Awaitable[ModelFacts | None]]
) -> None:
    """One that is named anew has to be there, and do the same; dates have to follow each other. What was said before stays said, also when
    that model is gone by now."""
    for field in ("fallback_model", "successor"):
        other = said[field]
        if other is None or (was is not None and other == was[field]):
            continue
        if other == of:
            raise InvalidField(f"{field}: must be another model.", param=field)
        facts = await find(tx, other)
        if facts is None:
            raise InvalidField(
                f"{field}: there is no model {other!r} here; GET /v1/models lists them, POST /v1/models adds it.", param=field
            )
        check_does_as_much(said["capabilities"] or (), facts, field=field)
    _check_dates(said, was=was)


def _check_dates(said: Mapping[str, Any], *, was: Record | None) -> None:
    """A model is deprecated before it ends. What was said before stays said."""
    deprecated, sunset = said["deprecated_at"], said["sunset_at"]
    is_new = was is None or (deprecated, sunset) != (was["deprecated_at"], was["sunset_at"])
    if is_new and deprecated is not None and sunset is not None and deprecated > sunset:
        raise InvalidField("deprecated_at: must not lie after sunset_at: a model is deprecated before it ends.", param="deprecated_at")
