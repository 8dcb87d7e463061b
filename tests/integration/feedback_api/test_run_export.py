"""`GET /v1/executions/export`: the log as a file (PRODUCT E13)."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.execution import store, write_log
from burnish_gateway.streamed_file import BROKEN_OFF
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.feedback_api.test_batch_and_sessions import send
from tests.integration.feedback_api.test_feedback_api import until
from tests.integration.feedback_api.test_run_filters import found, run

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E13")]


async def lines(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = await caller("GET", f"/v1/executions/export?{query}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.raw
    assert answer.headers["content-disposition"] == 'attachment; filename="executions.jsonl"'
    return [json.loads(line) for line in answer.raw.splitlines()]


async def table(caller: Caller, query: str = "") -> list[dict[str, str]]:
    answer = await caller("GET", f"/v1/executions/export?format=csv&{query}")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), answer.raw
    rows = list(csv.reader(io.StringIO(answer.raw.decode(), newline="")))
    assert tuple(rows[0]) == write_log.COLUMNS
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


async def test_the_file_has_what_the_list_has_however_many_pieces_it_takes(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await lines(caller) == [] and await table(caller) == []
    for number in range(5):
        await run(caller, user_id=f"user-{number}", app="web" if number % 2 else "api", metadata={"n": number, "secret": "kept out"})
    listed = (await caller("GET", "/v1/executions")).body["data"]
    for at_once in (1, 2, 5, 500):
        monkeypatch.setattr(write_log, "ROWS_AT_ONCE", at_once)
        assert await lines(caller) == listed
        assert [row["id"] for row in await table(caller)] == [row["id"] for row in listed]
    first = (await table(caller, "app=web"))[0]
    web = next(row for row in listed if row["app"] == "web")
    assert first == {
        name: "" if value is None else value if isinstance(value, str) else json.dumps(value)
        for name, value in {name: (web | web["usage"] | {"usage_source": web["usage"]["source"]}).get(name) for name in first}.items()
    }
    raw = (await caller("GET", "/v1/executions/export")).raw + (await caller("GET", "/v1/executions/export?format=csv")).raw
    assert b"Hello." not in raw and b"kept out" not in raw, "numbers and ids, no text, as in the list"


async def test_the_file_is_narrowed_as_the_list_is_and_goes_on_where_a_search_ended(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await run(caller, metadata={"n": str(number % 3)}, user_id="ann" if number < 5 else "bob") for number in range(7)]
    assert (await send(caller, [{"execution_id": ids[1], "thumb": "down"}])).status == 202

    async def is_counted() -> bool:
        return await found(caller, "reaction=down") == [ids[1]]

    await until(is_counted)
    monkeypatch.setattr(store, "LOOKED_ELSEWHERE_MOST", 2)
    for query, wanted in (
        ("metadata[n]=0", [ids[6], ids[3], ids[0]]), ("metadata[n]=0&user_id=ann", [ids[3], ids[0]]), ("reaction=down", [ids[1]]),
        ("user_id=nobody", []), ("metadata[n]=9", []), ("model=simulated/chat&user_id=bob", [ids[6], ids[5]]),
    ):  # fmt: skip
        assert [row["id"] for row in await lines(caller, query)] == wanted, query
        assert [row["id"] for row in await table(caller, query)] == wanted, query
    for query, param in (
        ("format=xml", "format"), ("min_score=nan", "min_score"), ("colour=red", "colour"), ("limit=5", "limit"), ("cursor=x", "cursor"),
    ):  # fmt: skip
        refused = await caller("GET", f"/v1/executions/export?{query}")
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body


async def test_no_cell_runs_as_a_formula(stack: Stack, caller: Caller) -> None:
    texts = {"user_id": "=1+1", "session_id": "@SUM(A1)", "app": "-2", "client_request_id": "+3"}
    made = await run(caller, **texts)
    error = {"code": "=cmd()", "message": '=HYPERLINK("http://x")\nnext, line'}
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            "UPDATE executions SET status = 'error', error = $2::text::jsonb WHERE execution_id = $1", UUID(made), json.dumps(error)
        )
    [row] = await table(caller)
    assert {name: row[name] for name in texts} == {name: f"'{text}" for name, text in texts.items()}
    assert (row["error_code"], row["error_message"], row["status"]) == (f"'{error['code']}", f"'{error['message']}", "error")
    [line] = await lines(caller)
    assert {name: line[name] for name in texts} == texts, "JSON lines are exact"


async def test_rights_are_those_of_the_list(stack: Stack, caller: Caller) -> None:
    made = await run(caller)
    assert [row["id"] for row in await lines(caller)] == [made]
    other = await stack.caller()
    assert await lines(other) == [] and await table(other) == []


async def test_a_file_that_breaks_off_says_so(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await run(caller)
    monkeypatch.setattr(write_log, "ROWS_AT_ONCE", 1)
    whole, is_away = write_log.read_piece, [False]

    async def breaking(db: Database, workspace_id: UUID, *, filters: Mapping[str, Any], after: UUID | None) -> store.Found:
        if after is not None or is_away[0]:
            raise Unavailable("The database is away.")
        return await whole(db, workspace_id, filters=filters, after=after)

    monkeypatch.setattr(write_log, "read_piece", breaking)
    rows = await lines(caller)
    assert len(rows) == 2 and list(rows[1]) == ["error"] and "id" in rows[0]
    answer = await caller("GET", "/v1/executions/export?format=csv")
    assert answer.raw.decode().splitlines()[-1].strip('"').startswith(BROKEN_OFF)
    is_away[0] = True
    assert (await caller("GET", "/v1/executions/export")).status == 503, "while there is a status to say it"


async def test_a_long_file_is_read_in_pieces_of_a_transaction_each(stack: Stack, caller: Caller) -> None:
    ids = [new_uuid() for _ in range(3_000)]
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            """INSERT INTO executions (execution_id, workspace_id, fence, lane, status, model, provider, input_tokens, output_tokens,
                 cached_input_tokens, usage_source, cost_nusd, latency_ms, finished_at)
               SELECT id, $1, 1, 'interactive', 'success', 'm', 'p', 20, 10, 0, 'provider', 1800, 120, now() FROM unnest($2::uuid[]) id""",
            caller.workspace.workspace_id, ids,
        )  # fmt: skip
    db = await Database.open(stack.urls["gateway"], application_name="test-log")
    try:
        workspace = caller.workspace.workspace_id
        first = await write_log.read_piece(db, workspace, filters={}, after=None)
        pieces = [piece async for piece in write_log.pieces_of_log(db, workspace, filters={}, first=first)]
    finally:
        await db.close()
    assert [len(piece) for piece in pieces] == [500] * 6
    assert [row["execution_id"] for piece in pieces for row in piece] == sorted(ids, reverse=True)
    assert [row["id"] for row in await lines(caller)] == [str(one) for one in sorted(ids, reverse=True)]
