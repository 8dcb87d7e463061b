"""What the list of executions may be narrowed by (PRODUCT E13)."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Depends, Query, Request

from burnish_gateway.metadata_query import metadata_of
from burnish_gateway.moments import Moment, check_order
from burnish_gateway.wire import OF_METADATA, Text
from burnish_shared.contracts.executions import Lane
from burnish_shared.errors import InvalidField
from burnish_shared.ids import first_id_at
from burnish_shared.money import MAX_AMOUNT_NUSD

Name = Annotated[Text | None, Query(max_length=200)]


LEAST_SCORE: Final = 0.0
MOST_SCORE: Final = 1.0

Score = Annotated[float | None, Query(ge=LEAST_SCORE, le=MOST_SCORE, allow_inf_nan=False, description="Of people; see `evaluator_id`.")]


def _said(
    request: Request,
    reaction: Annotated[
        Literal["up", "down", "any", "none"] | None,
        Query(description="With a thumb that points this way, with any feedback to the execution itself, or with none."),
    ] = None,
    evaluator_id: Annotated[
        UUID | None, Query(description="With a score of this evaluator; `min_score` and `max_score` are then of it, not of people.")
    ] = None,
    min_score: Score = None,
    max_score: Score = None,
    has_comments: Annotated[bool | None, Query(description="true: that members commented on; false: that they did not.")] = None,
    _: Annotated[
        str | None,
        Query(alias=OF_METADATA, description="For any key, up to 16 of them: with this value, compared as text. `a.b` is `b` within `a`."),
    ] = None,
) -> dict[str, Any]:
    """What stands beside an execution: what was said of it, and what its caller sent along."""
    if min_score is not None and max_score is not None and min_score > max_score:
        raise InvalidField("min_score: is above max_score, so nothing lies between them.", param="min_score")
    asks_score = min_score is not None or max_score is not None
    if reaction == "none" and asks_score and evaluator_id is None:
        raise InvalidField("reaction: what nobody said anything of has no score of people.", param="reaction")
    bounds = [LEAST_SCORE if min_score is None else min_score, MOST_SCORE if max_score is None else max_score]
    return {
        "metadata": metadata_of(request) or None,
        "reaction": reaction,
        "commented": has_comments or None,
        "uncommented": True if has_comments is False else None,
        "scored": bounds if asks_score and evaluator_id is None else None,
        "judged": None if evaluator_id is None else [str(evaluator_id), *map(str, bounds)],
    }


def _wanted(
    said: Annotated[dict[str, Any], Depends(_said)],
    prompt: Annotated[Text | None, Query(max_length=63)] = None,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    label: Annotated[Text | None, Query(max_length=63, description="The label that the call named.")] = None,
    tag: Annotated[Text | None, Query(max_length=100, description="Of prompts that have it now.")] = None,
    model: Annotated[Text | None, Query(max_length=200, description="The one that answered.")] = None,
    provider: Annotated[Text | None, Query(max_length=60)] = None,
    status: Literal["success", "error", "timeout", "rate_limited", "cancelled", "blocked"] | None = None,
    error_code: Annotated[Text | None, Query(max_length=100, description="Such as `provider_timed_out` or `output_invalid`.")] = None,
    session_id: Name = None,
    user_id: Name = None,
    app: Name = None,
    client_request_id: Annotated[Text | None, Query(max_length=200, description="What you called it: one execution, or none.")] = None,
    api_key_id: Annotated[UUID | None, Query(description="The key of ours that the call was made with.")] = None,
    provider_key_id: Annotated[UUID | None, Query(description="The provider key of yours that it used.")] = None,
    job_id: UUID | None = None,
    experiment_id: Annotated[UUID | None, Query(description="That took part in this experiment, seen or unseen.")] = None,
    arm: Annotated[Text | None, Query(max_length=63, description="Of that experiment.")] = None,
    lane: Annotated[Lane | None, Query(description="`interactive` are calls as they come, `batch` test runs and jobs.")] = None,
    trace_id: Annotated[
        str | None, Query(pattern="^[0-9a-f]{32}$", description="Of a run of a chain, or of the `traceparent` that callers sent.")
    ] = None,
    cached: Annotated[bool | None, Query(description="Whether the answer came from the cache.")] = None,
    simulated: bool | None = None,
    min_cost_nusd: Annotated[int | None, Query(ge=0, le=MAX_AMOUNT_NUSD)] = None,
    min_latency_ms: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
    start: Annotated[Moment | None, Query(alias="from", description="Begun from this moment on; with its zone.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="Begun before this moment; with its zone.")] = None,
) -> dict[str, Any]:
    check_order(start, end)
    if arm is not None and experiment_id is None:
        raise InvalidField("An arm is one of an experiment: give experiment_id with it.", param="experiment_id")
    return {
        "prompt": prompt, "version": version, "label": label, "tag": tag, "model": model, "provider": provider, "status": status,
        "error_code": error_code, "session_id": session_id, "user_id": user_id, "app": app, "client_request_id": client_request_id,
        "api_key_id": api_key_id, "provider_key_id": provider_key_id, "job_id": job_id, "lane": lane,
        "experiment_id": experiment_id, "arm": arm,
        "trace_id": None if trace_id is None else UUID(trace_id), "cached": cached, "simulated": simulated,
        "min_cost_nusd": min_cost_nusd, "min_latency_ms": min_latency_ms, "from": bound_of(start), "to": bound_of(end),
        **said,
    }  # fmt: skip


def bound_of(moment: datetime | None) -> UUID | None:
    """The first id that an execution begun at this moment may have; None of None."""
    return None if moment is None else first_id_at(moment)


Wanted = Annotated[dict[str, Any], Depends(_wanted)]
"""By the names of `store.FILTERS`; None: not asked for."""
