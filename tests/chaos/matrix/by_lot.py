"""Every fault that can be played again and again on one field, and the order in which a seed draws them."""

import asyncio
import contextlib
import random
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from burnish_shared import subjects
from burnish_shared.bus.dead_letters import publisher_of
from burnish_shared.bus.users import EVENT_PUBLISHERS
from burnish_shared.streams import event_subjects
from tests.chaos import test_random_faults as shared
from tests.chaos.matrix.field import Field
from tests.chaos.matrix.test_clocks import SOURCE, TEN_MINUTES_S, WRONG_S, set_clock
from tests.chaos.matrix.test_events import AGAIN, Heard, say_again
from tests.chaos.matrix.test_gateway_and_executor import HELLO, SPOILED, outcome_of
from tests.chaos.matrix.test_nats import SMALL_BYTES, asked
from tests.chaos.matrix.test_postgresql import OURS, hold

CALM_S: Final = (0.2, 2.5)
"""Between two faults: sometimes the next one meets a system that has not recovered."""

POINTS: Final = (
    "executor.accepted", "executor.claimed", "executor.after_provider", "executor.before_record", "executor.after_record",
    "gateway.admitted", "analytics.records.committed", "analytics.feedback.committed", "optimizer.before_publish",
    "optimizer.before_settle", "relay_claimed", "relay_published", "webhooks.after_claim", "webhooks.before_send", "webhooks.after_send",
    "webhooks.before_commit",
)  # fmt: skip
"""Where a process may be made to die, between any two steps of its work."""

RECEIVER_MODES: Final = ("hang", "drip", "redirect", "huge", "drop", "500", "503;retry-after=1", "gzip", "slow=1.5")
KEPT_HEARD: Final = 200
"""Messages that may be said again: the latest."""


@dataclass(slots=True)
class Lot:
    """A field with what the faults need of it. `marks`: a file for each of POINTS; who comes to a point whose file is gone dies there."""

    on: Field
    marks: Path
    clocks: Path
    has_clocks: bool
    heard: list[Heard] = field(default_factory=list)

    async def listen(self, ear: Client) -> None:
        """Keeps what is said, so that it can be said again."""

        async def note(message: Msg) -> None:
            if AGAIN not in (message.headers or {}):
                self.heard = [*self.heard[-KEPT_HEARD:], Heard(publisher_of(message.subject), message.subject, message.data)]

        await ear.subscribe(subjects.EXECUTIONS_COMPLETED_BATCH, cb=note)
        for kind in EVENT_PUBLISHERS:
            await ear.subscribe(event_subjects(kind), cb=note)

    def right_clocks(self) -> None:
        """No process is wrong any more."""
        for name in WRONG_S:
            set_clock(self.clocks / name, 0)

    async def models(self) -> None:
        """A model for each way in which a provider misbehaves."""
        for name, fault in SPOILED.items():
            await self.on.model(f"own/{name}", fault)


Fault = Callable[[Lot, random.Random], Awaitable[None]]


def environment(folder: Path) -> dict[str, Any]:
    """What the installation is started with, so that its processes can be made to die at POINTS, and their clocks be set."""
    (marks := folder / "points").mkdir()
    for one in POINTS:
        (marks / one).touch()
    found = {
        "BURNISH_FP": ",".join(f"{one}:exit_once={marks}" for one in POINTS),
        "BURNISH_FIRST_TOKEN_S": "2",
        "BURNISH_CHUNK_IDLE_S": "2",
    }
    (clocks := folder / "clocks").mkdir()
    for name in WRONG_S:
        set_clock(clocks / name, 0)
    if (compiler := shutil.which("cc") or shutil.which("gcc")) is not None:
        library = folder / "clock_skew.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True, capture_output=True)
        found |= {"LD_PRELOAD": str(library), "CLOCK_SKEW_FOLDER": str(clocks)}
    return found


def of_ground(fault: shared.Fault) -> Fault:
    """The faults that `make chaos-more` draws from."""

    async def play(lot: Lot, dice: random.Random) -> None:
        await fault(lot.on.place, dice, lot.on.load)

    return play


async def die_at_a_point(lot: Lot, dice: random.Random) -> None:
    """Whoever comes there first; nobody, where nobody does within a while."""
    mark = lot.marks / dice.choice(POINTS)
    mark.unlink()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(4):
            while not mark.exists():
                await asyncio.sleep(0.05)
    mark.touch()


async def stop_postgresql_at_once(lot: Lot, _: random.Random) -> None:
    place = lot.on.place
    await place.heal("postgres", of_pid=place.signal("postgres", signal.SIGQUIT))


async def end_sessions(lot: Lot, dice: random.Random) -> None:
    async with lot.on.place.postgres() as superuser:
        for _ in range(dice.randint(3, 10)):
            await superuser.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS} AND random() < $1", dice.random())
            await asyncio.sleep(dice.uniform(0.05, 0.4))


async def hold_locks(lot: Lot, dice: random.Random) -> None:
    stop = asyncio.Event()
    holders = [asyncio.create_task(hold(lot.on, random.Random(dice.random()), stop)) for _ in range(4)]
    await asyncio.sleep(dice.uniform(1.0, 4.0))
    stop.set()
    found = await asyncio.gather(*holders, return_exceptions=True)
    if errors := [one for one in found if isinstance(one, BaseException)]:
        raise errors[0]


async def freeze_nats_for_long(lot: Lot, dice: random.Random) -> None:
    await lot.on.place.freeze("nats", for_s=dice.uniform(5.0, 9.0))


async def sleep_past_the_ack_wait(lot: Lot, dice: random.Random) -> None:
    await lot.on.place.freeze(dice.choice(("executor", "executor-2", "analytics", "webhooks", "optimizer")), for_s=5.0)


async def fill_the_streams(lot: Lot, dice: random.Random) -> None:
    """Small ones, and nobody reads; what does not fit waits in PostgreSQL."""
    place = lot.on.place
    async with place.nats("provisioner") as provisioner:
        usual = {name: (await asked(provisioner, f"STREAM.INFO.{name}"))["config"] for name in ("FEEDBACK", "RECORDS")}
        try:
            for name, config in usual.items():
                await asked(provisioner, f"STREAM.UPDATE.{name}", config | {"max_bytes": SMALL_BYTES})
            await place.freeze("analytics", for_s=dice.uniform(2.0, 4.0))
        finally:
            for name, config in usual.items():
                await _insisted(provisioner, f"STREAM.UPDATE.{name}", config)


async def _insisted(client: Client, subject: str, body: Any) -> None:
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(nats.errors.Error, AssertionError):
                await asked(client, subject, body)
                return
            await asyncio.sleep(0.2)


async def say_it_again(lot: Lot, dice: random.Random) -> None:
    """What was said lately, twice and in another order."""
    batch = [*lot.heard, *lot.heard]
    dice.shuffle(batch)
    await say_again(lot.on.place, batch)


async def set_clocks(lot: Lot, dice: random.Random) -> None:
    for name in dice.sample(sorted(WRONG_S), 3):
        set_clock(lot.clocks / name, dice.choice((-TEN_MINUTES_S, -60, 0, 60, TEN_MINUTES_S)))


async def spoil_the_receiver(lot: Lot, dice: random.Random) -> None:
    receiver = lot.on.receiver
    receiver.released = asyncio.Event()
    receiver.modes["/hook"] = [dice.choice(RECEIVER_MODES)]
    await asyncio.sleep(dice.uniform(1.0, 4.0))
    receiver.modes["/hook"] = ["ok"]
    receiver.released.set()


async def spoil_the_providers(lot: Lot, dice: random.Random) -> None:
    """Calls beside the load; what becomes of them is for the books to say."""
    async with asyncio.TaskGroup() as group:
        for name in dice.sample(sorted(SPOILED), 8):
            body = {"model": f"own/{name}", "messages": HELLO, "deadline_s": 4.0, "stream": dice.random() < 0.5}
            body |= {"fallback_models": ["simulated/chat"]} if dice.random() < 0.5 else {}
            group.create_task(_called(lot.on, body))
            await asyncio.sleep(0.05)


async def _called(on: Field, body: dict[str, Any]) -> None:
    with contextlib.suppress(KeyError, ValueError):  # An answer that is none, of a gateway that dies.
        await outcome_of(on, body)


FAULTS: Final[Mapping[str, Fault]] = {
    **{fault.__name__: of_ground(fault) for fault, _ in shared.FAULTS},
    **{
        fault.__name__: fault
        for fault in (
            die_at_a_point, stop_postgresql_at_once, end_sessions, hold_locks, freeze_nats_for_long, sleep_past_the_ack_wait,
            fill_the_streams, say_it_again, set_clocks, spoil_the_receiver, spoil_the_providers,
        )
    },
}  # fmt: skip

NEEDS_CLOCKS: Final = frozenset({"set_clocks"})

NOT_IN_HAND: Final = (OSError, TimeoutError, nats.errors.Error, asyncpg.PostgresError, asyncpg.InterfaceError, AssertionError)
"""What a fault may itself stumble over, because the one before it is not over: then it is not played, and counted as such."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One fault of a schedule: what, so long after the one before, and the dice for whom it hits and how."""

    name: str
    after_s: float
    seed: str

    @property
    def dice(self) -> random.Random:
        return random.Random(self.seed)


def schedule(seed: int) -> Iterator[Drawn]:
    """Without end: each fault once, in an order of the seed's, and then all again in another. How long each takes changes nothing."""
    number = 0
    while True:
        order = sorted(FAULTS)
        random.Random(f"{seed} round {number}").shuffle(order)
        for name in order:
            number += 1
            yield Drawn(name, random.Random(f"{seed} calm {number}").uniform(*CALM_S), f"{seed} fault {number}")
