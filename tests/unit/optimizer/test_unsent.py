"""Which lines of a batch get another execution when its desk stops asking: those whose execution is certainly under way nowhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import pytest

from burnish_optimizer.io import evaluations, evaluations_store
from burnish_optimizer.io.batches_store import key_of
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.evaluations_store import Booked, Key, Stored
from burnish_optimizer.io.questions import NotSent, OutOfFunds, Question
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared.bus.frames import Frame, FrameKind
from burnish_shared.errors import BurnishError

pytestmark = [pytest.mark.capability("E15"), pytest.mark.promise("O-11")]


class World:
    """Stands where database, bus and inbox are. `rows`: the execution of each line; `sent`: those of which a message was sent, in order."""

    def __init__(self, **rows: UUID | None) -> None:
        self.rows = {int(name.removeprefix("line")): execution_id for name, execution_id in rows.items()}
        self.sent: list[UUID] = []

    @contextlib.asynccontextmanager
    async def unit_of_work(self, **_: Any) -> AsyncIterator[Any]:
        yield self

    async def fetch(self, *_: Any) -> list[Any]:
        return []

    async def fetchval(self, *_: Any) -> bool:
        return True  # that the workspace stores texts

    async def publish(self, subject: str, body: bytes, *, message_id: str, headers: Any) -> None:
        self.sent.append(UUID(message_id.split(":", maxsplit=1)[0]))

    async def request(self, *_: Any, **__: Any) -> Any:
        raise TimeoutError  # whether anything lies in the stream is not known

    def listen(self, *_: Any) -> None: ...

    def forget(self, *_: Any) -> None: ...

    def address(self, execution_id: UUID) -> str:
        return "inbox"

    async def claim(self, tx: Any, asked: Sequence[tuple[Key, UUID]], *, makes: bool = True) -> dict[Key, Stored]:
        for key, execution_id in asked:
            self.rows[key.repeat] = self.rows[key.repeat] or execution_id
        return {key: Stored(key, cast(UUID, self.rows[key.repeat]), 1, None, None, None, 0, None, False) for key, _ in asked}

    async def settle(self, *_: Any) -> None: ...

    async def renew(self, tx: Any, key: Key, failed: Booked, *, execution_id: UUID, attempt: int) -> None:
        self.rows[key.repeat] = execution_id

    def budgets_of(self, question: Question) -> Sequence[int]:
        return []


@contextlib.asynccontextmanager
async def desk_in(world: World, monkeypatch: pytest.MonkeyPatch, *, at_once: int) -> AsyncIterator[Desk]:
    settings = OptimizerSettings(database_url="postgresql://x", nats_url="nats://x", job_in_flight=at_once, lost_after_s=60)
    there: Any = world
    desk = Desk(there, there, there, settings, there, UUID(int=1), UUID(int=2), 1, 1, checkpoint=there)
    monkeypatch.setattr(Desk, "_request", lambda self, asked: SimpleNamespace(model_dump_json=lambda: "{}"))
    running = asyncio.create_task(desk.run())
    yield desk
    running.cancel()
    await asyncio.wait([running])


def question(line: int) -> Question:
    route = SimpleNamespace(model="a", keys="own", provider_key_id=None)
    return Question(key=key_of(line), route=cast(Any, route), messages=[], variables={}, settings={}, timeout_s=1, made=cast(Any, object()))


async def refusal_of(asking: "asyncio.Task[Any]") -> BurnishError:
    async with asyncio.timeout(10):
        with pytest.raises(BurnishError) as refused:
            await asking
    return refused.value


async def sent(world: World, count: int) -> None:
    async with asyncio.timeout(10):
        while len(world.sent) < count:
            await asyncio.sleep(0)


def refuse(desk: Desk, execution_id: UUID, verdict: bytes = b"funding") -> None:
    desk._hear(execution_id, Frame(FrameKind.FULL, 1, 0, verdict))


async def test_a_line_that_was_not_begun_here_keeps_the_execution_that_an_earlier_claim_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was forgotten, and bought a second time when the batch went on."""
    world = World(line0=None, line1=uuid4(), line2=None)
    async with desk_in(world, monkeypatch, at_once=1) as desk:
        asking = [asyncio.create_task(desk.ask(question(line))) for line in range(3)]
        await sent(world, 1)
        desk.stop_asking()
        for one in asking[1:]:
            told = await refusal_of(one)
            assert isinstance(told, NotSent) and told.nowhere not in world.rows.values()
        asking[0].cancel()


async def test_what_everybody_who_asked_has_left_is_not_sent_when_it_is_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that ran out of money went on buying what it had asked last, once there was some again."""
    world = World(line0=None, line1=None, line2=None)
    async with desk_in(world, monkeypatch, at_once=1) as desk:
        asking = [asyncio.create_task(desk.ask(question(line))) for line in (0, 1, 2, 2)]
        await sent(world, 1)
        for one in asking[1:3]:
            one.cancel()
        await asyncio.wait(asking[1:3])
        first = cast(UUID, world.rows[0])
        desk._arrive(desk._out[first], Booked(first, "success", "x", None, 0, 1, False))
        await sent(world, 2)
        assert world.rows[1] is None and world.sent[1] == world.rows[2], "one of the two who asked for it waits"
        again = asyncio.create_task(desk.ask(question(1)))
        second = cast(UUID, world.rows[2])
        desk._arrive(desk._out[second], Booked(second, "success", "x", None, 0, 1, False))
        await sent(world, 3)
        assert world.sent[2] == world.rows[1], "asked anew, it is asked"
        again.cancel()


async def test_what_all_leave_while_it_is_written_down_or_lies_silent_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal that ends a search makes room for one more before those who asked have heard of it; what is silent was sent again."""
    world = World(line0=None, line1=None, line2=None)
    async with desk_in(world, monkeypatch, at_once=2) as desk:
        asking = [asyncio.create_task(desk.ask(question(line))) for line in range(3)]
        await sent(world, 2)
        claim = world.claim

        async def claim_while_all_leave(*given: Any, **more: Any) -> dict[Key, Stored]:
            asking[2].cancel()
            await asyncio.wait(asking[2:])
            return await claim(*given, **more)

        monkeypatch.setattr(world, "claim", claim_while_all_leave)
        first = cast(UUID, world.rows[0])
        desk._arrive(desk._out[first], Booked(first, "success", "x", None, 0, 1, False))
        await asyncio.wait(asking[2:])
        second = cast(UUID, world.rows[1])
        silent = desk._out[second]
        asking[1].cancel()
        await asyncio.wait(asking[1:2])
        silent.sent_at = -1e9
        monkeypatch.setattr(evaluations_store, "find_booked", AsyncMock(return_value=[]))
        monkeypatch.setattr(evaluations, "lost_of", AsyncMock(return_value=set()))
        await desk._look_up([silent])
        assert world.sent == [first, second] and not desk._out


@pytest.mark.parametrize("verdict", [b"funding", b"credit"])
@pytest.mark.parametrize("is_taken_over", [False, True])
async def test_what_was_refused_is_forgotten_where_nobody_else_may_have_sent_it(
    monkeypatch: pytest.MonkeyPatch, verdict: bytes, is_taken_over: bool
) -> None:
    world = World(line0=None, line1=uuid4() if is_taken_over else None)
    async with desk_in(world, monkeypatch, at_once=2) as desk:
        asking = [asyncio.create_task(desk.ask(question(line))) for line in range(2)]
        await sent(world, 2)
        execution_id = cast(UUID, world.rows[1])
        refuse(desk, execution_id, verdict)
        desk.stop_asking()
        told = await refusal_of(asking[1])
        assert isinstance(told, NotSent if verdict == b"funding" else OutOfFunds)
        assert told.nowhere == (None if is_taken_over else execution_id)
        asking[0].cancel()


async def test_a_line_of_an_earlier_claim_is_no_line_of_ours_when_it_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(line0=uuid4(), line1=uuid4())
    async with desk_in(world, monkeypatch, at_once=2) as desk:
        asking = [asyncio.create_task(desk.ask(question(line))) for line in range(2)]
        await sent(world, 2)
        taken_over = cast(UUID, world.rows[1])
        refuse(desk, taken_over)
        desk._room = 2.0
        await sent(world, 3)
        refuse(desk, taken_over)
        desk.stop_asking()
        told = await refusal_of(asking[1])
        assert isinstance(told, NotSent) and told.nowhere is None
        asking[0].cancel()


async def test_a_line_that_was_sent_twice_and_refused_once_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other message still lies in the stream."""
    world = World(line0=None, line1=None)
    async with desk_in(world, monkeypatch, at_once=2) as desk:
        asking = [asyncio.create_task(desk.ask(question(line))) for line in range(2)]
        await sent(world, 2)
        execution_id = cast(UUID, world.rows[1])
        await desk._publish([desk._out[execution_id]])
        refuse(desk, execution_id)
        desk.stop_asking()
        told = await refusal_of(asking[1])
        assert isinstance(told, NotSent) and told.nowhere is None
        asking[0].cancel()


async def test_what_failed_and_waits_for_its_next_try_is_forgotten_by_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(line0=uuid4())
    async with desk_in(world, monkeypatch, at_once=1) as desk:
        asking = asyncio.create_task(desk.ask(question(0)))
        await sent(world, 1)
        failed = cast(UUID, world.rows[0])
        desk._arrive(desk._out[failed], Booked(failed, "error", None, {"code": "x", "message": "x", "retryable": True}, 0, 1, False))
        async with asyncio.timeout(10):
            while not desk._later:
                await asyncio.sleep(0)
        desk.stop_asking()
        told = await refusal_of(asking)
        assert isinstance(told, NotSent) and told.nowhere == world.rows[0] != failed
