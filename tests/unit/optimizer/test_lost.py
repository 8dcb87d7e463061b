"""What is sent again at once: an execution whose only message came to nothing, known by the stream first and by the books afterwards."""

import json
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from burnish_optimizer.io.asked import Asked
from burnish_optimizer.io.lost import lost_of
from burnish_optimizer.io.questions import Question
from burnish_shared import subjects

pytestmark = [pytest.mark.capability("E15"), pytest.mark.promise("O-01")]

WORKSPACE = UUID(int=7)


class World:
    """Stands where database and bus are, and writes down in which order they are asked."""

    def __init__(self, *, waiting: int = 0, known: tuple[UUID, ...] = (), answer: dict[str, Any] | None = None) -> None:
        self.asked: list[str] = []
        self.known = known
        state = {"subjects": {subjects.executions_requested_batch(WORKSPACE): waiting}} if waiting else {}
        self.answer = answer or {"state": state}

    async def request(self, subject: str, body: bytes, *, timeout_s: float) -> Any:
        assert json.loads(body) == {"subjects_filter": subjects.executions_requested_batch(WORKSPACE)}
        self.asked.append(subject)
        return SimpleNamespace(data=json.dumps(self.answer))

    def unit_of_work(self, *, workspace: UUID) -> Any:
        assert workspace == WORKSPACE
        return self

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def fetch(self, *_: Any) -> list[dict[str, UUID]]:
        self.asked.append("books")
        return [{"execution_id": one} for one in self.known]


def asked(*, sent: int = 1) -> Asked:
    return Asked(cast(Question, None), cast(Any, None), execution_id=uuid4(), sent=sent)


async def lost(world: World, *silent: Asked) -> set[UUID]:
    there: Any = world
    return await lost_of(silent, db=there, bus=there, workspace_id=WORKSPACE)


async def test_what_has_no_message_no_row_and_no_hold_is_lost() -> None:
    world, ours, held = World(), asked(), asked()
    world.known = (held.execution_id,)
    assert await lost(world, ours, held) == {ours.execution_id}
    assert world.asked == ["$JS.API.STREAM.INFO.EXECUTIONS", "books"], "a row may come between the two, and a message may not"
    assert (ours.refused, held.refused) == (1, 0)


async def test_nothing_is_lost_while_a_request_of_the_workspace_lies_in_the_stream() -> None:
    world = World(waiting=1)
    assert await lost(world, asked()) == set()
    assert world.asked == ["$JS.API.STREAM.INFO.EXECUTIONS"]


@pytest.mark.parametrize("sent", [0, 2])
async def test_what_was_not_stored_yet_or_was_sent_again_waits_its_time(sent: int) -> None:
    world = World()
    assert await lost(world, asked(sent=sent)) == set()
    assert world.asked == [], "and nobody is asked for it"


async def test_where_the_stream_cannot_be_asked_nothing_is_known() -> None:
    world = World(answer={"error": {"code": 404, "err_code": 10059, "description": "stream not found"}})
    assert await lost(world, asked()) == set()


async def test_what_was_sent_again_meanwhile_is_not_sent_a_third_time() -> None:
    class Slow(World):
        async def fetch(self, *_: Any) -> list[dict[str, UUID]]:
            ours.sent = 2
            return []

    ours = asked()
    assert await lost(Slow(), ours) == set()


def test_the_first_message_is_the_same_for_every_claim_and_later_ones_are_not() -> None:
    ours = asked(sent=0)
    assert ours.message_id(1) == ours.message_id(2)
    ours.sent = 1
    assert ours.message_id(1) != ours.message_id(2)
