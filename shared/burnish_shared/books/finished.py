"""One finished execution, as the SQL type `finished_execution` wants it, and the statement that books many of them."""

import json
import re
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from burnish_shared import subjects
from burnish_shared.contracts.events import Event
from burnish_shared.contracts.executions import Attempt, CompletedItem, CostSplit, ErrorInfo, ExecutionRequest, Lane, Outcome
from burnish_shared.contracts.experiments import ExperimentPart
from burnish_shared.ids import derived_uuid7
from burnish_shared.omitted import omitted
from burnish_shared.storable_text import storable, storable_value
from burnish_shared.tracing import told_in, trace_id_of

SETTLE = "SELECT settle($1::finished_execution[], $2, $3) AS made"

CHOICES = "choices"
"""Where all choices lie beside the settings of a call that had several: the one column of content that has room for them."""

BESIDE = "beside"
"""The same for what was thought, refused or quoted; `extra` holds the fields that went to the provider as they came."""

OF_PROVIDERS: Final = frozenset({"provider_error", "rate_limit_error"})
UNSAID: Final = "The words of this error are not kept, as no text of the call is."
"""Where a provider's own stood."""

VECTORS_MOST_CHARACTERS = 128 * 1024
"""A dozen vectors of 1536 numbers: enough that a repeat of an application's search gets its answer."""

VECTORS_OF_BATCH_MOST_CHARACTERS = 700_000
"""Of a line of a batch, whose answer is read from the record alone: 32 vectors of 4,096 numbers. One message of the bus holds as much."""

INT4_MOST = 2**31 - 1

COST_PARTS = tuple(name for name in CostSplit.model_fields if name != "markup_nusd")
"""The markup has a column of its own."""


@dataclass(frozen=True, slots=True)
class FinishedExecution:
    """Fields in the order of the SQL type; JSON columns as text."""

    execution_id: UUID
    workspace_id: UUID
    fence: int
    lane: str
    status: str
    prompt_id: UUID | None
    slug: str | None
    version: int | None
    label: str | None
    model: str
    provider: str
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    usage_source: str
    cost_nusd: int
    price_version: str | None
    latency_ms: int
    first_token_ms: int | None
    cached: bool
    simulated: bool
    finish_reason: str | None
    end_user: str | None
    session_id: str | None
    app: str | None
    api_key_id: UUID | None
    job_id: UUID | None
    request_id: str | None
    provider_key_id: UUID | None
    key_source: str | None
    markup_nusd: int
    error: str | None
    attempts: str
    finished_at: datetime
    messages: str | None
    variables: str | None
    settings: str | None
    output: str | None
    tool_calls: str | None
    metadata: str | None
    completed_event: str
    background_event: str | None
    background_subject: str | None
    cache_write_input_tokens: int = 0
    reasoning_tokens: int = 0
    details: str | None = None

    def as_row(self) -> tuple[Any, ...]:
        row: tuple[Any, ...] = _FIELDS_OF(self)
        return row


_FIELDS_OF = attrgetter(*(one.name for one in fields(FinishedExecution)))
"""All fields in order; `dataclasses.astuple` would copy each value deeply."""


def json_text(value: object) -> str:
    """JSON for a jsonb column: no NUL, no lone surrogate, no NaN, which becomes null."""
    text = _encoded(value)
    if "\\u0000" in text:
        text = _encoded(_without_nul(value))
    return text


def _encoded(value: object) -> str:
    try:
        return to_json(value, inf_nan_mode="null", fallback=str).decode()
    except ValueError:  # Half of a surrogate pair, or too deep for it.
        return storable(json.dumps(storable_value(value), ensure_ascii=False, separators=(",", ":"), default=str))


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(one) for one in value]
    return value


def finished(request: ExecutionRequest, outcome: Outcome, *, finished_at: datetime, store_content: bool = True) -> FinishedExecution:
    """The record of one execution. `finished_at` decides the bucket of its rollup, here and in a recount."""
    outcome = outcome if store_content else _without_words(outcome)
    prompt, caller, usage = request.prompt, request.caller, outcome.usage
    return FinishedExecution(
        execution_id=request.execution_id, workspace_id=request.workspace_id, fence=request.fence, lane=request.lane.value,
        status=outcome.status.value, prompt_id=prompt.prompt_id if prompt else None, slug=prompt.slug if prompt else None,
        version=prompt.version if prompt else None, label=prompt.label if prompt else None, model=outcome.model, provider=outcome.provider,
        input_tokens=min(usage.input_tokens, INT4_MOST), output_tokens=min(usage.output_tokens, INT4_MOST),
        cached_input_tokens=min(usage.cached_input_tokens, INT4_MOST), usage_source=usage.source, cost_nusd=outcome.cost_nusd,
        price_version=request.route.price.version, latency_ms=min(outcome.latency_ms, INT4_MOST), first_token_ms=outcome.first_token_ms,
        cached=outcome.cached, simulated=outcome.simulated, finish_reason=outcome.finish_reason, end_user=caller.user_id,
        session_id=caller.session_id, app=caller.app, api_key_id=UUID(caller.api_key_id) if caller.api_key_id else None,
        job_id=request.job_id, request_id=request.request_id or None, provider_key_id=outcome.provider_key_id,
        key_source=outcome.key_source, markup_nusd=outcome.markup_nusd,
        error=json_text(outcome.error.model_dump()) if outcome.error else None,
        attempts=_attempts(outcome.attempts), finished_at=finished_at,
        messages=json_text(_messages(request)) if store_content else None,
        variables=json_text(_variables(request)), settings=json_text(_settings(request, outcome)),
        output=None if outcome.output is None else storable(outcome.output),
        tool_calls=json_text(outcome.tool_calls) if outcome.tool_calls else None, metadata=json_text(caller.metadata),
        completed_event=_completed(request, outcome, finished_at=finished_at).model_dump_json(),
        background_event=_background(request, outcome, finished_at=finished_at),
        background_subject=subjects.event("execution.completed", request.workspace_id) if request.lane is Lane.BACKGROUND else None,
        cache_write_input_tokens=min(usage.cache_write_input_tokens, INT4_MOST), reasoning_tokens=min(usage.reasoning_tokens, INT4_MOST),
        details=json_text(details_of(outcome, request.experiment) | _trace(request) | _previous(request) | _called_as(request, outcome)),
    )  # fmt: skip


def _without_words(outcome: Outcome) -> Outcome:
    """What a provider says of a failure may repeat what it was asked: where no text of a call is kept, its words are not either."""
    error = outcome.error
    if error is not None and error.type in OF_PROVIDERS:
        error = error.model_copy(update={"message": UNSAID})
    attempts = [one.model_copy(update={"error": None}) if one.error else one for one in outcome.attempts]
    return outcome.model_copy(update={"error": error, "attempts": attempts})


def with_vectors(stored: Outcome, *, of: Outcome, request: ExecutionRequest) -> Outcome:
    """`stored` as the row has it. Vectors are no text in which something is to be masked; of more than a few inputs they are not kept."""
    if request.kind != "embedding":
        return stored
    most = VECTORS_OF_BATCH_MOST_CHARACTERS if request.lane is Lane.BATCH else VECTORS_MOST_CHARACTERS
    return stored.model_copy(update={"output": of.output if of.output and len(of.output) <= most else None})


def details_of(outcome: Outcome, part: ExperimentPart | None = None) -> dict[str, Any]:
    """What else the books keep of it: numbers and names, never a text of somebody's. The gateway reads it back (execution/store.py)."""
    split, routing = outcome.cost_split, outcome.routing
    known = {
        "cost": None if split is None else {name: value for name in COST_PARTS if (value := getattr(split, name))},
        "routing": None if routing is None else routing.model_dump(exclude_defaults=True),
        "service_tier": outcome.usage.service_tier,
        "system_fingerprint": outcome.system_fingerprint,
        "overage_nusd": outcome.overage_nusd or None,
        "experiment": None if part is None else _part(part),
    }
    return {name: value for name, value in known.items() if value is not None}


def _part(part: ExperimentPart) -> dict[str, Any]:
    """Which experiment and arm, and what kind of unit: who it is stands in columns that are forgotten with the person."""
    told = {"id": str(part.experiment_id), "arm": part.arm, "epoch": part.epoch, "unit": part.unit.partition(":")[0]}
    return told if part.shadow_of is None else told | {"shadow_of": str(part.shadow_of)}


def _trace(request: ExecutionRequest) -> dict[str, Any]:
    """The trace of somebody else that it belongs to. `settle` puts it into a column of its own."""
    trace_id = trace_id_of(request.traceparent)
    return {} if trace_id is None else {"trace_id": trace_id.hex}


def _previous(request: ExecutionRequest) -> dict[str, Any]:
    previous_id = request.caller.previous_id
    return {} if previous_id is None else {"previous_id": str(previous_id)}


def _called_as(request: ExecutionRequest, outcome: Outcome) -> dict[str, Any]:
    """How the caller's format tells what was called: of plain functions, and of those that were not called, there is nothing to say."""
    if not request.caller.called_as:
        return {}
    names = [(one.get("function") or {}).get("name") for one in outcome.tool_calls or []]
    told = {name: as_what for name in names if name is not None and (as_what := request.caller.called_as.get(name)) is not None}
    return {"called_as": told} if told else {}


def without_content(row: FinishedExecution) -> FinishedExecution:
    """The same execution for a row that PostgreSQL refused: numbers stay, text goes, and the error says so (DESIGN 4.5)."""
    from dataclasses import replace

    error = ErrorInfo(type="api_error", code="unrecordable", message="The text of this execution could not be stored.")
    return replace(
        row,
        status="error",
        error=json_text(error.model_dump()),
        messages=None,
        variables=None,
        settings=None,
        output=None,
        tool_calls=None,
        metadata=None,
        attempts="[]",
        end_user=None,
        session_id=None,
        app=None,
        request_id=None,
        finish_reason=None,
    )


def _messages(request: ExecutionRequest) -> list[dict[str, Any]]:
    """The conversation; of one that was too big to travel, images and files only by their kind, size and fingerprint."""
    return request.messages if request.parked is None else [_without_bytes(one) for one in request.messages]


DATA_URL: Final = re.compile(r"data:[^,\s]{0,300};base64,")


def _variables(request: ExecutionRequest) -> dict[str, Any]:
    """What was put into the prompt; of a request that was too big to travel without the bytes of images and files, as its messages."""
    return request.variables if request.parked is None else {name: _without_data(one) for name, one in request.variables.items()}


def _without_data(value: Any) -> Any:
    if isinstance(value, str):
        return omitted(value) if DATA_URL.match(value) else value
    if isinstance(value, list):
        return [_without_data(one) for one in value]
    return {name: _without_data(one) for name, one in value.items()} if isinstance(value, dict) else value


def _without_bytes(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return message | {"content": [_named(part) if isinstance(part, dict) else part for part in content]}


BYTES_OF: Final = {"image_url": "url", "file": "file_data"}
"""Kinds of parts, and where in the object of the same name bytes may stand."""


def _named(part: dict[str, Any]) -> dict[str, Any]:
    """Its bytes by their name."""
    kind = part.get("type")
    field, held = BYTES_OF.get(str(kind)), part.get(str(kind))
    if field is None or not isinstance(held, dict):
        return part
    made = {**held, field: omitted(held[field])} if isinstance(held.get(field), str) else dict(held)
    if kind == "file" and isinstance(held.get("content"), list):
        made["content"] = [_named(one) if isinstance(one, dict) else one for one in held["content"]]
    return part | {str(kind): made}


def _settings(request: ExecutionRequest, outcome: Outcome) -> dict[str, Any]:
    """The settings as they were sent, and what a reader needs besides: output format, kind, and all choices, where they say anything."""
    if (
        request.output_format == "text"
        and request.kind == "chat"
        and outcome.choices is None
        and outcome.beside is None
        and not request.extra
    ):
        return request.settings
    said = {} if request.output_format == "text" else {"output_format": request.output_format}
    kind = {} if request.kind == "chat" else {"kind": request.kind}
    choices = {} if outcome.choices is None else {CHOICES: [one.model_dump(mode="json") for one in outcome.choices]}
    beside = {} if outcome.beside is None else {BESIDE: outcome.beside.model_dump(mode="json", exclude_none=True)}
    extra = {"extra": request.extra} if request.extra else {}
    return {**request.settings, **said, **kind, **choices, **beside, **extra}


def _attempts(attempts: list[Attempt]) -> str:
    return json_text([attempt.model_dump(exclude_defaults=True) for attempt in attempts]) if attempts else "[]"


def _completed(request: ExecutionRequest, outcome: Outcome, *, finished_at: datetime) -> CompletedItem:
    prompt, caller = request.prompt, request.caller
    part = None if request.experiment is None or request.experiment.shadow_of is not None else request.experiment
    return CompletedItem(
        execution_id=request.execution_id,
        workspace_id=request.workspace_id,
        lane=request.lane,
        status=outcome.status,
        prompt_id=prompt.prompt_id if prompt else None,
        slug=prompt.slug if prompt else None,
        version=prompt.version if prompt else None,
        label=prompt.label if prompt else None,
        model=outcome.model,
        provider=outcome.provider,
        app=caller.app,
        api_key_id=caller.api_key_id,
        end_user=caller.user_id,
        session_id=caller.session_id,
        group_key=request.group_key,
        job_id=request.job_id,
        provider_key_id=outcome.provider_key_id,
        experiment_id=part.experiment_id if part else None,
        arm=part.arm if part else None,
        allocation_epoch=part.epoch if part else None,
        unit=part.unit if part else None,
        slow=outcome.latency_ms > part.latency_limit_ms if part and part.latency_limit_ms is not None else None,
        input_tokens=min(outcome.usage.input_tokens, INT4_MOST),
        output_tokens=min(outcome.usage.output_tokens, INT4_MOST),
        cached_input_tokens=min(outcome.usage.cached_input_tokens, INT4_MOST),
        cache_write_input_tokens=min(outcome.usage.cache_write_input_tokens, INT4_MOST),
        reasoning_tokens=min(outcome.usage.reasoning_tokens, INT4_MOST),
        cost_nusd=outcome.cost_nusd,
        latency_ms=outcome.latency_ms,
        first_token_ms=outcome.first_token_ms,
        cached=outcome.cached,
        simulated=outcome.simulated,
        finished_at=finished_at,
    )


def _background(request: ExecutionRequest, outcome: Outcome, *, finished_at: datetime) -> str | None:
    if request.lane is not Lane.BACKGROUND:
        return None
    event = Event(
        id=derived_uuid7(request.execution_id, "execution.completed"), type="execution.completed", workspace_id=request.workspace_id,
        occurred_at=finished_at, object_id=str(request.execution_id), simulated=outcome.simulated, traceparent=told_in(request.traceparent),
        hops=request.hops, data={
            "execution_id": str(request.execution_id), "status": outcome.status.value, "prompt": outcome.prompt, "version": outcome.version,
            "label": request.prompt.label if request.prompt else None, "model": outcome.model, "cost_nusd": outcome.cost_nusd,
            "latency_ms": outcome.latency_ms,
        },
    )  # fmt: skip
    return event.to_bytes().decode()
