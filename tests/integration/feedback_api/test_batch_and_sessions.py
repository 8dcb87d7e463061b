"""Feedback in bulk, and sessions (F1, F2)."""

import json
from typing import Any

import pytest

from burnish_shared.ids import derived_uuid, new_uuid
from tests.embedded.stack import Answer, Caller
from tests.integration.feedback_api.test_feedback_api import feedback_shown, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def send(caller: Caller, lines: list[Any], *, key: str | None = None) -> Answer:
    raw = b"\n".join(one if isinstance(one, bytes) else json.dumps(one, ensure_ascii=False).encode() for one in lines)
    headers = {"content-type": "application/x-ndjson"} | ({"idempotency-key": key} if key else {})
    return await caller("POST", "/v1/feedback/batch", raw=raw, headers=headers)


async def execute(caller: Caller, session_id: str | None = None) -> str:
    body = {"prompt": "route", "variables": {"text": "x"}} | ({"session_id": session_id} if session_id else {})
    answer = await caller("POST", "/v1/executions", body)
    assert answer.status == 200, answer.body
    return str(answer.body["id"])


@pytest.mark.capability("F2")
@pytest.mark.promise("A-03", "G-01")
async def test_a_batch_is_taken_whole_and_counts_once_however_often_it_is_sent(caller: Caller) -> None:
    one, other = await execute(caller), await execute(caller)
    lines = [{"execution_id": one, "thumb": "down", "comment": "no"}, b"", {"execution_id": other, "score": 0.5}]
    answers = [await send(caller, lines, key="night-1") for _ in range(3)]
    assert [answer.status for answer in answers] == [202] * 3 and len({answer.raw for answer in answers}) == 1
    workspace = caller.workspace.workspace_id
    expected = [{"line": n, "feedback_id": str(derived_uuid(workspace, f"night-1:{n}"))} for n in (1, 3)]
    assert answers[0].body == {"accepted": 2, "rejected": 0, "results": expected}
    assert [shown["thumb"] for shown in await until(lambda: feedback_shown(caller, one))] == ["down"]
    assert [shown["score"] for shown in await until(lambda: feedback_shown(caller, other))] == [0.5]

    async def counted() -> bool:
        return bool((await caller("GET", "/v1/analytics/summary?prompt=route")).body["reactions"] == 2)

    await until(counted)


@pytest.mark.capability("F1", "F2")
@pytest.mark.promise("A-03")
async def test_of_two_lines_about_one_thing_the_lower_one_counts(caller: Caller) -> None:
    one = await execute(caller)
    ids = ["ffffffff-0000-7000-8000-000000000000", "88888888-0000-7000-8000-000000000000", "00000000-0000-7000-8000-000000000000"]
    words = ["up", "up", "down"]
    lines = [
        {"execution_id": one, "thumb": thumb, "user_id": "ann", "feedback_id": feedback_id}
        for feedback_id, thumb in zip(ids, words, strict=True)
    ]
    assert (await send(caller, lines)).status == 202
    [shown] = await until(lambda: feedback_shown(caller, one))
    assert shown["feedback_id"] == ids[-1] and shown["thumb"] == "down"
    assert [replaced["feedback_id"] for replaced in shown["replaced"]] == ids[:-1]


@pytest.mark.capability("F2")
@pytest.mark.promise("A-07", "A-08")
async def test_bad_lines_are_named_and_cost_their_neighbours_nothing(caller: Caller) -> None:
    good = {"execution_id": str(new_uuid()), "thumb": "up"}
    answer = await send(caller, [good, b'{"thumb": "up"', {**good, "score": 2}, {"thumb": "up"}, {**good, "colour": 1}, good])
    assert answer.status == 200
    assert (answer.body["accepted"], answer.body["rejected"]) == (2, 4)
    told = {one["line"]: (one["error"]["code"], one["error"].get("param")) for one in answer.body["results"] if "error" in one}
    assert told == {
        2: ("invalid_body", None),
        3: ("invalid_field", "score"),
        4: ("invalid_field", "execution_id"),
        5: ("invalid_field", "colour"),
    }
    none = await send(caller, [{"thumb": "up"}])
    assert none.status == 422 and none.body["error"]["details"]["results"][0]["line"] == 1
    assert (await send(caller, [b" "])).status == 400
    assert (await send(caller, [b"{}"] * 1001)).status == 422
    assert (await send(caller, [b"x" * (1 << 20), b"y"])).status == 413


@pytest.mark.capability("F2", "E8")
async def test_an_array_is_refused_with_words_that_say_what_to_send(caller: Caller) -> None:
    array = [{"execution_id": "0192f0c0-0000-7000-8000-000000000000", "thumb": "up"}] * 2
    for sent, called in (
        (json.dumps(array), "a JSON array"), (json.dumps(array, indent=1), "a JSON array"),
        (json.dumps(array[0], indent=1), "on several lines"), (json.dumps(array[0]).replace(", ", ",\n"), "on several lines"),
    ):  # fmt: skip
        for path in ("/v1/feedback/batch", "/v1/executions/import"):
            refused = await caller("POST", path, raw=sent.encode())
            assert (refused.status, refused.body["error"]["code"]) == (400, "invalid_body"), refused.body
            assert called in refused.body["error"]["message"] and "Send JSON lines (JSONL)" in refused.body["error"]["message"]


@pytest.mark.capability("F2")
@pytest.mark.promise("G-01")
async def test_a_batch_larger_than_a_message_is_kept_whole(caller: Caller) -> None:
    targets = [str(new_uuid()) for _ in range(14)]
    answer = await send(caller, [{"session_id": one, "thumb": "up", "correction": "é" * 30_000} for one in targets])
    assert answer.status == 202, answer.body

    async def stored() -> bool:
        found = [(await caller("GET", f"/v1/sessions/{one}")).status for one in targets]
        return found == [200] * len(targets)

    await until(stored)


@pytest.mark.capability("F1", "E13")
async def test_a_session_shows_its_executions_in_order_with_all_feedback(caller: Caller) -> None:
    name = "chat/1 é"
    path = "/v1/sessions/chat%2F1%20%C3%A9"
    ids = [await execute(caller, name) for _ in range(3)]
    await execute(caller, "another")
    await send(
        caller, [{"session_id": name, "score": 0.5}, {"execution_id": ids[1], "thumb": "up"}, {"session_id": "another", "thumb": "up"}]
    )

    async def whole() -> Any:
        body = (await caller("GET", path)).body
        is_joined = any(execution["feedback"] for execution in body["executions"])
        # Each part is read by itself, so one may be older than the next.
        return body if body["totals"]["reactions"] == 2 and is_joined and body["feedback"] else None

    found = await until(whole)
    assert found["session_id"] == name and [one["id"] for one in found["executions"]] == ids
    assert [[one["kind"] for one in execution["feedback"]] for execution in found["executions"]] == [[], ["thumb"], []]
    assert [one["score"] for one in found["feedback"]] == [0.5]
    totals = found["totals"]
    assert (totals["executions"], totals["successes"], totals["satisfaction"], totals["simulated"]) == (3, 3, 0.75, True)
    first = (await caller("GET", f"{path}?limit=2")).body
    second = (await caller("GET", f"{path}?limit=2&cursor={first['next_cursor']}")).body
    assert [one["id"] for one in first["executions"] + second["executions"]] == ids and second["next_cursor"] is None
    assert (await caller("GET", "/v1/sessions/nobodys")).status == 404
