"""Removes a model of a workspace's own, where nothing calls it or the operator's of that name takes its place."""

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.models import store, uses_store
from burnish_gateway.models.answers import RemovedModel, audited
from burnish_gateway.models.book import ModelNotFound
from burnish_gateway.models.stand_in import check_does_as_much
from burnish_gateway.uses import in_words, told
from burnish_shared.db import model_store
from burnish_shared.db.changes import note_change
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Conflict


async def remove_model(tx: Tx, gateway: Gateway, principal: Principal, model: str) -> RemovedModel:
    """What was charged by its prices can be read for good.

    Raises ModelNotFound where the workspace has no such model of its own, Conflict where something that is set up would call a model that
    is not there any more, or one of the operator's that cannot be called here or does something else.
    """
    locked = await store.lock_model(tx, principal.workspace_id, model)
    was = await model_store.find_model(tx, model)
    if locked is None or was is None:
        raise ModelNotFound(f"This workspace has no model {model[:200]!r} of its own to remove.", param="model")
    behind = await model_store.find_platform_model(tx, model)
    stands_behind = behind is not None and await _stands_in(gateway, principal, was, behind)
    if not stands_behind:
        await _check_unused(tx, principal, model)
    await store.delete_model(tx, principal.workspace_id, model)
    await audit.note(tx, principal, action="model.removed", kind="model", key=model, before=audited(was))
    await note_change(tx, workspace_id=principal.workspace_id, kind="model", key=model)
    return RemovedModel(id=model, platform_model=stands_behind)


async def _stands_in(gateway: Gateway, principal: Principal, was: ModelFacts, behind: ModelFacts) -> bool:
    """Whether the workspace can call the operator's in its place: it is not retired, has a price and a key, and does the same."""
    try:
        check_does_as_much(was.capabilities, behind, field="model")
        await gateway.models.route_of(principal.workspace, behind)
    except BurnishError:
        return False
    return behind.active


async def _check_unused(tx: Tx, principal: Principal, model: str) -> None:
    uses = await uses_store.uses_of(tx, principal.workspace_id, model)
    if uses:
        verb = "names" if sum(use.count for use in uses) == 1 else "name"
        raise Conflict(
            f"The model {model[:200]!r} cannot be removed: {in_words(uses)} {verb} it. Have them name another model first, or retire it "
            f"(POST /v1/models/{model[:200]}/retire): then callers are told its successor.",
            param="model",
            details=told(uses),
        )
