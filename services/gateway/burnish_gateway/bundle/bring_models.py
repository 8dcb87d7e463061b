"""Models that a foreign file describes, added to the workspace where it may have them. One that is known here stays as it is."""

import asyncio
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from burnish_gateway.access.principal import Principal
from burnish_gateway.bundle.read_bundle import ReadPrompt
from burnish_gateway.deps import Gateway
from burnish_gateway.models import store
from burnish_gateway.models.bodies import AUTO, NewModel
from burnish_gateway.models.known_models import filled
from burnish_gateway.models.set_model import add_model, check_address
from burnish_gateway.models.stand_in import does_as_much
from burnish_shared.db import model_store
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, InvalidField

CHECKS_AT_ONCE: Final = 20

NAMED_MOST: Final = 20
"""Of models that are missing."""


@dataclass(frozen=True, slots=True)
class ModelResult:
    """`refused`: the workspace may not have it so; `reason` says why, and what to do."""

    model: str
    outcome: Literal["created", "unchanged", "refused"]
    reason: str | None = None


async def refusals_of(gateway: Gateway, models: Sequence[NewModel]) -> dict[str, str]:
    """Model → why this workspace may not have it. Asks the egress guard: called before any transaction.

    Each address once, several at a time: a name whose servers keep silent costs seconds, and a file may hold hundreds of models.
    """
    ways = list(dict.fromkeys((one.provider, one.base_url) for one in models))
    turn = asyncio.Semaphore(CHECKS_AT_ONCE)

    async def refused(provider: str, base_url: str) -> str | None:
        async with turn:
            try:
                await check_address(gateway, provider, base_url)
            except BurnishError as error:
                return error.message
        return None

    why = dict(zip(ways, await asyncio.gather(*(refused(*one) for one in ways)), strict=True))
    return {one.model: said for one in models if (said := why[one.provider, one.base_url]) is not None}


async def bring_models(
    tx: Tx, gateway: Gateway, principal: Principal, models: Sequence[NewModel], *, refusals: dict[str, str], dry_run: bool
) -> list[ModelResult]:
    """In the order of the file; of two with one name the first counts. One that names a fallback which cannot be it comes without."""
    results: dict[str, ModelResult] = {}
    made: dict[str, NewModel] = {}
    behind = {one.model: one.fallback_model for one in reversed(models)}
    for one in models:
        if one.model in results:
            continue
        if await model_store.find_model(tx, one.model) is not None:
            results[one.model] = ModelResult(one.model, "unchanged", "A model of this name is known here; its description stays as it is.")
        elif one.model in refusals:
            results[one.model] = ModelResult(one.model, "refused", refusals[one.model])
        elif not one.base_url and not await store.is_provider(tx, one.provider):
            results[one.model] = ModelResult(one.model, "refused", f"The provider {one.provider!r} is not known here; give a base_url.")
        else:
            refused = {name for name, result in results.items() if result.outcome == "refused"}
            following = _following(one.model, behind, refused=refused)
            results[one.model] = await _brought(tx, gateway, principal, one, made, following=following, dry_run=dry_run)
    return list(results.values())


def _following(model: str, behind: Mapping[str, str | None], *, refused: Container[str]) -> str | None:
    """What the file asks when it fails, past those that are refused: of three deployments the third, where the second is no model here."""
    passed = {model}
    other = behind[model]
    while other is not None and other in refused and other not in passed:
        passed.add(other)
        other = behind[other]
    return None if other in passed else other


async def _brought(
    tx: Tx, gateway: Gateway, principal: Principal, one: NewModel, made: dict[str, NewModel], *, following: str | None, dry_run: bool
) -> ModelResult:
    """With what we know of it where the file says nothing, as when it is added by hand. `made`: those of the file that are here now.
    `following`: the fallback, which is another one than the file's where that is refused."""
    try:
        whole, _ = filled(one)
    except InvalidField as error:
        return ModelResult(one.model, "refused", error.message)
    reason = None
    if following is not None and following != whole.fallback_model:
        reason = f"It falls back to {following!r}: {whole.fallback_model!r} is not here."
        whole = whole.model_copy(update={"fallback_model": following})
    if whole.fallback_model is not None and not await _may_stand_in(tx, whole, made):
        reason = f"It comes without its fallback: {whole.fallback_model!r} is not here, or does something else."
        whole = whole.model_copy(update={"fallback_model": None})
    if not dry_run:
        await add_model(tx, gateway, principal, whole)
    made[one.model] = whole
    return ModelResult(one.model, "created", reason)


async def _may_stand_in(tx: Tx, one: NewModel, made: Mapping[str, NewModel]) -> bool:
    other = one.fallback_model or ""
    if other in made:
        return does_as_much(one.capabilities, made[other].capabilities)
    facts = await model_store.find_model(tx, other)
    return facts is not None and does_as_much(one.capabilities, facts.capabilities)


async def missing_models(tx: Tx, prompts: Iterable[ReadPrompt], *, coming: Sequence[ModelResult]) -> list[str]:
    """A note where `prompts` name models that are neither here nor in the file: their calls are refused, which nobody sees before."""
    wanted = {content.model for one in prompts for content in one.contents} - {AUTO}
    wanted -= {one.model for one in coming if one.outcome != "refused"}
    if wanted:
        wanted -= {one.model for one in await model_store.list_models(tx)}
    if not wanted:
        return []
    first, more = sorted(wanted)[:NAMED_MOST], len(wanted) - NAMED_MOST
    names = ", ".join(first) + (f" and {more:,} more" if more > 0 else "")
    return [f"Models that prompts of the file name are not here: {names}. Calls of them are refused until you add these (POST /v1/models)."]
