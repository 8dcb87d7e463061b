"""One step of a run that calls a prompt: an execution, and where a failure may pass, another one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import structlog

from burnish_gateway.access.principal import Principal
from burnish_gateway.chains import runs_store as store
from burnish_gateway.chains.runs_store import Begun, Claim
from burnish_gateway.chains.step_end import WAITED_FOR, Ended, cancelled, ended_by, ended_without
from burnish_gateway.chains.tell import Followers, Told, delta_of, event_of, rank_of
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.claimed_call import BOOKED_WAIT_S, ClaimedCall
from burnish_gateway.execution.order import Order
from burnish_gateway.execution.submit import MadeRequest, make_request
from burnish_shared import failpoints
from burnish_shared.chains.walk import Ready
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, RateLimited
from burnish_shared.ids import new_uuid
from burnish_shared.tracing import new_traceparent

log = structlog.get_logger("burnish.gateway")

T = TypeVar("T")

REFUSED_WAIT_S: Final = 0.5
"""Where a refusal that will pass says no time."""

RETRY_WAIT_S: Final = 0.25
"""Before the second attempt; doubled for each further one."""


class Patiently(Protocol):
    """One unit of work, tried again while PostgreSQL is away."""

    async def __call__(self, work: Callable[[Tx], Awaitable[T]]) -> T: ...


@dataclass(slots=True)
class StepRun:
    """`row`: of the run. `room`: so many calls of one run may be under way at once."""

    ready: Ready
    claim: Claim
    gateway: Gateway
    principal: Principal
    row: Any
    metadata: Mapping[str, Any]
    patiently: Patiently
    followers: Followers
    room: asyncio.Semaphore
    begun: Begun | None = None
    call: ClaimedCall | None = None
    _index: int = field(default=0)

    async def run(self) -> Ended:
        """Until it has ended and that is written. Cancelled: `end_early` says what it came to. Raises ClaimLost, Unavailable."""
        async with self.room:
            name, slug = self.ready.id, self.ready.call.prompt.slug
            fresh_id = new_uuid()
            begun: Begun = await self.patiently(lambda tx: store.begin_step(tx, self.claim, name, execution_id=fresh_id, slug=slug))
            self.begun = begun
            await failpoints.hit("chain.step_begun")
            self._tell("running", begun)
            if begun.execution_id != fresh_id:
                await self._call_of(begun).left_to_its_executor()
            ended = await self._execute(begun)
            while ended.may_pass and begun.attempt <= self.ready.call.retries and ended.wait_s < self._left_s():
                begun = self.begun = await self._begin_again(begun, ended)
                ended = await self._execute(begun)
            await failpoints.hit("chain.step_ended")
            return await self._written(ended)

    async def _begin_again(self, begun: Begun, ended: Ended) -> Begun:
        """The next attempt, under an id of its own."""
        await asyncio.sleep(max(ended.wait_s, RETRY_WAIT_S * 2 ** (begun.attempt - 1)))
        cost_nusd, failed_id, next_id = ended.end.spent_nusd, begun.execution_id, new_uuid()
        again: Begun = await self.patiently(
            lambda tx: store.repeat_step(tx, self.claim, self.ready.id, failed=failed_id, execution_id=next_id, spent_nusd=cost_nusd)
        )
        self._tell("running", again)
        return again

    async def end_early(self) -> Ended:
        """Of a step that was cancelled: what the books say it came to, or nothing."""
        if self.begun is None:
            return cancelled()
        call = self.call or self._call_of(self.begun)
        body = await call.booked_now(wait_s=BOOKED_WAIT_S if call.dispatch else 0.0)
        return await self._written(cancelled() if body is None else ended_by(body, keeps_text=self.row["keeps_text"]))

    def let_go(self) -> None:
        """Its execution comes to its end by itself: whoever goes on finds it in the books."""
        if self.call is not None:
            self.call.let_go()

    async def _written(self, ended: Ended) -> Ended:
        at: datetime = await self.patiently(lambda tx: store.end_step(tx, self.claim, self.ready.id, ended.end))
        self._tell(ended.end.status, self.begun, ended)
        return replace(ended, at=at)

    async def _execute(self, begun: Begun) -> Ended:
        """The execution of this id, from wherever it stands."""
        while True:
            try:
                body = await self._outcome(begun)
            except WAITED_FOR as error:
                if isinstance(error, RateLimited) and error.retry_after_s is not None and error.retry_after_s > self._left_s():
                    return ended_without(error, status="rate_limited")
                await asyncio.sleep(error.retry_after_s or REFUSED_WAIT_S)
                continue
            except BurnishError as error:
                return ended_without(error)
            return ended_by(body, keeps_text=self.row["keeps_text"])

    async def _outcome(self, begun: Begun) -> bytes:
        """Raises why it was not executed; Unavailable where nobody can tell yet, and the same id is to be asked again."""
        made = await self._made()
        call = self.call = self._call_of(begun)
        self._index = 0
        return await call.outcome(made)

    def _call_of(self, begun: Begun) -> ClaimedCall:
        return ClaimedCall(self.gateway, self.principal, begun.execution_id, on_text=self._tell_text)

    def _tell_text(self, body: bytes) -> None:
        self.followers.tell(delta_of(self.ready.id, self._index, body))
        self._index += 1

    async def _made(self) -> MadeRequest:
        call, row = self.ready.call, self.row
        left_s = max(0.1, self._left_s())
        named = {"chain": row["slug"], "chain_run_id": str(self.claim.run_id), "chain_step": self.ready.id}
        order = Order(
            slug=call.prompt.slug, label=call.prompt.label, version=call.prompt.version, model=call.model,
            variables=self.ready.variables, overrides=call.overrides, overrides_at="overrides",
            stream=call.streams and self.followers.has_any,
            user_id=row["end_user"], session_id=row["session_id"], app=row["app"], metadata={**self.metadata, **named},
            deadline_s=min(call.deadline_s or self.gateway.settings.deadline_s, left_s), is_kept=row["keeps_text"],
        )  # fmt: skip
        return await make_request(
            order, gateway=self.gateway, principal=self.principal, request_id=row["request_id"],
            traceparent=new_traceparent(row["traceparent"]),
        )  # fmt: skip

    def _tell(self, status: str, begun: Begun | None, ended: Ended | None = None) -> None:
        if not self.followers.has_any:
            return
        told: dict[str, Any] = {
            "id": self.ready.id, "status": status, "execution_id": None if begun is None else str(begun.execution_id),
            "attempts": 0 if begun is None else begun.attempt, "prompt": self.ready.call.prompt.slug,
        }  # fmt: skip
        if ended is not None:
            told |= {"version": ended.end.version, "model": ended.end.model, "cost_nusd": ended.end.spent_nusd, "error": ended.end.error}
        self.followers.tell(Told(event_of("step", told), self.ready.id, rank_of(status, told["attempts"])))

    def _left_s(self) -> float:
        deadline_at: datetime = self.row["deadline_at"]
        return (deadline_at - self.gateway.clock.now()).total_seconds()
