"""Contents become structured results: by their source type, in parts, many at once, from a URL (PRODUCT E17)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from burnish_analytics.erase_subjects import erase_due
from burnish_analytics.forget_old import Forgotten, forget_some
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import books
from tests.pdfs import LOCKED, data_url, saying, written

pytestmark = pytest.mark.capability("E17")

CHAT = {"messages": [{"role": "user", "content": "Where is my parcel?"}, {"role": "assistant", "content": "On its way."}]}


async def enrich(caller: Caller, status: int = 202, **body: Any) -> Any:
    told = await caller("POST", "/v1/enrichments", body)
    assert told.status == status, told.body
    body = told.body
    async with asyncio.timeout(60):  # Who asks is told how far it is after some seconds.
        while body.get("processing_status") in ("pending", "processing"):
            await asyncio.sleep(0.05)
            body = (await caller("GET", f"/v1/enrichments/{body['id']}")).body
    return body


@asynccontextmanager
async def site(**pages: web.Response | str) -> AsyncIterator[str]:
    """Pages by name, on this machine."""

    async def page(request: web.Request) -> web.StreamResponse:
        found = pages[request.match_info["name"]]
        return found if isinstance(found, web.StreamResponse) else web.Response(text=found, content_type="text/html")

    app = web.Application()
    app.router.add_get("/{name}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("source_type", "field"), [("conversation", "sentiment"), ("youtube", "key_points"), ("document", "document_type")]
)
async def test_each_source_type_has_a_prompt_of_its_own(caller: Caller, source_type: str, field: str) -> None:
    told = await enrich(caller, source_type=source_type, content=CHAT if source_type == "conversation" else "00:01 Hello. About parcels.")
    assert (told["processing_status"], told["simulated"], told["prompt"]) == ("completed", True, None)
    assert field in told["result"] and told["computed_at"] and told["usage"]["cost_nusd"] > 0
    page = (await caller("GET", f"/v1/enrichments?source_type={source_type}&processing_status=completed")).body
    assert [one["id"] for one in page["data"]] == [told["id"]] and "content" not in page["data"][0]
    assert (await caller("GET", f"/v1/enrichments/{told['id']}")).body["content"]


async def test_a_workspace_chooses_its_own_prompt(caller: Caller) -> None:
    body = {
        "slug": "own", "messages": [{"role": "user", "content": "Sum up as JSON: {{content}}"}], "model": "simulated/chat",
        "output_format": "structured", "json_schema": {"type": "object", "properties": {"gist": {"type": "string"}}, "required": ["gist"]},
        "response_format": {"type": "json_schema", "json_schema": {"name": "g", "schema": {
            "type": "object", "properties": {"gist": {"type": "string"}}, "required": ["gist"]}}},
    }  # fmt: skip
    assert (await caller("POST", "/v1/prompts", body)).status == 201
    path = "/v1/enrichments/prompts/document"
    assert (await caller("PUT", path, {"prompt": "absent"})).status == 404
    chosen = await caller("PUT", path, {"prompt": "own", "label": "latest"})
    assert chosen.status == 200 and chosen.body["prompt"] == "own"
    told = await enrich(caller, source_type="document", content="About parcels.")
    assert (told["processing_status"], told["prompt"], told["version"]) == ("completed", "own", 1), told["error"]
    assert set(told["result"]) == {"gist"} and "About parcels." in told["result"]["gist"]
    assert (await caller("DELETE", path)).body["prompt"] is None
    assert (await enrich(caller, source_type="document", content="Again."))["prompt"] is None


async def test_a_long_content_is_read_in_parts_that_each_fit_and_put_together(caller: Caller, stack: Stack) -> None:
    model = {
        "model": "small", "provider": "simulated", "upstream_model": "chat", "context_tokens": 2600, "output_tokens": 1000,
        "base_url": f"{stack.simulator}/v1", "input_price_nusd_per_million": 1000, "output_price_nusd_per_million": 1000,
        "capabilities": ["chat"],
    }  # fmt: skip
    assert (await caller("POST", "/v1/models", model)).status == 201
    assert (await caller("PUT", "/v1/clarifications/models", {"ask_model": "small"})).status == 200
    words = " ".join(f"word{n}" for n in range(600))
    told = await enrich(caller, source_type="document", content=words)
    assert told["progress"]["parts"] >= 2, told
    rows = await books(stack, "SELECT input_tokens FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id)
    assert len(rows) >= told["progress"]["parts"] and all(row["input_tokens"] < 1600 for row in rows)
    assert (told["processing_status"], told["error"]["code"]) == ("failed", "result_invalid"), "this toy answers with no JSON"
    more = await enrich(caller, source_type="document", content=words, metadata={"about": "parcels " * 100})
    assert more["progress"]["parts"] > told["progress"]["parts"], "what is said beside a content takes its room"
    whole = await enrich(caller, source_type="document", content=words, metadata={"about": "parcels " * 2000})
    assert whole["processing_status"] == "failed" and "metadata" in whole["error"]["message"] and whole["usage"]["cost_nusd"] == 0


async def test_many_chats_in_one_call_with_progress_and_an_end(caller: Caller, stack: Stack) -> None:
    items = [{"content": {"messages": [{"role": "user", "content": f"Chat {n}"}]}, "external_id": f"c{n}"} for n in range(20)]
    started = (await caller("POST", "/v1/enrichments/batch", {"source_type": "conversation", "items": items})).body
    path = f"/v1/enrichments/groups/{started['group_id']}"
    async with asyncio.timeout(60):
        while (told := (await caller("GET", path)).body)["completed"] + told["failed"] < 20:
            assert told["total"] == 20
            await asyncio.sleep(0.05)
    assert told["completed"] == 20 and told["cost_nusd"] > 0
    page = (await caller("GET", f"/v1/enrichments?group_id={started['group_id']}&limit=200")).body["data"]
    assert {one["external_id"] for one in page} == {f"c{n}" for n in range(20)} and {one["id"] for one in page} == set(started["ids"])
    sql = "SELECT coalesce(sum(cost_nusd), 0)::bigint AS n, count(*) AS c FROM executions WHERE workspace_id = $1"
    (paid,) = await books(stack, sql, caller.workspace.workspace_id)
    assert (paid["c"], paid["n"]) == (20, told["cost_nusd"]), "each chat is one call, paid once, whichever gateway took it"


async def test_a_stored_content_is_read_anew_for_whoever_asks_now(caller: Caller, stack: Stack) -> None:
    first = await enrich(caller, source_type="document", content="About parcels.", external_id="d-1", metadata={"of": "May"}, user_id="ada")
    key = (await caller("POST", "/v1/api-keys", {"name": "second", "role": "editor"})).body
    second = replace(caller, key=key["key"])
    body = {"source_type": "document", "items": [{"id": first["id"], "metadata": {"of": "June"}}, {"content": "More of it."}]}
    started = (await second("POST", "/v1/enrichments/batch", body, headers={"burnish-hops": "2"})).body
    path = f"/v1/enrichments/groups/{started['group_id']}"
    async with asyncio.timeout(60):
        while (told := (await second("GET", path)).body)["completed"] < 2:
            assert told["total"] == 2, "what is read anew is one of the contents of the call"
            await asyncio.sleep(0.05)
    again = (await caller("GET", f"/v1/enrichments/{first['id']}")).body
    assert (again["group_id"], again["external_id"], again["metadata"]) == (started["group_id"], "d-1", {"of": "June"})
    sql = """SELECT api_key_id::text AS key, end_user FROM executions JOIN execution_contents USING (workspace_id, execution_id)
              WHERE workspace_id = $1 AND metadata ->> 'enrichment_id' = $2"""
    asked = await books(stack, sql, caller.workspace.workspace_id, first["id"])
    assert [row["end_user"] for row in asked] == ["ada"] * 2
    assert sum(row["key"] == key["id"] for row in asked) == 1, "the second reading is on the account of the key that asked for it"
    (row,) = await books(stack, "SELECT hops FROM enrichments WHERE enrichment_id = $1", UUID(first["id"]))
    assert row["hops"] == 3, "what a webhook began carries its rounds on"


async def test_a_session_of_executions_is_a_conversation(caller: Caller) -> None:
    for text in ("Where is it?", "And now?"):
        body = {"messages": [{"role": "user", "content": text}], "model": "simulated/chat", "session_id": "talk", "user_id": "ada"}
        assert (await caller("POST", "/v1/executions", body)).status == 200
    told = await enrich(caller, source_type="conversation", id="talk")
    assert told["session_id"] == "talk" and [one["role"] for one in told["content"]["messages"]] == ["user", "assistant"] * 2
    assert (await enrich(caller, 404, source_type="conversation", id="nobody"))["error"]["param"] == "id"
    assert (await enrich(caller, 404, source_type="document", id="talk"))["error"]["code"] == "not_found"


async def test_a_url_goes_through_the_guard_and_its_caps(caller: Caller) -> None:
    async with site(
        good="<html><head><title>no</title></head><body><script>evil()</script><p>All about <b>parcels</b>.</p></body></html>",
        elsewhere=web.Response(status=302, headers={"location": "http://169.254.169.254/"}),
        picture=web.Response(body=b"\x89PNG", content_type="image/png"),
        large=web.Response(text="x" * (4 * 1024 * 1024 + 1)),
        away=web.Response(status=503),
        gone=web.Response(status=404),
    ) as url:
        told = await enrich(caller, source_type="document", url=f"{url}/good")
        assert (told["processing_status"], told["content"]) == ("completed", {"text": "All about parcels."})
        for name, word, passes in (
            ("elsewhere", "leads elsewhere", False), ("picture", "image/png", False), ("large", "bytes", False), ("away", "503", True),
            ("gone", "404", False),
        ):  # fmt: skip
            failed = await enrich(caller, source_type="document", url=f"{url}/{name}")
            assert (failed["processing_status"], failed["error"]["code"]) == ("failed", "url_unreadable"), name
            assert failed["error"]["retryable"] is passes, "whether another try may help is what its message says"
            assert word in failed["error"]["message"] and failed["usage"]["cost_nusd"] == 0
    broken = await enrich(caller, source_type="document", url="http://127.0.0.1:1/x")
    assert "again" in broken["error"]["message"] and broken["error"]["retryable"] is True, broken
    nowhere = await enrich(caller, source_type="document", url="https://nowhere.invalid/x")
    assert "no address" in nowhere["error"]["message"] and nowhere["error"]["code"] == "url_unreadable", nowhere
    for bad in ("http://169.254.169.254/latest", "file:///etc/passwd", "http://user:pass@127.0.0.1/", "gopher://x"):
        refused = await enrich(caller, 422, source_type="document", url=bad)
        assert refused["error"]["code"] == "egress_refused", bad


@pytest.mark.parametrize(
    "url",
    ["https://www.youtube.com/watch?v=dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcQ?t=4", "HTTPS://m.YouTube.com/shorts/dQw4w9WgXcQ"],
)
async def test_the_page_of_a_video_is_refused_with_what_to_send(caller: Caller, url: str) -> None:
    """Nothing of the video is in it, and a model would make a result up."""
    for body in ({"source_type": "youtube", "url": url}, {"source_type": "document", "url": url}):
        refused = await caller("POST", "/v1/enrichments", body)
        assert (refused.status, refused.body["error"]["code"], refused.body["error"]["param"]) == (422, "url_unreadable", "url")
        assert "transcript as `content`" in refused.body["error"]["message"]
    for other in ("https://www.youtube.com/api/timedtext?v=x", "https://youtube.com.example.invalid/watch?v=x"):
        refused = await caller("POST", "/v1/enrichments", {"source_type": "youtube", "url": other})
        assert "transcript" not in str(refused.body.get("error")), other


async def test_a_pdf_behind_a_url_is_read_or_told_why_not(caller: Caller) -> None:
    good = written(saying("All about parcels."), saying("Page two."))
    async with site(
        good=web.Response(body=good, content_type="application/pdf"),
        stored=web.Response(body=good, content_type="application/octet-stream"),
        locked=web.Response(body=written(saying("x"), trailer=LOCKED), content_type="application/pdf"),
        scan=web.Response(body=written(b"q /Im1 Do Q"), content_type="application/pdf"),
        broken=web.Response(body=b"<html>Sign in</html>", content_type="application/pdf"),
        other=web.Response(body=b"PK\x03\x04", content_type="application/octet-stream"),
    ) as url:
        for name in ("good", "stored"):
            told = await enrich(caller, source_type="document", url=f"{url}/{name}")
            assert (told["processing_status"], told["content"]) == ("completed", {"text": "All about parcels.\n\nPage two."}), told
        for name, word in (
            ("locked", "opens only with a password"), ("scan", "its pages (1) are pictures"), ("broken", "is no PDF"),
            ("other", "holds application/octet-stream"),
        ):  # fmt: skip
            failed = await enrich(caller, source_type="document", url=f"{url}/{name}")
            assert (failed["processing_status"], failed["error"]["code"]) == ("failed", "url_unreadable"), name
            assert word in failed["error"]["message"] and failed["error"]["message"].startswith("url: "), failed["error"]
            assert failed["usage"]["cost_nusd"] == 0 and failed["error"]["retryable"] is False


async def test_a_pdf_that_is_sent_is_read_at_once_and_its_bytes_are_not_kept(caller: Caller) -> None:
    file = {"file_data": data_url(written(saying("All about parcels."))), "filename": "parcels-and-terms.pdf"}
    told = await enrich(caller, source_type="document", content=file)
    assert (told["processing_status"], told["content"]) == ("completed", {"text": "All about parcels."})
    assert "parcels-and-terms" not in json.dumps(told)
    many = await caller("POST", "/v1/enrichments/batch", {"source_type": "document", "items": [{"content": "x"}, {"content": file}]})
    assert many.status == 202
    bad = {"file_data": data_url(written(b""))}
    for body, param, word in (
        ({"content": bad}, "content.file_data", "without any text"),
        ({"content": {"file_data": data_url(b"hello", "text/plain")}}, "content.file_data", "must be a PDF"),
        ({"content": {"file_data": "data:application/pdf;base64,=="}}, "content.file_data", "must be a PDF"),
        ({"content": {"file_data": data_url(b"hello")}}, "content.file_data", "is no PDF"),
    ):
        refused = await enrich(caller, 422, source_type="document", **body)
        assert refused["error"]["param"] == param and word in refused["error"]["message"], refused
    refused = await caller("POST", "/v1/enrichments/batch", {"source_type": "document", "items": [{"content": "x"}, {"content": bad}]})
    assert (refused.status, refused.body["error"]["param"]) == (422, "items[1].content.file_data"), refused.body


async def test_what_it_is_asked_wrongly_is_said(caller: Caller) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"content": "x", "url": "https://example.com"},
        {"content": {"messages": []}},
        {"content": {"file_data": 3}},
        {"content": {}},
    ]
    for body in wrong:
        assert (await caller("POST", "/v1/enrichments", {"source_type": "document"} | body)).status == 422
    assert (await caller("POST", "/v1/enrichments", {"source_type": "song", "content": "x"})).status == 422
    workspace_id = caller.workspace.workspace_id
    assert (await caller("PATCH", f"/v1/workspaces/{workspace_id}", {"store_content": False})).status == 200
    assert (await caller("POST", "/v1/enrichments", {"source_type": "document", "content": "x"})).status == 409


@pytest.mark.capability("T8")
@pytest.mark.promise("P-01", "P-02")
async def test_they_go_with_the_person_and_with_the_days(caller: Caller, stack: Stack) -> None:
    for user in ("ada@example.com", "grace"):
        await enrich(caller, source_type="document", content=f"About {user}.", user_id=user)
    sql = "SELECT end_user FROM enrichments WHERE workspace_id = $1"
    workspace_id = caller.workspace.workspace_id
    db = await Database.open(stack.urls["analytics"], application_name="test")
    try:
        assert (await caller("POST", "/v1/erasures", {"user_id": "ada@example.com"})).status in (201, 202)
        assert await erase_due(db, SystemClock(), batch_rows=1) == 1
        assert [row["end_user"] for row in await books(stack, sql, workspace_id)] == ["grace"]
        await books(
            stack, "UPDATE enrichments SET updated_at = clock_timestamp() - interval '31 days' WHERE workspace_id = $1", workspace_id
        )
        while await forget_some(db, workspace_id, Forgotten(), batch_rows=1):
            pass
    finally:
        await db.close()
    assert await books(stack, sql, workspace_id) == []


async def test_what_the_workspace_masks_is_masked(caller: Caller) -> None:
    assert (await caller("PUT", "/v1/masking", {"masking": {"kinds": ["email"]}})).status == 200
    told = await enrich(caller, source_type="document", content="Write to ada@example.com.", metadata={"by": ["ada@example.com"]})
    assert "ada@example.com" not in json.dumps(told) and told["metadata"] == {"by": ["[EMAIL]"]}
    again = await enrich(caller, source_type="document", id=told["id"], metadata={"of": "ada@example.com"})
    assert again["metadata"] == {"of": "[EMAIL]"}
