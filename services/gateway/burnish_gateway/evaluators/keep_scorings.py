"""Score past executions: forecast, begin, pause, go on and cancel, in the caller's transaction.

A scoring is a row of the table of live evaluations, so that lease, cap and scores are theirs (docs/decisions/0100).
"""

from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_gateway.billing import budget_store
from burnish_gateway.evaluators import scoring_store, store
from burnish_gateway.evaluators.keep_live import SETTINGS, asks_models, check_fits_traffic, known_labels, known_prompts
from burnish_gateway.evaluators.least_cap import least_cap_nusd
from burnish_gateway.evaluators.score_alike import check_scores_alike
from burnish_gateway.evaluators.scoring_bodies import NewScoring, ScoringChange, ScoringForecast, WhatToScore
from burnish_gateway.evaluators.scoring_forecast import expected_cost
from burnish_gateway.execution.list_filters import bound_of
from burnish_gateway.moments import check_order
from burnish_gateway.turns_store import take_turns
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.ids import created_at, new_uuid
from burnish_shared.money import credits_text

OPEN_MOST: Final = 20
"""Scorings of one workspace that are not over."""


async def forecast_scoring(tx: Tx, principal: Principal, body: WhatToScore) -> ScoringForecast:
    """Raises NotFound, InvalidField."""
    evaluator = await _evaluator(tx, body.evaluator_id)
    past = await _find(tx, body, version=evaluator["version"])
    expected = await expected_cost(
        tx, principal.workspace_id, SETTINGS.validate_python(evaluator["settings"]), evaluator_id=body.evaluator_id,
        version=evaluator["version"], to_score=past.to_score,
    )  # fmt: skip
    scored = sum(one["execution_id"] in past.scored for one in past.found)
    return ScoringForecast(
        evaluator_id=body.evaluator_id, evaluator_version=evaluator["version"], found=len(past.found), scored_already=scored,
        without_text=len(past.found) - scored - len(past.to_score), to_score=len(past.to_score),
        searched_to=None if past.searched_to is None else created_at(past.searched_to), expected_nusd=expected.nusd, basis=expected.basis,
        simulated=expected.simulated,
    )  # fmt: skip


async def begin_scoring(tx: Tx, principal: Principal, body: NewScoring) -> UUID:
    """Raises NotFound, InvalidField, Conflict where nothing is left to score."""
    evaluator = await _evaluator(tx, body.evaluator_id, locks=True)
    await _check_limit(tx, principal, evaluator, body.limit_nusd)
    await take_turns(tx, principal.workspace_id, "live_evaluations")
    if len(await scoring_store.list_open(tx, None)) >= OPEN_MOST:
        raise Conflict(f"{OPEN_MOST} scorings of this workspace are not over; wait for one, or cancel it.")
    await check_scores_alike(
        tx, body.evaluator_id, version=evaluator["version"], prompts=body.prompts, labels=body.labels, filters=body.filters.asked()
    )
    past = await _find(tx, body, version=evaluator["version"])
    if not past.to_score:
        raise Conflict(
            f"Nothing is left to score: of {len(past.found)} executions that fit, each has a score of version {evaluator['version']}"
            " already, or its text is not kept."
        )
    scoring_id = new_uuid()
    money: dict[str, Any] = {}
    if body.limit_nusd is not None:
        account_id = await budget_store.make_account(
            tx, principal.workspace_id, scoring_id, limit_nusd=body.limit_nusd, warn_nusd=None, period=None, hard=True
        )
        money = {"cap_nusd": body.limit_nusd, "account_id": account_id}
    await scoring_store.add(
        tx, principal.workspace_id, scoring_id, evaluator_id=body.evaluator_id, evaluator_version=evaluator["version"],
        wanted=body.wanted(), created_by=principal.actor, **money,
    )  # fmt: skip
    queued = await scoring_store.queue(
        tx, principal.workspace_id, scoring_id, evaluator_id=body.evaluator_id, version=evaluator["version"], executions=past.to_score
    )
    if not queued:
        raise Conflict("Nothing is left to score: a live evaluation took what fits at this moment.")
    await _note(tx, principal, "created", scoring_id, before=None)
    return scoring_id


async def change_scoring(tx: Tx, principal: Principal, scoring_id: UUID, body: ScoringChange) -> None:
    """Raises NotFound, InvalidField, Conflict where it is over."""
    held = await _open(tx, scoring_id)
    if body.limit_nusd is not None and held["cap_nusd"] is None:
        raise InvalidField("limit_nusd: this scoring asks no model, and has no limit.", param="limit_nusd")
    evaluator = await store.find(tx, held["evaluator_id"])
    if body.limit_nusd is not None and evaluator is not None:
        await _check_limit(tx, principal, evaluator, body.limit_nusd)
        await budget_store.change_account(
            tx, principal.workspace_id, scoring_id, limit_nusd=body.limit_nusd, warn_nusd=None, period=None, hard=True
        )
    active = held["active"] if body.active is None else body.active
    await scoring_store.change(
        tx, scoring_id, active=active, cap_nusd=held["cap_nusd"] if body.limit_nusd is None else body.limit_nusd,
        says_why=body.active is not None,
    )  # fmt: skip
    await _note(tx, principal, "changed", scoring_id, before=_facts(held))


async def cancel_scoring(tx: Tx, principal: Principal, scoring_id: UUID) -> None:
    """What waits is not scored any more; scores stay. Raises NotFound, Conflict where it is over."""
    held = await _open(tx, scoring_id)
    await scoring_store.cancel(tx, scoring_id)
    if held["cap_nusd"] is not None:
        await budget_store.close_account(tx, principal.workspace_id, scoring_id)
    await _note(tx, principal, "cancelled", scoring_id, before=_facts(held))


async def cancel_all_scorings(tx: Tx, principal: Principal, evaluator_id: UUID) -> None:
    """Those of an evaluator that is archived."""
    for scoring_id in await scoring_store.list_open(tx, evaluator_id):
        with suppress(Conflict):  # it ended, or somebody else cancelled it at this moment
            await cancel_scoring(tx, principal, scoring_id)


def no_such_scoring() -> NotFound:
    return NotFound("There is no scoring of this id.", param="scoring_id")


async def _evaluator(tx: Tx, evaluator_id: UUID, *, locks: bool = False) -> Record:
    """`locks`: nobody archives it, or makes another version, before this transaction ends."""
    evaluator = await (store.lock if locks else store.find)(tx, evaluator_id)
    if evaluator is None or evaluator["archived_at"] is not None:
        raise NotFound("There is no evaluator of this id, or it is archived.", param="evaluator_id")
    check_fits_traffic(evaluator)
    return evaluator


async def _find(tx: Tx, body: WhatToScore, *, version: int) -> scoring_store.Past:
    check_order(body.start, body.end)
    prompts, labels = await known_prompts(tx, body.prompts), known_labels(body.labels)
    filters = {name: value for name, value in body.filters.model_dump().items() if name != "metadata"} | {
        "metadata": body.filters.metadata or None,
        "prompts": prompts or None,
        "labels": labels or None,
        "from": bound_of(body.start),
        "to": bound_of(body.end),
    }
    return await scoring_store.find_past(tx, filters, evaluator_id=body.evaluator_id, version=version, newest=body.newest)


async def _check_limit(tx: Tx, principal: Principal, evaluator: Record, limit_nusd: int | None) -> None:
    """Raises InvalidField where judges are asked and it is not said what for, or not even the cheapest judgement fits."""
    if not asks_models(evaluator):
        if limit_nusd is not None:
            raise InvalidField("limit_nusd: this evaluator asks no model; leave it out.", param="limit_nusd")
        return
    if limit_nusd is None:
        raise InvalidField("limit_nusd: this evaluator asks models; say what that may cost.", param="limit_nusd")
    least = await least_cap_nusd(tx, principal.workspace_id, SETTINGS.validate_python(evaluator["settings"]))
    if limit_nusd < least:
        raise InvalidField(
            f"limit_nusd: {limit_nusd} pays for no call of a judge; one of the shortest answer is held for with {least}"
            f" ({credits_text(least)} credits), so say at least that.",
            param="limit_nusd",
        )


async def _open(tx: Tx, scoring_id: UUID) -> Record:
    held = await scoring_store.lock(tx, scoring_id)
    if held is None:
        raise no_such_scoring()
    if held["status"] in ("completed", "cancelled"):
        raise Conflict(f"This scoring is {held['status']}; begin another one.", param="scoring_id")
    return held


def _facts(row: Record) -> dict[str, Any]:
    return {"name": row["evaluator"]} | {name: row[name] for name in ("status", "cap_nusd", "tasks_total", "tasks_dropped")}


async def _note(tx: Tx, principal: Principal, what: str, scoring_id: UUID, *, before: dict[str, Any] | None) -> None:
    row = await scoring_store.find(tx, scoring_id)
    if row is None:
        raise no_such_scoring()
    await note(tx, principal, action=f"scoring.{what}", kind="scoring", key=str(scoring_id), before=before, after=_facts(row))
