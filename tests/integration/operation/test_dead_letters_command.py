"""An operator replays and discards dead letters by `burnish dlq`, after which the books are right again."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from burnish.launcher.users import operators_database
from burnish_client import Burnish
from burnish_shared import subjects
from burnish_shared.bus import dead_letters_store
from burnish_shared.bus.dead_letters_store import DeadLetter
from burnish_shared.contracts.feedback import FeedbackBatch, FeedbackItem
from burnish_shared.ids import new_uuid
from tests.embedded.installation import Installation

CONSUMER = "analytics_feedback"
PATIENCE_S = 90


def letter(seq: int, *, payload: bytes | None, subject: str = subjects.FEEDBACK_RECORDED_BATCH, consumer: str = CONSUMER) -> DeadLetter:
    return DeadLetter(
        consumer=consumer, stream="FEEDBACK", stream_seq=seq, subject=subject, deliveries=10, reason="not understood", identity=str(seq),
        payload=payload,
    )  # fmt: skip


def bury(installation: Installation, *letters: DeadLetter) -> None:
    """As a consumer does with what it cannot handle."""

    async def write() -> None:
        async with operators_database(installation.connection["database_url"]) as db, db.unit_of_work() as tx:
            await dead_letters_store.write(tx, letters)

    asyncio.run(write())


def reaction_to(execution_id: str, workspace_id: str) -> bytes:
    item = FeedbackItem(
        feedback_id=new_uuid(), workspace_id=UUID(workspace_id), target_kind="execution", target_id=execution_id, kind="thumb", value=1.0,
        accepted_at=datetime.now(UTC),
    )  # fmt: skip
    return FeedbackBatch(event_id=str(new_uuid()), items=[item]).model_dump_json().encode()


def audit(installation: Installation) -> tuple[int, list[str]]:
    done = installation.run("doctor", "--audit", "--json", timeout_s=150)
    return done.returncode, [one for check in json.loads(done.stdout)["checks"] for one in check["examples"]]


def told(installation: Installation, *words: str, exits: int = 0) -> Any:
    done = installation.run("dlq", *words, "--json")
    assert done.returncode == exits, done.stderr
    return json.loads(done.stdout)


@pytest.mark.promise("M-07")
def test_what_was_buried_is_replayed_and_counted_or_discarded_and_the_audit_is_clean(
    start_installation: Callable[..., Installation],
) -> None:
    installation = start_installation(replicas="optimizer=0,webhooks=0")
    connection = installation.connection
    with Burnish(base_url=connection["url"], api_key=connection["api_key"], cache_folder=False) as burnish:
        execution = burnish.execute(messages=[{"role": "user", "content": "Hello!"}], model="simulated/chat")["id"]
        mended, lost = letter(7, payload=reaction_to(execution, connection["workspace_id"])), letter(8, payload=None)
        odd = letter(9, payload=b"{", subject="burnish.v1.nobody.sends.this", consumer="of_old")
        bury(installation, mended, lost, odd)
        code, wrong = audit(installation)
        assert code == 1 and len(wrong) == 3 and all("not understood" in one for one in wrong)

        waiting = told(installation, "list", "--consumer", CONSUMER)
        assert [(one["dead_letter_id"], one["payload_bytes"] is None) for one in waiting] == [
            (str(mended.dead_letter_id), False), (str(lost.dead_letter_id), True),
        ]  # fmt: skip
        assert "not understood" in installation.run("dlq", "list").stdout
        assert told(installation, "replay", "--consumer", CONSUMER, exits=1) == {
            "replayed": 1,
            "lost": [str(lost.dead_letter_id)],
            "unsendable": [],
        }
        until = time.monotonic() + PATIENCE_S
        while not (kept := burnish.request("GET", f"/v1/executions/{execution}")["feedback"]):
            assert time.monotonic() < until, "what was replayed never arrived"
            time.sleep(0.1)
        again = told(installation, "replay", str(odd.dead_letter_id), str(mended.dead_letter_id), exits=1)
        assert again == {"replayed": 1, "lost": [], "unsendable": [str(odd.dead_letter_id)]}, (
            "a second time does no harm, and none holds others up"
        )

        refused = installation.run("dlq", "replay", "--consumer", "of_old")
        assert refused.returncode == 1 and "can only be discarded" in refused.stderr and "Traceback" not in refused.stderr
        assert told(installation, "discard", str(lost.dead_letter_id)) == {"discarded": 1}
        assert told(installation, "discard", "--consumer", "of_old") == {"discarded": 1}
        assert audit(installation) == (0, [])
        assert len(burnish.request("GET", f"/v1/executions/{execution}")["feedback"]) == len(kept) == 1

    assert told(installation, "list") == [] and len(told(installation, "list", "--all")) == 1
    for wrongly in (("replay",), ("discard",), ("replay", str(new_uuid()), "--consumer", CONSUMER), ("discard", "nonsense")):
        assert installation.run("dlq", *wrongly).returncode == 2
    assert "no dead letter" in installation.run("dlq", "discard", str(new_uuid())).stderr
    for command in ("list", "replay", "discard"):
        mistyped = installation.run("dlq", command, "--consumer", "webhook_events")
        assert mistyped.returncode == 1 and "There is no consumer webhook_events; there are advisory_index, " in mistyped.stderr
