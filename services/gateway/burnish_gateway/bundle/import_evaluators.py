"""Bring in evaluators with their versions, by the rules of prompts: made whole, gone on with, or left alone where two histories differ.

One is known by its name. No secret is in any: models are named, and called with the keys of where they come to.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.bundle import evaluator_store, store
from burnish_gateway.bundle.compare_histories import Outcome, compared
from burnish_gateway.bundle.form import EvaluatorForm
from burnish_gateway.bundle.notes import Notes
from burnish_gateway.deps import Gateway
from burnish_gateway.evaluators.new_version import add_version
from burnish_gateway.evaluators.room import NO_ROOM, room_left
from burnish_shared.contracts.evaluators import EvaluatorSettings, models_of
from burnish_shared.db import model_store
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField
from burnish_shared.evaluators import Mistake, build
from burnish_shared.ids import new_uuid


@dataclass(frozen=True, slots=True)
class EvaluatorResult:
    name: str
    outcome: Outcome
    versions_added: int
    reason: str | None = None


def check_evaluators(forms: Sequence[EvaluatorForm]) -> tuple[EvaluatorForm, ...]:
    """As they are. Raises InvalidField naming the place."""
    names: set[str] = set()
    for index, one in enumerate(forms):
        place = f"evaluators[{index}]"
        if one.name.lower() in names:
            raise InvalidField(f"{place}.name: the evaluator '{one.name}' stands in it twice.", param=f"{place}.name")
        names.add(one.name.lower())
        numbers = [version.version for version in one.versions]
        if numbers != list(range(1, len(numbers) + 1)):
            raise InvalidField(f"{place}.versions: must be numbered 1, 2, 3 and so on.", param=f"{place}.versions")
        if len({version.settings.kind for version in one.versions}) > 1:
            raise InvalidField(f"{place}.versions: all versions of an evaluator are of one kind.", param=f"{place}.versions")
    return tuple(forms)


async def check_newest(gateway: Gateway, principal: Principal, forms: Sequence[EvaluatorForm]) -> None:
    """That what would score from now on can, as where it is written here: a pattern that is one, code that runs. Called before any
    transaction: workers look at it. Raises InvalidField naming the place; Unavailable where none was free."""
    for index, one in enumerate(forms):
        newest = one.versions[-1]
        try:
            await build(newest.settings, grounds=gateway.grounds, tenant=str(principal.workspace_id))
        except Mistake as mistake:
            place = f"evaluators[{index}].versions[{len(one.versions) - 1}].settings" + (f".{mistake.field}" if mistake.field else "")
            where = f" (line {mistake.line}, column {mistake.column})" if mistake.line else ""
            raise InvalidField(f"{place}: {mistake.message}{where}", param=place) from mistake


async def import_evaluators(
    tx: Tx, principal: Principal, forms: Sequence[EvaluatorForm], *, at: datetime, dry_run: bool
) -> tuple[list[EvaluatorResult], Notes]:
    """What became of each, or would, in the order of the file; notes name models that are not here."""
    notes = Notes()
    room = await room_left(tx, principal.workspace_id) if forms else 0
    standing = await evaluator_store.lock_standing(tx, principal.workspace_id, [one.name for one in forms]) if forms else {}
    results: list[EvaluatorResult] = []
    for one in forms:
        there = standing.get(one.name.lower())
        room -= there is None
        if there is None and room < 0:
            results.append(EvaluatorResult(one.name, "conflict", 0, NO_ROOM))
        else:
            results.append(await _import(tx, principal, one, there, at=at, dry_run=dry_run))
    for one, result in zip(forms, results, strict=True):
        for model in dict.fromkeys(name for version in one.versions for name in models_of(version.settings)):
            if result.versions_added and await model_store.find_model(tx, model) is None:
                notes.tell(f"The evaluator '{one.name}' asks the model '{model}', which is not here: until it is, it gives no scores.")
    return results, notes


async def _import(
    tx: Tx, principal: Principal, form: EvaluatorForm, standing: Mapping[str, Any] | None, *, at: datetime, dry_run: bool
) -> EvaluatorResult:
    held = None if standing is None else {"hashes": [_digest(one) for one in standing["settings"]], "archived_at": None}
    found = compared(form.name, [_digest(_stored(one.settings)) for one in form.versions], held)
    if standing is None:
        if not dry_run:
            await _make(tx, principal, form, at=at)
    elif found.added and not dry_run:
        try:
            await _extend(tx, principal, form, standing["evaluator_id"], first=len(standing["settings"]))
        except Conflict as error:  # such as a cap of a live evaluation that would pay for no call of it
            return EvaluatorResult(form.name, "conflict", 0, error.message)
    return EvaluatorResult(form.name, found.outcome, found.added, found.reason)


async def _make(tx: Tx, principal: Principal, form: EvaluatorForm, *, at: datetime) -> None:
    evaluator_id, newest = new_uuid(), form.versions[-1]
    own = {"workspace_id": principal.workspace_id, "evaluator_id": evaluator_id}
    whole = own | {
        "name": form.name, "kind": newest.settings.kind, "settings": _stored(newest.settings), "version": newest.version,
        "created_by": form.created_by or principal.actor, "created_at": form.created_at or at,
    }  # fmt: skip
    versions = [
        own | {
            "version": one.version, "settings": _stored(one.settings), "message": one.message,
            "created_by": one.created_by or principal.actor, "created_at": one.created_at or form.created_at or at,
        }
        for one in form.versions
    ]  # fmt: skip
    await store.insert_rows(tx, "evaluators", [whole])
    await store.insert_rows(tx, "evaluator_versions", versions)


async def _extend(tx: Tx, principal: Principal, form: EvaluatorForm, evaluator_id: UUID, *, first: int) -> None:
    """By whoever brings them in, and now: what scores from here on was decided here. Raises Conflict where live evaluations could not pay
    for one of them; those before it stay."""
    for one in form.versions[first:]:
        await add_version(
            tx, principal, evaluator_id, settings=_stored(one.settings), parsed=one.settings, base_version=None, message=one.message
        )


def _stored(settings: EvaluatorSettings) -> dict[str, Any]:
    return settings.model_dump(mode="json", by_alias=True)


def _digest(settings: Mapping[str, Any]) -> bytes:
    return sha256(json.dumps(settings, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")).digest()
