"""Prompts over HTTP, on a real database: what is saved, what is served, and what is refused."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.embedded.superuser import as_superuser
from tests.integration.registry.conftest import Bench, Caller, RunningGateway
from tests.pace import comes_within

HELLO = {"slug": "hello", "messages": [{"role": "user", "content": "Hello {{name}}"}], "model": "simulated/chat"}


async def created(call: Caller, **changes: Any) -> dict[str, Any]:
    answer = await call("POST", "/v1/prompts", HELLO | changes)
    assert answer.status == 201, answer.body
    return answer.body  # type: ignore[no-any-return]


async def added(call: Caller, text: str, *, base: int, **more: Any) -> int:
    body = {"messages": [{"role": "user", "content": text}], "base_version": base} | more
    answer = await call("POST", "/v1/prompts/hello/versions", body)
    assert answer.status == 201, answer.body
    return answer.body["version"]  # type: ignore[no-any-return]


async def outbox(bench: Bench, call: Caller, event_type: str) -> list[dict[str, Any]]:
    async with as_superuser(bench.urls["superuser"]) as connection:
        rows = await connection.fetch(
            "SELECT body FROM outbox WHERE subject = $1 ORDER BY outbox_id", f"burnish.v1.{event_type}.{call.workspace_id}"
        )
    return [json.loads(row["body"]) for row in rows]


@pytest.mark.capability("P1")
async def test_a_prompt_is_created_with_version_1_in_production(call: Caller) -> None:
    body = await created(call, slug="Hello", temperature=0.2, tags=["a", "a", " b "], folder="/support/tier 1/")
    assert body["slug"] == "hello"
    assert body["version"] == 1
    assert body["name"] == "hello"
    assert body["label"] == "production"
    assert body["labels"] == {"production": 1, "latest": 1}
    assert body["tags"] == ["a", "b"]
    assert body["folder"] == "support/tier 1"
    assert body["temperature"] == 0.2
    assert body["variables"] == [{"name": "name", "type": None, "required": True, "default": None}]
    assert "top_p" not in body, "a setting that was not given is not there"
    assert (await call("GET", "/v1/prompts/hello")).body == body


@pytest.mark.capability("P1")
async def test_a_template_is_one_user_message(call: Caller) -> None:
    answer = await call("POST", "/v1/prompts", {"slug": "hello", "template": "Hi {{x}}", "model": "m"})
    assert answer.body["messages"] == [{"role": "user", "content": "Hi {{x}}"}]


@pytest.mark.capability("P3")
async def test_a_prompt_may_be_created_without_a_label_or_with_another(call: Caller) -> None:
    assert (await created(call, label=None))["labels"] == {"latest": 1}
    assert (await call("POST", "/v1/prompts/hello/render", {"variables": {"name": "x"}})).status == 404
    assert (await created(call, slug="other", label="Staging"))["labels"] == {"staging": 1, "latest": 1}


@pytest.mark.capability("P1")
async def test_a_taken_slug_is_409(call: Caller) -> None:
    await created(call)
    answer = await call("POST", "/v1/prompts", HELLO | {"slug": "HELLO"})
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["param"]) == (409, "conflict", "slug")


@pytest.mark.promise("G-02", "G-04")
async def test_a_repeat_with_an_idempotency_key_creates_once(call: Caller) -> None:
    headers = {"idempotency-key": "k1"}
    one = await call("POST", "/v1/prompts", HELLO, headers=headers)
    two = await call("POST", "/v1/prompts", HELLO, headers=headers)
    assert (one.status, two.status, two.body) == (201, 201, one.body)
    assert two.headers["idempotent-replayed"] == "true"
    other = await call("POST", "/v1/prompts", HELLO | {"slug": "x"}, headers=headers)
    assert (other.status, other.body["error"]["code"]) == (422, "idempotency_mismatch")


@pytest.mark.capability("P1")
async def test_a_version_takes_over_what_it_does_not_mention(call: Caller) -> None:
    await created(call, temperature=0.2, seed=7)
    assert await added(call, "Bye {{name}}", base=1, temperature=None, message="shorter") == 2
    version = (await call("GET", "/v1/prompts/hello/versions/2")).body
    assert version["messages"] == [{"role": "user", "content": "Bye {{name}}"}]
    assert version["model"] == "simulated/chat"
    assert version["seed"] == 7
    assert "temperature" not in version
    assert (version["base_version"], version["message"], version["source"]) == (1, "shorter", "manual")


@pytest.mark.capability("P1")
async def test_saving_what_was_saved_before_returns_that_version(bench: Bench, call: Caller) -> None:
    await created(call)
    assert await added(call, "two", base=1) == 2
    again = await call("POST", "/v1/prompts/hello/versions", {"messages": [{"role": "user", "content": "two"}], "base_version": 1})
    assert (again.body["version"], again.body["is_new"]) == (2, False)
    back = await call("POST", "/v1/prompts/hello/versions", {"messages": HELLO["messages"], "base_version": 2})
    assert (back.body["version"], back.body["is_new"]) == (1, False)
    assert [event["data"]["version"] for event in await outbox(bench, call, "prompt.version.created")] == [1, 2]


@pytest.mark.capability("P1")
async def test_saving_on_an_old_base_is_409_with_all_three_texts(call: Caller) -> None:
    await created(call, temperature=0.2)
    await added(call, "newer", base=1)
    mine = {"temperature": 0.9, "messages": [{"role": "user", "content": "mine"}], "base_version": 1}
    answer = await call("POST", "/v1/prompts/hello/versions", mine)
    assert answer.status == 409
    assert answer.body["error"]["code"] == "newer_version"
    assert answer.body["newer_version"] == 2
    merge = answer.body["merge"]
    assert [merge[side]["messages"][0]["content"] for side in ("base", "ours", "theirs")] == ["Hello {{name}}", "newer", "mine"]
    assert merge["changed_by_ours"] == ["messages"]
    assert merge["changed_by_theirs"] == ["messages", "temperature"]
    assert merge["conflicts"] == ["messages"]
    assert (await call("GET", "/v1/prompts/hello/versions")).body["data"][0]["version"] == 2


@pytest.mark.capability("P1")
async def test_a_base_that_is_not_there_is_said_to_be_missing(call: Caller) -> None:
    await created(call)
    for path, more in (("versions", {}), ("versions/1/cherry-pick", {"parts": ["temperature"]})):
        answer = await call("POST", f"/v1/prompts/hello/{path}", {"base_version": 7, **more})
        assert (answer.status, answer.body["error"]["param"], "newest is 1" in answer.body["error"]["message"]) == (
            404,
            "base_version",
            True,
        )


async def test_of_many_who_save_at_once_on_one_base_one_wins_and_no_number_is_lost(call: Caller) -> None:
    await created(call)
    await asyncio.gather(*(call("GET", "/v1/prompts") for _ in range(8)))  # so that connections are open, and the savings really meet
    bodies = [{"messages": [{"role": "user", "content": f"text {n}"}], "base_version": 1} for n in range(8)]
    answers = await asyncio.gather(*(call("POST", "/v1/prompts/hello/versions", body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    listed = (await call("GET", "/v1/prompts/hello/versions")).body["data"]
    assert [one["version"] for one in listed] == [2, 1]


@pytest.mark.capability("P1")
async def test_versions_are_listed_in_pages_newest_first(call: Caller) -> None:
    await created(call)
    for number in range(1, 5):
        await added(call, f"text {number}", base=number)
    seen: list[int] = []
    cursor = ""
    while True:
        page = (await call("GET", f"/v1/prompts/hello/versions?limit=2{cursor}")).body
        seen += [one["version"] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.capability("P1")
async def test_two_versions_differ_by_word_and_field(call: Caller) -> None:
    await created(call, temperature=0.2)
    await added(call, "Hello dear {{name}}", base=1, temperature=0.4)
    change = (await call("GET", "/v1/prompts/hello/versions/1/diff/2")).body
    assert change["identical"] is False
    assert change["settings"] == [{"field": "temperature", "before": 0.2, "after": 0.4}]
    (message,) = change["messages"]
    assert {"op": "insert", "text": "dear "} in message["words"]
    assert (await call("GET", "/v1/prompts/hello/versions/2/diff/2")).body["identical"] is True
    assert (await call("GET", "/v1/prompts/hello/versions/1/diff/3")).status == 404


@pytest.mark.capability("P3")
async def test_a_label_moves_with_its_history_and_an_event(bench: Bench, call: Caller) -> None:
    await created(call)
    await added(call, "two", base=1)
    moved = await call("PUT", "/v1/prompts/hello/labels/Production", {"version": 2, "reason": "better"})
    assert moved.status == 200
    assert set(moved.body) == {"label", "version", "moved_at"}
    assert (moved.body["label"], moved.body["version"]) == ("production", 2)
    assert (await call("GET", "/v1/prompts/hello?label=production")).body["version"] == 2
    again = await call("PUT", "/v1/prompts/hello/labels/production", {"version": 2})
    assert again.body == moved.body, "setting it where it stands changes nothing"

    history = (await call("GET", "/v1/prompts/hello/labels/production/history")).body["data"]
    assert [(one["from_version"], one["version"], one["reason"]) for one in history] == [(1, 2, "better"), (None, 1, "")]
    events = await outbox(bench, call, "prompt.label.moved")
    assert [(event["data"]["from_version"], event["data"]["version"]) for event in events] == [(None, 1), (1, 2)]
    assert events[0]["object_version"] < events[1]["object_version"]
    labels = (await call("GET", "/v1/prompts/hello/labels")).body["data"]
    assert {one["label"]: one["version"] for one in labels} == {"production": 2, "latest": 2}


@pytest.mark.promise("W-13")
async def test_what_a_webhook_caused_carries_its_rounds_on(bench: Bench, call: Caller) -> None:
    await created(call)
    await added(call, "two", base=1)
    for version, header in ((2, {"burnish-hops": "0"}), (1, {"burnish-hops": "1"}), (2, {"burnish-hops": "2"}), (1, {})):
        assert (await call("PUT", "/v1/prompts/hello/labels/production", {"version": version}, headers=header)).status == 200
    assert [one["hops"] for one in await outbox(bench, call, "prompt.label.moved")] == [0, 1, 2, 3, 0]


@pytest.mark.capability("P3")
async def test_a_removed_label_is_an_error_and_never_an_old_answer(call: Caller) -> None:
    await created(call)
    assert (await call("POST", "/v1/prompts/hello/render", {"variables": {"name": "x"}})).status == 200
    removed = await call("DELETE", "/v1/prompts/hello/labels/production?reason=stop")
    assert (removed.status, removed.body["version"]) == (200, None)
    for method, path, body in (
        ("POST", "/v1/prompts/hello/render", {"variables": {"name": "x"}}),
        ("POST", "/v1/prompts/hello/render", {"variables": {"name": "x"}, "label": "production"}),
        ("GET", "/v1/prompts/hello?label=production", None),
        ("GET", "/v1/prompts/hello/labels/production", None),
        ("DELETE", "/v1/prompts/hello/labels/production", None),
    ):
        assert (await call(method, path, body)).status == 404, path
    assert (await call("GET", "/v1/prompts/hello")).body["label"] == "latest"
    history = (await call("GET", "/v1/prompts/hello/labels/production/history")).body["data"]
    assert [(one["from_version"], one["version"]) for one in history] == [(1, None), (None, 1)]


@pytest.mark.capability("P3")
@pytest.mark.parametrize(
    ("label", "version", "status"), [("latest", 1, 422), ("7", 1, 422), ("a b", 1, 422), ("ok", 9, 404), ("ok", 0, 422), ("ok", 2**40, 422)]
)
async def test_labels_that_cannot_be_moved(call: Caller, label: str, version: int, status: int) -> None:
    await created(call)
    assert (await call("PUT", f"/v1/prompts/hello/labels/{quote(label)}", {"version": version})).status == status


@pytest.mark.capability("P3")
async def test_a_moved_label_is_served_by_another_gateway_within_a_second(call: Caller, second: RunningGateway) -> None:
    await created(call)
    there = call.at(second.url)
    await added(call, "two", base=1)
    await second.gateway.feed.look()
    assert (await there("GET", "/v1/prompts/hello?label=production")).body["version"] == 1
    await call("PUT", "/v1/prompts/hello/labels/production", {"version": 2})

    async with comes_within(1.0):
        while (await there("GET", "/v1/prompts/hello?label=production")).body["version"] != 2:
            await asyncio.sleep(0.02)


@pytest.mark.capability("P3")
async def test_what_was_just_made_elsewhere_is_found_at_once(call: Caller, second: RunningGateway) -> None:
    there = call.at(second.url)
    assert (await there("GET", "/v1/prompts/hello")).status == 404
    await created(call, label=None)
    assert (await there("GET", "/v1/prompts/hello?label=latest")).status == 200
    await call("PUT", "/v1/prompts/hello/labels/staging", {"version": 1})
    assert (await there("GET", "/v1/prompts/hello?label=staging")).status == 200
    await added(call, "two", base=1)
    assert (await there("GET", "/v1/prompts/hello/versions/2")).status == 200


@pytest.mark.capability("P3")
async def test_an_etag_saves_sending_what_the_caller_has(call: Caller) -> None:
    await created(call)
    one = await call("GET", "/v1/prompts/hello?label=production")
    etag = one.headers["etag"]
    same = await call("GET", "/v1/prompts/hello?label=production", headers={"if-none-match": f'"x", W/{etag}'})
    assert (same.status, same.body, same.headers["etag"]) == (304, "", etag)
    await added(call, "two", base=1)
    await call("PUT", "/v1/prompts/hello/labels/production", {"version": 2})
    new = await call("GET", "/v1/prompts/hello?label=production", headers={"if-none-match": etag})
    assert (new.status, new.body["version"]) == (200, 2)
    first, second = [await call("GET", f"/v1/prompts/hello/versions/{number}") for number in (1, 2)]
    assert first.headers["etag"] != second.headers["etag"]
    # A browser that kept it would show it to whoever signs in next, and for the same name in another workspace.
    assert first.headers["cache-control"] == "private, no-cache"


@pytest.mark.capability("P2")
async def test_a_prompt_is_rendered(call: Caller) -> None:
    await created(call)
    answer = await call("POST", "/v1/prompts/hello/render", {"variables": {"name": "{{Ada}}", "more": 1}})
    assert answer.body == {
        "slug": "hello",
        "version": 1,
        "label": "production",
        "model": "simulated/chat",
        "messages": [{"role": "user", "content": "Hello {{Ada}}"}],
        "used_variables": ["name"],
        "stale_for_s": 0.0,
    }
    missing = await call("POST", "/v1/prompts/hello/render", {"variables": {}, "version": 1})
    assert (missing.status, missing.body["error"]["code"]) == (422, "missing_variables")
    assert missing.body["error"]["details"] == {"missing": ["name"]}


@pytest.mark.capability("P1")
async def test_prompts_are_found_by_text_tag_folder_model_and_label(call: Caller) -> None:
    await created(call, slug="a", name="Route 100% of tickets", tags=["x", "y"], folder="support", model="m1", label="staging")
    await created(call, slug="b", description="tickets too", tags=["y"], folder="support/eu", model="m2")
    await created(call, slug="c", folder="supporters", model="m1", label=None)

    async def found(query: str) -> list[str]:
        return [one["slug"] for one in (await call("GET", f"/v1/prompts?{query}")).body["data"]]

    assert await found("") == ["c", "b", "a"]
    assert await found("q=TICKETS") == ["a", "b"]
    assert await found("q=100%25") == ["a"]
    assert await found("q=1__%25") == ["a"]
    assert await found("tag=y") == ["b", "a"]
    assert await found("folder=support") == ["b", "a"]
    assert await found("model=m1") == ["c", "a"]
    assert await found("label=production") == ["b"]
    assert await found("tag=x&model=m1&label=staging") == ["a"]


@pytest.mark.promise("T-09")
async def test_a_list_goes_on_where_its_cursor_says_and_for_its_workspace_only(bench: Bench, first: RunningGateway, call: Caller) -> None:
    for slug in "abc":
        await created(call, slug=slug)
    page = (await call("GET", "/v1/prompts?limit=2")).body
    assert [one["slug"] for one in page["data"]] == ["c", "b"]
    rest = (await call("GET", f"/v1/prompts?limit=2&cursor={page['next_cursor']}")).body
    assert ([one["slug"] for one in rest["data"]], rest["next_cursor"]) == (["a"], None)
    other = await bench.caller(first)
    assert (await other("GET", f"/v1/prompts?cursor={page['next_cursor']}")).status == 422
    assert (await call("GET", f"/v1/prompts/a/versions?cursor={page['next_cursor']}")).status == 422
    assert (await call("GET", "/v1/prompts?cursor=garbage")).status == 422


@pytest.mark.capability("P1")
async def test_a_prompt_is_renamed_and_moved_without_a_new_version(call: Caller) -> None:
    await created(call)
    changed = await call("PATCH", "/v1/prompts/hello", {"name": "Greeting", "folder": "a/b", "tags": ["t"], "description": "d"})
    assert changed.status == 200
    assert (changed.body["name"], changed.body["folder"], changed.body["tags"], changed.body["description"]) == (
        "Greeting",
        "a/b",
        ["t"],
        "d",
    )
    now = (await call("GET", "/v1/prompts/hello")).body
    assert (now["name"], now["latest_version"]) == ("Greeting", 1)
    assert (await call("PATCH", "/v1/prompts/hello", {"slug": "x"})).status == 422
    assert (await call("PATCH", "/v1/prompts/none", {"name": "x"})).status == 404


READS = (
    "/v1/prompts/hello",
    "/v1/prompts/hello?label=latest",
    "/v1/prompts/hello/versions",
    "/v1/prompts/hello/versions/1",
    "/v1/prompts/hello/versions/1/diff/1",
    "/v1/prompts/hello/labels",
    "/v1/prompts/hello/labels/production",
    "/v1/prompts/hello/labels/production/history",
)
WRITES: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("POST", "/v1/prompts/hello/versions", {"base_version": 1, "model": "m2"}),
    ("PATCH", "/v1/prompts/hello", {"name": "theirs"}),
    ("PUT", "/v1/prompts/hello/labels/production", {"version": 1}),
    ("DELETE", "/v1/prompts/hello/labels/production", None),
)
RENDER = ("POST", "/v1/prompts/hello/render", {"variables": {"name": "x"}})


@pytest.mark.promise("G-17", "T-01")
async def test_another_tenants_prompt_is_as_absent_as_one_that_never_was(bench: Bench, first: RunningGateway, call: Caller) -> None:
    await created(call)
    stranger = await bench.caller(first)
    for method, path, body in (*(("GET", path, None) for path in READS), *WRITES, RENDER):
        theirs = await stranger(method, path, body)
        nobodys = await stranger(method, path.replace("hello", "never"), body)
        assert (theirs.status, nobodys.status) == (404, 404), path
        assert theirs.body["error"]["message"].replace("hello", "never") == nobodys.body["error"]["message"]
    assert (await stranger("GET", "/v1/prompts")).body["data"] == []
    assert (await created(stranger))["version"] == 1, "and the slug is free in their workspace"
    assert (await call("GET", "/v1/prompts/hello")).body["name"] == "hello"


async def test_a_version_that_asks_for_no_json_and_looks_for_some_says_so(call: Caller) -> None:
    body = {
        "slug": "hello",
        "template": "Say hello.",
        "model": "simulated/chat",
        "output_format": "json",
        "response_format": {"type": "text"},
    }
    [warning] = (await call("POST", "/v1/prompts", body)).body["warnings"]
    assert warning.startswith("response_format: 'text'") and "'json'" in warning
    changed = {"base_version": 1, "response_format": {"type": "json_object"}}
    assert (await call("POST", "/v1/prompts/hello/versions", changed)).body.get("warnings") is None
    back = await call("POST", "/v1/prompts/hello/versions", {"base_version": 2, "response_format": {"type": "text"}, "top_p": 0.5})
    assert back.body["warnings"] == [warning]


async def test_a_label_that_moves_to_a_model_nobody_can_call_says_so_and_whether_it_is_new(call: Caller) -> None:
    await created(call)
    assert (await call("POST", "/v1/prompts/hello/versions", {"base_version": 1, "model": "gpt-4o-mni"})).status == 201
    assert (await call("POST", "/v1/prompts/hello/versions", {"base_version": 2, "model": "simulated/chat", "top_p": 0.5})).status == 201
    before = (await call("GET", "/v1/prompts/hello/labels/production/effects?version=2")).body
    moved = (await call("PUT", "/v1/prompts/hello/labels/production", {"version": 2})).body
    [warning] = moved["warnings"]
    assert "there is no model 'gpt-4o-mni'" in warning and before["warnings"] == [warning] and "is_new" not in moved
    new = (await call("PUT", "/v1/prompts/hello/labels/prodution", {"version": 3})).body
    assert (new["is_new"], new.get("warnings")) == (True, None)
    assert (await call("PUT", "/v1/prompts/hello/labels/prodution", {"version": 3})).body.get("is_new") is None, "it stood there already"
    assert (await call("PUT", "/v1/prompts/hello/labels/production", {"version": 3})).body.get("warnings") is None
    back = (await call("POST", "/v1/prompts/hello/labels/production/rollback")).body
    assert (back["version"], back["warnings"]) == (2, [warning])
    assert (await call("GET", "/v1/prompts/hello/labels/production")).body["is_new"] is None


@pytest.mark.promise("G-17", "T-01")
async def test_a_refusal_says_whether_the_prompt_its_version_or_its_label_is_lacking(
    bench: Bench, first: RunningGateway, call: Caller
) -> None:
    await created(call)
    stranger = await bench.caller(first)
    for path, body, lacking, param in (
        ("/v1/prompts/hello/versions/7", None, "version 7", "version"),
        ("/v1/prompts/hello/labels/beta", None, "label 'beta'", "label"),
        ("/v1/prompts/hello/labels/beta", {"version": 7}, "version 7", "version"),
    ):
        method = "PUT" if body else "GET"
        refused, theirs = await call(method, path, body), await stranger(method, path, body)
        assert (refused.status, refused.body["error"]["message"]) == (404, f"The prompt 'hello' has no {lacking}.")
        assert refused.body["error"]["param"] == param
        assert (theirs.status, theirs.body["error"]["message"]) == (404, "There is no prompt 'hello' in this workspace.")


@pytest.mark.promise("T-01")
async def test_who_may_read_and_who_may_write(bench: Bench, first: RunningGateway, call: Caller) -> None:
    await created(call)
    viewer = await bench.caller(first, role="viewer", workspace_id=call.workspace_id)
    nobody = Caller(call.session, call.url, "", call.workspace_id)
    for path in ("/v1/prompts", *READS):
        assert (await viewer("GET", path)).status == 200
        assert (await nobody("GET", path)).status == 401
    assert (await viewer(*RENDER)).status == 200
    for method, path, body in (*WRITES, ("POST", "/v1/prompts", HELLO)):
        assert (await viewer(method, path, body)).status == 403, path
        assert (await nobody(method, path, body)).status == 401, path


@pytest.mark.promise("G-20", "T-08")
@pytest.mark.parametrize(
    "changes",
    [
        {"slug": ""},
        {"slug": "a/b"},
        {"slug": "ä"},
        {"slug": 7},
        {"slug": None},
        {"slug": "x" * 64},
        {"name": "x" * 201},
        {"tags": ["x" * 51]},
        {"tags": ["t"] * 51},
        {"folder": "a/../b"},
        {"label": "7"},
        {"label": "latest"},
        {"label": ""},
        {"messages": []},
        {"messages": None},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "placeholder", "name": "a", "content": "x"}]},
        {"messages": [{"role": "user", "content": "{{#if x}}"}]},
        {"messages": [{"role": "user", "content": "x", "extra": 1}]},
        {"template": "x"},
        {"model": None},
        {"model": "a b"},
        {"temperature": 2.1},
        {"temperature": "0.2"},
        {"temperature": True},
        {"max_tokens": 0},
        {"max_tokens": 10**12},
        {"max_tokens": 1.5},
        {"stop": ["x"] * 17},
        {"seed": 2**70},
        {"timeout_s": 0},
        {"json_schema": {"type": 5}},
        {"parameters": {"a": {"type": "date"}}},
        {"output_format": "xml"},
        {"workspace_id": "0191d7a0-0000-7000-8000-000000000000"},
        {"version": 5},
        {"fallback_version": 1},
    ],
    ids=lambda changes: json.dumps(changes)[:50],
)
async def test_bad_fields_are_refused_by_name_and_nothing_is_made(call: Caller, changes: dict[str, Any]) -> None:
    answer = await call("POST", "/v1/prompts", HELLO | changes)
    assert answer.status in {400, 422}, answer.body
    assert answer.body["error"]["type"] == "invalid_request_error"
    assert answer.body["error"]["message"]
    assert (await call("GET", "/v1/prompts")).body["data"] == []


@pytest.mark.promise("G-20")
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{",
        b'{"slug": NaN}',
        b'{"slug": "a", "slug": "b"}',
        b'{"slug": "\\u0000"}',
        b'{"slug": "hello", "model": "m", "template": "\\ud800"}',
        b'{"slug": "hello", "model": "m", "template": "a\\u0000b"}',
        b'{"slug": "hello", "model": "m", "template": "x", "json_schema": {"a\\u0000": 1}}',
        b'{"slug": "hello", "model": "m", "template": "x", "temperature": 1e400}',
        b'\xff\xfe{"slug": "a"}',
        b'\xef\xbb\xbf{"slug": "a", "model": "m", "template": "x"}',
        b'{"slug": "a", "json_schema": ' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}",
        b'{"slug": "a", "json_schema": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda raw: repr(raw[:40]),
)
async def test_bad_bodies_are_refused(call: Caller, raw: bytes) -> None:
    answer = await call("POST", "/v1/prompts", raw=raw)
    assert answer.status in {400, 422}, answer.body
    assert answer.body["error"]["type"] == "invalid_request_error"


@pytest.mark.promise("G-20")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/prompts/%00",
        "/v1/prompts/a%00b",
        "/v1/prompts/..%2f..%2fetc",
        "/v1/prompts/%F0%9F%99%82",
        "/v1/prompts/*",
        "/v1/prompts/%ED%A0%80",
        "/v1/prompts/hello?label=%00",
        "/v1/prompts/hello?label=1",
        "/v1/prompts/hello?version=0",
        "/v1/prompts/hello?version=99999999999999999999",
        "/v1/prompts/hello?version=1&label=production",
        "/v1/prompts/hello/versions/0",
        "/v1/prompts/hello/versions/x",
        "/v1/prompts/hello/versions/99999999999999999999",
        "/v1/prompts/hello/versions/1/diff/-1",
        "/v1/prompts/hello/labels/%00",
        "/v1/prompts/hello/labels/1/history",
        "/v1/prompts?q=%00",
        "/v1/prompts?tag=%00",
        "/v1/prompts?folder=%00",
        "/v1/prompts?model=a%00",
        "/v1/prompts?limit=0",
        "/v1/prompts?limit=-1",
        "/v1/prompts?limit=1000000000",
        "/v1/prompts?cursor=%00",
    ],
)
async def test_odd_names_are_refused(call: Caller, path: str) -> None:
    await created(call)
    answer = await call("GET", path)
    assert answer.status in {404, 422}, answer.body
    assert answer.body["error"]["message"]


@pytest.mark.capability("T4")
async def test_every_change_stands_in_the_audit_log_once(bench: Bench, call: Caller) -> None:
    await created(call)
    await added(call, "two", base=1)
    await added(call, "two", base=1)
    for _ in range(2):
        await call("PUT", "/v1/prompts/hello/labels/production", {"version": 2, "reason": "better"})
    await call("PATCH", "/v1/prompts/hello", {"name": "new", "tags": ["t"]})
    await call("DELETE", "/v1/prompts/hello/labels/production")
    async with as_superuser(bench.urls["superuser"]) as connection:
        rows = await connection.fetch("SELECT * FROM audit_log WHERE workspace_id = $1 ORDER BY audit_id", call.workspace_id)
    actions = ["prompt.created", "prompt.version.created", "prompt.label.moved", "prompt.changed", "prompt.label.removed"]
    assert [row["action"] for row in rows] == actions
    assert json.loads(rows[3]["before"]) == {"name": "hello", "tags": []}
    assert all(row["request_id"] and row["actor"].startswith("api_key:") for row in rows)


@pytest.mark.promise("T-07")
async def test_text_of_every_script_is_kept_byte_for_byte(call: Caller) -> None:
    text = "é e\u0301 日本 🙂 \u202e\u200b \\ ' \" %s $1 {% %} <|im_start|> \u007f\u0085\u2028"
    await created(call, messages=[{"role": "user", "content": text}], name=text, json_schema={"z": 1, "a": [1.0, None, {"ü": text}]})
    body = (await call("GET", "/v1/prompts/hello/versions/1")).body
    assert body["messages"][0]["content"] == text
    assert list(body["json_schema"]) == ["z", "a"], "the order of keys is part of what a model sees"
    assert body["json_schema"]["a"][2] == {"ü": text}
