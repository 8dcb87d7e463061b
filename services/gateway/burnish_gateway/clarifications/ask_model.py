"""What a claimed session waits for: its model is asked until it has answered, or for good reason cannot (PRODUCT S1).

Each attempt is an execution like any other, billed as such. Its text is kept by the session alone, whose owner nobody else can be: in
the books there are numbers. Whoever goes on after a crash takes the execution over under the next fence, so nothing is paid twice.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import structlog
from asyncpg import Record

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.assistant.work_store import Claim
from burnish_gateway.clarifications import state, store
from burnish_gateway.clarifications.brief import OUTPUT_TOKENS, Written, messages_for, read_asked, read_written
from burnish_gateway.clarifications.state import Session, Task
from burnish_gateway.clarifications.store import session_of
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.answer import failure_of, succeeded
from burnish_gateway.execution.books import ANSWER_LOST
from burnish_gateway.execution.cache_choice import CacheSetting
from burnish_gateway.execution.claimed_call import ClaimedCall
from burnish_gateway.execution.order import Order
from burnish_gateway.execution.submit import MadeRequest, make_request
from burnish_gateway.metrics import CLARIFICATIONS
from burnish_shared import failpoints
from burnish_shared.contracts.executions import Outcome
from burnish_shared.errors import BurnishError, ProviderFailed, RateLimited, Unavailable
from burnish_shared.hops import led_here_by
from burnish_shared.ids import new_uuid
from burnish_shared.tracing import new_traceparent, valid

log = structlog.get_logger("burnish.gateway")

ATTEMPTS_MOST: Final = 3
PATIENCE_S: Final = 90.0
"""So long a task may wait for what passes by itself: rate limits of the workspace, executors that are away."""

CALL_S: Final = 75.0
"""The deadline of one call: a strong model writes 4,000 tokens in about a minute."""

WAIT_S: Final = 0.3
"""Before the second attempt; doubled for the third."""

WAIT_MOST_S: Final = 5.0
"""A provider that asks to wait longer is not waited for: somebody looks at the screen."""

Said = dict[str, Any] | Written


class Unreadable(ProviderFailed):
    """The model answered something else than what it was asked for."""

    code = "unreadable_answer"


@dataclass(slots=True)
class SessionWork:
    """One claim of a session."""

    claim: Claim
    gateway: Gateway
    _call: ClaimedCall | None = field(default=None)
    _until: float = 0.0

    async def carry_out(self) -> None:
        """Raises ClaimLost, Unavailable; what a model or the books refuse ends in a state of the session."""
        async with self._unit() as tx:
            row = await store.load(tx, self.claim)
        self._until = asyncio.get_running_loop().time() + PATIENCE_S
        with led_here_by(row["hops"]):
            await self._until_said(row)

    async def give_up(self) -> None:
        async with self._unit() as tx:
            row = await store.load(tx, self.claim)
            await self._fail(tx, row, BurnishError("Something went wrong on our side; it has been logged."))

    def let_go(self) -> None:
        """Another one goes on: nothing is written any more."""
        if self._call is not None:
            self._call.let_go()

    async def _until_said(self, row: Record) -> None:
        task: Task = row["task"]
        principal = await self._principal(row)
        execution_id, attempt = row["execution_id"], row["attempts"]
        while True:
            if execution_id is None:
                if attempt >= ATTEMPTS_MOST:
                    return await self._ended(row, BurnishError("The call broke off several times."))
                execution_id = new_uuid()
                async with self._unit() as tx:
                    attempt = await store.begin_attempt(tx, self.claim, execution_id=execution_id)
                await failpoints.hit("clarification.begun")
            try:
                outcome = await self._asked(row, principal, execution_id)
            except BurnishError as error:
                return await self._ended(row, error)
            await failpoints.hit("clarification.answered")
            said = _read(task, outcome)
            if not isinstance(said, BurnishError):
                return await self._said(row, outcome, said)
            async with self._unit() as tx:
                await self._count(tx, outcome)
            if attempt >= ATTEMPTS_MOST or not said.retryable:
                return await self._ended(row, said)
            execution_id = None
            await asyncio.sleep(min(WAIT_MOST_S, max(said.retry_after_s or 0.0, WAIT_S * 2 ** (attempt - 1))))

    async def _asked(self, row: Record, principal: Principal, execution_id: UUID) -> Outcome:
        """Raises why it is not executed; what passes by itself is waited for."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                made = await self._made(row, principal)
                call = self._call = ClaimedCall(self.gateway, principal, execution_id)
                return Outcome.model_validate_json(await call.outcome(made))
            except (RateLimited, Unavailable) as error:
                wait_s = error.retry_after_s or WAIT_S
                if loop.time() + wait_s >= self._until:
                    raise
                await asyncio.sleep(wait_s)

    async def _made(self, row: Record, principal: Principal) -> MadeRequest:
        task: Task = row["task"]
        model = row["ask_model"] if task == "ask" else row["write_model"]
        facts = await self.gateway.models.find(principal.workspace_id, model)
        overrides: dict[str, Any] = {"max_tokens": min(OUTPUT_TOKENS[task], facts.output_tokens)}
        if "json" in facts.capabilities:
            overrides["response_format"] = {"type": "json_object"}
        messages = messages_for(task, session_of(row), initial_prompt=row["initial_prompt"], selections=row["selections"])
        order = Order(
            messages=messages, model=model, overrides=overrides, user_id=row["end_user"], app="burnish.clarifications",
            metadata={"clarification_id": str(row["session_id"]), "task": task}, deadline_s=CALL_S, cache=CacheSetting("off"),
            prompt_key="burnish-clarifications",
        )  # fmt: skip
        made = await make_request(
            order, gateway=self.gateway, principal=principal, request_id=row["request_id"],
            traceparent=new_traceparent(valid(row["traceparent"])),
        )  # fmt: skip
        return MadeRequest(made.request.model_copy(update={"store_content": False}), made.budgets, made.deadline_s)

    async def _said(self, row: Record, outcome: Outcome, said: Said) -> None:
        """The model has spoken: once, whoever is at work on it."""
        async with self._unit() as tx:
            row = await store.load(tx, self.claim)
            await self._count(tx, outcome)
            session = session_of(row)
            after = state.written(session) if isinstance(said, Written) else state.asked(session, said)
            result = said.as_dict() if isinstance(said, Written) else None
            await store.save(tx, self.claim.id, after, hours=self.gateway.settings.clarification_hours, result=result)
            await _tell(tx, row, session, after, outcome=outcome, said=said)
        CLARIFICATIONS.labels(after.status).inc()

    async def _ended(self, row: Record, error: BurnishError) -> None:
        async with self._unit() as tx:
            row = await store.load(tx, self.claim)
            await self._fail(tx, row, error)

    async def _fail(self, tx: Any, row: Record, error: BurnishError) -> None:
        session = session_of(row)
        after = state.could_not_ask(session) if session.task == "ask" else state.could_not_write(session)
        told = {"code": error.code, "message": error.message, "retryable": error.retryable, "task": session.task}
        await store.save(tx, self.claim.id, after, hours=self.gateway.settings.clarification_hours, error=told)
        what = "No more questions could be asked" if session.task == "ask" else "The prompt could not be written"
        await store.add_message(tx, row, role="system", kind="note", content=f"{what}: {error.message}"[:2_000])
        CLARIFICATIONS.labels(after.status).inc()

    async def _count(self, tx: Any, outcome: Outcome) -> None:
        await store.add_usage(
            tx, self.claim, execution_id=outcome.id, input_tokens=outcome.usage.input_tokens, output_tokens=outcome.usage.output_tokens,
            spent_nusd=outcome.cost_nusd, latency_ms=outcome.latency_ms, simulated=outcome.simulated,
        )  # fmt: skip

    async def _principal(self, row: Record) -> Principal:
        """Whoever began it, as far as paying for it goes."""
        workspace = await self.gateway.authenticator.workspaces.get(self.claim.workspace_id)
        return Principal(
            workspace, Role.VIEWER, api_key_id=row["api_key_id"], user_id=row["user_id"], first_key_id=row["first_key_id"]
        )  # fmt: skip

    def _unit(self) -> contextlib.AbstractAsyncContextManager[Any]:
        return self.gateway.db.unit_of_work(workspace=self.claim.workspace_id, user=self.claim.owner_id)


def _read(task: Task, outcome: Outcome) -> Said | BurnishError:
    """What was said, or why nothing was: a failure, an answer that nobody kept, or one that cannot be read."""
    body = outcome.model_dump_json().encode()
    lost = Unreadable(f"{outcome.model}: Its answer was lost.")
    if not succeeded(body):
        failure = failure_of(body)
        return lost if failure.code == ANSWER_LOST.code else failure
    said: Said | None = read_asked(outcome.output) if task == "ask" else read_written(outcome.output)
    if said is not None:
        return said
    if outcome.output is None:
        return lost
    return Unreadable(f"{outcome.model}: It answered something else than the JSON object that it was asked for.")


async def _tell(tx: Any, row: Record, before: Session, after: Session, *, outcome: Outcome, said: Said) -> None:
    """What the model said, as messages of the session. The first one carries the call's numbers."""
    new = [one for one in after.questions if one.id not in {each.id for each in before.questions}]
    lines: list[tuple[str, str, str | None]]
    if isinstance(said, Written):
        lines = [("note", said.prompt, None)]
    else:
        lines = [("question", one.text, one.id) for one in new] or [("note", "Enough is known; the prompt can be written.", None)]
    for index, (kind, content, question_id) in enumerate(lines):
        numbers: dict[str, Any] = {}
        if index == 0:
            numbers = {
                "input_tokens": outcome.usage.input_tokens, "output_tokens": outcome.usage.output_tokens, "latency_ms": outcome.latency_ms,
            }  # fmt: skip
        await store.add_message(
            tx, row, role="agent", kind=kind, content=content, question_id=question_id, model_name=outcome.model, execution_id=outcome.id,
            **numbers,
        )  # fmt: skip
