"""Make, change and archive live evaluations: the row, the account of its cap, the audit entry, in the caller's transaction."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import TypeAdapter

from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_gateway.billing import budget_store
from burnish_gateway.evaluators import live_store, store
from burnish_gateway.evaluators.least_cap import least_cap_nusd
from burnish_gateway.evaluators.live_bodies import Cap, LiveEvaluationChange, NewLiveEvaluation
from burnish_gateway.evaluators.score_alike import check_scores_alike
from burnish_gateway.turns_store import take_turns
from burnish_shared.contracts.evaluators import EvaluatorSettings, models_of, needs_expected
from burnish_shared.contracts.live_filters import LiveFilters
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.ids import new_uuid
from burnish_shared.money import credits_text
from burnish_shared.slug import parse_label, parse_slug

LIVE_MOST = 200
"""Live evaluations of one workspace: all of them are looked at with every batch of executions that is counted."""

SETTINGS: TypeAdapter[EvaluatorSettings] = TypeAdapter(EvaluatorSettings)


def check_fits_traffic(evaluator: Record) -> None:
    """Raises InvalidField for one that says nothing where nobody said what answer is expected, as of live traffic nobody does."""
    if needs_expected(SETTINGS.validate_python(evaluator["settings"]), has_other=False):
        raise InvalidField(
            f"evaluator_id: {evaluator['kind']} compares with an expected answer, and live traffic has none; use it in test runs.",
            param="evaluator_id",
        )


async def add_live(tx: Tx, principal: Principal, body: NewLiveEvaluation) -> UUID:
    """Raises NotFound, InvalidField, Conflict."""
    evaluator = await store.lock(tx, body.evaluator_id)
    if evaluator is None or evaluator["archived_at"] is not None:
        raise NotFound("There is no evaluator of this id, or it is archived.", param="evaluator_id")
    check_fits_traffic(evaluator)
    if body.cap is None and asks_models(evaluator):
        raise InvalidField("cap: this evaluator asks models; say what that may cost, as {limit_nusd, period}.", param="cap")
    await _check_cap(tx, principal, evaluator, body.cap)
    prompts, labels = await known_prompts(tx, body.prompts), known_labels(body.labels)
    await _check_alone(tx, body.evaluator_id, prompts, labels, body.filters, but=None)
    if body.active:
        await check_scores_alike(
            tx, body.evaluator_id, version=evaluator["version"], prompts=prompts, labels=labels, filters=body.filters.asked()
        )
    await take_turns(tx, principal.workspace_id, "live_evaluations")
    if await live_store.count_open(tx) >= LIVE_MOST:
        raise Conflict(f"This workspace has {LIVE_MOST} live evaluations; archive one first.")
    live_id = new_uuid()
    await live_store.add(
        tx,
        principal.workspace_id,
        live_id,
        evaluator_id=body.evaluator_id,
        prompts=prompts,
        labels=labels,
        filters=body.filters.asked(),
        sample_ratio=body.sample,
        active=body.active,
        created_by=principal.actor,
        **await _capped(tx, principal, live_id, body.cap),
    )
    await _note(tx, principal, "created", live_id, before=None)
    return live_id


async def change_live(tx: Tx, principal: Principal, live_id: UUID, body: LiveEvaluationChange) -> None:
    """Raises NotFound, InvalidField, Conflict."""
    held = await live_store.lock(tx, live_id)
    if held is None:
        raise no_such_live()
    evaluator = await store.lock(tx, held["evaluator_id"])  # as when one is made: two that overlap cannot come about side by side
    if evaluator is None:
        raise no_such_live()
    before = await _facts(tx, live_id)
    named = body.model_fields_set
    changes: dict[str, Any] = {}
    if body.prompts is not None:
        changes["prompts"] = await known_prompts(tx, body.prompts)
    if body.labels is not None:
        changes["labels"] = known_labels(body.labels)
    if body.sample is not None:
        changes["sample_ratio"] = body.sample
    if body.active is not None:
        changes["active"] = body.active
    if body.filters is not None:
        changes["filters"] = body.filters.asked()
    taken = {name: held[name] for name in ("prompts", "labels", "filters", "active")} | changes
    if {"prompts", "labels", "filters"} & changes.keys():
        await _check_alone(tx, held["evaluator_id"], taken["prompts"], taken["labels"], filters_of(taken["filters"]), but=live_id)
    if taken["active"] and {"prompts", "labels", "filters", "active"} & changes.keys():
        await check_scores_alike(
            tx, held["evaluator_id"], version=evaluator["version"], prompts=taken["prompts"], labels=taken["labels"],
            filters=taken["filters"],
        )  # fmt: skip
    if "cap" in named:
        await _check_cap(tx, principal, evaluator, body.cap)
        changes |= await _new_cap(tx, principal, live_id, held, body.cap)
    if changes:
        await live_store.change(tx, live_id, **changes)
    await _note(tx, principal, "changed", live_id, before=before)


async def archive_live(tx: Tx, principal: Principal, live_id: UUID) -> None:
    """Nothing more is drawn or scored; scores stay. Raises NotFound."""
    held = await live_store.lock(tx, live_id)
    if held is None:
        raise no_such_live()
    before = await _facts(tx, live_id)
    await live_store.drop_waiting(tx, live_id)
    await live_store.archive(tx, live_id)
    if held["account_id"] is not None:
        await budget_store.close_account(tx, principal.workspace_id, live_id)
    await _note(tx, principal, "archived", live_id, before=before)


async def archive_all_live(tx: Tx, principal: Principal, evaluator_id: UUID) -> None:
    """Those of an evaluator that is archived: none says that it is active and takes nothing."""
    for live_id in await live_store.list_open(tx, evaluator_id):
        with suppress(NotFound):  # somebody else archived it at this moment
            await archive_live(tx, principal, live_id)


def asks_models(evaluator: Record) -> bool:
    return bool(models_of(SETTINGS.validate_python(evaluator["settings"])))


def no_such_live() -> NotFound:
    return NotFound("There is no live evaluation of this id, or it is archived.", param="live_evaluation_id")


def filters_of(stored: dict[str, Any]) -> LiveFilters:
    return LiveFilters.model_validate(stored, strict=False)


async def _check_cap(tx: Tx, principal: Principal, evaluator: Record, cap: Cap | None) -> None:
    """Raises InvalidField where not even the cheapest judgement fits: each score would be `capped`."""
    if cap is None or not asks_models(evaluator):
        return
    least = await least_cap_nusd(tx, principal.workspace_id, SETTINGS.validate_python(evaluator["settings"]))
    if cap.limit_nusd < least:
        raise InvalidField(
            f"cap.limit_nusd: {cap.limit_nusd} pays for no call of a judge; one of the shortest answer is held for with {least}"
            f" ({credits_text(least)} credits), so say at least that.",
            param="cap.limit_nusd",
        )


async def _check_alone(
    tx: Tx, evaluator_id: UUID, prompts: list[str], labels: list[str], filters: LiveFilters, *, but: UUID | None
) -> None:
    """An execution has one score of a version, so a second rule over the same traffic could never pay or score. Raises Conflict."""
    others = await live_store.overlapping(tx, evaluator_id, prompts, labels, but=but)
    other = next((one for one, its in others if not filters.excludes(filters_of(its))), None)
    if other is not None:
        raise Conflict(
            f"The live evaluation {other} scores the same traffic with this evaluator already; change or archive it, or name prompts,"
            " labels or filters that it does not take.",
            param="evaluator_id" if but is None else "prompts",
        )


async def _capped(tx: Tx, principal: Principal, live_id: UUID, cap: Cap | None) -> dict[str, Any]:
    if cap is None:
        return {}
    account_id = await budget_store.make_account(
        tx, principal.workspace_id, live_id, limit_nusd=cap.limit_nusd, warn_nusd=None, period=cap.period, hard=True
    )
    return {"cap_nusd": cap.limit_nusd, "cap_period": cap.period, "account_id": account_id}


async def _new_cap(tx: Tx, principal: Principal, live_id: UUID, held: Record, cap: Cap | None) -> dict[str, Any]:
    """What was spent in the running period stands. A cap is taken away only where nothing is spent."""
    if cap is not None and held["account_id"] is not None:
        await budget_store.change_account(
            tx, principal.workspace_id, live_id, limit_nusd=cap.limit_nusd, warn_nusd=None, period=cap.period, hard=True
        )
        return {"cap_nusd": cap.limit_nusd, "cap_period": cap.period}
    if cap is not None:
        return await _capped(tx, principal, live_id, cap)
    if held["account_id"] is not None:
        raise InvalidField("cap: can be changed, and not be taken away.", param="cap")
    return {}


async def known_prompts(tx: Tx, slugs: list[str]) -> list[str]:
    """The slugs, each once. Raises InvalidField, NotFound."""
    parsed: list[str] = list(dict.fromkeys(parse_slug(one, param="prompts") for one in slugs))
    missing = await live_store.unknown_prompt(tx, parsed)
    if missing is not None:
        raise NotFound(f"prompts: there is no prompt {missing!r}.", param="prompts")
    return parsed


def known_labels(labels: list[str]) -> list[str]:
    return list(dict.fromkeys(parse_label(one) for one in labels))


async def _facts(tx: Tx, live_id: UUID) -> dict[str, Any]:
    row = await live_store.find(tx, live_id)
    if row is None:
        raise no_such_live()
    facts = ("prompts", "labels", "filters", "sample_ratio", "cap_nusd", "cap_period", "active")
    return {"name": row["evaluator"]} | {name: row[name] for name in facts}


async def _note(tx: Tx, principal: Principal, what: str, live_id: UUID, *, before: dict[str, Any] | None) -> None:
    after = None if what == "archived" else await _facts(tx, live_id)
    await note(tx, principal, action=f"live_evaluation.{what}", kind="live_evaluation", key=str(live_id), before=before, after=after)
