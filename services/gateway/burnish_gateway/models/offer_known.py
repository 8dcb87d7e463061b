"""Offers known models to every workspace. One transaction, with an audit entry for each and one change note."""

from typing import Any, Final

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.models import store
from burnish_gateway.models.bodies import OfferKnown, PlatformModel, stored
from burnish_gateway.models.known_models import facts_of, known_models, provenance
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField

EVERY: Final = "*"


async def offer_known(tx: Tx, gateway: Gateway, principal: Principal, body: OfferKnown) -> dict[str, Any]:
    """Names of those that were added, and of those that were there. Raises InvalidField for a provider or a model that is not known."""
    if not await store.is_provider(tx, body.provider):
        raise InvalidField(f"provider: {body.provider!r} is not known here; it is a row of `providers`.", param="provider")
    known = {one["model"]: one for one in known_models(provider=body.provider, now=gateway.clock.now())}
    unknown = next((name for name in body.models or () if name not in known), None)
    if unknown is not None or not known:
        what = f"models: {unknown!r} is not known" if unknown is not None else f"provider: no model of {body.provider!r} is known"
        raise InvalidField(f"{what}; GET /v1/known-models lists those that are.", param="models" if unknown is not None else "provider")
    wanted = list(dict.fromkeys(body.models)) if body.models is not None else list(known)
    there = await store.platform_models_among(tx, wanted)
    added = [name for name in wanted if name not in there]
    for name in added:
        facts = PlatformModel.model_validate({"provider": body.provider, "display_name": name, **facts_of(known[name])})
        said = stored(facts.model_dump(), facts)
        row = await store.lock_platform_model(tx, name)
        await store.put_platform_model(tx, name, said, was=row, by=principal.actor, now=gateway.clock.now())
        after = {"provider": body.provider, **provenance(), "input_price_nusd_per_million": facts.input_price_nusd_per_million}
        await audit.note(tx, principal, action="platform_model.set", kind="model", key=name, before=None, after=after)
    if added:
        await note_change(tx, workspace_id=None, kind="model", key=EVERY)
    return {**provenance(), "added": added, "kept": [name for name in wanted if name in there]}
