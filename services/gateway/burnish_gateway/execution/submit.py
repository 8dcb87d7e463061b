"""Admits an execution: from a caller's order to a request that is held for, and may be dispatched."""

from dataclasses import dataclass
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.order import Order, checked_size, prepare
from burnish_gateway.execution.verdicts import error_of
from burnish_gateway.metrics import ADMISSIONS
from burnish_shared import failpoints, subjects
from burnish_shared.books.admission import AdmissionRequest, IdempotencyKey, RateLimit, Verdict
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.errors import InvalidField
from burnish_shared.ids import new_uuid

DEADLINE_MOST_S = 600.0


@dataclass(frozen=True, slots=True)
class Admitted:
    """It is held for, on disk. `key`: route and text of its idempotency key."""

    request: ExecutionRequest
    key: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Repeated:
    """The key belongs to an execution that was admitted before, with the same body."""

    execution_id: UUID


async def submit(
    order: Order,
    *,
    gateway: Gateway,
    principal: Principal,
    request_id: str,
    traceparent: str | None = None,
    key: IdempotencyKey | None = None,
) -> Admitted | Repeated:
    """Raises what the caller must hear: NotFound, MissingVariables, InvalidField, RateLimited, OutOfCredit, Unavailable, …

    A refusal leaves nothing behind. A background order is published with its hold, in one transaction.
    """
    deadline_s = gateway.settings.deadline_s if order.deadline_s is None else order.deadline_s
    if not 0 < deadline_s <= DEADLINE_MOST_S:
        raise InvalidField(f"deadline_s: must be above 0 and at most {DEADLINE_MOST_S:g}.", param="deadline_s")
    version = None
    if order.slug is not None:
        version = await gateway.catalog.resolve(principal.workspace_id, order.slug, label=order.label, version=order.version)
    model = order.model or (version.model if version else None)
    if model is None:
        raise InvalidField("model: is needed where no prompt is named.", param="model")
    facts, route = await gateway.models.route(principal.workspace_id, model)

    request = prepare(
        order,
        execution_id=new_uuid(),
        principal=principal,
        version=version,
        facts=facts,
        route=route,
        now=gateway.clock.now(),
        deadline_s=deadline_s,
        request_id=request_id,
        traceparent=traceparent,
    )
    rates = principal.rates
    if key is None:  # a repeat with a known key gets its answer, whatever the rate says now
        gateway.refusals.check(rates)

    answer = await gateway.admission.ask(_admission(request, gateway=gateway, rates=rates, key=key, deadline_s=deadline_s))
    ADMISSIONS.labels(answer.verdict.name.lower()).inc()
    if answer.verdict is Verdict.KEY_REPEATED and answer.original is not None:
        return Repeated(answer.original)
    has_ended = answer.verdict is Verdict.ENDED and order.background  # its first admission got through, though its answer was lost
    if answer.verdict is not Verdict.YES and not has_ended:
        gateway.refusals.note(answer)
        raise error_of(answer)
    await failpoints.hit("gateway.admitted")
    if order.background:
        gateway.relay.wake()
    return Admitted(request, key=(key.route, key.key) if key else None)


def _admission(
    request: ExecutionRequest, *, gateway: Gateway, rates: list[RateLimit], key: IdempotencyKey | None, deadline_s: float
) -> AdmissionRequest:
    background = request.lane.value == "background"
    # Looked at before anything is held, also where it is sent later: a refusal leaves nothing behind (PROMISES G-06).
    body = checked_size(request.model_dump_json(exclude_defaults=True).encode())
    message = (subjects.executions_requested_background(request.workspace_id), body) if background else None
    return AdmissionRequest(
        execution_id=request.execution_id, workspace_id=request.workspace_id, amount_nusd=request.hold_nusd,
        ttl_ms=int((gateway.settings.queue_limit_s if background else deadline_s) * 1000), lane=request.lane.value,
        account_ids=request.account_ids, rates=rates, key=key, message=message,
    )  # fmt: skip
