"""An erasure never changes more than its batch at once, also in what is kept of everybody."""

import itertools
import json

import asyncpg
import pytest

from burnish_gateway.privacy.subject import subject_digest
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
