"""An erasure never changes more than its batch at once, also in what is kept of everybody."""

import itertools
import json
import uuid

import asyncpg
import pytest

from burnish_analytics.io import erasures_store
from burnish_gateway.privacy.subject import subject_digest
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T8"), pytest.mark.promise("P-02")]

BATCH_ROWS = 10

LETTER = """INSERT INTO dead_letters (dead_letter_id, consumer, stream, stream_seq, subject, deliveries, reason, payload)
            VALUES ($1, 'analytics_feedback', 'FEEDBACK', $2, 's', 1, 'r', $3)"""


async def test_dead_letters_are_looked_through_in_batches(superuser: asyncpg.Connection) -> None:
    workspace, neighbour, erasure, key = new_uuid(), new_uuid(), new_uuid(), bytes(range(32))
    for n in range(25):
        items = [{"workspace_id": str(one), "user_id": "quentin", "comment": "words"} for one in (workspace, neighbour)]
        await superuser.execute(LETTER, new_uuid(), n, json.dumps({"v": 1, "event_id": "e", "items": items}).encode())
    untouched = [json.dumps({"items": items[1:]}).encode(), b"\xff no JSON of " + str(workspace).encode(), None]
    for n, payload in enumerate(untouched):
        await superuser.execute(LETTER, new_uuid(), 100 + n, payload)
    await superuser.execute(
        "INSERT INTO erasures (erasure_id, workspace_id, subject_digest, subject_key, requested_by) VALUES ($1, $2, $3, $4, 'test')",
        erasure, workspace, subject_digest(key, "quentin"), key,
    )  # fmt: skip
    left = "SELECT count(*) FROM dead_letters WHERE position(convert_to($1, 'UTF8') IN payload) > 0 AND stream_seq < 100"
    lefts = [25]
    while await superuser.fetchval("SELECT erase_step($1, $2)", erasure, BATCH_ROWS) != "done":
        lefts.append(await superuser.fetchval(left, str(workspace)))
    assert max(before - after for before, after in itertools.pairwise(lefts)) == BATCH_ROWS
    assert lefts[-1] == 0 and await superuser.fetchval(left, str(neighbour)) == 25
    rows = await superuser.fetch("SELECT payload FROM dead_letters WHERE stream_seq >= 100 ORDER BY stream_seq")
    assert [row["payload"] for row in rows] == untouched
    counts = json.loads(await superuser.fetchval("SELECT counts FROM erasures WHERE erasure_id = $1", erasure))
    assert counts == {"dead_letters": 25}


async def test_each_page_of_reviewed_answers_is_planned_by_itself(db: Database) -> None:
    """One plan for any page, which a session takes from its sixth on, hashes all executions of the workspace for each."""
    async with db.unit_of_work() as tx:
        assert await erasures_store.erase_reviews(tx, new_uuid(), after=uuid.UUID(int=0), at_most=BATCH_ROWS) is None
        assert await tx.fetchval("SHOW plan_cache_mode") == "force_custom_plan"
    async with db.unit_of_work() as tx:
        assert await tx.fetchval("SHOW plan_cache_mode") == "auto"


async def test_no_step_of_an_erasure_is_planned_for_its_values(db: Database) -> None:
    """Such a plan hashes the persons of all executions of the installation for each page: a large one never came to an end."""
    async with db.unit_of_work() as tx:
        assert await erasures_store.step(tx, new_uuid(), at_most=BATCH_ROWS) == "busy"
        assert await tx.fetchval("SHOW plan_cache_mode") == "force_generic_plan"
    async with db.unit_of_work() as tx:
        assert await tx.fetchval("SHOW plan_cache_mode") == "auto"


async def test_dead_requests_that_name_the_person_go_in_batches_and_no_others(superuser: asyncpg.Connection) -> None:
    workspace, neighbour, erasure, key = new_uuid(), new_uuid(), new_uuid(), bytes(range(32))
    subject = "burnish.v1.executions.requested.background.{}"
    letter = LETTER.replace("'s'", "$4").replace("'FEEDBACK'", "'ASKED'")

    async def bury(number: int, of: uuid.UUID, body: object) -> uuid.UUID:
        letter_id = new_uuid()
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        await superuser.execute(letter, letter_id, number, payload, subject.format(of))
        return letter_id

    mine = {"user_id": "quentin", "messages": ["secret"], "workspace_id": str(workspace)}
    for n in range(25):
        await bury(n, workspace, mine)
    without_id = await bury(25, workspace, {"request": {"user_id": "quentin"}})
    stays = [
        await bury(50, neighbour, mine | {"workspace_id": str(neighbour)}),
        await bury(51, workspace, mine | {"user_id": "someone"}),
        await bury(52, workspace, b"no JSON of quentin"),
        await bury(53, workspace, {"items": [mine]}),  # that is the step's
    ]
    await superuser.execute(
        "INSERT INTO erasures (erasure_id, workspace_id, subject_digest, subject_key, requested_by) VALUES ($1, $2, $3, $4, 'test')",
        erasure, workspace, subject_digest(key, "quentin"), key,
    )  # fmt: skip
    stays.append(await bury(54, workspace, mine))  # asked for after the erasure was
    there, last, lefts = "SELECT dead_letter_id FROM dead_letters WHERE stream = 'ASKED'", uuid.UUID(int=0), [31]
    while last is not None:
        last = await superuser.fetchval("SELECT erase_dead_requests($1, $2, $3)", erasure, last, BATCH_ROWS)
        lefts.append(len(await superuser.fetch(there)))
    left = [row["dead_letter_id"] for row in await superuser.fetch(there)]
    assert sorted(left) == sorted(stays) and without_id not in left
    assert max(before - after for before, after in itertools.pairwise(lefts)) <= BATCH_ROWS
    counts = json.loads(await superuser.fetchval("SELECT counts FROM erasures WHERE erasure_id = $1", erasure))
    assert counts == {"dead_letters": 26}
