"""One step of a run that calls a prompt: an execution, and where a failure may pass, another one."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import nats.errors
import structlog
from nats.aio.msg import Msg

from burnish_gateway.access.principal import Principal
from burnish_gateway.chains import runs_store as store
from burnish_gateway.chains.runs_store import Begun, Claim
from burnish_gateway.chains.step_end import WAITED_FOR, Ended, cancelled, ended_by, ended_without
from burnish_gateway.chains.tell import Followers, Told, delta_of, event_of, rank_of
from burnish_gateway.chains.walk import Ready
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import books
from burnish_gateway.execution.dispatch import Dispatch, Done, Text
from burnish_gateway.execution.order import Order
from burnish_gateway.execution.submit import Admitted, MadeRequest, Repeated, admit, make_request
from burnish_shared import failpoints, subjects
from burnish_shared.bus.frames import superseded
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, RateLimited, Unavailable
from burnish_shared.ids import new_uuid
from burnish_shared.tracing import new_traceparent

log = structlog.get_logger("burnish.gateway")

T = TypeVar("T")

REFUSED_WAIT_S: Final = 0.5
"""Where a refusal that will pass says no time."""

RETRY_WAIT_S: Final = 0.25
"""Before the second attempt; doubled for each further one."""

LOOK_S: Final = 0.2
"""Between looks into the books for an execution that somebody works on."""

BOOKED_WAIT_S: Final = 2.0
"""How long the end of a cancelled execution is waited for. An executor ends a call within a second."""


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
    dispatch: Dispatch | None = None
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
                await self._left_to_its_executor(begun.execution_id)
            ended = await self._execute(begun)
            while ended.may_pass and begun.attempt <= self.ready.call.retries:
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
        body = await books.read_ended(
            self.gateway, self.claim.workspace_id, self.begun.execution_id, wait_s=BOOKED_WAIT_S if self.dispatch else 0.0
        )
        return await self._written(cancelled() if body is None else ended_by(body, keeps_text=self.row["keeps_text"]))

    def let_go(self) -> None:
        """Its execution comes to its end by itself: whoever goes on finds it in the books."""
        if self.dispatch is not None:
            self.dispatch.finished = True

    async def _written(self, ended: Ended) -> Ended:
        await self.patiently(lambda tx: store.end_step(tx, self.claim, self.ready.id, ended.end))
        self._tell(ended.end.status, self.begun, ended)
        return ended

    async def _left_to_its_executor(self, execution_id: UUID) -> None:
        """Of a step that another gateway began: until its execution has ended, or nobody is heard to work on it.

        Executors tell the gateway that is gone, twice a second; so a model that is answering is not asked again.
        """
        heard = asyncio.Event()

        async def on_frame(_: Msg) -> None:
            heard.set()

        bus, silence_s = self.gateway.bus, self.gateway.settings.executor_silence_s
        subscription = await bus.nc.subscribe(subjects.reply_inbox(bus.service, "*", execution_id.hex), cb=on_frame)
        try:
            while await books.read_ended(self.gateway, self.claim.workspace_id, execution_id, wait_s=0.0) is None:
                heard.clear()
                async with asyncio.timeout(silence_s):
                    await heard.wait()
                await asyncio.sleep(LOOK_S)
        except (TimeoutError, nats.errors.Error, OSError):
            return
        finally:
            with contextlib.suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()

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
        made = await self._made(begun)
        match await admit(made, gateway=self.gateway, principal=self.principal, claims=True):
            case Repeated(execution_id):
                return await self._booked(execution_id)
            case Admitted() as admitted:
                return await self._followed(admitted)

    async def _made(self, begun: Begun) -> MadeRequest:
        call, row = self.ready.call, self.row
        left_s = max(0.1, self._left_s())
        named = {"chain": row["slug"], "chain_run_id": str(self.claim.run_id), "chain_step": self.ready.id}
        order = Order(
            slug=call.prompt.slug, label=call.prompt.label, version=call.prompt.version, model=call.model,
            variables=self.ready.variables, overrides=call.overrides, stream=call.streams and self.followers.has_any,
            user_id=row["end_user"], session_id=row["session_id"], app=row["app"], metadata={**self.metadata, **named},
            deadline_s=min(call.deadline_s or self.gateway.settings.deadline_s, left_s),
        )  # fmt: skip
        made = await make_request(
            order, gateway=self.gateway, principal=self.principal, request_id=row["request_id"],
            traceparent=new_traceparent(row["traceparent"]),
        )  # fmt: skip
        request = made.request.model_copy(update={"execution_id": begun.execution_id})
        return MadeRequest(request, made.budgets, made.deadline_s)

    async def _followed(self, admitted: Admitted) -> bytes:
        dispatch = self.dispatch = Dispatch(self.gateway, admitted.request, fence=admitted.fence)
        if admitted.fence > 1:
            await self._shut_out(admitted.request.execution_id, below_fence=admitted.fence)
        self._index = 0
        try:
            async with contextlib.aclosing(dispatch.follow()) as told:
                async for one in told:
                    if isinstance(one, Text):
                        self.followers.tell(delta_of(self.ready.id, self._index, one.body))
                        self._index += 1
                    if isinstance(one, Done):
                        return one.body
        except Unavailable:  # nobody took it: booked as an error, or still open, and then it is claimed again
            return await self._booked(admitted.request.execution_id)
        raise RuntimeError("a dispatch ended without an outcome")

    async def _booked(self, execution_id: UUID) -> bytes:
        body = await books.read_ended(self.gateway, self.claim.workspace_id, execution_id, wait_s=BOOKED_WAIT_S)
        if body is None:
            raise Unavailable("The execution has not ended yet.", retry_after_s=1)
        return body

    async def _shut_out(self, execution_id: UUID, *, below_fence: int) -> None:
        """Whoever ran it before may stop asking the model; it could not book any more."""
        with contextlib.suppress(nats.errors.Error, OSError):
            await self.gateway.bus.nc.publish(subjects.execution_cancel(execution_id), superseded(below_fence=below_fence))

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
