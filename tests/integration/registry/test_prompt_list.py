"""The list of prompts: every order goes through all of them by its cursor, and figures decide where they are asked to."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.embedded.superuser import as_superuser
from tests.integration.registry.conftest import Bench, Caller

NAMES = ["beta", "alpha", "delta", "gamma", "epsilon"]


async def make(call: Caller, *names: str) -> None:
    for name in names:
        answer = await call(
            "POST", "/v1/prompts", {"slug": name, "template": f"{name} {{{{x}}}}", "model": "simulated/chat", "tags": [name[0]]}
        )
        assert answer.status == 201, answer.body


@pytest.mark.parametrize("name", ["tag", "folder", "label", "model", "limit", "sort"])
async def test_a_filter_that_is_given_twice_is_named(call: Caller, name: str) -> None:
    refused = await call("GET", f"/v1/prompts?{name}=a&{name}=b")
    assert (refused.status, refused.body["error"]["param"]) == (422, name)
    await make(call, "alpha", "beta")
    assert {one["slug"] for one in (await call("GET", "/v1/prompts?slug=alpha&slug=beta")).body["data"]} == {"alpha", "beta"}


async def test_every_prompt_has_the_label_latest(call: Caller) -> None:
    await make(call, "alpha", "beta")
    assert (await call("DELETE", "/v1/prompts/beta/labels/production")).status == 200
    assert {one["slug"] for one in (await call("GET", "/v1/prompts?label=Latest")).body["data"]} == {"alpha", "beta"}
    assert {one["slug"] for one in (await call("GET", "/v1/prompts?label=production")).body["data"]} == {"alpha"}


async def walked(call: Caller, query: str = "") -> list[str]:
    """All slugs, two at a time."""
    found: list[str] = []
    cursor = ""
    while True:
        page = (await call("GET", f"/v1/prompts?limit=2{query}{cursor}")).body
        found += [one["slug"] for one in page["data"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def book(
    bench: Bench, call: Caller, slug: str, grain: str, *, of_set: tuple[str, str] | None = None, of_user: str | None = None, **sums: int
) -> None:
    """A rollup row of the last full hour or of today; `of_set`: of a dimension's value, such as ("app", "shop"); `of_user`: of one of the
    heaviest end users.
    """
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    at = now - timedelta(hours=1) if grain == "hour" else now.replace(hour=0)
    zero = dict.fromkeys(
        ("executions", "successes", "errors", "timeouts", "rate_limited", "cancelled", "blocked", "cached", "simulated", "input_tokens",
         "output_tokens", "cached_input_tokens", "cost_nusd", "latency_sum_ms", "reactions", "thumbs_up", "thumbs_down", "scores",
         "score_sum_micro"), 0,
    )  # fmt: skip
    row: dict[str, Any] = {
        "workspace_id": call.workspace_id, "grain": grain, "bucket": at, "slug": slug, "traffic": "live", "latency": [0, 3],
        "first_token": [0],
    } | zero | sums  # fmt: skip
    table = "rollups"
    if of_user is not None:
        table, row = "rollup_top_users", {name: row[name] for name in row.keys() - {"slug", "traffic"}} | {"end_user": of_user}
    elif of_set is not None:
        table, row = "rollup_sets", row | {"dimension": of_set[0], "value": of_set[1]}
    else:
        row |= {"version": 1, "label": "production", "model": "m"}
    async with as_superuser(bench.urls["superuser"]) as connection:
        marks = ", ".join(f"${n + 1}" for n in range(len(row)))
        await connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())


@pytest.mark.capability("P1")
@pytest.mark.promise("G-03")
async def test_each_order_goes_through_all_prompts_once(call: Caller) -> None:
    await make(call, *NAMES)
    assert await walked(call) == NAMES[::-1]
    assert await walked(call, "&sort=name") == sorted(NAMES)
    assert (await call("PATCH", "/v1/prompts/alpha", {"description": "changed"})).status == 200
    assert await walked(call, "&sort=updated") == ["alpha", "epsilon", "gamma", "delta", "beta"]
    for sort in ("executions", "cost", "satisfaction"):
        assert sorted(await walked(call, f"&sort={sort}")) == sorted(NAMES), "without any figure they are still all there"


@pytest.mark.capability("A2")
async def test_the_busiest_the_dearest_and_the_least_liked_come_first(bench: Bench, call: Caller) -> None:
    await make(call, *NAMES)
    await book(bench, call, "alpha", "hour", executions=9, cost_nusd=10)
    await book(bench, call, "gamma", "hour", executions=2, cost_nusd=70)
    await book(bench, call, "alpha", "day", reactions=4, thumbs_up=3, thumbs_down=1)
    await book(bench, call, "delta", "day", reactions=4, thumbs_up=1, thumbs_down=1, scores=2, score_sum_micro=400_000)
    assert (await walked(call, "&sort=executions"))[:2] == ["alpha", "gamma"]
    assert (await walked(call, "&sort=cost"))[:2] == ["gamma", "alpha"]
    assert (await walked(call, "&sort=satisfaction"))[:2] == ["delta", "alpha"]


@pytest.mark.capability("P1")
async def test_only_some_are_listed_and_a_cursor_belongs_to_its_order(call: Caller) -> None:
    await make(call, *NAMES)
    assert await walked(call, "&slug=alpha&slug=Gamma&slug=nobody") == ["gamma", "alpha"]
    assert await walked(call, "&slug=alpha&slug=gamma&tag=g") == ["gamma"]
    cursor = (await call("GET", "/v1/prompts?limit=2&sort=name")).body["next_cursor"]
    refused = await call("GET", f"/v1/prompts?limit=2&sort=cost&cursor={cursor}")
    assert (refused.status, refused.body["error"]["param"]) == (422, "cursor")
    assert (await call("GET", "/v1/prompts?sort=colour")).status == 422


@pytest.mark.capability("A2")
async def test_figures_are_told_for_each_prompt_and_version(bench: Bench, call: Caller) -> None:
    await make(call, "alpha", "beta")
    await book(bench, call, "alpha", "hour", executions=9, cost_nusd=10, thumbs_up=3, thumbs_down=1, reactions=4)
    await book(bench, call, "beta", "hour", executions=2, cost_nusd=70)
    found = (await call("GET", "/v1/analytics/groups?grain=hour")).body
    assert [(one["group"], one["executions"], one["cost_nusd"]) for one in found["data"]] == [("alpha", 9, 10), ("beta", 2, 70)]
    assert found["is_whole"] is True and found["data"][0]["satisfaction"]["samples"] == 4
    assert found["data"][0]["latency"]["p95_ms"] is not None
    of_one = (await call("GET", "/v1/analytics/groups?grain=hour&prompt=beta&group_by=version")).body
    assert [one["group"] for one in of_one["data"]] == ["beta@1"]
    assert (await call("GET", "/v1/analytics/groups?grain=hour&traffic=batch")).body["data"] == []
    csv = await call("GET", "/v1/analytics/groups?grain=hour&group_by=prompt&prompt=Nobody")
    assert csv.body["data"] == []
    assert (await call("GET", "/v1/analytics/groups?group_by=day")).status == 422
    assert [one["group"] for one in (await call("GET", "/v1/analytics/groups?grain=hour&group_by=model")).body["data"]] == ["m"]
    assert (await call("GET", "/v1/analytics/groups?grain=hour&model=other")).body["data"] == []


@pytest.mark.capability("A2")
async def test_figures_are_told_for_each_app_key_and_provider_but_not_by_model(bench: Bench, call: Caller) -> None:
    await make(call, "alpha")
    for dimension, value, executions in (
        ("app", "shop", 7),
        ("app", "", 3),
        ("api_key", "k", 10),
        ("provider", "openai", 10),
        ("provider_key", "pk", 10),
    ):
        await book(bench, call, "alpha", "hour", of_set=(dimension, value), executions=executions)
    found = (await call("GET", "/v1/analytics/groups?grain=hour&group_by=app")).body["data"]
    assert [(one["group"], one["executions"]) for one in found] == [("shop", 7), ("", 3)]
    assert found[0]["latency"]["p95_ms"] is not None
    assert len((await call("GET", "/v1/analytics/groups?grain=hour&group_by=api_key&prompt=alpha")).body["data"]) == 1
    refused = await call("GET", "/v1/analytics/groups?group_by=app&model=m")
    assert (refused.status, refused.body["error"]["param"]) == (422, "model")
    for dimension, value in (("provider", "openai"), ("provider_key", "pk")):
        found = (await call("GET", f"/v1/analytics/groups?grain=hour&group_by={dimension}")).body["data"]
        assert [(one["group"], one["executions"]) for one in found] == [(value, 10)]
        refused = await call("GET", f"/v1/analytics/groups?grain=minute&group_by={dimension}")
        assert (refused.status, refused.body["error"]["param"]) == (422, "grain")


@pytest.mark.capability("A1")
async def test_the_heaviest_end_users_are_told_with_what_is_left_out(bench: Bench, call: Caller) -> None:
    await make(call, "alpha")
    first = (await call("GET", "/v1/analytics/groups?group_by=end_user")).body
    assert (first["data"], first["is_whole"], first["through"]) == (
        [],
        False,
        None,
    )  # Nothing is counted yet: nobody says that this is all.
    for n, name in enumerate(("ann", "bob"), 1):
        await book(bench, call, "", "hour", of_user=name, executions=n, cost_nusd=n, others_executions=3, others_cost_nusd=40)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    async with as_superuser(bench.urls["superuser"]) as connection:
        await connection.execute("INSERT INTO end_user_hours VALUES ($1, $2, 5, 3, 40)", call.workspace_id, hour)
    found = (await call("GET", "/v1/analytics/groups?group_by=end_user")).body
    assert [(one["group"], one["executions"], one["cost_nusd"]) for one in found["data"]] == [("bob", 2, 2), ("ann", 1, 1)]
    assert (found["is_whole"], found["others_executions"], found["others_cost_nusd"]) == (False, 3, 40)
    assert (found["grain"], datetime.fromisoformat(found["through"])) == ("hour", hour + timedelta(hours=1))
    assert found["data"][0]["latency"]["p95_ms"] is not None
    for wrong in ("prompt=alpha", "traffic=live", "model=m", "grain=minute"):
        refused = await call("GET", f"/v1/analytics/groups?group_by=end_user&{wrong}")
        assert (refused.status, refused.body["error"]["param"]) == (422, wrong.partition("=")[0])
    long_ago = "from=2026-01-01T05:00:00Z&to=2026-01-02T05:00:00Z"
    assert (await call("GET", f"/v1/analytics/groups?group_by=end_user&{long_ago}")).body["grain"] == "day"
    assert (await call("GET", f"/v1/analytics/groups?group_by=end_user&grain=hour&{long_ago}")).status == 422
    assert (await call("GET", "/v1/analytics/groups?group_by=end_user&format=csv")).status == 200


@pytest.mark.capability("A2")
async def test_what_named_no_prompt_is_told_when_asked_for_so_that_rows_sum_to_the_whole(bench: Bench, call: Caller) -> None:
    await make(call, "alpha")
    await book(bench, call, "alpha", "hour", executions=9, cost_nusd=10)
    await book(bench, call, "", "hour", executions=4, cost_nusd=30)
    for group_by, name in (("prompt", ""), ("version", "@1")):
        rows = (await call("GET", f"/v1/analytics/groups?grain=hour&unnamed=true&group_by={group_by}")).body["data"]
        assert {one["group"]: one["executions"] for one in rows}[name] == 4 and sum(one["executions"] for one in rows) == 13
    assert len((await call("GET", "/v1/analytics/groups?grain=hour")).body["data"]) == 1
