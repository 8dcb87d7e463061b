"""Evaluations as executions on the batch lane: asked once, found again after a crash, bought once.

A question gets its execution id in its row before it is published. Whoever goes on after a crash reads the row: answered ones are taken
as they are, others are looked up in the books, and only what the books do not know is sent again under the same id.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import structlog

from burnish_optimizer import metrics
from burnish_optimizer.core.pace import Pace
from burnish_optimizer.core.retry import is_worth_another_try, wait_before_try_s
from burnish_optimizer.core.unreached import Routes, Verdict
from burnish_optimizer.io import evaluations_store
from burnish_optimizer.io.answers_inbox import AnswersInbox
from burnish_optimizer.io.asked import SENT_MOST, Asked, refuse, route_of, score_of, tell, verdict_on
from burnish_optimizer.io.end_user_budgets import EndUserBudgets
from burnish_optimizer.io.evaluation_request import request_of
from burnish_optimizer.io.evaluations_store import Booked, EvaluationRows, Key
from burnish_optimizer.io.later import Later
from burnish_optimizer.io.lost import lost_of
from burnish_optimizer.io.paced import Paced
from burnish_optimizer.io.questions import Answer, Checkpoint, EvaluationFailed, NotSent, OutOfTime, Question, out_of_funds
from burnish_optimizer.io.rests import BUDGET_FULL, FUNDING_SPENT, Rests
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared import failpoints, subjects
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.frames import REPLY_HEADER, STOPPED, Frame, FrameKind
from burnish_shared.clock import Clock
from burnish_shared.contracts.executions import ExecutionRequest, Outcome
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid
from burnish_shared.waiting import came, heeding

log = structlog.get_logger("burnish.optimizer")


@dataclass(slots=True)
class Desk:
    """Asks the questions of one job. `run` must be running; at most `job_in_flight` are on their way at once."""

    db: Database
    bus: Bus
    inbox: AnswersInbox
    settings: OptimizerSettings
    clock: Clock
    workspace_id: UUID
    owner_id: UUID
    account_id: int
    fence: int
    waits_for: frozenset[str] = frozenset({FUNDING_SPENT, BUDGET_FULL})
    """Refusals that may pass when what is on its way has ended, and its holds come back."""
    checkpoint: Checkpoint | None = None
    """None: the table `evaluations`."""
    asks_until: float | None = None
    """By the event loop's clock; what was asked before is read after it too. None: there is no end."""
    pace: Pace | None = None
    """Of lines of batches: what this process knows of routes that are asked too much. None: what is asked here learns it anew."""
    _unanswered: dict[Key, Asked] = field(default_factory=dict)
    _pending: deque[Asked] = field(default_factory=deque)
    _out: dict[UUID, Asked] = field(default_factory=dict)
    _arrived: list[tuple[Asked, Booked]] = field(default_factory=list)
    _in_doubt: list[tuple[Asked, Booked]] = field(default_factory=list)
    """Refused by a route that answered nothing yet: told and written once others were answered, or nothing else is under way."""
    _wake_sender: asyncio.Event = field(default_factory=asyncio.Event)
    _wake_writer: asyncio.Event = field(default_factory=asyncio.Event)
    _wake_watcher: asyncio.Event = field(default_factory=asyncio.Event)
    _later: Later = field(init=False)
    _has_stopped: bool = False
    _stores_text: bool = False
    """Whether executions of the workspace keep texts, as it was when something was last sent."""
    _room: float = field(init=False)
    """How many may be on their way: fewer while the job's account cannot hold more (added by one a round, cut when refused)."""
    _is_short: bool = False
    """A budget had no room, and nothing of ours is on its way whose hold could return."""
    _rests: Rests = field(init=False)
    paced: Paced = field(init=False)
    """Questions that wait for their route to have room for them."""
    users: EndUserBudgets = field(init=False)
    _routes: Routes = field(default_factory=Routes)
    _rows: Checkpoint = field(init=False)

    def __post_init__(self) -> None:
        self._room = float(self.settings.job_in_flight)
        self._rests = Rests(self.db, self._wake_sender.set)
        self.paced = Paced(self.pace or Pace(self.settings.job_in_flight), self.workspace_id, self._wake_sender.set)
        self._later = Later(self._ask_again)
        self.users = EndUserBudgets(self.db, again=self._ask_again, other=self._no_room)
        self._rows = self.checkpoint or EvaluationRows(self.workspace_id, self.owner_id)

    async def ask(self, question: Question) -> Answer:
        """The answer, once it is written down; equal questions share one. What all who asked have left before its turn is not sent.

        Raises OutOfFunds, OutOfTime, EvaluationFailed.
        """
        asked = self._unanswered.get(question.key)
        if asked is None or asked.answer.done():
            asked = self._unanswered[question.key] = Asked(question, asyncio.get_running_loop().create_future())
            asked.answer.add_done_callback(partial(self._forget, asked))
            self._pending.append(asked)
            self._wake_sender.set()
        return await asked.wait()

    def _forget(self, asked: Asked, answer: "asyncio.Future[Answer]") -> None:
        """Who asked may have left: a refusal that nobody waits for is no fault."""
        if self._unanswered.get(asked.question.key) is asked:
            del self._unanswered[asked.question.key]
        if self._in_doubt:
            self._wake_writer.set()
        if not answer.cancelled():
            answer.exception()

    async def run(self) -> None:
        """Sends, writes and watches until it is cancelled. What fails here fails the job: it comes out."""
        try:
            async with asyncio.TaskGroup() as group:
                for loop in (self._send(), self._write(), self._watch(), self.users.run()):
                    group.create_task(loop)
        finally:
            for execution_id in self._out:
                self.inbox.forget(execution_id)
            self._later.cancel()
            self._rests.cancel()
            self.users.cancel()
            self.paced.cancel()

    def stop_asking(self) -> None:
        """What is not on its way yet is refused with NotSent; what is may come to its end."""
        self._has_stopped = True
        self._pending.extend([*self._later.let_all_go(), *self.paced.let_all_go(), *self.users.let_all_go()])
        self._wake_sender.set()

    async def cancel_all(self) -> None:
        """Tells executors to stop what is under way. What still lies in the stream is not admitted once the account is closing."""
        for execution_id in self._out:
            with contextlib.suppress(Exception):
                await heeding(self.bus.nc.publish(subjects.execution_cancel(execution_id), STOPPED))

    async def _send(self) -> None:
        while True:
            await self._wake_sender.wait()
            self._wake_sender.clear()
            while self._pending and (self._has_stopped or (self._is_short and not self._pending[0].askers)):
                asked = self._pending.popleft()
                refuse(asked, NotSent(nowhere=asked.nowhere))
            if self._is_short and self._pending:
                await self._rest_or_refuse()
            if self._rests.is_on:
                continue
            if batch := self.paced.take(self._pending, int(self._room) - len(self._out), out=self._out.values()):
                await self._begin(batch)

    async def _rest_or_refuse(self) -> None:
        asked, self._is_short = self._pending.popleft(), False
        if await self._rests.begin(self._request(asked)):
            self._pending.appendleft(asked)
        else:
            refuse(asked, out_of_funds(BUDGET_FULL, nowhere=asked.nowhere))
            self._wake_sender.set()

    async def _begin(self, batch: Sequence[Asked]) -> None:
        """Writes what is new, takes what is known, and sends the rest."""
        asked_for = len(batch)
        async with self.db.unit_of_work(workspace=self.workspace_id) as tx:
            self._stores_text = await evaluations_store.stores_text(tx, self.workspace_id)
            stored = await self._rows.claim(tx, [(asked.question.key, asked.execution_id) for asked in batch], makes=not self._is_over())
        for asked in batch:
            if asked.question.key not in stored:
                refuse(asked, OutOfTime())
        batch = [asked for asked in batch if asked.question.key in stored]
        known = [asked for asked in batch if stored[asked.question.key].status is not None]
        for asked in known:
            row = stored[asked.question.key]
            booked, asked.spent_before_nusd = row.booked()
            asked.was_known, asked.was_read = True, row.score is not None
            self._arrived.append((asked, booked))
        fresh: list[Asked] = []
        for asked in batch:
            row = stored[asked.question.key]
            if row.status is None and not asked.askers:
                asked.answer.cancel()  # all have left while it was written down
            elif row.status is None:
                resumed = row.execution_id != asked.execution_id
                asked.was_taken_over |= resumed  # and stays so when it is begun again, under the id that it then has itself
                asked.execution_id, asked.attempt, asked.spent_before_nusd = row.execution_id, row.attempt, row.spent_nusd
                self._take_out(asked, look_now=resumed)
                fresh.append(asked)
        metrics.EVALUATIONS.labels("known").inc(len(known))
        metrics.EVALUATIONS.labels("asked").inc(len(fresh))
        await failpoints.hit("optimizer.before_publish")
        await self._publish(fresh)
        if known:
            self._wake_writer.set()
        if len(fresh) < asked_for:
            self._wake_sender.set()

    def _is_over(self) -> bool:
        return self.asks_until is not None and asyncio.get_running_loop().time() >= self.asks_until

    def _take_out(self, asked: Asked, *, look_now: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        asked.look_at = now if look_now else now + self.settings.lost_after_s
        self._out[asked.execution_id] = asked
        self.inbox.listen(asked.execution_id, self._hear)
        if look_now:
            self._wake_watcher.set()

    async def _publish(self, batch: Sequence[Asked]) -> None:
        """One message each. What the bus does not take now is sent again by the watcher."""

        async def one(asked: Asked) -> None:
            asked.sent_at = asyncio.get_running_loop().time()
            request = self._request(asked)
            try:
                await self.bus.publish(
                    subjects.executions_requested_batch(self.workspace_id),
                    request.model_dump_json().encode(),
                    message_id=asked.message_id(self.fence),
                    headers={REPLY_HEADER: self.inbox.address(asked.execution_id)},
                )
            except Unavailable:
                asked.sent_at = -self.settings.republish_after_s
            else:
                asked.sent += 1

        await asyncio.gather(*(one(asked) for asked in batch))

    def _request(self, asked: Asked) -> ExecutionRequest:
        accounts = [self.account_id, *self._rows.budgets_of(asked.question)]
        return request_of(
            asked.question, asked.execution_id, accounts, workspace_id=self.workspace_id, owner_id=self.owner_id, now=self.clock.now(),
            stores_text=self._stores_text,
        )  # fmt: skip

    def _hear(self, execution_id: UUID, frame: Frame) -> None:
        asked = self._out.get(execution_id)
        if asked is None:
            return
        match frame.kind:
            case FrameKind.TERMINAL:
                outcome = Outcome.model_validate_json(frame.body)
                self._arrive(asked, Booked.of(outcome))
            case FrameKind.FULL:
                self._not_admitted(asked, verdict=frame.body.decode("ascii", "replace")[:40] or "full")
            case FrameKind.ELSEWHERE | FrameKind.PARKED:  # Both lie in the books too.
                asked.look_at = 0.0
                self._wake_watcher.set()
            case _:
                asked.look_at = asyncio.get_running_loop().time() + self.settings.lost_after_s

    def _not_admitted(self, asked: Asked, *, verdict: str) -> None:
        """Who has to pay, or a budget, could not hold it."""
        if not self._let_go(asked):
            return
        asked.refused += 1
        if verdict == BUDGET_FULL and asked.question.made is not None and asked.question.made.caller.user_id is not None:
            self.users.look(asked, self._request(asked))
        else:
            self._no_room(asked, verdict)

    def _ask_again(self, asked: Asked) -> None:
        self._pending.appendleft(asked)
        self._wake_sender.set()

    def _no_room(self, asked: Asked, verdict: str) -> None:
        """While others are on their way their holds will return, so it waits for them."""
        self._wake_sender.set()
        if verdict in self.waits_for and (self._out or verdict == BUDGET_FULL):
            self._room = max(1.0, float(len(self._out)))
            self._pending.appendleft(asked)
            self._is_short = not self._out
        else:
            refuse(asked, out_of_funds(verdict, nowhere=asked.nowhere))

    def _arrive(self, asked: Asked, booked: Booked) -> None:
        if self._let_go(asked):
            self._rests.answered()
            self.paced.heard(asked, booked)
            self._room = min(float(self.settings.job_in_flight), self._room + 1 / self._room)
            self._arrived.append((asked, booked))
            self._wake_writer.set()

    def _let_go(self, asked: Asked) -> bool:
        """False: it had been let go before, so this answer is a repeat."""
        self.inbox.forget(asked.execution_id)
        was_out = self._out.pop(asked.execution_id, None) is not None
        self._wake_sender.set()
        return was_out

    async def _write(self) -> None:
        """Writes what has arrived, all at once, and only then tells those who asked."""
        while True:
            await self._wake_writer.wait()
            self._wake_writer.clear()
            arrived, self._arrived = self._arrived, []
            if arrived or self._in_doubt:
                await self._settle(arrived)

    async def _settle(self, arrived: Sequence[tuple[Asked, Booked]]) -> None:
        renewed, ended = list[tuple[Asked, Booked, UUID, int]](), list[tuple[Asked, Booked]]()
        for asked, booked in arrived:
            only_waits = self.paced.only_waits(asked, booked)
            if not asked.was_known and (only_waits or is_worth_another_try(booked, attempt=asked.attempt)):
                renewed.append((asked, booked, new_uuid(), asked.attempt if only_waits else asked.attempt + 1))
            else:
                ended.append((asked, booked))
        judged = self._judge(ended)
        final = [one for one in judged if not one[0].was_known]
        if final or renewed:
            await failpoints.hit("optimizer.before_settle")
            async with self.db.unit_of_work(workspace=self.workspace_id) as tx:
                if final:
                    await self._rows.settle(
                        tx, [(one.question.key, booked, score_of(one, booked, unreached=told)) for one, booked, told in final]
                    )
                for asked, booked, execution_id, attempt in renewed:
                    await self._rows.renew(tx, asked.question.key, booked, execution_id=execution_id, attempt=attempt)
        metrics.EVALUATIONS.labels("answered").inc(len(final))
        metrics.EVALUATIONS.labels("retried").inc(len(renewed))
        waiting: list[Asked] = []
        for asked, booked, execution_id, attempt in renewed:
            only_waits = attempt == asked.attempt
            asked.spent_before_nusd += booked.cost_nusd
            asked.hear(booked)
            asked.execution_id, asked.attempt, asked.sent, asked.refused, asked.was_taken_over = execution_id, attempt, 0, 0, False
            if only_waits:
                waiting.append(asked)
            else:
                self._later.put(asked, wait_s=wait_before_try_s(asked.attempt, failed=booked))
        self._put_back(waiting)
        for asked, booked, is_unreached in judged:
            tell(asked, booked, asked.spent_before_nusd + booked.cost_nusd, unreached=is_unreached)

    def _put_back(self, waiting: Sequence[Asked]) -> None:
        if self._has_stopped:
            self._pending.extend(waiting)  # to be told so
            self._wake_sender.set()
        else:
            self.paced.put_back(waiting)

    def _judge(self, ended: Sequence[tuple[Asked, Booked]]) -> list[tuple[Asked, Booked, bool]]:
        """Each with whether no model read it. What nothing can be said of yet is kept for later, while anything else is under way."""
        answered = {route_of(asked.question) for asked, booked in ended if booked.status == "success"}
        for route in answered:  # all of them first: of answers that come at once none is the first
            self._routes.answered(route)
        doubted = [
            (*one, verdict_on(self._routes, *one, is_known=one[0].was_known or route_of(one[0].question) in answered)) for one in ended
        ]
        doubted += [(*one, verdict_on(self._routes, *one, is_known=True)) for one in self._in_doubt]
        self._in_doubt = [(asked, booked) for asked, booked, verdict in doubted if verdict is Verdict.OPEN]
        waiting = {asked.question.key for asked, _ in self._in_doubt}
        if all(key in waiting or one.answer.done() for key, one in self._unanswered.items()):
            self._in_doubt = []
        is_over = not self._in_doubt
        return [
            (asked, booked, verdict is not Verdict.READ) for asked, booked, verdict in doubted if is_over or verdict is not Verdict.OPEN
        ]

    async def _watch(self) -> None:
        """Looks up what is silent, and sends again what the books do not know: at once if it is under way nowhere, else after a while."""
        while True:
            await came(self._wake_watcher, within_s=self.settings.lost_after_s / 2)
            self._wake_watcher.clear()
            now = asyncio.get_running_loop().time()
            silent = [asked for asked in self._out.values() if asked.look_at <= now]
            if silent:
                await self._look_up(silent)

    async def _look_up(self, silent: Sequence[Asked]) -> None:
        try:
            async with self.db.unit_of_work(workspace=self.workspace_id) as tx:
                booked = await evaluations_store.find_booked(tx, self.workspace_id, [asked.execution_id for asked in silent])
        except Unavailable:
            return
        found = {one.execution_id: one for one in booked}
        unknown = [asked for asked in silent if asked.execution_id not in found]
        lost = await lost_of(unknown, db=self.db, bus=self.bus, workspace_id=self.workspace_id)
        now = asyncio.get_running_loop().time()
        again: list[Asked] = []
        for asked in silent:
            asked.look_at = now + self.settings.lost_after_s
            if (row := found.get(asked.execution_id)) is not None:
                self._arrive(asked, row)
            elif self._out.get(asked.execution_id) is not asked:
                continue  # answered meanwhile
            elif asked.execution_id in lost or now - asked.sent_at > self.settings.republish_after_s:
                again.append(asked)
        for asked in [one for one in again if one.sent >= SENT_MOST or not one.askers]:
            self._let_go(asked)
            refuse(asked, EvaluationFailed("An evaluation was sent several times and never answered."))
        await self._publish([one for one in again if one.sent < SENT_MOST and one.askers])
