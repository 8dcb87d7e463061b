"""Makes a version of an evaluator, in the caller's transaction."""

from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_gateway.evaluators import live_store, store
from burnish_gateway.evaluators.least_cap import least_cap_nusd
from burnish_gateway.evaluators.try_out import models_named, no_such_evaluator
from burnish_gateway.models.store import keep_known
from burnish_shared.contracts.evaluators import EvaluatorSettings, models_of
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Conflict, InvalidField, NewerVersion
from burnish_shared.money import credits_text


async def add_version(
    tx: Tx,
    principal: Principal,
    evaluator_id: UUID,
    *,
    settings: dict[str, Any],
    parsed: EvaluatorSettings,
    base_version: int | None,
    message: str,
) -> Record:
    """The evaluator with its newest version; the same settings as the newest make none.

    `base_version`: the newest that the author knows; None does not say. Raises NotFound, InvalidField, Conflict, and NewerVersion where
    another was made since.
    """
    held = await store.lock(tx, evaluator_id)
    if held is None:
        raise no_such_evaluator()
    if held["archived_at"] is not None:
        raise Conflict("This evaluator is archived; make another one.", param="evaluator_id")
    if held["kind"] != settings["kind"]:
        raise InvalidField(f"settings.kind: this evaluator is of kind {held['kind']}; make another one for another kind.", param="settings")
    if held["settings"] == settings:
        return held
    if base_version is not None and base_version != held["version"]:
        raise _other_than(base_version, newest=held["version"])
    if models_of(parsed) and await live_store.uncapped(tx, evaluator_id):
        raise Conflict(
            "A live evaluation of this evaluator has no cap, and this version asks a model; give it one first.", param="settings"
        )
    await _check_caps(tx, principal, evaluator_id, parsed)
    await keep_known(tx, principal.workspace_id, models_named(parsed))
    version = held["version"] + 1
    await store.add_version(
        tx, principal.workspace_id, evaluator_id, version=version, settings=settings, message=message, author=principal.actor
    )
    await store.make_newest(tx, evaluator_id, version=version, settings=settings)
    await note(
        tx, principal, action="evaluator.version_created", kind="evaluator", key=str(evaluator_id),
        before={"name": held["name"], "version": held["version"]}, after={"name": held["name"], "version": version},
    )  # fmt: skip
    made = await store.find(tx, evaluator_id)
    if made is None:
        raise no_such_evaluator()
    return made


def _other_than(base_version: int, *, newest: int) -> BurnishError:
    if base_version > newest:
        return InvalidField(f"base_version: there is no version {base_version}; the newest is {newest}.", param="base_version")
    return NewerVersion(
        f"Version {newest} was saved since version {base_version}; look at it, and make yours with base_version {newest}.",
        param="base_version",
        details={"newer_version": newest},
    )


async def _check_caps(tx: Tx, principal: Principal, evaluator_id: UUID, parsed: EvaluatorSettings) -> None:
    """Raises Conflict where a cap of a live evaluation would pay for no call of this version: each score would be `capped`."""
    if not models_of(parsed):
        return
    held = await live_store.least_cap(tx, evaluator_id)
    if held is None:
        return
    live_id, cap_nusd = held
    least = await least_cap_nusd(tx, principal.workspace_id, parsed)
    if cap_nusd < least:
        raise Conflict(
            f"The cap of the live evaluation {live_id}, {cap_nusd} nano-dollars, pays for no call of this version; one of the shortest"
            f" answer is held for with {least} ({credits_text(least)} credits). Raise that cap to it at least, then make the version.",
            param="settings",
        )
