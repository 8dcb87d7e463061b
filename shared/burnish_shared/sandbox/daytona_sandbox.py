"""Daytona as a backend: whole CPython with its packages, far away. Selected by BURNISH_SANDBOX=daytona (docs/guides/code-at-daytona.md).

It is an external service with its own prices; what the code is given leaves this installation. A sandbox without network carries the runs
of one workspace's one code that come while it is made, so that a whole batch of evaluations shares one; then it is deleted, whatever
happened.
"""

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import structlog

from burnish_shared.ids import new_uuid
from burnish_shared.metrics import daytona_runs_total
from burnish_shared.sandbox import daytona_harness
from burnish_shared.sandbox.daytona_api import ON_THE_WAY, START_S, STARTED, DaytonaApi, DaytonaTroubleError, Made, Trouble
from burnish_shared.sandbox.daytona_place import DaytonaPlace
from burnish_shared.sandbox.daytona_program import program_of, results_of
from burnish_shared.sandbox.outcome import (
    DEFAULT_LIMITS,
    Failed,
    FailureKind,
    Limits,
    Plain,
    Refused,
    Result,
    Value,
    refusal_of,
    shortened,
)
from burnish_shared.sandbox.turns import BUSY, REST_S, Room, Turns
from burnish_shared.sandbox.worker_process import Workers

log = structlog.get_logger("burnish.sandbox")

PARSER: Final = "burnish_shared.sandbox.parse_worker"
PARSE_S: Final = 2.0

WAIT_S: Final = 60.0
"""How long a run waits for a sandbox: far longer than for a worker here, since making one takes seconds."""

RUN_MOST_S: Final = 150.0
"""What all the runs of one sandbox may take: with START_S well within its life at Daytona."""

TOGETHER_MOST: Final = 32
TOGETHER_BYTES: Final = 4 * 1024 * 1024
"""Inputs that share a sandbox, and their bytes."""

EXTRA_S: Final = 20
"""Of a program beside its runs: CPython's start, and finding out how far it may keep them apart."""

WAITING_BYTES: Final = 64 * 1024 * 1024
"""Code and inputs of all runs that wait or are under way; so many runs as `turns.WAITING_MOST` says."""

DELETE_PAUSES_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, *[8.0] * 7)
"""Between tries to delete one; longer, all in all, than the making of one may take, which may still be under way."""

CLOSING_S: Final = 15.0

WORDS: Final[dict[Trouble, Failed]] = {
    Trouble.AWAY: Failed(FailureKind.UNAVAILABLE, "Daytona, where this installation runs code, cannot be reached; try again"),
    Trouble.REFUSED: Failed(FailureKind.UNAVAILABLE, "Daytona refuses the key of this installation; tell its operator"),
    Trouble.BUSY: Failed(FailureKind.UNAVAILABLE, "Daytona is busy and asks to wait; try again", rest_s=REST_S),
    Trouble.UNFIT: Failed(FailureKind.UNAVAILABLE, "Daytona makes no sandbox as this installation asks for it; tell its operator"),
    Trouble.LATE: Failed(FailureKind.TIME, "the sandbox was stopped"),
    Trouble.GONE: Failed(FailureKind.CRASHED, "the sandbox ended unexpectedly"),
}
MAKING: Final = {Trouble.GONE: Trouble.UNFIT, Trouble.LATE: Trouble.AWAY}
"""What it is where a sandbox is to be made: the snapshot that is not there, the service that takes too long."""

NO_START: Final = Failed(FailureKind.UNAVAILABLE, "the sandbox at Daytona did not start; try again")
WITH_NETWORK: Final = Failed(FailureKind.UNAVAILABLE, "Daytona made a sandbox with a network, so nothing was run in it; tell the operator")
REFUSALS: Final = frozenset({WORDS[Trouble.REFUSED], WORDS[Trouble.UNFIT], WITH_NETWORK})
"""What an operator has to mend."""


@dataclass(eq=False, slots=True)
class _Asked:
    inputs: dict[str, Plain]
    n_bytes: int
    result: asyncio.Future[Result]


@dataclass(eq=False, slots=True)
class _Batch:
    """Runs that share a sandbox. Open, it takes more until its sandbox is ready."""

    code: str
    limits: Limits
    tenant: str
    asked: list[_Asked] = field(default_factory=list)
    n_bytes: int = 0
    carried_by: asyncio.Task[None] | None = None

    def has_room(self, n_bytes: int) -> bool:
        most = max(1, min(TOGETHER_MOST, int(RUN_MOST_S / _longest_s(self.limits))))
        return len(self.asked) < most and self.n_bytes + n_bytes <= TOGETHER_BYTES

    def add(self, one: _Asked) -> None:
        self.asked.append(one)
        self.n_bytes += one.n_bytes

    def drop(self, one: _Asked) -> None:
        """Nobody waits for it any more, and nothing keeps its inputs."""
        self.asked.remove(one)
        self.n_bytes -= one.n_bytes

    def waiting(self) -> list[_Asked]:
        return [one for one in self.asked if not one.result.done()]


class DaytonaSandbox:
    """One sandbox for each batch; `at_once` of them, a third (at least one) for one tenant. No call is made before the first run."""

    def __init__(self, place: DaytonaPlace, *, at_once: int = 4, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """`sleep`: how it waits before it looks or tries again."""
        self._api = DaytonaApi(place)
        self._turns = Turns(at_once, wait_s=WAIT_S)
        self._room = Room(n_bytes=WAITING_BYTES)
        self._parsers = Workers(PARSER, workers=2)
        self._sleep = sleep
        self._open: dict[tuple[str, str, Limits], _Batch] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._deleting: set[asyncio.Task[None]] = set()
        self._rests: tuple[float, Failed] = (0.0, BUSY)
        self._is_closed = False

    async def run(self, code: str, inputs: Mapping[str, Plain], *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Result:
        refused = _unfit_code(code, limits) or refusal_of(inputs, limits)
        if refused is not None:
            return refused
        one = _Asked(dict(inputs), len(json.dumps(inputs)), asyncio.get_running_loop().create_future())
        with self._room.place(tenant, one.n_bytes + len(code)) as got:
            result = await self._in_a_batch(one, code, limits=limits, tenant=tenant) if got and not self._is_closed else BUSY
        daytona_runs_total.labels(_outcome(result)).inc()
        return result

    async def _in_a_batch(self, one: _Asked, code: str, *, limits: Limits, tenant: str) -> Result:
        batch = self._join(one, code, limits=limits, tenant=tenant)
        try:
            return await one.result
        except asyncio.CancelledError:
            batch.drop(one)
            if not batch.waiting() and batch.carried_by is not None:
                batch.carried_by.cancel()  # Nobody waits for it any more.
            raise

    async def run_many(
        self, code: str, many: Sequence[Mapping[str, Plain]], *, limits: Limits = DEFAULT_LIMITS, tenant: str = ""
    ) -> list[Result]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.run(code, inputs, limits=limits, tenant=tenant)) for inputs in many]
        return [one.result() for one in tasks]

    async def check(self, code: str, *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Refused | Failed | None:
        """Parsed here, by CPython's own parser in a process of its own; nothing is sent."""
        refused = _unfit_code(code, limits)
        if refused is not None:
            return refused
        said = await self._parsers.ask({"code": code}, timeout_s=PARSE_S, tenant=tenant)
        if isinstance(said, Failed):
            return said if said.kind is FailureKind.UNAVAILABLE else Refused("this code cannot be read in time")
        return Refused(shortened(said["message"]), said["line"], said["column"]) if said else None

    async def close(self) -> None:
        """What runs is given up; every sandbox is deleted, as far as Daytona can be reached in time."""
        self._is_closed = True
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._deleting:
            _, late = await asyncio.wait(self._deleting, timeout=CLOSING_S)
            for task in late:
                task.cancel()
        await self._parsers.close()
        await self._api.close()

    def _join(self, one: _Asked, code: str, *, limits: Limits, tenant: str) -> _Batch:
        """The batch that carries it: one that is open and has room, or a new one."""
        key = (tenant, code, limits)
        batch = self._open.get(key)
        if batch is None or not batch.has_room(one.n_bytes):
            batch = self._open[key] = _Batch(code, limits, tenant)
            batch.carried_by = asyncio.create_task(self._carry(batch))
            self._tasks.add(batch.carried_by)
            batch.carried_by.add_done_callback(partial(self._end, batch))
        batch.add(one)
        return batch

    async def _carry(self, batch: _Batch) -> None:
        try:
            async with self._turns.turn(batch.tenant) as got:
                for one, result in await self._far_away(batch) if got else ():
                    if not one.result.done():
                        one.result.set_result(result)
        finally:
            self._shut(batch)

    def _end(self, batch: _Batch, task: asyncio.Task[None]) -> None:
        """Whatever ended it: who still waits had no turn."""
        self._tasks.discard(task)
        for one in batch.waiting():
            one.result.set_result(BUSY)

    async def _far_away(self, batch: _Batch) -> list[tuple[_Asked, Result]]:
        """Those that went along, each with its result. Leaves no sandbox behind, also where this is cancelled."""
        until, because = self._rests
        left_s = until - time.monotonic()
        if left_s > 0:
            self._shut(batch)
            heard = because if because.rest_s is None else replace(because, rest_s=left_s)
            return [(one, heard) for one in batch.waiting()]
        name, is_there, is_answered = f"burnish-{new_uuid()}", True, False
        try:
            first = await self._api.make(name)
            is_answered = True
            made = await self._started(first, name)
            self._shut(batch)
            asked = batch.waiting()
            found = made if isinstance(made, Failed) else await self._told(made, name, batch, asked)
        except DaytonaTroubleError as error:
            is_there, is_answered = not error.did_nothing, error.trouble is Trouble.UNFIT
            error.trouble = MAKING.get(error.trouble, error.trouble)
            self._shut(batch)
            asked, found = batch.waiting(), self._heard(error, at="making")
        finally:
            if is_there:
                self._delete_soon(name, is_answered=is_answered)
        return [(one, found if isinstance(found, Failed) else found[at]) for at, one in enumerate(asked)]

    async def _started(self, made: Made, name: str) -> Made | Failed:
        """The sandbox once it is ready."""
        try:
            async with asyncio.timeout(START_S):
                pause_s = 0.1
                while made.state in ON_THE_WAY:
                    await self._sleep(pause_s)
                    pause_s = min(1.0, pause_s * 2)
                    made = await self._api.look(name)
        except TimeoutError:
            return NO_START
        except DaytonaTroubleError as error:
            heard = self._heard(error, at="starting")
            return NO_START if error.trouble in (Trouble.GONE, Trouble.LATE) else heard
        if made.state != STARTED:
            log.warning("daytona_sandbox_did_not_start", state=made.state)
            return NO_START
        if made.has_network:
            log.error("daytona_sandbox_has_network")
            return WITH_NETWORK
        return made

    async def _told(self, made: Made, name: str, batch: _Batch, asked: list[_Asked]) -> list[Result] | Failed:
        limits = batch.limits
        program = program_of(batch.code, [one.inputs for one in asked], limits)
        timeout_s = math.ceil(_longest_s(limits) * len(asked)) + EXTRA_S
        most_bytes = len(asked) * (2 * daytona_harness.ROOM * limits.result_bytes + 65_536)
        try:
            printed = await self._api.run(made, program, timeout_s=timeout_s, most_bytes=most_bytes)
        except DaytonaTroubleError as error:
            return await self._why(error, name)
        return results_of(printed, len(asked), limits)

    async def _why(self, error: DaytonaTroubleError, name: str) -> Failed:
        """Of a run without an answer: whether its sandbox ended, or the way to it broke."""
        if error.trouble in (Trouble.AWAY, Trouble.GONE, Trouble.UNFIT):
            try:
                state = (await self._api.look(name)).state
            except DaytonaTroubleError as looked:
                return WORDS[Trouble.GONE] if looked.trouble is Trouble.GONE else self._heard(looked, at="looking")
            if state != STARTED:
                log.warning("daytona_sandbox_ended", state=state, status=error.status)
                return WORDS[Trouble.GONE]
            return self._heard(DaytonaTroubleError(Trouble.AWAY, status=error.status, said=error.said), at="running")
        return self._heard(error, at="running")

    def _heard(self, error: DaytonaTroubleError, *, at: str) -> Failed:
        """What a run is told of it. Where Daytona refuses or wants to be left alone, nothing is asked for a while."""
        log.warning("daytona_trouble", at=at, trouble=error.trouble.value, status=error.status, said=error.said)
        words = WORDS[error.trouble]
        if error.rest_s:
            words = words if words.rest_s is None else replace(words, rest_s=error.rest_s)
            self._rests = (time.monotonic() + error.rest_s, words)
        return words

    def _shut(self, batch: _Batch) -> None:
        key = (batch.tenant, batch.code, batch.limits)
        if self._open.get(key) is batch:
            del self._open[key]

    def _delete_soon(self, name: str, *, is_answered: bool) -> None:
        """Beside the answer, and by its name: also one whose making was cancelled, or never answered."""
        task = asyncio.create_task(self._delete(name, is_answered=is_answered))
        self._deleting.add(task)
        task.add_done_callback(self._deleting.discard)

    async def _delete(self, name: str, *, is_answered: bool) -> None:
        """`is_answered`: Daytona told of it, so that one which is not there is gone. Else it may be on its way, up to the last try."""
        status: int | None = None
        try:
            for pause_s in (*DELETE_PAUSES_S, None):
                try:
                    await self._api.delete(name)
                    return
                except DaytonaTroubleError as error:
                    is_gone, status = error.trouble is Trouble.GONE, error.status
                if is_gone and (is_answered or pause_s is None):
                    return
                if pause_s is not None:
                    await self._sleep(pause_s)
        except asyncio.CancelledError:
            log.warning("daytona_sandbox_not_deleted", name=name, status=status)
            raise
        log.warning("daytona_sandbox_not_deleted", name=name, status=status)


def _longest_s(limits: Limits) -> float:
    """What one run may take in its sandbox."""
    return limits.time_s + daytona_harness.STOP_S + daytona_harness.STARTING_S


def _outcome(result: Result) -> str:
    """For the count of runs: `finished`, `failed` (the code's own), `busy`, `refused` (for the operator to mend) or `away`."""
    match result:
        case Value():
            return "finished"
        case Failed(FailureKind.UNAVAILABLE):
            return "busy" if result.rest_s is not None else "refused" if result in REFUSALS else "away"
        case _:
            return "failed"


def _unfit_code(code: str, limits: Limits) -> Refused | None:
    if len(code.encode("utf-8", "replace")) > limits.code_bytes:
        return Refused(f"the code is longer than {limits.code_bytes} bytes")
    return Refused("the code holds U+0000") if "\x00" in code else None
