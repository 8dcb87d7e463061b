"""History of a prompt over HTTP, on a real database: lines, merges, parts that are picked, going back, versions beside each other."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.embedded.superuser import as_superuser
from tests.integration.registry.conftest import Bench, Caller
from tests.integration.registry.test_prompt_list import book

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P4")]

LINES = "one\ntwo\nthree\nfour"


async def created(call: Caller, **changes: Any) -> None:
    body = {"slug": "hello", "messages": [{"role": "user", "content": LINES}], "model": "simulated/chat", "temperature": 0}
    answer = await call("POST", "/v1/prompts", body | changes)
    assert answer.status == 201, answer.body


async def saved(call: Caller, text: str, *, base: int, **more: Any) -> int:
    body = {"messages": [{"role": "user", "content": text}], "base_version": base} | more
    answer = await call("POST", "/v1/prompts/hello/versions", body)
    assert answer.status == 201, answer.body
    return answer.body["version"]  # type: ignore[no-any-return]


async def text_of(call: Caller, version: int) -> str:
    return (await call("GET", f"/v1/prompts/hello/versions/{version}")).body["messages"][0]["content"]  # type: ignore[no-any-return]


async def edges(bench: Bench, call: Caller, version: int) -> list[tuple[str, int]]:
    async with as_superuser(bench.urls["superuser"]) as connection:
        rows = await connection.fetch(
            "SELECT kind, parent_version FROM lineage_edges WHERE workspace_id = $1 AND version = $2 ORDER BY parent_version",
            call.workspace_id,
            version,
        )
    return [tuple(row) for row in rows]


@pytest.mark.capability("P1")
async def test_a_writer_on_an_old_base_is_offered_the_merge_and_may_accept_it(bench: Bench, call: Caller) -> None:
    await created(call)
    assert await saved(call, "ONE\ntwo\nthree\nfour", base=1, temperature=1) == 2
    late = {"messages": [{"role": "user", "content": "one\ntwo\nthree\nFOUR"}], "base_version": 1}
    refused = await call("POST", "/v1/prompts/hello/versions", late)
    assert (refused.status, refused.body["error"]["code"], refused.body["newer_version"]) == (409, "newer_version", 2)
    offer = refused.body["merge"]["offer"]
    assert (offer["ancestor_version"], offer["conflicts"]) == (1, [])
    assert offer["content"]["messages"][0]["content"] == "ONE\ntwo\nthree\nFOUR" and offer["content"]["temperature"] == 1
    accepted = await call("POST", "/v1/prompts/hello/versions", late | {"merge": {"newer_version": 2}})
    assert (accepted.status, accepted.body["version"], accepted.body["source"]) == (201, 3, "merge")
    assert await text_of(call, 3) == "ONE\ntwo\nthree\nFOUR"
    assert await edges(bench, call, 3) == [("derived_from", 1), ("derived_from", 2)]
    stale = await call("POST", "/v1/prompts/hello/versions", late | {"merge": {"newer_version": 2}, "seed": 7})
    assert (stale.status, stale.body["newer_version"]) == (409, 3), "an offer holds for the version that it was made for"


@pytest.mark.capability("P1")
async def test_what_conflicts_is_saved_only_once_it_is_settled(call: Caller) -> None:
    await created(call)
    await saved(call, "one\nTWO\nthree\nfour", base=1, temperature=1)
    late = {"messages": [{"role": "user", "content": "one\n2\nthree\nfour"}], "temperature": 0.5, "base_version": 1}
    offer = (await call("POST", "/v1/prompts/hello/versions", late)).body["merge"]["offer"]
    assert [(one["part"], one["base"], one["ours"], one["theirs"]) for one in offer["conflicts"]] == [
        ("messages:1", "two", "TWO", "2"),
        ("temperature", 0, 1, 0.5),
    ]

    async def settle(*resolutions: dict[str, Any]) -> Any:
        return await call("POST", "/v1/prompts/hello/versions", late | {"merge": {"newer_version": 2, "resolutions": list(resolutions)}})

    half = await settle({"part": "temperature", "take": "ours"})
    assert (half.status, half.body["error"]["code"]) == (409, "merge_conflict")
    assert [one["part"] for one in half.body["error"]["details"]["conflicts"]] == ["messages:1"]
    wrong = await settle({"part": "temperature", "value": "hot"}, {"part": "messages:1", "take": "base"})
    assert (wrong.status, wrong.body["error"]["param"]) == (422, "resolutions"), wrong.body
    assert "temperature" in wrong.body["error"]["message"]
    unknown = await settle({"part": "seed", "value": 1}, {"part": "temperature", "take": "ours"}, {"part": "messages:1", "take": "base"})
    assert (unknown.status, unknown.body["error"]["param"]) == (422, "resolutions")
    whole = await settle({"part": "messages:1", "value": "both\nof them"}, {"part": "temperature", "value": 0.7})
    assert (whole.status, whole.body["version"], whole.body["temperature"]) == (201, 3, 0.7)
    assert await text_of(call, 3) == "one\nboth\nof them\nthree\nfour"


async def test_a_branch_goes_its_own_way_and_comes_back(bench: Bench, call: Caller) -> None:
    await created(call)
    started = await call("POST", "/v1/prompts/hello/branches", {"branch": "Shorter", "version": 1})
    assert (started.status, started.body["branch"], started.body["version"]) == (201, "shorter", 1)
    assert await saved(call, "one\ntwo", base=1, branch="shorter") == 2
    assert await saved(call, "ONE\ntwo\nthree\nfour", base=1) == 3
    prompt = (await call("GET", "/v1/prompts/hello?label=latest")).body
    assert (prompt["version"], prompt["latest_version"]) == (3, 3), "a branch is not what 'latest' names"
    ours = (await call("GET", "/v1/prompts/hello/versions")).body["data"]
    assert [(one["version"], one["branch"]) for one in ours] == [(3, None), (2, "shorter"), (1, None)]
    branches = (await call("GET", "/v1/prompts/hello/branches")).body["data"]
    assert [(one["branch"], one["version"], one["from_version"]) for one in branches] == [("main", 3, None), ("shorter", 2, 1)]
    preview = (await call("GET", "/v1/prompts/hello/versions/3/merge/2")).body
    for path, param in (("9/merge/2", "a"), ("3/merge/9", "b")):
        refused = await call("GET", f"/v1/prompts/hello/versions/{path}")
        assert (refused.status, refused.body["error"]["param"]) == (404, param)
    assert (preview["clean"], preview["ancestor_version"]) == (True, 1)
    assert preview["content"]["messages"][0]["content"] == "ONE\ntwo"
    merged = await call("POST", "/v1/prompts/hello/merge", {"branch": "shorter", "base_version": 3, "message": "as agreed"})
    assert (merged.status, merged.body["outcome"], merged.body["version"], merged.body["into"]) == (201, "merged", 4, "main")
    assert await text_of(call, 4) == "ONE\ntwo"
    assert await edges(bench, call, 4) == [("derived_from", 2), ("derived_from", 3)]
    again = (await call("POST", "/v1/prompts/hello/merge", {"branch": "shorter"})).body
    assert (again["outcome"], again["version"]) == ("nothing_to_do", 4)
    moved = (await call("POST", "/v1/prompts/hello/merge", {"version": 4, "into": "shorter"})).body
    assert (moved["outcome"], moved["version"], moved["into"]) == ("moved", 4, "shorter")
    assert (await call("DELETE", "/v1/prompts/hello/branches/shorter")).body["version"] == 4
    assert (await call("POST", "/v1/prompts/hello/merge", {"branch": "shorter"})).status == 404
    assert (await call("GET", "/v1/prompts/hello/versions/2")).status == 200


async def test_a_branch_asks_for_its_own_newest_version(call: Caller) -> None:
    await created(call)
    await call("POST", "/v1/prompts/hello/branches", {"branch": "b", "version": 1})
    await saved(call, "on b", base=1, branch="b")
    late = await call(
        "POST", "/v1/prompts/hello/versions", {"messages": [{"role": "user", "content": "late"}], "base_version": 1, "branch": "b"}
    )
    assert (late.status, late.body["newer_version"]) == (409, 2)
    for wrong, param in (({"branch": "main", "version": 1}, "branch"), ({"branch": "latest", "version": 1}, "branch")):
        refused = await call("POST", "/v1/prompts/hello/branches", wrong)
        assert (refused.status, refused.body["error"]["param"]) == (422, param)
    number = (await call("POST", "/v1/prompts/hello/branches", {"branch": "7", "version": 1})).body["error"]
    assert (number["param"], number["message"].startswith("The name of a branch has")) == ("branch", True), number
    assert (await call("POST", "/v1/prompts/hello/branches", {"branch": "b", "version": 1})).status == 409
    refused = await call("POST", "/v1/prompts/hello/branches", {"branch": "c", "version": 9})
    assert (refused.status, refused.body["error"]["param"]) == (404, "version")
    for query, param in (("version=9", "version"), ("label=nowhere", "label")):
        refused = await call("GET", f"/v1/prompts/hello?{query}")
        assert (refused.status, refused.body["error"]["param"]) == (404, param)


async def test_a_merge_that_conflicts_saves_nothing(call: Caller) -> None:
    await created(call)
    await call("POST", "/v1/prompts/hello/branches", {"branch": "b", "version": 1})
    await saved(call, "one\nzwei\nthree\nfour", base=1, branch="b")
    await saved(call, "one\ndeux\nthree\nfour", base=1)
    refused = await call("POST", "/v1/prompts/hello/merge", {"branch": "b"})
    assert (refused.status, refused.body["error"]["code"]) == (409, "merge_conflict")
    assert refused.body["error"]["details"]["conflicts"] == [{"part": "messages:1", "base": "two", "ours": "deux", "theirs": "zwei"}]
    assert (await call("GET", "/v1/prompts/hello")).body["latest_version"] == 3
    resolutions = [{"part": "messages:1", "take": "theirs"}]
    other = await call("POST", "/v1/prompts/hello/merge", {"branch": "b", "base_version": 1, "resolutions": resolutions})
    assert (other.status, other.body["error"]["param"]) == (409, "base_version"), "somebody else moved the line meanwhile"
    settled = await call("POST", "/v1/prompts/hello/merge", {"branch": "b", "base_version": 3, "resolutions": resolutions})
    assert (settled.status, settled.body["outcome"]) == (201, "moved"), "what came out is just what stood on the branch"


async def test_lines_that_agree_and_are_no_prompt_together_are_a_conflict_too(call: Caller) -> None:
    await created(call, messages=[{"role": "user", "content": "one\ntwo\nthree"}])
    await call("POST", "/v1/prompts/hello/branches", {"branch": "dev", "version": 1})
    await saved(call, "one\ntwo\nthree\n{{b: string}}", base=1)
    await saved(call, "{{b: number}}\none\ntwo\nthree", base=1, branch="dev")
    preview = (await call("GET", "/v1/prompts/hello/versions/2/merge/3")).body
    assert (preview["clean"], [one["part"] for one in preview["conflicts"]]) == (False, ["messages"]), preview
    refused = await call("POST", "/v1/prompts/hello/merge", {"branch": "dev"})
    assert (refused.status, refused.body["error"]["code"]) == (409, "merge_conflict"), refused.body
    whole = [{"role": "user", "content": "{{b: number}}\none\ntwo\nthree\n{{b: number}}"}]
    settled = await call("POST", "/v1/prompts/hello/merge", {"branch": "dev", "resolutions": [{"part": "messages", "value": whole}]})
    assert (settled.status, settled.body["messages"]) == (201, whole), settled.body


async def test_chosen_parts_are_picked_with_their_lineage(bench: Bench, call: Caller) -> None:
    await created(call)
    await saved(call, "two", base=1, temperature=1, seed=5)
    await saved(call, "three", base=2, temperature=0.2)
    picked = await call("POST", "/v1/prompts/hello/versions/1/cherry-pick", {"base_version": 3, "parts": ["temperature", "seed"]})
    assert (picked.status, picked.body["version"], picked.body["temperature"]) == (201, 4, 0), picked.body
    assert "seed" not in picked.body and await text_of(call, 4) == "three"
    assert await edges(bench, call, 4) == [("cherry_picked_from", 1), ("derived_from", 3)]
    everything = await call("POST", "/v1/prompts/hello/versions/1/cherry-pick", {"base_version": 4, "parts": ["*"]})
    assert (everything.body["version"], everything.body["is_new"]) == (1, False)
    wrong = await call("POST", "/v1/prompts/hello/versions/1/cherry-pick", {"base_version": 4, "parts": ["colour"]})
    assert (wrong.status, wrong.body["error"]["param"]) == (422, "parts")


@pytest.mark.capability("P3")
async def test_a_label_goes_back_to_where_it_was(call: Caller) -> None:
    await created(call)
    nothing = await call("POST", "/v1/prompts/hello/labels/production/rollback")
    assert (nothing.status, nothing.body["error"]["param"]) == (409, "label")
    await saved(call, "two", base=1)
    await saved(call, "three", base=2)
    for version in (2, 3):
        await call("PUT", "/v1/prompts/hello/labels/production", {"version": version})
    back = await call("POST", "/v1/prompts/hello/labels/production/rollback", {"reason": "worse"})
    assert (back.status, back.body["version"]) == (200, 2)
    assert (await call("GET", "/v1/prompts/hello?label=production")).body["version"] == 2
    assert (await call("POST", "/v1/prompts/hello/labels/production/rollback", {"version": 1})).body["version"] == 1
    await saved(call, "four", base=3)
    never = await call("POST", "/v1/prompts/hello/labels/production/rollback", {"version": 4})
    assert (never.status, never.body["error"]["param"]) == (409, "version")
    await call("DELETE", "/v1/prompts/hello/labels/production")
    assert (await call("GET", "/v1/prompts/hello?label=production")).status == 404
    assert (await call("POST", "/v1/prompts/hello/labels/production/rollback")).body["version"] == 1
    history = (await call("GET", "/v1/prompts/hello/labels/production/history")).body["data"]
    assert [one["version"] for one in history] == [1, None, 1, 2, 3, 2, 1], "nothing is lost"


async def test_a_version_becomes_a_prompt_of_its_own(bench: Bench, call: Caller) -> None:
    await created(call, tags=["greeting"], fallback_version=None)
    await saved(call, "two", base=1, fallback_version=1)
    copy = await call("POST", "/v1/prompts/hello/versions/2/copy", {"slug": "hi", "label": "staging"})
    assert (copy.status, copy.body["slug"], copy.body["labels"], copy.body["tags"]) == (
        201,
        "hi",
        {"staging": 1, "latest": 1},
        ["greeting"],
    )
    assert copy.body["messages"][0]["content"] == "two" and "fallback_version" not in copy.body
    lineage = (await call("GET", "/v1/prompts/hi/lineage")).body["data"]
    assert [(one["kind"], one["parent"]) for one in lineage] == [("cloned_from", {"slug": "hello", "version": 2})]


async def test_a_copy_keeps_what_protects_its_text(call: Caller) -> None:
    about = {"categories": ["greet"], "app_contexts": ["web"], "rules": ["Stay polite."], "locked_blocks": ["Hello", "there"]}
    await created(call, messages=[{"role": "user", "content": "Hello there"}], **about)
    await saved(call, "Hello you", base=1)
    whole = (await call("POST", "/v1/prompts/hello/versions/1/copy", {"slug": "whole"})).body
    assert {name: whole[name] for name in about} == about and "warnings" not in whole
    part = (await call("POST", "/v1/prompts/hello/versions/2/copy", {"slug": "part"})).body
    assert part["locked_blocks"] == ["Hello"] and [one for one in part["warnings"] if "'there'" in one] == part["warnings"] != []


async def test_a_difference_tells_everything_of_a_message(call: Caller) -> None:
    await created(call, messages=[{"role": "user", "content": "a", "name": "ann"}, {"role": "placeholder", "name": "history"}])
    body = {"messages": [{"role": "user", "content": "a", "name": "bob"}, {"role": "placeholder", "name": "history", "optional": True}]}
    assert (await call("POST", "/v1/prompts/hello/versions", body | {"base_version": 1})).status == 201
    changes = (await call("GET", "/v1/prompts/hello/versions/1/diff/2")).body["messages"]
    assert [one["fields"] for one in changes] == [
        [{"field": "name", "before": "ann", "after": "bob"}],
        [{"field": "optional", "before": None, "after": True}],
    ]


@pytest.mark.capability("A2")
async def test_versions_stand_beside_each_other_with_their_figures(bench: Bench, call: Caller) -> None:
    await created(call)
    await saved(call, "two", base=1, quality_threshold=0.9)
    await book(bench, call, "hello", "hour", executions=9, successes=9, cost_nusd=10, thumbs_up=3, thumbs_down=1, reactions=4)
    since = datetime.now(UTC) - timedelta(days=1)  # a range by the hour; one since midnight is by the minute in the morning
    found = (await call("GET", f"/v1/prompts/hello/compare?version=2&version=1&from={since:%Y-%m-%dT%H:%M:%SZ}")).body
    two, one = found["data"]
    assert (two["version"], two["figures"], two["models"], two["quality_threshold"]) == (2, None, [], 0.9)
    assert (one["labels"], one["status"], one["quality_threshold"], one["test_runs"]) == (["production"], "draft", 0.8, [])
    for figures in (one["figures"], *one["models"]):
        assert (figures["executions"], figures["satisfaction"]["samples"]) == (9, 4) and figures["latency"]["p95_ms"] is not None
    assert [model["model"] for model in one["models"]] == ["m"]
    assert (await call("GET", "/v1/prompts/hello/compare?version=7")).status == 404
    assert [column["version"] for column in (await call("GET", "/v1/prompts/hello/compare")).body["data"]] == [2, 1], "newest and labelled"


async def test_a_merge_and_a_copy_to_a_model_nobody_can_call_say_so(call: Caller) -> None:
    await created(call)
    await call("POST", "/v1/prompts/hello/branches", {"branch": "dear", "version": 1})
    version = await saved(call, LINES, base=1, branch="dear", model="gpt-4o-mni")
    await saved(call, LINES, base=1, temperature=1)
    merged = await call("POST", "/v1/prompts/hello/merge", {"branch": "dear"})
    copied = await call("POST", f"/v1/prompts/hello/versions/{version}/copy", {"slug": "apart"})
    assert (merged.status, copied.status) == (201, 201)
    assert [["'gpt-4o-mni'" in one for one in answer.body.get("warnings", [])] for answer in (merged, copied)] == [[True], [True]]
