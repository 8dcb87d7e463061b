"""Books executions made elsewhere: once each, free, joined by feedback and counted like our own (PRODUCT E13, PROMISES C-13)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.verdicts import suspended
from burnish_gateway.imports import store
from burnish_gateway.imports.mask_reported import masked
from burnish_gateway.imports.metrics import IMPORTED
from burnish_gateway.imports.reported import Reported, grouped
from burnish_gateway.origin_store import ids_of
from burnish_shared.books.event_parts import in_events
from burnish_shared.books.finished import INT4_MOST, UNSAID, FinishedExecution, json_text
from burnish_shared.contracts.executions import CompletedItem, ErrorInfo, Lane, Status
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.storable_text import storable

FENCE = 1
"""Nobody else can claim it."""

EMBEDDINGS: Final = ("embeddings", "embedding")


@dataclass(frozen=True, slots=True)
class BookedReports:
    """Our id of each, in order. `unknown_prompts`: names that no prompt of the workspace has; what they name is counted under them.

    `made`: how many were not there before.
    """

    ids: list[UUID]
    unknown_prompts: list[str]
    made: int


async def book_reported(gateway: Gateway, principal: Principal, reported: Sequence[Reported]) -> BookedReports:
    """Returns once all are on disk with the event that counts them. Those that were there before stay as they are.

    Raises Suspended, Unavailable. Safe to repeat.
    """
    reported = await to_be_stored(gateway, principal, reported)
    if not reported:
        return BookedReports([], [], 0)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        booked = await book_in(tx, principal, reported)
    count_booked(booked)
    return booked


async def to_be_stored(gateway: Gateway, principal: Principal, reported: Sequence[Reported]) -> Sequence[Reported]:
    """As the workspace wants them kept: what it masks is masked. Slow, so before any transaction. Raises Suspended, Unavailable.

    What names no prompt is of the group of its instructions, and counts for the prompt that the group became.
    """
    if principal.workspace.suspended_at is not None:
        raise suspended()
    if not reported:
        return reported
    reported = [await _counted_for(gateway, principal, one) for one in await asyncio.to_thread(grouped, reported)]
    stored = (await gateway.rules.of(principal.workspace_id)).stored
    return await asyncio.to_thread(masked, reported, stored) if stored else reported


async def _counted_for(gateway: Gateway, principal: Principal, one: Reported) -> Reported:
    """Of a group that became a prompt, that prompt's version; looked up in memory."""
    adopted = None if one.group_key is None else await gateway.groups.find(principal.workspace_id, one.group_key)
    return one if adopted is None else replace(one, slug=adopted.slug, version=adopted.version)


async def book_in(tx: Tx, principal: Principal, reported: Sequence[Reported]) -> BookedReports:
    """`reported`: out of `to_be_stored`. Prompts that this transaction made are found. Then `count_booked`."""
    workspace_id = principal.workspace_id
    ids = await ids_of(tx, workspace_id, [(one.source, one.their_id) for one in sorted(reported, key=_began)])
    named = {one.slug for one in reported if one.slug}
    prompts = await store.prompts_of(tx, named)
    by_id = {ids[(one.source, one.their_id)]: one for one in reversed(reported)}  # of two with one id the first counts
    rows = [_row(one, by_id[one], principal=principal, prompts=prompts) for one in sorted(by_id)]
    made: set[UUID] = set()
    for part in in_events(rows, lambda row: row):
        made |= set(await store.book(tx, workspace_id, part, event_id=str(new_uuid())))
    costs = [(one, cost) for one in sorted(made) if (cost := by_id[one].cost_nusd) is not None]
    await store.note_costs(tx, workspace_id, costs)
    return BookedReports([ids[(one.source, one.their_id)] for one in reported], sorted(named - prompts.keys()), len(made))


def _began(one: Reported) -> datetime:
    """Lists and sessions go by id: what comes in together stands there in the order in which it took place."""
    return one.finished_at - timedelta(milliseconds=max(one.latency_ms, 0))


def count_booked(booked: BookedReports) -> None:
    """Once they are on disk."""
    IMPORTED.labels("new").inc(booked.made)
    IMPORTED.labels("repeated").inc(len(booked.ids) - booked.made)


def _row(execution_id: UUID, one: Reported, *, principal: Principal, prompts: dict[str, UUID]) -> FinishedExecution:
    completed = _completed(execution_id, one, principal=principal, prompts=prompts)
    stored = principal.workspace.store_content
    return FinishedExecution(
        execution_id=execution_id, workspace_id=principal.workspace_id, fence=FENCE, lane=Lane.IMPORTED.value, status=one.status.value,
        prompt_id=completed.prompt_id, slug=one.slug, version=one.version, label=one.served_by, model=one.model, provider=one.provider,
        input_tokens=completed.input_tokens, output_tokens=completed.output_tokens, cached_input_tokens=completed.cached_input_tokens,
        usage_source="provider" if _has_usage(one) else "estimated", cost_nusd=0, price_version=None, latency_ms=completed.latency_ms,
        first_token_ms=completed.first_token_ms, cached=False, simulated=completed.simulated, finish_reason=one.finish_reason,
        end_user=one.end_user, session_id=one.session_id, app=one.app, api_key_id=principal.api_key_id, job_id=None, request_id=None,
        provider_key_id=None, key_source=None, markup_nusd=0, error=_error(one, stored=stored), attempts="[]", finished_at=one.finished_at,
        messages=json_text(one.messages) if stored else None, variables=json_text(one.variables), settings=json_text(one.settings),
        output=None if one.output is None else storable(one.output),
        tool_calls=json_text(one.tool_calls) if one.tool_calls else None, metadata=json_text(one.metadata),
        completed_event=completed.model_dump_json(), background_event=None, background_subject=None,
        cache_write_input_tokens=completed.cache_write_input_tokens, reasoning_tokens=completed.reasoning_tokens,
        details=None if one.trace_id is None else json_text({"trace_id": one.trace_id}),
    )  # fmt: skip


def _has_usage(one: Reported) -> bool:
    """Whether both counts were told. An embedding, and a call that failed before anything came, have no answer to count."""
    came = one.status is Status.SUCCESS or bool(one.output) or bool(one.tool_calls)
    has_no_answer = not came or one.metadata.get("operation") in EMBEDDINGS
    return one.input_tokens is not None and (one.output_tokens is not None or has_no_answer)


def _completed(execution_id: UUID, one: Reported, *, principal: Principal, prompts: dict[str, UUID]) -> CompletedItem:
    return CompletedItem(
        execution_id=execution_id,
        workspace_id=principal.workspace_id,
        lane=Lane.IMPORTED,
        status=one.status,
        prompt_id=prompts.get(one.slug) if one.slug else None,
        slug=one.slug,
        version=one.version,
        label=one.served_by,
        model=one.model,
        provider=one.provider,
        app=one.app,
        api_key_id=str(principal.api_key_id) if principal.api_key_id else None,
        end_user=one.end_user,
        session_id=one.session_id,
        input_tokens=min(one.input_tokens or 0, INT4_MOST),
        output_tokens=min(one.output_tokens or 0, INT4_MOST),
        cached_input_tokens=min(one.cached_input_tokens or 0, INT4_MOST),
        cache_write_input_tokens=min(one.cache_write_input_tokens or 0, INT4_MOST),
        reasoning_tokens=min(one.reasoning_tokens or 0, INT4_MOST),
        cost_nusd=0,
        latency_ms=min(max(one.latency_ms, 0), INT4_MOST),
        first_token_ms=min(one.first_token_ms, INT4_MOST) if one.first_token_ms is not None else None,
        simulated=one.model.startswith("simulated/"),
        finished_at=one.finished_at,
        group_key=one.group_key,
    )


def _error(one: Reported, *, stored: bool) -> str | None:
    """Its words may repeat what was asked: they are kept where that is."""
    if one.error is None:
        return None
    return json_text(ErrorInfo(type="provider_error", code="reported", message=one.error[:1000] if stored else UNSAID).model_dump())
