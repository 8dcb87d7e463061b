"""Rows 23 and 37: what consumers are given."""

import asyncio
import base64
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import asyncpg
import pytest
from nats.aio.msg import Msg

from burnish_shared import subjects
from burnish_shared.bus.connect import MESSAGE_ID_HEADER
from burnish_shared.bus.dead_letters import publisher_of
from burnish_shared.bus.retry import MAX_CONSECUTIVE_DEAD
from burnish_shared.bus.users import EVENT_PUBLISHERS
from burnish_shared.streams import event_subjects
from tests.chaos.ground import Ground
from tests.chaos.matrix.field import Field, field, summary
from tests.chaos.matrix.test_nats import asked, background, served

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long, pytest.mark.timeout(400)]

SOMEBODY: Final = "0" * 32

POISON: Final = (
    ("executor", subjects.EXECUTIONS_COMPLETED_BATCH, b"\xff no JSON", "analytics_records"),
    ("gateway", subjects.FEEDBACK_RECORDED_BATCH, b'{"items": 7}', "analytics_feedback"),
    ("gateway", "burnish.v1.prompt.version.created." + SOMEBODY, b'{"type": "prompt.version.created"}', "webhooks_events"),
    ("gateway", "burnish.v1.executions.requested.background." + SOMEBODY, b"{}", "executor_background"),
)
"""Who may publish where, and which consumer cannot read it. The optimizer's reads nothing: a message wakes it up, whatever it says."""

AGAIN: Final = "Said-Again"
"""A header of our own repeats, so that they are not repeated in turn."""

BORNE: Final = MAX_CONSECUTIVE_DEAD + 1
MANY: Final = 60
"""More in a row than a consumer bears."""

BESIDE_WITHIN_S: Final = 5.0
"""A background call and its webhook, with all that they pass on their way: whoever waited for a neighbour's retries would take longer."""

PAUSED: Final = 'burnish_consumer_paused{consumer="webhooks_events"}'


@pytest.mark.fault(23)
@pytest.mark.promise("M-06", "M-08")
async def test_unreadable_messages_are_put_aside(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    async with field(tmp_path, dice, mixed=False, batches=False, letters=MANY + len(POISON)) as on:
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        for user, subject, body, _ in POISON:
            await publish(on.place, user, subject, [body])
        beside = asyncio.create_task(on.told_s())
        letters = await until_letters(on.place, len(POISON))
        took_s = loop.time() - began_at
        beside_s = await beside
        assert beside_s < BESIDE_WITHIN_S, f"a neighbour was through after {beside_s:.1f} s"
        assert {row["consumer"] for row in letters} == {consumer for *_, consumer in POISON}
        assert {bytes(row["payload"]) for row in letters} == {body for _, _, body, _ in POISON}
        assert await on.place.measured("webhooks", PAUSED) == 0
        await publish(on.place, *POISON[2][:2], [b"%d" % number for number in range(MANY)])
        async with asyncio.timeout(40):
            while await on.place.measured("webhooks", PAUSED) != 1:
                await asyncio.sleep(0.1)
        for _ in range(3):  # Nobody else waits with the consumer that paused.
            await served(on)
            await asyncio.wait_for(done(on, await background(on, "simulated/chat")), BESIDE_WITHIN_S)
        assert len(await until_letters(on.place, BORNE)) < len(POISON) + MANY, "all of them were put aside without a pause"
        await on.place.restart("webhooks")  # What an operator does once the publisher of nonsense is stopped.
        await until_letters(on.place, len(POISON) + MANY)
    tell(
        f"one for each of {len(POISON)} consumers, put aside after {took_s:.1f} s, a call and its webhook through in {beside_s:.1f} s;"
        f" {BORNE} in a row paused theirs, and no other; {summary(on.load)}"
    )


async def done(on: Field, execution_id: UUID) -> None:
    """Until a background call has its answer."""
    while (await on.ask("GET", f"/v1/executions/{execution_id}"))[1]["status"] != "success":
        await asyncio.sleep(0.05)


LETTERS_WITHIN_S: Final = 120.0
"""What a consumer has in hand when it pauses comes again after a minute, whoever reads it then."""


async def until_letters(place: Ground, number: int) -> list[asyncpg.Record]:
    async with asyncio.timeout(LETTERS_WITHIN_S):
        while len(letters := await place.rows("SELECT consumer, payload FROM dead_letters")) < number:
            await asyncio.sleep(0.1)
    return letters


async def publish(place: Ground, user: str, subject: str, bodies: Sequence[bytes]) -> None:
    """Into a stream, with the rights of a service, each message under an id of its own; all at once, so that they lie in a row."""
    async with place.nats(user) as client:
        said = (client.request(subject, body, headers={MESSAGE_ID_HEADER: str(uuid4())}, timeout=5) for body in bodies)
        for answer in await asyncio.gather(*said):
            assert b'"error"' not in answer.data, answer.data


@pytest.mark.fault(37)
@pytest.mark.promise("M-02", "A-01", "A-03", "W-01")
async def test_messages_come_twice_and_in_another_order(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    heard: list[Heard] = []
    async with field(tmp_path, dice) as on, on.place.nats("gateway") as ear:

        async def note(message: Msg) -> None:
            if AGAIN not in (message.headers or {}):
                heard.append(Heard(publisher_of(message.subject), message.subject, message.data))

        await ear.subscribe(subjects.EXECUTIONS_COMPLETED_BATCH, cb=note)
        for kind in EVENT_PUBLISHERS:
            await ear.subscribe(event_subjects(kind), cb=note)
        again = 0
        for _ in range(3):
            await on.calm(3, 4)
            asleep = asyncio.create_task(on.place.freeze("analytics", 2.0))
            await asyncio.sleep(1.5)
            batch = [*heard, *heard, *await reactions(on.place)]
            await asleep
            dice.shuffle(batch)
            await say_again(on.place, batch)
            again += len(batch)
        kinds = Counter(one.subject.split(".")[2] for one in heard)
        twice = await on.place.rows("SELECT event_id FROM webhook_deliveries GROUP BY event_id, endpoint_id HAVING count(*) > 1")
    assert kinds["executions"] and kinds["execution"] and again > 2 * len(heard), kinds
    assert twice == []
    tell(f"{again} messages again, shuffled, each under a new id; {summary(on.load)}")


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, and who may say it again."""

    user: str
    subject: str
    body: bytes


async def reactions(place: Ground) -> list[Heard]:
    """What lies in the stream of feedback and was not read yet."""
    found = []
    async with place.nats("provisioner") as provisioner:
        state = (await asked(provisioner, "STREAM.INFO.FEEDBACK"))["state"]
        for seq in range(state["first_seq"], state["last_seq"] + 1):
            message = (await asked(provisioner, "STREAM.MSG.GET.FEEDBACK", {"seq": seq}))["message"]
            found.append(Heard("gateway", message["subject"], base64.b64decode(message["data"])))
    return found


async def say_again(place: Ground, batch: Sequence[Heard]) -> None:
    """In this order, as far as one speaker goes."""
    for user in sorted({one.user for one in batch}):
        async with place.nats(user) as client:
            for one in batch:
                if one.user == user:
                    await client.request(one.subject, one.body, headers={MESSAGE_ID_HEADER: str(uuid4()), AGAIN: "1"}, timeout=5)
