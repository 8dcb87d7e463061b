"""Make a batch: render every line, set aside what all of it can cost, write the rows, wake the optimizer (PRODUCT E15).

Each line is the request that `POST /v1/executions` would have made of it: the version, the model and the price are those of now.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.batches import store
from burnish_gateway.batches.bodies import Endpoint, NewBatch
from burnish_gateway.batches.read_lines import Line, read_lines
from burnish_gateway.batches.store import NewLine
from burnish_gateway.compat.embed import make_embedding
from burnish_gateway.compat.embeddings_body import EmbeddingsBody
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.order import REQUEST_MOST_BYTES, Order, hold_nusd
from burnish_gateway.execution.submit import make_request
from burnish_shared import subjects
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.db import outbox
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, InvalidField, NotFound, OutOfCredit, PayloadTooLarge, Suspended, Unavailable
from burnish_shared.hops import current_hops
from burnish_shared.ids import new_uuid
from burnish_shared.money import MAX_AMOUNT_NUSD, credits_text
from burnish_shared.prompt_settings import cap_of

SERVICE: Final = "gateway"

RENDERED_MOST_BYTES: Final = 64 * 1024 * 1024
"""All requests of a batch together, as they are written."""

BREATH_S: Final = 0.005
"""After so long other callers of this gateway have their turn."""

HOURS_UNTIL_EXPIRED: Final = 7 * 24
WINDOW_H: Final = 24
"""Where a `completion_window` is asked for, as in OpenAI's and Anthropic's formats."""

USUAL_OUTPUT_TOKENS: Final = 100
"""Guessed where nothing is known of a prompt with a model."""

ERRORS_SHOWN: Final = 20


@dataclass(slots=True)
class Plan:
    """A batch that could begin. `most_nusd`: what it can cost; `likely_nusd`: a guess from the answers of the last week."""

    lines: list[NewLine] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    invalid: int = 0
    most_nusd: int = 0
    likely_nusd: int = 0
    rendered_bytes: int = 0
    first_error: BurnishError | None = None


async def plan_batch(body: NewBatch, *, gateway: Gateway, principal: Principal, request_id: str) -> Plan:
    """Renders and prices every line. Raises NotFound for the file, InvalidField where no line could run, PayloadTooLarge."""
    content: bytes | None = None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        usual = await store.usual_output(tx, principal.workspace_id)
        if body.input_file_id is not None:
            content = await store.content_of(tx, principal.workspace_id, body.input_file_id)
            if content is None:
                raise NotFound("input_file_id: there is no such file, or its time is over.", param="input_file_id")
    return await plan_lines(read_lines(body, content), usual, gateway=gateway, principal=principal, request_id=request_id)


async def plan_lines(
    lines: Iterable[Line], usual: dict[tuple[str, str], int], *, gateway: Gateway, principal: Principal, request_id: str
) -> Plan:
    """The same of lines that are orders already. `usual`: `store.usual_output`."""
    plan = Plan()
    now = asyncio.get_running_loop().time
    since = now()
    for line in lines:
        await _add(plan, line, usual, gateway=gateway, principal=principal, request_id=request_id)
        if plan.rendered_bytes > RENDERED_MOST_BYTES:
            raise PayloadTooLarge(f"The rendered requests have more than {RENDERED_MOST_BYTES} bytes together; make several batches.")
        if now() - since > BREATH_S:
            await asyncio.sleep(0)
            since = now()
    if plan.invalid == len(plan.lines) and isinstance(plan.first_error, NotFound):
        raise plan.first_error
    if plan.invalid == len(plan.lines):
        first = plan.problems[0]
        raise InvalidField(
            f"No line can be run. Line {first['line']}: {first['message']}", param=first["param"], details={"problems": plan.problems}
        )
    return plan


async def _add(
    plan: Plan, line: Line, usual: dict[tuple[str, str], int], *, gateway: Gateway, principal: Principal, request_id: str
) -> None:
    """Raises Unavailable; any other error is the line's own."""
    try:
        if line.order is None:
            raise line.error or InvalidField("body: is needed.", param="body")
        request = await _request_of(line.order, gateway=gateway, principal=principal, request_id=request_id)
        text = request.model_dump_json(exclude_defaults=True)
        if len(text.encode()) > REQUEST_MOST_BYTES:
            raise PayloadTooLarge(f"The rendered request has more than {REQUEST_MOST_BYTES} bytes; run it in the background instead.")
    except Unavailable:
        raise
    except BurnishError as error:
        shown = {"code": error.code, "message": error.message, "param": error.param}
        plan.lines.append(NewLine(line.custom_id, None, None, 0, shown))
        plan.invalid += 1
        plan.first_error = plan.first_error or error
        if len(plan.problems) < ERRORS_SHOWN:
            plan.problems.append({"line": line.number, "custom_id": line.custom_id, **shown})
        return
    hold = max(request.hold_nusd, *(one.hold_nusd for one in request.fallbacks), 0)
    plan.lines.append(NewLine(line.custom_id, request.route.model, text, hold, None))
    plan.most_nusd += hold
    plan.likely_nusd += min(hold, _likely_nusd(request, usual))
    plan.rendered_bytes += len(text)


async def _request_of(order: Order | EmbeddingsBody, *, gateway: Gateway, principal: Principal, request_id: str) -> ExecutionRequest:
    """Raises as the call of one line would."""
    if isinstance(order, EmbeddingsBody):
        return (await make_embedding(order, gateway=gateway, principal=principal, request_id=request_id)).request
    if not order.may_be_stored:
        raise InvalidField("store: a batch keeps its answers until they are fetched; leave store: false out.", param="store")
    return (await make_request(replace(order, takes_part=False), gateway=gateway, principal=principal, request_id=request_id)).request


def _likely_nusd(request: ExecutionRequest, usual: dict[tuple[str, str], int]) -> int:
    if request.kind == "embedding":
        return request.hold_nusd
    tokens = usual.get((request.prompt.slug if request.prompt else "", request.route.model), USUAL_OUTPUT_TOKENS)
    name = cap_of(request.settings)
    cap = request.settings[name]
    return hold_nusd(request.messages, {**request.settings, name: max(1, min(cap, tokens))}, request.route, extra=request.extra)


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """What a batch is besides its lines. `hours`: until it expires."""

    endpoint: Endpoint
    name: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    input_file_id: UUID | None = None
    max_cost_nusd: int | None = None
    paused: bool = False
    hours: int = HOURS_UNTIL_EXPIRED


def terms_of(body: NewBatch) -> BatchTerms:
    return BatchTerms(
        endpoint=body.endpoint, name=body.name, metadata=body.metadata or {}, input_file_id=body.input_file_id,
        max_cost_nusd=body.max_cost_nusd, paused=body.paused,
        hours=HOURS_UNTIL_EXPIRED if body.completion_window is None else WINDOW_H,
    )  # fmt: skip


async def make_batch(tx: Tx, terms: BatchTerms, plan: Plan, *, gateway: Gateway, principal: Principal) -> UUID:
    """Writes it. Raises Suspended, OutOfCredit, InvalidField where its answers could not be kept, or its limit lets no line begin."""
    workspace = principal.workspace
    if workspace.suspended_at is not None:
        raise Suspended("This workspace is suspended; ask its operator.")
    if not workspace.store_content:
        raise InvalidField(
            "This workspace keeps no text, so the answers of a batch could not be read. Call POST /v1/executions and wait for each."
        )
    least_nusd = min((one.hold_nusd for one in plan.lines if one.error is None), default=0)
    if terms.max_cost_nusd is not None and terms.max_cost_nusd < least_nusd:
        raise InvalidField(
            f"max_cost_nusd: lets no line begin; give at least {least_nusd}, which the cheapest one can cost.",
            param="max_cost_nusd",
            details={"least_nusd": least_nusd, "most_nusd": plan.most_nusd, "likely_nusd": plan.likely_nusd},
        )
    batch_id, now = new_uuid(), gateway.clock.now()
    aside_nusd = min(max(plan.most_nusd, 1), terms.max_cost_nusd or MAX_AMOUNT_NUSD, MAX_AMOUNT_NUSD)
    account_id = await store.fund(
        tx, principal.workspace_id, credit_account_id=workspace.credit_account_id, amount_nusd=aside_nusd, batch_id=batch_id
    )
    if account_id is None:
        raise OutOfCredit(
            f"This batch can cost {credits_text(aside_nusd)} credits, which are set aside before it begins, and the workspace has less. "
            f"Add credit, lower max_tokens, or give max_cost_nusd: it probably costs about {credits_text(plan.likely_nusd)} credits.",
            param="max_cost_nusd",
            details={"most_nusd": plan.most_nusd, "likely_nusd": plan.likely_nusd},
        )
    await store.insert_batch(
        tx, batch_id=batch_id, workspace_id=principal.workspace_id, name=terms.name, endpoint=terms.endpoint,
        input_file_id=terms.input_file_id, metadata=terms.metadata, status="paused" if terms.paused else "pending",
        pause_reason="asked" if terms.paused else None,
        total=len(plan.lines), failed=plan.invalid, most_nusd=plan.most_nusd, set_aside_nusd=aside_nusd, funding_account_id=account_id,
        created_by=principal.actor, created_at=now, expires_at=now + timedelta(hours=terms.hours), hops=current_hops(),
    )  # fmt: skip
    await store.insert_lines(tx, principal.workspace_id, batch_id, plan.lines)
    after = {"name": terms.name, "endpoint": terms.endpoint, "total": len(plan.lines), "set_aside_nusd": aside_nusd, "paused": terms.paused}
    await audit.note(tx, principal, action="batch.started", kind="batch", key=str(batch_id), after=after)
    await wake(tx, batch_id, workspace_id=principal.workspace_id, again=0)
    return batch_id


async def wake(tx: Tx, batch_id: UUID, *, workspace_id: UUID, again: int) -> None:
    """Only a wake-up: the row is what counts. `again`: how often it was claimed before, so that each is a message of its own."""
    body = json.dumps({"id": str(batch_id), "workspace_id": str(workspace_id)}).encode()
    await outbox.put(tx, service=SERVICE, subject=subjects.BATCHES_REQUESTED, message_id=f"{batch_id}:{again}", body=body)


def problems_of(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Lines that were never valid, as the table has them. Told from 1, as OpenAI and the estimate count; results count from 0."""
    return [{"line": row["line"] + 1, "custom_id": row["custom_id"], **row["error"]} for row in rows]
