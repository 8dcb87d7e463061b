"""Loops of work that comes due: what one workspace's work raises is told, put off or noted, and stops nobody else's."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast
from unittest.mock import Mock
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from burnish_gateway.metrics import BACKGROUND_FAILED
from burnish_gateway.rounds import WENT_WRONG, StartRounds, StepRounds
from burnish_shared.clock import SetClock
from burnish_shared.db.session import Database
from burnish_shared.errors import Busy, Conflict, Unavailable

FIRST, SECOND = UUID(int=1), UUID(int=2)


class Ledger:
    """Notes whose transactions were begun, and which were taken back."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.woken = 0

    @asynccontextmanager
    async def unit_of_work(self, *, workspace: UUID | None = None, one_statement: bool = False) -> AsyncIterator[Any]:
        try:
            yield None
        except BaseException:
            self.said.append(f"taken back {workspace and workspace.int}")
            raise

    def wake(self) -> None:
        self.woken += 1


class Steps(StepRounds):
    task = "test_steps"
    interval_s = 0.001
    raises: BaseException | None = None
    ledger: Ledger

    async def due(self, tx: Any) -> Sequence[tuple[UUID, UUID]]:
        return [(FIRST, FIRST), (SECOND, SECOND)]

    async def step(self, tx: Any, workspace_id: UUID, what: UUID) -> int:
        if workspace_id == FIRST and self.raises is not None:
            raise self.raises
        return 0 if workspace_id == FIRST else 3

    async def put_off(self, tx: Any, workspace_id: UUID, what: UUID) -> None:
        self.ledger.said.append(f"put off {what.int}")


class Starts(StartRounds):
    task = "test_starts"
    interval_s = 0.001
    most_at_once = 2
    raises: BaseException | None = None
    ledger: Ledger

    async def due(self, tx: Any) -> Sequence[tuple[UUID, UUID]]:
        return [(FIRST, FIRST), (SECOND, SECOND)]

    async def start(self, tx: Any, workspace_id: UUID, what: UUID) -> bool:
        if workspace_id == FIRST and self.raises is not None:
            raise self.raises
        return workspace_id == SECOND

    async def note_refused(self, tx: Any, workspace_id: UUID, what: UUID, *, why: str) -> None:
        self.ledger.said.append(f"{what.int}: {why}")


def made(kind: type[Steps] | type[Starts], raises: BaseException | None) -> Steps | Starts:
    ledger = Ledger()
    rounds = kind(cast(Database, ledger), SetClock(), ledger.wake)
    rounds.raises, rounds.ledger = raises, ledger
    return rounds


def failed(task: str) -> float:
    return float(BACKGROUND_FAILED.labels(task)._value.get())


@pytest.mark.parametrize(
    ("kind", "raises", "done", "said", "counted"),
    [
        (Steps, None, 3, [], 0),
        (Steps, Busy("held"), 3, ["taken back 1", "put off 1"], 0),
        (Steps, Conflict("odd"), 3, ["taken back 1", "put off 1"], 1),
        (Steps, KeyError("odd"), 3, ["taken back 1", "put off 1"], 1),
        (Starts, None, 1, [], 0),
        (Starts, Busy("held"), 1, ["taken back 1"], 0),
        (Starts, Conflict("it is archived"), 1, ["taken back 1", "1: conflict: it is archived"], 0),
        (Starts, Conflict("x" * 900), 1, ["taken back 1", "1: conflict: " + "x" * 490], 0),
        (Starts, KeyError("odd"), 1, ["taken back 1", f"1: {WENT_WRONG}"], 1),
    ],
)
async def test_what_one_raises_stops_no_other(
    kind: type[Steps] | type[Starts], raises: BaseException | None, done: int, said: list[str], counted: int
) -> None:
    rounds, before = made(kind, raises), failed(kind.task)
    with capture_logs() as logs:
        assert await rounds.round() == done
    assert (rounds.ledger.said, rounds.ledger.woken, failed(kind.task) - before) == (said, 1, counted)
    told = {"due.failed": counted, "due.put_off": int(isinstance(raises, Busy))}
    assert [(one["event"], one["task"], one["workspace_id"]) for one in logs] == [
        (event, kind.task, str(FIRST)) for event, times in told.items() if times
    ]


class Queue(StartRounds):
    """Ten that are due, in this order until they are started. `busy`: which cannot start."""

    task = "test_queue"
    interval_s = 0.001
    most_at_once = 3
    refuses: BaseException | None = None

    def __init__(self, busy: set[int]) -> None:
        super().__init__(cast(Database, Ledger()), SetClock(), lambda: None)
        self.left, self.busy, self.tried = [*range(10)], busy, list[int]()

    async def due(self, tx: Any) -> Sequence[tuple[UUID, UUID]]:
        return [(UUID(int=one), UUID(int=one)) for one in self.left[: self.looked_at]]

    async def start(self, tx: Any, workspace_id: UUID, what: UUID) -> bool:
        self.tried.append(what.int)
        if what.int in self.busy:
            raise Conflict("refused") if self.refuses else Busy("held")
        self.left.remove(what.int)
        return True

    async def note_refused(self, tx: Any, workspace_id: UUID, what: UUID, *, why: str) -> None:
        assert self.refuses is not None
        raise self.refuses


async def test_what_cannot_even_be_put_off_stops_no_other() -> None:
    rounds = made(Steps, Busy("held"))
    rounds.put_off = Mock(side_effect=Busy("held"))  # type: ignore[method-assign]
    assert await rounds.round() == 3


@pytest.mark.parametrize("refuses", [None, Busy("its row is held too")])
async def test_those_that_are_put_off_stand_behind_all_others(refuses: BaseException | None) -> None:
    """More than a round looks at, and the first of those that are due: they would be all that is ever tried (PRODUCT O1)."""
    rounds = Queue(busy={0, 1, 2, 3})
    rounds.refuses = refuses
    done = [await rounds.round() for _ in range(5)]
    assert rounds.tried[:9] == [0, 1, 2, 3, 4, 0, 5, 6, 1], "one of them in each round, as its last"
    assert rounds.tried[9:] == [7, 8, 2, 9, 3, 0], rounds.tried
    assert sum(done) == 6 and rounds.left == [0, 1, 2, 3]
    rounds.busy = set()
    assert await rounds.round() + await rounds.round() == 4 and rounds.left == []
    assert rounds.looked_at <= 3 + 4
    await rounds.round()
    assert rounds.looked_at == 3, "what is due no more is forgotten"


async def test_what_was_put_off_once_begins_although_ever_more_comes_due() -> None:
    """Other workspaces keep the rounds full; it was held by a lock that is long gone (PRODUCT O1)."""
    rounds = Queue(busy={0})
    await rounds.round()
    rounds.busy = set()
    for more in range(10, 40, 3):
        rounds.left += [more, more + 1, more + 2]
        await rounds.round()
        if 0 not in rounds.left:
            break
    assert 0 not in rounds.left and rounds.tried[:6] == [0, 1, 2, 3, 4, 0]


async def test_a_round_that_did_nothing_wakes_nobody() -> None:
    rounds = made(Starts, None)
    rounds.due = lambda tx: asyncio.sleep(0, [(FIRST, FIRST)])  # type: ignore[method-assign]
    assert await rounds.round() == 0 == rounds.ledger.woken


@pytest.mark.parametrize("kind", [Steps, Starts])
async def test_without_a_database_the_round_ends_and_the_next_one_comes(kind: type[Steps] | type[Starts]) -> None:
    rounds = made(kind, Unavailable("away"))
    with pytest.raises(Unavailable):
        await rounds.round()
    assert rounds.ledger.woken == 0, "nothing was done"
    running = asyncio.create_task(rounds.run())
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            while [one["event"] for one in logs].count("due.round_put_off") < 2:
                await asyncio.sleep(0.001)
    rounds.raises = None
    async with asyncio.timeout(5):
        while not rounds.ledger.woken:
            await asyncio.sleep(0.001)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
