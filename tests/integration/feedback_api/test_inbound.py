"""Feedback by other systems' signed webhooks (F2)."""

import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from standardwebhooks.webhooks import Webhook

from burnish_gateway.inbound import receive as receiving
from burnish_gateway.inbound import store
from burnish_gateway.inbound.book import Receiver
from burnish_gateway.inbound.mapping import compiled
from burnish_gateway.inbound.refusals import RefusalLog
from burnish_gateway.inbound.signature import SignatureRule
from burnish_gateway.throttle import Throttle
from burnish_shared.db.session import Database, Tx
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Answer, Caller, Stack
from tests.integration.execution.test_executions import books
from tests.integration.feedback_api.test_feedback_api import execute, feedback_shown, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F2")]

SURVEY = {
    "execution_id": "data.ticket.execution",
    "score": "(data.rating - 1) / 4",
    "comment": "data.words",
    "user_id": "data.customer",
    "when": 'type == "rating.created"',
}


async def endpoint(caller: Caller, **changed: Any) -> dict[str, Any]:
    answer = await caller("POST", "/v1/inbound-endpoints", {"name": "survey", "mapping": SURVEY, **changed})
    assert answer.status == 201, answer.body
    return dict(answer.body)


async def post(caller: Caller, path: str, raw: bytes, headers: dict[str, str]) -> Answer:
    """As a stranger does: without a key."""
    async with caller.session.post(caller.url + path, data=raw, headers=headers) as response:
        content = await response.read()
        return Answer(response.status, json.loads(content), content, {name.lower(): value for name, value in response.headers.items()})


def rating(execution_id: str, rating: float = 2, **changed: Any) -> bytes:
    data = {"ticket": {"execution": execution_id}, "rating": rating, "words": "too slow", "customer": 4711}
    return json.dumps({"type": "rating.created", "data": data | changed}).encode()


def signed(secret: str, raw: bytes, *, message_id: str = "msg_1", at: float | None = None) -> dict[str, str]:
    """By hand; one test signs with the public library."""
    stamp = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message_id}.{stamp}.".encode() + raw, hashlib.sha256)
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


@pytest.mark.promise("A-03", "W-03")
async def test_a_message_signed_by_the_public_library_is_mapped_and_counts_once(caller: Caller) -> None:
    made, execution_id = await endpoint(caller), await execute(caller)
    raw = rating(execution_id)
    now = datetime.now(UTC)
    headers = {"webhook-id": "msg_7", "webhook-timestamp": str(int(now.timestamp()))}
    headers["webhook-signature"] = "v1,AAAA " + Webhook(made["secret"]).sign("msg_7", now, raw.decode())
    answers = [await post(caller, made["path"], raw, headers) for _ in range(3)]
    assert [one.status for one in answers] == [202] * 3 and len({one.raw for one in answers}) == 1
    [shown] = await until(lambda: feedback_shown(caller, execution_id))
    assert (shown["score"], shown["comment"], shown["user_id"]) == (0.25, "too slow", "4711")
    assert shown["feedback_id"] == answers[0].body["feedback_id"]
    other = json.dumps({"type": "rating.deleted"}).encode()
    assert (await post(caller, made["path"], other, signed(made["secret"], other))).body == {"feedback_id": None}


async def test_plain_hmac_with_header_and_prefix_and_a_secret_of_the_senders(caller: Caller) -> None:
    execution_id, secret = await execute(caller), "0123456789abcdef-theirs"
    mapping = {"execution_id": "id", "thumb": "liked", "metric": {"name": "converted", "value": "bought"}, "id": "event"}
    made = await endpoint(caller, scheme="hmac_sha256", header="X-Hub-Signature-256", prefix="sha256=", secret=secret, mapping=mapping)
    assert made["mapping"] == mapping, "it is answered as it was sent"
    assert made["secret"] == secret
    raw = json.dumps({"id": execution_id, "liked": False, "bought": True, "event": 9}).encode()
    signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    assert (await post(caller, made["path"], raw, {"x-hub-signature-256": f"sha256={signature}"})).status == 202
    for wrong in (signature, f"sha1={signature}", f"sha256={signature[:-2]}", "sha256=zz", ""):
        assert (await post(caller, made["path"], raw, {"x-hub-signature-256": wrong})).status == 401

    async def both() -> bool:
        return {one["kind"] for one in await feedback_shown(caller, execution_id)} == {"thumb", "metric"}

    await until(both)


@pytest.mark.promise("S-05")
async def test_whatever_is_wrong_with_endpoint_signature_or_time_is_answered_alike(caller: Caller) -> None:
    made = await endpoint(caller)
    path, raw = made["path"], rating(str(new_uuid()))
    good = signed(made["secret"], raw)
    nobodys = f"/v1/inbound/{new_uuid()}"
    answers = {
        "unknown": await post(caller, nobodys, raw, good),
        "no id": await post(caller, "/v1/inbound/x", raw, good),
        "unsigned": await post(caller, path, raw, {}),
        "other bytes": await post(caller, path, raw + b" ", good),
        "other id": await post(caller, path, raw, good | {"webhook-id": "msg_2"}),
        "old": await post(caller, path, raw, signed(made["secret"], raw, at=time.time() - 301)),
        "ahead": await post(caller, path, raw, signed(made["secret"], raw, at=time.time() + 900)),
        "no time": await post(caller, path, raw, good | {"webhook-timestamp": "٣"}),
        "with a key": await caller("POST", path, raw=raw),
    }
    told = {name: (one.status, one.body["error"]["code"], one.body["error"]["message"]) for name, one in answers.items()}
    assert len(set(told.values())) == 1 and {status for status, _, _ in told.values()} == {401}
    assert (await post(caller, path, raw, good)).status == 202
    assert (await post(caller, path, b"x" * (256 * 1024 + 1), good)).status == 413


async def test_what_the_mapping_cannot_make_feedback_of_is_named(caller: Caller) -> None:
    made = await endpoint(caller)
    for raw, param in (
        (rating("not an id"), "execution_id"),
        (rating(str(new_uuid()), rating=9), "score"),
        (rating(str(new_uuid()), rating="five"), "mapping.score"),  # type: ignore[arg-type]
        (b"[]", None),
    ):
        answer = await post(caller, made["path"], raw, signed(made["secret"], raw))
        assert (answer.status in (400, 422), answer.body["error"]["param"]) == (True, param), answer.body
    looped = rating(str(new_uuid()))
    assert (await post(caller, made["path"], looped, signed(made["secret"], looped) | {"burnish-hops": "1"})).status == 422
    bad = await caller("POST", "/v1/inbound-endpoints", {"name": "x", "mapping": SURVEY | {"score": "data.rating +"}})
    assert (bad.status, bad.body["error"]["param"]) == (422, "mapping.score")


@pytest.mark.promise("S-02", "T-04")
async def test_the_secret_is_shown_once_and_a_deleted_endpoint_takes_nothing(caller: Caller) -> None:
    made = await endpoint(caller)
    listed = (await caller("GET", "/v1/inbound-endpoints")).raw + (await caller("GET", f"/v1/inbound-endpoints/{made['id']}")).raw
    assert made["id"].encode() in listed and made["secret"].encode() not in listed
    assert made["secret"].encode() not in (await caller("GET", "/v1/audit")).raw
    raw = rating(str(new_uuid()))
    assert (await post(caller, made["path"], raw, signed(made["secret"], raw))).status == 202
    assert (await caller("DELETE", f"/v1/inbound-endpoints/{made['id']}")).status == 200

    async def gone() -> bool:
        return (await post(caller, made["path"], raw, signed(made["secret"], raw))).status == 401

    await until(gone)


@pytest.mark.promise("G-10")
async def test_who_is_refused_too_often_is_slowed_down(caller: Caller) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=("127.0.0.9", 0))) as session:
        path = f"{caller.url}/v1/inbound/{new_uuid()}"
        statuses: list[int] = []
        while 429 not in statuses and len(statuses) < 5_000:  # One a second comes back meanwhile, and more where the machine stands still.
            async with session.post(path, data=b"{}") as response:
                statuses.append(response.status)
    assert set(statuses[:60]) == {401} and statuses[-1] == 429


async def test_whoever_makes_up_endpoints_is_slowed_down_before_they_are_looked_up(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    made, execution_id = await endpoint(caller), await execute(caller)
    raw = rating(execution_id)
    assert (await post(caller, made["path"], raw, signed(made["secret"], raw))).status == 202
    looked_up: list[UUID] = []
    find_workspace = store.find_workspace

    async def counted(tx: Tx, endpoint_id: UUID) -> UUID | None:
        looked_up.append(endpoint_id)
        return await find_workspace(tx, endpoint_id)

    monkeypatch.setattr(store, "find_workspace", counted)
    monkeypatch.setattr(receiving, "REFUSALS", Throttle(rate_per_s=1000, burst=1000))
    monkeypatch.setattr(receiving, "LOOKUPS", Throttle(rate_per_s=0.01, burst=3))
    statuses = [(await post(caller, f"/v1/inbound/{new_uuid()}", b"{}", {})).status for _ in range(5)]
    assert statuses == [401] * 3 + [429] * 2 and len(looked_up) == 3
    assert (await post(caller, made["path"], raw, signed(made["secret"], raw))).status == 202, "who is known is not asked for"


async def refusals_of(caller: Caller, made: dict[str, Any]) -> list[dict[str, Any]]:
    return list((await caller("GET", f"/v1/inbound-endpoints/{made['id']}/refusals")).body["data"])


async def test_an_endpoint_is_changed_where_it_stands(caller: Caller) -> None:
    made, execution_id = await endpoint(caller), await execute(caller)
    path = f"/v1/inbound-endpoints/{made['id']}"
    mapping = {"execution_id": "run", "thumb": "liked"}
    changed = await caller("PATCH", path, {"name": "help desk", "mapping": mapping})
    assert changed.status == 200 and (changed.body["name"], changed.body["mapping"]) == ("help desk", mapping), changed.body
    assert made["updated_at"] is None and changed.body["updated_at"] and "secret" not in changed.body
    raw = json.dumps({"run": execution_id, "liked": True}).encode()

    async def taken() -> bool:
        return (await post(caller, made["path"], raw, signed(made["secret"], raw))).status == 202

    await until(taken)
    for wrong, param in (
        ({"mapping": {"execution_id": "run"}}, "mapping"),
        ({"mapping": mapping | {"thumb": "liked +"}}, "mapping.thumb"),
        ({"header": "X-Signature"}, "header"),
        ({"scheme": "hmac_sha256"}, "scheme"),
        ({"mapping": None}, "mapping"),
    ):
        refused = await caller("PATCH", path, wrong)
        assert refused.status == 422 and refused.body["error"]["param"].startswith(param), refused.body
    assert (await caller("PATCH", f"/v1/inbound-endpoints/{new_uuid()}", {"name": "x"})).status == 404
    (noted,) = (await caller("GET", "/v1/audit?action=inbound_endpoint.updated")).body["data"]
    assert (noted["before"]["name"], noted["after"]["name"]) == ("survey", "help desk")
    again = await caller("PATCH", path, {"name": "help desk", "mapping": mapping})
    assert again.status == 200 and again.body == changed.body, "what changes nothing is not changed just now"
    assert len((await caller("GET", "/v1/audit?action=inbound_endpoint.updated")).body["data"]) == 1, "what changes nothing is no entry"


async def test_of_two_who_change_an_endpoint_the_later_hears_of_the_first(caller: Caller) -> None:
    made = await endpoint(caller)
    path = f"/v1/inbound-endpoints/{made['id']}"
    theirs = await caller("PATCH", path, {"mapping": SURVEY | {"score": "data.rating"}, "revision": made["revision"]})
    assert theirs.status == 200 and theirs.body["revision"] > made["revision"], theirs.body
    mine = await caller("PATCH", path, {"mapping": SURVEY | {"comment": "data.text"}, "revision": made["revision"]})
    assert (mine.status, mine.body["error"]["param"]) == (409, "revision"), mine.body
    assert mine.body["error"]["details"] == {"revision": theirs.body["revision"]}
    assert (await caller("GET", path)).body == theirs.body, "nothing of what was refused stands there"
    lost = await caller("PATCH", path, {"mapping": SURVEY | {"score": "data.rating"}, "revision": made["revision"]})
    assert lost.status == 200 and lost.body == theirs.body, "who sends it again, the answer lost, hears that it stands"
    assert (await caller("POST", f"{path}/rotate-secret", {})).status == 200
    now = await caller("PATCH", path, {"name": "help desk", "revision": theirs.body["revision"]})
    assert now.status == 200 and now.body["name"] == "help desk", "another secret is no other mapping"
    assert (await caller("PATCH", path, {"name": "by a script"})).status == 200, "who names no revision asks for none"


@pytest.mark.promise("G-10")
async def test_refusals_around_a_clock_that_stepped_back_are_counted_in_their_minutes(stack: Stack, caller: Caller) -> None:
    made = await endpoint(caller)
    rule = SignatureRule("standard_webhooks", None, "", "base64")
    receiver = Receiver(UUID(made["id"]), caller.workspace.workspace_id, rule, b"", compiled(SURVEY))
    db = await Database.open(stack.urls["gateway"], application_name="refusals", max_size=1)
    refusals, at = RefusalLog(db), datetime(2026, 11, 25, 12, 0, 59, tzinfo=UTC)
    for seconds in (0, 2, 0, 1, 2):
        refusals.note(receiver, "too_large", f"{seconds}", at=at + timedelta(seconds=seconds))
    refusals.note(receiver, "signature", "wrong", at=at)
    await refusals.write()
    await db.close()
    found = [(one["reason"], one["times"], one["message"]) for one in await refusals_of(caller, made)]
    assert sorted(found) == [("signature", 1, "wrong"), ("too_large", 2, "0"), ("too_large", 3, "2")]


@pytest.mark.promise("P-05")
async def test_a_change_by_a_gateway_that_knows_no_revisions_is_heard_of_too(stack: Stack, caller: Caller) -> None:
    made = await endpoint(caller)
    path = f"/v1/inbound-endpoints/{made['id']}"
    mine = await caller("PATCH", path, {"name": "help desk"})
    assert mine.body["revision"] == made["revision"] + 1, "once"
    db = await Database.open(stack.urls["gateway"], application_name="the-release-before", max_size=1)
    async with db.unit_of_work(workspace=caller.workspace.workspace_id) as tx:
        for changes in ("name = 'theirs'", "name = 'theirs', mapping = mapping || '{\"score\": \"data.rating\"}'"):
            await tx.execute(f"UPDATE inbound_endpoints SET {changes}, updated_at = now() WHERE endpoint_id = $1", UUID(made["id"]))
        for is_none in ("updated_at = now()", "name = name", "secret_sealed = secret_sealed || 'x'"):
            await tx.execute(f"UPDATE inbound_endpoints SET {is_none} WHERE endpoint_id = $1", UUID(made["id"]))
    await db.close()
    refused = await caller("PATCH", path, {"name": "mine", "revision": mine.body["revision"]})
    assert (refused.status, refused.body["error"]["param"]) == (409, "revision"), refused.body
    assert refused.body["error"]["details"] == {"revision": mine.body["revision"] + 2}


@pytest.mark.promise("S-02")
async def test_both_secrets_are_good_until_the_overlap_is_over(caller: Caller, stack: Stack) -> None:
    made = await endpoint(caller)
    path, raw = f"/v1/inbound-endpoints/{made['id']}", rating(str(new_uuid()))
    rotated = await caller("POST", f"{path}/rotate-secret", {"overlap_hours": 1})
    assert rotated.status == 200 and rotated.body["secret"] != made["secret"], rotated.body
    assert (await caller("GET", path)).body["previous_secret_until"] == rotated.body["previous_secret_until"]

    async def status(secret: str) -> int:
        return (await post(caller, made["path"], raw, signed(secret, raw))).status

    async def both() -> bool:
        return await status(rotated.body["secret"]) == 202 and await status(made["secret"]) == 202

    await until(both)
    soon = await caller("POST", f"{path}/rotate-secret", {})
    assert (soon.status, soon.body["error"]["param"]) == (409, "overlap_hours"), "a third would end the first before its time"
    over = "UPDATE inbound_endpoints SET previous_secret_until = clock_timestamp() WHERE endpoint_id = $1::text::uuid"
    await books(stack, over, made["id"])
    await books(stack, "SELECT note_change($1, 'inbound_endpoint', $2)", caller.workspace.workspace_id, made["id"])

    async def only_the_new() -> bool:
        return [await status(one) for one in (made["secret"], rotated.body["secret"])] == [401, 202]

    await until(only_the_new)
    rotated = await caller("POST", f"{path}/rotate-secret", {"overlap_hours": 1})
    assert rotated.status == 200, "a third may come now"
    theirs = "whsec_" + base64.b64encode(b"a new secret of theirs, 32 bytes").decode()
    bad = await caller("POST", f"{path}/rotate-secret", {"overlap_hours": 0, "secret": "no base64 at all!!"})
    assert (bad.status, bad.body["error"]["param"]) == (422, "secret")
    last = await caller("POST", f"{path}/rotate-secret", {"overlap_hours": 0, "secret": theirs})
    assert last.body["secret"] == theirs

    async def only_the_last() -> bool:
        return [await status(one) for one in (made["secret"], rotated.body["secret"], theirs)] == [401, 401, 202]

    await until(only_the_last)
    told = (await caller("GET", path)).raw + (await caller("GET", "/v1/audit")).raw + json.dumps(await refusals_of(caller, made)).encode()
    for secret in (made["secret"], rotated.body["secret"], theirs):
        assert secret.encode() not in told


async def test_a_mapping_is_tried_before_and_after_it_is_saved_and_nothing_is_kept(caller: Caller) -> None:
    made, execution_id = await endpoint(caller), await execute(caller)
    payload = json.loads(rating(execution_id))

    async def told(**body: Any) -> Any:
        answer = await caller("POST", "/v1/inbound-endpoints/try", body)
        assert answer.status == 200, answer.body
        return answer.body

    seen = await told(inbound_id=made["id"], payload=payload)
    assert seen["outcome"] == "taken" and seen["problem"] is None and seen["message_id"] is None
    assert seen["feedback"] == {"execution_id": execution_id, "score": 0.25, "comment": "too slow", "user_id": "4711"}
    assert (await told(inbound_id=made["id"], payload={"type": "rating.deleted"}))["outcome"] == "left_alone"
    refused = await told(mapping=SURVEY | {"score": "data.rating"}, payload=payload)
    assert refused["outcome"] == "refused" and refused["problem"]["param"] == "score" and refused["feedback"] is None
    assert (await told(mapping=SURVEY | {"id": "data.customer"}, payload=payload))["message_id"] == "4711"
    for wrong, param in (
        ({"payload": payload}, "mapping"),
        ({"payload": payload, "mapping": SURVEY, "inbound_id": made["id"]}, "mapping"),
        ({"payload": payload, "mapping": SURVEY | {"score": "data.rating +"}}, "mapping.score"),
        ({"payload": [1], "mapping": SURVEY}, "payload"),
    ):
        answer = await caller("POST", "/v1/inbound-endpoints/try", wrong)
        assert (answer.status, answer.body["error"]["param"]) == (422, param), answer.body
    assert (await caller("POST", "/v1/inbound-endpoints/try", {"payload": {}, "inbound_id": str(new_uuid())})).status == 404
    assert await feedback_shown(caller, execution_id) == [] and await refusals_of(caller, made) == []


@pytest.mark.promise("G-10")
async def test_a_value_beyond_its_declared_borders_is_refused_without_being_kept(caller: Caller) -> None:
    declared = await caller("PUT", "/v1/metrics/weight", {"type": "number", "direction": "lower", "max": 100})
    assert declared.status in (200, 201), declared.body
    made = await endpoint(caller, mapping={"execution_id": "run", "metric": {"name": "weight", "value": "kg"}})
    raw = json.dumps({"run": await execute(caller), "kg": 123.625}).encode()
    refused = await post(caller, made["path"], raw, signed(made["secret"], raw))
    assert (refused.status, refused.body["error"]["param"]) == (422, "metric.value"), refused.body

    async def one() -> bool:
        return len(await refusals_of(caller, made)) == 1

    await until(one)
    [kept] = await refusals_of(caller, made)
    assert "weight is declared to be at most 100" in kept["message"] and "123" not in kept["message"]


@pytest.mark.promise("G-10")
async def test_what_was_refused_is_told_with_its_reason_and_nothing_that_was_sent(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "REFUSALS", Throttle(rate_per_s=1000, burst=1000))
    made = await endpoint(caller)
    raw = rating("not an id of mine")
    assert (await post(caller, made["path"], raw, {})).status == 401
    assert (await post(caller, made["path"], raw, signed(made["secret"], raw, at=time.time() - 1000))).status == 401
    assert (await post(caller, made["path"], raw, signed("whsec_AAAA", raw))).status == 401
    assert (await post(caller, made["path"], raw, signed(made["secret"], raw))).status == 422
    assert (await post(caller, made["path"], b"[]", signed(made["secret"], b"[]"))).status in (400, 422)

    async def five() -> bool:
        return len(await refusals_of(caller, made)) == 5

    await until(five)
    found = await refusals_of(caller, made)
    assert [(one["reason"], one["param"]) for one in found] == [
        ("body", None), ("mapping", "execution_id"), ("signature", None), ("signature", None), ("signature", None)
    ]  # fmt: skip
    assert "no header webhook-id" in found[4]["message"] and " s old; 300 s may be" in found[3]["message"]
    assert "not an id of mine" not in json.dumps(found)

    for _ in range(60):
        await post(caller, made["path"], raw, {})

    async def full() -> bool:
        found = Counter(one["reason"] for one in await refusals_of(caller, made))
        return found == {"signature": 20, "mapping": 1, "body": 1}, "what strangers send washes nothing else away"

    await until(full)
    assert (await caller("DELETE", f"/v1/inbound-endpoints/{made['id']}")).status == 200
    assert (await caller("GET", f"/v1/inbound-endpoints/{made['id']}/refusals")).status == 404


@pytest.mark.promise("G-10")
async def test_what_is_too_long_or_comes_from_a_throttled_address_is_counted_by_the_minute(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "REFUSALS", Throttle(rate_per_s=0.001, burst=2))
    made = await endpoint(caller)
    rows_written: list[int] = []
    insert_refusals = store.insert_refusals

    async def counted(tx: Tx, rows: Sequence[store.Refusal], *, keep: int) -> None:
        rows_written.append(len(rows))
        await insert_refusals(tx, rows, keep=keep)

    monkeypatch.setattr(store, "insert_refusals", counted)
    raw, long = rating(str(new_uuid())), b"x" * (256 * 1024 + 1)
    assert [(await post(caller, made["path"], raw, {})).status for _ in range(30)] == [401] * 2 + [429] * 28
    assert [(await post(caller, made["path"], long, signed(made["secret"], long))).status for _ in range(5)] == [413] * 5
    assert (await post(caller, f"/v1/inbound/{new_uuid()}", long, {})).status == 413
    assert (await post(caller, "/v1/inbound/x", long, {})).status == 413

    async def all_told() -> bool:
        told: Counter[str] = Counter()
        for one in await refusals_of(caller, made):
            told[one["reason"]] += one["times"]
        return told == {"signature": 2, "throttled": 28, "too_large": 5}

    await until(all_told)
    found = await refusals_of(caller, made)
    minutes = {one["reason"]: one["refused_at"] for one in found}
    assert {"throttled", "too_large"} <= set(minutes)
    assert len(found) <= 2 + 2 * 2, "a row for each reason and minute, of which the test may see two"
    assert sum(rows_written) < 30, "none for each message"
    told = next(one["message"] for one in found if one["reason"] == "throttled")
    assert "no header webhook-id" in told and str(256 * 1024) in next(one["message"] for one in found if one["reason"] == "too_large")
