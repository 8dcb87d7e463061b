"""Admits an execution: from a caller's order to a request that is held for, and may be dispatched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

import structlog

from burnish_gateway.access.principal import Principal
from burnish_gateway.billing.budget import Counted
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import books, store
from burnish_gateway.execution.check_inputs import check_inputs
from burnish_gateway.execution.client_request import once, or_known
from burnish_gateway.execution.group_key import group_key_of
from burnish_gateway.execution.limits_of import ALONE, Together, limits_of, verdict_name
from burnish_gateway.execution.order import REQUEST_MOST_BYTES, Group, Order, checked_size, prepare, timeout_said_s
from burnish_gateway.execution.park import bare, parked_if_big
from burnish_gateway.execution.payers import as_held, payers_of
from burnish_gateway.execution.refusals import OF_MONEY
from burnish_gateway.execution.request_bytes import stamped, unstamped
from burnish_gateway.execution.spare_version import spare_version
from burnish_gateway.execution.told_place import name_as
from burnish_gateway.execution.verdicts import Asked, error_of, rate_headers, suspended
from burnish_gateway.experiments.take_part import Taken
from burnish_gateway.metrics import ADMISSIONS_OF, ROUTED
from burnish_gateway.models.end_headers import end_headers
from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_gateway.routing.choose_way import choose_way
from burnish_gateway.routing.fall_back import fallbacks_of
from burnish_gateway.routing.fall_back_cheaper import with_cheaper
from burnish_gateway.routing.qualify import NoModelQualifies
from burnish_shared import failpoints, subjects
from burnish_shared.books.admission import Answer, Verdict
from burnish_shared.books.admission_request import AdmissionRequest, IdempotencyKey, RateLimit
from burnish_shared.contracts.executions import ExecutionRequest, Lane
from burnish_shared.contracts.experiments import ExperimentPart
from burnish_shared.errors import BurnishError, InvalidField, RateLimited, Unavailable
from burnish_shared.ids import new_uuid

log = structlog.get_logger("burnish.gateway")

DEADLINE_MOST_S = 600.0

DRAWS_MOST = 3
"""What one call draws of the credit line another one may take before it asks again: so often it draws once more."""

TAKEN = "The execution was taken over, or has ended, in this moment; try again."


@dataclass(frozen=True, slots=True)
class Admitted:
    """It is held for, on disk. `key`: route and text of its idempotency key; `headers`: what the answer says of rate limits.

    `body`: the request as `unstamped` bytes; None: they are too many to be kept.
    `fence`: above 1 where it was held before, and is taken from whoever had it.
    """

    request: ExecutionRequest
    body: bytes | None
    key: tuple[str, str] | None
    headers: Mapping[str, str] = field(default_factory=dict)
    fence: int = 1


@dataclass(frozen=True, slots=True)
class Repeated:
    """The key belongs to an execution that was admitted before, with the same body."""

    execution_id: UUID


@dataclass(frozen=True, slots=True)
class MadeRequest:
    """A request that could be admitted, what it counts against, and the arm of an experiment that it belongs to. `body`: its `unstamped`
    bytes, where somebody made them."""

    request: ExecutionRequest
    budgets: Counted
    deadline_s: float
    taken: Taken | None = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """Who asks, from where, under which key, against which budgets. `claims`: it may be held already, and is then taken over.
    `rates`: what limits it."""

    gateway: Gateway
    principal: Principal
    budgets: Counted
    key: IdempotencyKey | None
    deadline_s: float
    claims: bool
    rates: Sequence[RateLimit]


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who asks, and until when."""

    gateway: Gateway
    principal: Principal
    deadline_s: float
    request_id: str
    traceparent: str | None
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
    making = make_request(order, gateway=gateway, principal=principal, request_id=request_id, traceparent=traceparent)
    made = await or_known(making, gateway=gateway, principal=principal, key=key)
    if isinstance(made, UUID):
        return Repeated(made)
    admitting = partial(admit, made, gateway=gateway, principal=principal, key=key)
    answer = await once(made.request, gateway=gateway, key=key, admit=admitting, begins=lambda one: isinstance(one, Admitted))
    if made.taken is not None and isinstance(answer, Admitted):
        gateway.shadows.follow(order, made.taken, principal, execution_id=made.request.execution_id)
    return answer


async def make_request(
    order: Order, *, gateway: Gateway, principal: Principal, request_id: str, traceparent: str | None = None
) -> MadeRequest:
    """What would be executed: resolved, rendered, priced, and held for by nobody. Raises as `submit`, save what money and rates say."""
    deadline_s = gateway.settings.deadline_s if order.deadline_s is None else order.deadline_s
    if not 0 < deadline_s <= DEADLINE_MOST_S:
        raise InvalidField(f"deadline_s: must be above 0 and at most {DEADLINE_MOST_S:g}.", param="deadline_s")
    try:
        made = await _taking_part(order, _Asking(gateway, principal, deadline_s, request_id, traceparent, execution_id=new_uuid()))
    except BurnishError as error:
        if isinstance(error, NoModelQualifies):
            ROUTED.labels("no_model").inc()
        name_as(error, order.said_as)
        raise
    if (chosen := made.request.routing) is not None:  # Counted once, however many versions were tried.
        ROUTED.labels("auto" if chosen.rule is None else "rule").inc()
    return made


async def _taking_part(order: Order, at: _Asking) -> MadeRequest:
    """As an experiment has it, where one runs."""
    gateway, principal, taken = at.gateway, at.principal, None
    if order.slug is not None:
        taken = await gateway.experiments.assign(order, principal.workspace_id, execution_id=at.execution_id)
    if taken is None:
        return await _make(order, at)
    try:
        return replace(await _make(order, at, taken=taken), taken=taken)
    except Unavailable:
        raise
    except BurnishError as error:
        # An experiment never costs an answer: where its arm cannot be rendered or called, the label's version answers.
        gateway.experiments.count(principal.workspace_id, taken.live.experiment_id, "unavailable")
        log.warning("experiment.arm_unavailable", experiment_id=str(taken.live.experiment_id), arm=taken.arm.name, because=error.code)
        return await _make(order, at)


async def _make(order: Order, at: _Asking, *, taken: Taken | None = None) -> MadeRequest:
    """`taken`: the arm of an experiment whose version, or model, answers."""
    version, part = None, None
    if order.slug is not None:
        version = await at.gateway.catalog.in_use(at.principal.workspace_id, order.slug, label=order.label, version=order.version)
    if taken is not None and version is not None:
        part, slug = taken.part, version.slug
        # What the label names anyway keeps its name; another version counts for no label, so nobody takes it for what that serves.
        if version.version != taken.arm.version:
            version = await at.gateway.catalog.in_use(at.principal.workspace_id, slug, version=taken.arm.version)
        order = replace(order, label=None, version=taken.arm.version, model=taken.arm.model or order.model)
    try:
        return await _made(order, version, at, part)
    except BurnishError as error:
        spare = spare_version(version, error)
        if version is None or spare is None:
            raise
        log.info("execution.fell_back_to_version", slug=version.slug, version=version.version, to=spare, because=error.code)
        other = await at.gateway.catalog.in_use(at.principal.workspace_id, version.slug, version=spare)
        return await _made(replace(order, label=None, version=spare), other, at, part)


async def _made(order: Order, version: ResolvedVersion | None, at: _Asking, part: ExperimentPart | None = None) -> MadeRequest:
    """`version`: the one that the order names, before a rule chooses another."""
    gateway, principal = at.gateway, at.principal
    way = await choose_way(order, version, gateway=gateway, principal=principal)
    version, facts, route = way.version, way.facts, way.route
    fallbacks = await fallbacks_of(order, way, gateway=gateway, principal=principal)
    group = None if version else await _group(order, gateway=gateway, principal=principal)
    deadline_s = at.deadline_s if order.deadline_s is not None else max(at.deadline_s, timeout_said_s(version) or 0)
    prompt_id = version.prompt_id if version else group.prompt.prompt_id if group and group.prompt else None
    budgets = await gateway.budgets.counted(principal, prompt_id=prompt_id, end_user=order.user_id)
    request = prepare(
        order, execution_id=at.execution_id, principal=principal, version=version, group=group, facts=facts, route=route,
        fallbacks=fallbacks, routing=way.routing, experiment=part, budget_account_ids=budgets.accounts, now=gateway.clock.now(),
        deadline_s=deadline_s, request_id=at.request_id, traceparent=at.traceparent,
    )  # fmt: skip
    if version is not None and version.input_checks is not None:
        await check_inputs(version.input_checks, request, gateway=gateway)
    if version is not None and version.fallback_cheaper:
        request = await with_cheaper(request, order, version, gateway=gateway, principal=principal)
    return MadeRequest(request, budgets, deadline_s)


async def _group(order: Order, *, gateway: Gateway, principal: Principal) -> Group | None:
    """What messages without a prompt are grouped by; looked up in memory, and only where there is something to group by."""
    key = group_key_of(order.prompt_key, order.messages or ())
    return None if key is None else Group(key, await gateway.groups.find(principal.workspace_id, key))


async def admit(
    made: MadeRequest,
    *,
    gateway: Gateway,
    principal: Principal,
    key: IdempotencyKey | None = None,
    claims: bool = False,
    together: Together = ALONE,
) -> Admitted | Repeated:
    """Holds for it. Raises RateLimited, OutOfCredit, Suspended, Unavailable, …; a refusal leaves nothing behind.

    `claims`: whoever held for this id before is shut out, and one that has ended is Repeated. `together`: what begins with it.
    """
    rates = limits_of(principal, made.request, together)
    return await _admit(made.request, Submission(gateway, principal, made.budgets, key, made.deadline_s, claims, rates), made.body)


async def _admit(request: ExecutionRequest, of: Submission, made_body: bytes | None) -> Admitted | Repeated:
    """Asks with each payer in turn: the free allowance, the credit, the credit with more of its line drawn. `made_body`: of `request`."""
    gateway, workspace = of.gateway, of.principal.workspace
    if workspace.suspended_at is not None and not of.claims:  # what was let in before ends as usual; anything else the books refuse
        raise suspended()
    # Before anything is held: models may have to be read anew.
    ends = await end_headers(gateway.models, workspace.workspace_id, request.route.model)
    ref = await parked_if_big(request, gateway) if request.lane is Lane.BACKGROUND else None
    asked = request
    for paid in payers_of(asked, workspace, gateway.refusals):
        request = paid if ref is None else bare(paid, ref)
        _check_refusals(request, of)  # before its bytes are made, which takes a tenth of a second of the longest
        # Looked at before anything is held, also where it is sent later: a refusal leaves nothing behind (PROMISES G-06).
        body = checked_size(unstamped(request) if made_body is None or request is not asked else made_body)
        answer = await _ask(request, body, of)
        for _ in range(DRAWS_MOST):
            if answer.verdict is not Verdict.CREDIT or not await _draws(request, of):
                break
            answer = await _ask(request, body, of)
        if answer.verdict is Verdict.KEY_REPEATED and answer.original is not None:
            return Repeated(answer.original)
        if answer.verdict is Verdict.ENDED and of.claims:
            return Repeated(request.execution_id)
        # Of a background one that has ended, the first admission got through and its answer was lost.
        has_ended = answer.verdict is Verdict.ENDED and request.lane is Lane.BACKGROUND
        if answer.verdict is Verdict.YES or has_ended:
            break
        left_nusd = await _note_refusal(answer, of, amount_nusd=request.hold_nusd)
        if answer.verdict is not Verdict.ALLOWANCE:
            raise error_of(answer, _asked(request, of), left_nusd=left_nusd)
    if of.claims and answer.fence > 1:
        request = await _taken_over(asked, of, fence=answer.fence)
        body = unstamped(request)
    await failpoints.hit("gateway.admitted")
    if request.lane is Lane.BACKGROUND:
        gateway.relay.wake()
    key = (of.key.route, of.key.key) if of.key else None
    headers = rate_headers(answer.rate) | ends
    return Admitted(request, body if len(body) <= REQUEST_MOST_BYTES else None, key=key, headers=headers, fence=answer.fence)


def _check_refusals(request: ExecutionRequest, of: Submission) -> None:
    """Not asked again where more of the credit line was drawn just now, which a refusal of a moment ago knows nothing of."""
    if of.key is None and not of.claims:  # what was let in before gets its answer, whatever rates and accounts say now
        of.gateway.refusals.check(_asked(request, of), request.account_ids)


async def _ask(request: ExecutionRequest, body: bytes, of: Submission) -> Answer:
    try:
        answer = await of.gateway.admission.ask(_admission(request, body, of))
    except Unavailable:
        of.gateway.unanswered.note(request, of.key, claims=of.claims)
        raise
    ADMISSIONS_OF(verdict_name(answer)).inc()
    return answer


async def _taken_over(request: ExecutionRequest, of: Submission, *, fence: int) -> ExecutionRequest:
    """The request of a call that was held for before, maybe for less or with another payer: prompts and prices change meanwhile. It costs
    what is held at most, on the accounts that hold it (PROMISES C-03), so more is held first where it may cost more."""
    gateway, workspace = of.gateway, of.principal.workspace
    async with gateway.db.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
        held = await store.find_hold(tx, request.execution_id)
    if held is None:
        raise Unavailable(TAKEN, retry_after_s=1)
    request = as_held(request, workspace, account_ids=list(held["account_ids"]))
    if request.hold_nusd <= held["amount_nusd"]:
        return request.model_copy(update={"hold_nusd": held["amount_nusd"]})
    for draws in range(DRAWS_MOST, -1, -1):
        answer = await gateway.admission.widen(
            request.execution_id, workspace.workspace_id, fence=fence, total_nusd=request.hold_nusd, account_ids=request.account_ids
        )
        if answer.verdict is not Verdict.CREDIT or not draws or not await _draws(request, of):
            break
    if answer.verdict in (Verdict.ENDED, Verdict.SUPERSEDED):
        raise Unavailable(TAKEN, retry_after_s=1)
    if answer.verdict is not Verdict.YES:
        error = error_of(answer, _asked(request, of), left_nusd=await _note_refusal(answer, of, amount_nusd=request.hold_nusd))
        if not isinstance(error, (RateLimited, Unavailable)):  # those are waited for, under the same id; nobody goes on with any other
            await books.abandon(gateway, request, key=None)
        raise error
    return request


async def _draws(request: ExecutionRequest, of: Submission) -> bool:
    """Whether the plan's credit line brought enough for this call."""
    workspace = of.principal.workspace
    if workspace.overage_nusd <= 0:
        return False
    async with of.gateway.db.unit_of_work(workspace=workspace.workspace_id) as tx:
        drawn_nusd = await store.draw_credit_line(
            tx, workspace.workspace_id, workspace.credit_account_id, need_nusd=request.hold_nusd, most_nusd=workspace.overage_nusd
        )
    return drawn_nusd > 0


async def _note_refusal(answer: Answer, of: Submission, *, amount_nusd: int) -> int | None:
    """What is free on the account that refused, for the words of the refusal; None where nobody asks, and where it has enough since: that
    is not why it was refused. A flood of refusals looks once.

    Noted before the look: where a call ends meanwhile, this refusal knows nothing of what it gave back, and is not believed.
    """
    refusals, workspace_id = of.gateway.refusals, of.principal.workspace_id
    account_id = answer.limit_id if answer.verdict in OF_MONEY else None
    known = None if account_id is None else refusals.refused(account_id, amount_nusd=amount_nusd)
    refusals.note(answer, workspace_id=workspace_id, amount_nusd=amount_nusd, rates=of.rates)
    if account_id is None:
        return None
    if known is not None:
        return known.left_nusd
    async with of.gateway.db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        left_nusd = await store.find_free(tx, account_id)
    refusals.learn(account_id, left_nusd=left_nusd)
    return left_nusd if left_nusd is not None and left_nusd < amount_nusd else None


def _asked(request: ExecutionRequest, of: Submission) -> Asked:
    return Asked(
        needed_nusd=request.hold_nusd,
        most_in_flight=of.principal.workspace.concurrency,
        rates=of.rates,
        budgets=of.budgets.of_account,
    )


def _admission(request: ExecutionRequest, body: bytes, of: Submission) -> AdmissionRequest:
    background, message = request.lane is Lane.BACKGROUND, None
    if background:
        whole = stamped(body, fence=request.fence, sent_at=request.sent_at)
        message = (subjects.executions_requested_background(request.workspace_id), whole)
    workspace = of.principal.workspace
    return AdmissionRequest(
        execution_id=request.execution_id, workspace_id=request.workspace_id, amount_nusd=request.hold_nusd,
        ttl_ms=int((of.gateway.settings.queue_limit_s if background else of.deadline_s) * 1000), lane=request.lane.value,
        account_ids=request.account_ids, rates=of.rates, key=of.key, claim=of.claims, message=message,
        slot_account_id=workspace.credit_account_id, most_in_flight=workspace.concurrency,
        user_accounts=of.budgets.user_accounts,
    )  # fmt: skip
