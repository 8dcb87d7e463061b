"""The operator reads, sends again and gives up what no consumer could handle, by the API; nobody else knows of it."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from burnish.embedded.nats import ADMINISTRATOR
from burnish.launcher.users import operators_database
from burnish_shared import subjects
from burnish_shared.bus import dead_letters_store
from burnish_shared.bus.dead_letters_store import DeadLetter
from burnish_shared.ids import new_uuid
from burnish_shared.streams import FEEDBACK
from tests.embedded.stack import Caller, Stack, running_stack
from tests.embedded.streams import empty_streams
from tests.integration.billing.money import books, ok, operator_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("M-07")]

CONSUMER = "analytics_feedback"
LETTERS = "/v1/dead-letters"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server, executors=0) as running:
        yield running
    # What was sent again makes no sense: the next module's analytics would rest after fifty of it.
    await empty_streams(nats_server.url(ADMINISTRATOR), only=FEEDBACK.name)


@pytest_asyncio.fixture(loop_scope="session")
async def operator(stack: Stack) -> AsyncIterator[Caller]:
    yield await operator_of(stack)
    await books(stack, "DELETE FROM dead_letters")


async def bury(stack: Stack, *payloads: bytes | None, **fields: Any) -> list[str]:
    given = {"consumer": CONSUMER, "stream": "FEEDBACK", "subject": subjects.FEEDBACK_RECORDED_BATCH, "reason": "not understood"} | fields
    letters = [
        DeadLetter(**given, stream_seq=no, deliveries=10, identity=str(new_uuid()), payload=one, headers={"Nats-Msg-Id": f"m{no}"})
        for no, one in enumerate(payloads, 1)
    ]
    async with operators_database(stack.urls["superuser"]) as db:
        for one in letters:  # each in a moment of its own
            async with db.unit_of_work() as tx:
                await dead_letters_store.write(tx, [one])
    return [str(one.dead_letter_id) for one in letters]


async def test_they_are_listed_newest_first_in_pages_with_how_many_wait(stack: Stack, operator: Caller) -> None:
    first, lost, third = await bury(stack, b"{}", None, b"{}")
    (odd,) = await bury(stack, b"{}", consumer="of_old", subject="burnish.v1.nobody.sends.this")
    (ended,) = await bury(stack, b"{}", consumer="executor_batch", stream="EXECUTIONS", reason="deliveries spent")
    page = await ok(operator("GET", f"{LETTERS}?limit=2"))
    rest = await ok(operator("GET", f"{LETTERS}?limit=3&cursor={page['next_cursor']}"))
    told = {one["id"]: one for one in page["data"] + rest["data"]}
    assert [*told] == [ended, odd, third, lost, first] and rest["next_cursor"] is None
    assert page["waiting"] == [{"consumer": CONSUMER, "letters": 3}, {"consumer": "of_old", "letters": 1}]
    assert [(told[one]["state"], told[one]["sendable"]) for one in (first, lost, odd, ended)] == [
        ("waiting", True), ("waiting", False), ("waiting", False), ("ended", True),
    ]  # fmt: skip
    assert (told[lost]["payload_bytes"], told[first]["payload_bytes"], told[first]["reason"]) == (None, 2, "not understood")
    only = await ok(operator("GET", f"{LETTERS}?consumer={CONSUMER}&state=waiting"))
    assert [one["id"] for one in only["data"]] == [third, lost, first]
    assert (await operator("GET", f"{LETTERS}?state=lost")).status == 422


async def test_one_shows_its_headers_and_what_the_message_looks_like_but_no_text_of_anybody(stack: Stack, operator: Caller) -> None:
    workspace = str(new_uuid())
    said = {
        "event_id": workspace, "items": [{"kind": "comment", "comment": "my secret is hunter2", "end_user_id": "ada@example.com"}],
        "variables": {"My mother's name": "kind"}, "accepted_at": "2026-11-27T10:00:00Z",
    }  # fmt: skip
    whole, nonsense = await bury(stack, json.dumps(said).encode(), b"\xff{")
    one = await ok(operator("GET", f"{LETTERS}/{whole}"))
    assert one["headers"] == {"Nats-Msg-Id": "m1"} and one["consumer"] == CONSUMER
    assert one["outline"] == {
        "event_id": workspace, "items": [{"kind": "comment", "comment": "(20 characters)", "end_user_id": "(15 characters)"}],
        "variables": {"(field 1, 16 characters)": "(4 characters)"}, "accepted_at": "2026-11-27T10:00:00Z",
    }  # fmt: skip
    assert (await ok(operator("GET", f"{LETTERS}/{nonsense}")))["outline"] is None
    assert (await operator("GET", f"{LETTERS}/{new_uuid()}")).status == 404


async def test_they_are_sent_again_by_id_or_by_consumer_and_who_did_it_is_written_down(stack: Stack, operator: Caller) -> None:
    mended, lost = await bury(stack, b'{"a":1}', None)
    (odd,) = await bury(stack, b"{}", subject="burnish.v1.nobody.sends.this")
    answer = await ok(operator("POST", f"{LETTERS}/replay", {"ids": [mended, lost, odd]}))
    assert answer == {"replayed": 1, "lost": [lost], "unsendable": [odd], "left": 0}
    sent = await books(stack, "SELECT service, subject FROM outbox WHERE message_id LIKE 'replay:%' AND body = $1", b'{"a":1}')
    assert [tuple(one) for one in sent] == [("gateway", subjects.FEEDBACK_RECORDED_BATCH)]
    assert (await ok(operator("GET", f"{LETTERS}/{mended}")))["state"] == "replayed"

    many = await bury(stack, *[b"{}"] * 102)
    assert await ok(operator("POST", f"{LETTERS}/replay", {"consumer": CONSUMER})) == {
        "replayed": 100,
        "lost": [],
        "unsendable": [],
        "left": 2,
    }
    assert [one["id"] for one in (await ok(operator("GET", f"{LETTERS}?state=waiting&limit=2")))["data"]] == many[:-3:-1]
    assert (await ok(operator("POST", f"{LETTERS}/replay", {"consumer": CONSUMER})))["left"] == 0

    assert await ok(operator("POST", f"{LETTERS}/discard", {"ids": [odd, odd]})) == {"discarded": 1}
    assert await ok(operator("POST", f"{LETTERS}/discard", {"consumer": CONSUMER})) == {"discarded": 1}, (
        "the lost one; those sent again stay"
    )
    assert (await ok(operator("GET", LETTERS)))["waiting"] == []
    log = await books(
        stack, "SELECT action, object_id FROM audit_log WHERE workspace_id = $1 AND object_kind = 'dead_letter' ORDER BY audit_id",
        operator.workspace.workspace_id,
    )  # fmt: skip
    assert [tuple(one) for one in log] == [
        ("dead_letters.replayed", mended), ("dead_letters.replayed", CONSUMER), ("dead_letters.replayed", CONSUMER),
        ("dead_letters.discarded", odd), ("dead_letters.discarded", CONSUMER),
    ]  # fmt: skip


async def test_a_choice_is_of_letters_or_of_a_consumer_that_there_are(operator: Caller) -> None:
    for what in ("replay", "discard"):
        for wrong in ({}, {"ids": []}, {"ids": [str(new_uuid())], "consumer": CONSUMER}, {"ids": ["x"]}):
            assert (await operator("POST", f"{LETTERS}/{what}", wrong)).status == 422, wrong
        for absent in ({"ids": [str(UUID(int=1))]}, {"consumer": "webhook_events"}):
            refused = await operator("POST", f"{LETTERS}/{what}", absent)
            assert (refused.status, refused.body["error"]["param"]) == (404, next(iter(absent)))


async def test_nobody_but_the_operator_knows_of_them(stack: Stack, operator: Caller) -> None:
    (letter,) = await bury(stack, b"{}")
    admin = await stack.caller()
    for method, path in (("GET", LETTERS), ("GET", f"{LETTERS}/{letter}"), ("POST", f"{LETTERS}/replay"), ("POST", f"{LETTERS}/discard")):
        refused = await admin(method, path, {"ids": [letter]} if method == "POST" else None)
        assert refused.status == 403 and letter not in json.dumps(refused.body)
    assert (await ok(operator("GET", f"{LETTERS}/{letter}")))["state"] == "waiting"
