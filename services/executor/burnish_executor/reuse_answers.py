"""Gives an answer again that was given before, and makes those who ask the same at the same time wait for one call (PRODUCT E10).

Only for requests that say so (`cache`). The first of them leads a flight: it looks into the cache, else asks the model and keeps the
answer. Who comes meanwhile follows: each has an execution and a row of its own, and what it gets is a hit. A leader that came to nothing
because of its own caller (it went away, its time was over, another executor has it) leaves the lead to the next; one whose model failed
hands on the failure, so that an outage is not asked once for each of a thousand callers. One that got an answer which is not kept, such as
a fallback's, has it for itself: the others ask at once, each for itself and in the slot it holds, for the next answer may be of that kind
too, and who waited for one after the other would be past its deadline.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from burnish_executor import metrics
from burnish_executor.core.answer import Answer
from burnish_executor.core.cache_key import cache_key
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.kept_answer import KeptAnswer, hit_of, kept
from burnish_executor.io.answers_store import AnswersStore
from burnish_executor.run import Run, since
from burnish_shared.beside import message_fields
from burnish_shared.bus.frames import FrameKind
from burnish_shared.contracts.executions import ExecutionRequest, KeyUse, Outcome

OWN_FATE = frozenset({FailureKind.CANCELLED, FailureKind.DEADLINE, FailureKind.CUT_SHORT})
"""Failures that say something of one caller, and nothing of the model."""

FROM_CACHE = KeyUse(source="cache").model_dump_json().encode()


@dataclass(frozen=True, slots=True)
class NotShared:
    """An answer came that is for its own caller alone; whoever waited for it asks for itself, and waits for nobody any more."""


Shared = KeptAnswer | Failure | NotShared | None
"""What a flight comes to: an answer; a failure of the model; an answer that is not kept; None: somebody else must lead."""


@dataclass(slots=True)
class Flight:
    """One call that several may wait for. `was_kept`: it came to an answer from the store, which may be as old as this one allows."""

    request: ExecutionRequest
    key: bytes
    asked_at: datetime | None = None
    followers: int = 0
    was_kept: bool = False
    result: "asyncio.Future[Shared]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


@dataclass(frozen=True, slots=True)
class AnswerCache:
    """The calls under way of this process, and the store behind them.

    `may_keep`: not what a workspace has blotted out of its records, for one; those who wait for it get it all the same.
    """

    store: AnswersStore
    may_keep: Callable[[ExecutionRequest, Outcome], Awaitable[bool]] | None = None
    flights: dict[tuple[UUID, bytes], Flight] = field(default_factory=dict)

    async def begin(self, run: Run) -> Flight | Outcome | Failure | None:
        """What is known before the model is asked: the outcome, a failure that another one met, or the flight that this run leads.

        None: it asks for itself, as the request does not use the cache, or as what it waited for is not shared. Whoever leads a flight
        ends it, by `land`, whatever happens.
        """
        use = run.request.cache
        if use is None or run.request.interrupted is not None or run.request.kind != "chat":
            return None
        key = cache_key(run.request)
        while True:
            flight = self.flights.get((run.request.workspace_id, key))
            if flight is None:
                break
            followed = await self._follow(run, flight)
            if isinstance(followed, NotShared):
                return None
            if followed is not None:
                return followed
        flight = self.flights[run.request.workspace_id, key] = Flight(run.request, key)
        try:
            looked = await self.store.find(run.request.workspace_id, key, ttl_s=use.ttl_s)
        except BaseException:
            self._end(flight, None)
            raise
        flight.asked_at = looked.asked_at
        if looked.answer is None:
            metrics.CACHE.labels("miss" if looked.asked_at else "unavailable").inc()
            return flight
        flight.was_kept = True
        self._end(flight, looked.answer)
        await self._count(flight)
        metrics.CACHE.labels("hit").inc()
        return await self._give(run, looked.answer)

    async def land(self, flight: Flight, result: Answer | Failure | None, outcome: Outcome | None) -> None:
        """Keeps the answer where it is one to keep, and tells those who follow. `result`, `outcome` None: this run came to nothing."""
        answer = kept(outcome, flight.request) if outcome is not None else None
        try:
            if answer is not None and outcome is not None and flight.asked_at is not None:
                may_keep = self.may_keep is None or await self.may_keep(flight.request, outcome)
                is_kept = may_keep and await self.store.keep(
                    flight.request, flight.key, answer, cost_nusd=outcome.cost_nusd, asked_at=flight.asked_at
                )
                metrics.CACHE.labels("kept" if is_kept else "not_kept").inc()
        finally:
            self._end(flight, answer or _besides(result, outcome))
        if answer is not None:
            await self._count(flight)

    async def _count(self, flight: Flight) -> None:
        """Those who followed are hits of the entry too."""
        if flight.followers and flight.request.cache is not None:
            await self.store.find(flight.request.workspace_id, flight.key, ttl_s=flight.request.cache.ttl_s, hits=flight.followers)

    def _end(self, flight: Flight, result: Shared) -> None:
        self.flights.pop((flight.request.workspace_id, flight.key), None)
        if not flight.result.done():
            flight.result.set_result(result)

    async def _follow(self, run: Run, flight: Flight) -> Outcome | Failure | NotShared | None:
        """Waits for another run's answer, no longer than this one's own time. None: there is none, or one that may be too old for this
        one; look again.
        """
        flight.followers += 1
        result = await self._waited(run, flight)
        if isinstance(result, KeptAnswer) and flight.was_kept and _wants_younger(run.request, flight.request):
            result = None
        if isinstance(result, KeptAnswer):
            metrics.CACHE.labels("shared").inc()
            return await self._give(run, result)
        flight.followers -= 1
        return result

    async def _waited(self, run: Run, flight: Flight) -> Shared:
        waiting = run.call = asyncio.shield(flight.result)  # Whoever cancels the run ends this wait, and not what it waits for.
        try:
            await asyncio.wait({waiting}, timeout=max(0.0, run.left_s()))
        finally:
            run.call = None
        if run.cancelled:
            return run.gone
        if not waiting.done():
            return Failure(FailureKind.DEADLINE, "The deadline passed while the same was being asked for another caller.")
        result: Shared = waiting.result()
        return result

    async def _give(self, run: Run, answer: KeptAnswer) -> Outcome:
        """Tells a caller who streams what it gets, in one piece."""
        latency_s = since(run.started_at)
        if run.request.stream:
            await run.reply.send(FrameKind.STARTED, FROM_CACHE)
            if answer.beside is not None and (told := message_fields(answer.beside.model_dump())):
                await run.reply.delta(told)
            if answer.output:
                await run.reply.text(answer.output)
            if answer.tool_calls:
                await run.reply.delta({"tool_calls": [{"index": n, **call} for n, call in enumerate(answer.tool_calls)]})
        return hit_of(run.request, answer, latency_s=latency_s)


def _wants_younger(request: ExecutionRequest, other: ExecutionRequest) -> bool:
    """Whether an answer that is young enough for the other one may be too old for this one."""
    return request.cache is not None and other.cache is not None and request.cache.ttl_s < other.cache.ttl_s


def _besides(result: Answer | Failure | None, outcome: Outcome | None) -> Failure | NotShared | None:
    """What those who follow are told where there is nothing to keep."""
    if isinstance(result, Failure):
        return None if result.kind in OWN_FATE else result
    return None if outcome is None else NotShared()
