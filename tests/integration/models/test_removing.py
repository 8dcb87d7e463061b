"""A model of one's own is removed: where the operator's takes its place, or where nothing calls it (E5)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.held_back import WAITING, one_behind_the_other
from tests.embedded.stack import Caller, Stack
from tests.fakes.keyed_provider import KeyedProvider
from tests.integration.billing.money import operator_of
from tests.integration.models.conftest import described, made
from tests.integration.optimization.test_test_runs import books
from tests.integration.optimization.tickets import tickets

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E5")]

ASKED = [{"role": "user", "content": "Hello."}]
NAMED, NEXT = "lab/named", "lab/next"
PATH = f"/v1/models/{NAMED}"


async def test_a_model_that_is_removed_is_gone_and_its_prices_stay(caller: Caller, provider: KeyedProvider) -> None:
    await made(caller, described(provider, "lab/spare"))
    charged = (await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/spare"})).body["price_version"]
    gone = await caller("DELETE", "/v1/models/lab/spare")
    assert (gone.status, gone.body) == (200, {"id": "lab/spare", "object": "model", "deleted": True, "platform_model": False})
    again = await caller("DELETE", "/v1/models/lab/spare")
    assert (again.status, again.body["error"]["param"]) == (404, "model")
    assert (await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/spare"})).status == 404
    assert "lab/spare" not in [one["id"] for one in (await caller("GET", "/v1/models?retired=true")).body["data"]]
    assert [one["price_version"] for one in (await caller("GET", "/v1/models/lab/spare/prices")).body["data"]] == [charged]
    [entry] = (await caller("GET", "/v1/audit?action=model.removed")).body["data"]
    assert (entry["object_id"], entry["before"]["price_version"]) == ("lab/spare", charged)

    back = await made(caller, described(provider, "lab/spare"))
    assert back["price_version"] not in ("", charged)
    assert (await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/spare"})).body["price_version"] == back[
        "price_version"
    ]


async def offered_to_all(stack: Stack, name: str, **odd: Any) -> None:
    """A model of the operator's, answered by the simulator."""
    offered = {"provider": "simulated", "upstream_model": "writer", "context_tokens": 1000, "output_tokens": 100, "capabilities": ["chat"],
               "input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1} | odd  # fmt: skip
    operator = await operator_of(stack)
    assert (await operator("PUT", f"/v1/platform-models/{name}", offered)).status == 200


async def test_a_model_that_stood_for_the_platforms_gives_way_to_it(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    """Also while prompts name it: they go on with the operator's."""
    name = "house/writer"
    await offered_to_all(stack, name)
    await made(caller, described(provider, name))
    prompt = {"slug": "shadowed", "messages": ASKED, "model": name}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    assert (await caller("POST", "/v1/executions", {"prompt": "shadowed"})).body["simulated"] is False
    gone = await caller("DELETE", f"/v1/models/{name}")
    assert (gone.status, gone.body["platform_model"]) == (200, True)
    assert (await caller("POST", "/v1/executions", {"prompt": "shadowed"})).body["simulated"] is True
    now = (await caller("GET", f"/v1/models/{name}")).body
    prices = (await caller("GET", f"/v1/models/{name}/prices")).body["data"]
    assert now["scope"] == "platform" and prices[0]["price_version"] == now["price_version"], "what it costs now comes first"
    assert [one["scope"] for one in prices] == ["platform"] * (len(prices) - 1) + ["workspace"]
    assert (await caller("DELETE", f"/v1/models/{name}")).status == 404


@pytest.mark.parametrize(
    "odd", [{"capabilities": ["embeddings"]}, {"provider": "openai"}, {"active": False}, {"input_price_nusd_per_million": None}]
)
async def test_one_that_cannot_take_its_place_is_none(stack: Stack, caller: Caller, provider: KeyedProvider, odd: dict[str, Any]) -> None:
    """The operator's of the same name makes embeddings, has no key here, is retired, or has no price."""
    name = f"house/{new_uuid().hex}"
    if "input_price_nusd_per_million" in odd:
        odd = odd | {"output_price_nusd_per_million": None}
    await offered_to_all(stack, name, **odd)
    await made(caller, described(provider, name))
    assert (await caller("POST", "/v1/prompts", {"slug": "shadowed", "messages": ASKED, "model": name})).status == 201
    refused = await caller("DELETE", f"/v1/models/{name}")
    assert (refused.status, refused.body["error"]["details"]["used_by"][0]["kind"]) == (409, "prompt"), refused.body
    assert (await caller("POST", "/v1/executions", {"prompt": "shadowed"})).status == 200


@pytest.mark.parametrize("saves_first", [True, False])
async def test_of_a_removal_and_a_version_that_names_the_model_the_second_hears_of_the_first(
    stack: Stack, caller: Caller, provider: KeyedProvider, *, saves_first: bool
) -> None:
    """Both are at work at once: each holds its lock on the model and waits for the change sequence, the last statement of both."""
    await made(caller, described(provider, NAMED))
    save = ("POST", "/v1/prompts", {"slug": "late", "messages": ASKED, "model": NEXT, "fallback_models": [NAMED]})
    acts: list[tuple[Any, ...]] = [save, ("DELETE", PATH)] if saves_first else [("DELETE", PATH), save]
    first, second = await one_behind_the_other(stack, caller, *acts)
    if saves_first:
        assert (first.status, second.status) == (201, 409), second.body
    else:
        assert (first.status, second.status) == (200, 201), second.body
        assert any(one.startswith("fallback_models[0]: there is no model") for one in second.body["warnings"]), second.body


CALLS = {"messages": ASKED, "model": NEXT, "fallback_models": [NAMED]}
STEPS = {"steps": [{"id": "greet", "prompt": "asked", "model": NAMED}]}
ARMS = [{"name": "control", "label": "production"}, {"name": "candidate", "model": NAMED}]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/chains", {"slug": "late", "steps": [{"id": "greet", "prompt": "asked", "model": NAMED}]}),
        ("POST", "/v1/evaluators", {"name": "late", "settings": {"kind": "llm_judge", "model": NAMED, "rubric": "Is it kind?"}}),
        ("PUT", "/v1/routing", {"rules": [{"name": "all", "when": "app == 'x'", "use": {"model": NAMED}}]}),
        ("POST", "/v1/experiments", {"name": "Late", "prompt": "asked", "metric": "success", "arms": ARMS}),
        ("POST", "/v1/import", {"prompts": [{"slug": "late", "versions": [{"version": 1, "content": CALLS}]}]}),
        ("POST", "/v1/import", {"chains": [{"slug": "late", "versions": [{"version": 1, "content": STEPS}]}]}),
    ],
    ids=["chain", "evaluator", "routing", "experiment", "imported prompt", "imported chain"],
)
async def test_whoever_names_a_model_waits_for_its_removal(
    stack: Stack, caller: Caller, provider: KeyedProvider, *, method: str, path: str, body: dict[str, Any]
) -> None:
    """So neither sees the other half done: a row lock in the way of one who names it stands for a removal under way."""
    await made(caller, described(provider, NAMED))
    await done(caller, "POST", "/v1/prompts", {"slug": "asked", "messages": ASKED, "model": NEXT})
    holder = await asyncpg.connect(stack.urls["superuser"])
    try:
        async with holder.transaction():
            await holder.execute(
                "SELECT FROM burnish.workspace_models WHERE workspace_id = $1 AND model = $2 FOR UPDATE",
                caller.workspace.workspace_id,
                NAMED,
            )
            naming = asyncio.create_task(caller(method, path, body))
            async with asyncio.timeout(60):
                while not await holder.fetchval(WAITING):
                    assert not naming.done(), naming.result().body
                    await asyncio.sleep(0.005)
    finally:
        await holder.close()
    assert (await naming).status in (200, 201)


Setting = Callable[[Stack, Caller], Awaitable[Any]]


async def done(caller: Caller, method: str, path: str, body: Any = None) -> Any:
    answer = await caller(method, path, body)
    assert answer.status in (200, 201, 202), answer.body
    return answer.body


async def prompt(caller: Caller, slug: str, **more: Any) -> Any:
    return await done(caller, "POST", "/v1/prompts", {"slug": slug, "messages": ASKED, "model": NEXT} | more)


async def pinned(caller: Caller, **second: Any) -> None:
    """A prompt whose first version calls the model, and whose second, which is newest and in production, does not."""
    await prompt(caller, "pinned", model=NAMED)
    later = {"messages": [{"role": "user", "content": "Good day."}], "model": NEXT, "base_version": 1} | second
    await done(caller, "POST", "/v1/prompts/pinned/versions", later)
    await done(caller, "PUT", "/v1/prompts/pinned/labels/production", {"version": 2})


async def newest(_: Stack, caller: Caller) -> None:
    await prompt(caller, "pinned", model=NAMED)
    await prompt(caller, "other", fallback_models=[NAMED])


async def labelled(_: Stack, caller: Caller) -> None:
    await pinned(caller)
    await done(caller, "PUT", "/v1/prompts/pinned/labels/old", {"version": 1})


async def branched(_: Stack, caller: Caller) -> None:
    await pinned(caller)
    await done(caller, "POST", "/v1/prompts/pinned/branches", {"branch": "side", "version": 1})


async def fallen_back_to(_: Stack, caller: Caller) -> None:
    await pinned(caller, fallback_version=1)


async def ruled(_: Stack, caller: Caller) -> None:
    await pinned(caller)
    rules = [{"name": "one", "when": "app == 'x'", "use": {"version": 1}}]
    await done(caller, "PUT", "/v1/prompts/pinned/routing", {"rules": rules})


async def chained_by_version(_: Stack, caller: Caller) -> None:
    await pinned(caller)
    await done(caller, "POST", "/v1/chains", {"slug": "steps", "steps": [{"id": "greet", "prompt": "Pinned@1"}]})  # as prompts may be named


async def tried(_: Stack, caller: Caller) -> None:
    await pinned(caller)
    arms = [{"name": "control", "version": 2}, {"name": "candidate", "version": 1}]
    await done(caller, "POST", "/v1/experiments", {"name": "Old", "prompt": "pinned", "metric": "success", "arms": arms})


async def scheduled(stack: Stack, caller: Caller, **request: Any) -> None:
    await pinned(caller)
    await books(
        stack,
        """INSERT INTO optimization_schedules (schedule_id, workspace_id, prompt_id, slug, cron, time_zone, request, month_cap_nusd,
                                               paused_at, created_by)
           SELECT gen_random_uuid(), workspace_id, prompt_id, slug, '0 3 * * *', 'UTC', $2::jsonb, 1, now(), 'x'
             FROM prompts WHERE workspace_id = $1""",
        caller.workspace.workspace_id,
        json.dumps(request or {"version": 1}),
    )


async def scheduled_with_it(stack: Stack, caller: Caller) -> None:
    await scheduled(stack, caller, models={"task": NEXT, "variants": [NAMED]})


async def started_by_an_alert(stack: Stack, caller: Caller, **search: Any) -> None:
    await books(
        stack,
        "INSERT INTO alert_rules (workspace_id, slug, start_optimization) VALUES ($1, 'alarmed', $2::jsonb)",
        caller.workspace.workspace_id,
        json.dumps({"source": "feedback", "budget": {"credits": 5}, "search": search or {"models": {"task": NEXT, "variants": [NAMED]}}}),
    )


async def started_by_an_alert_to_try_it(stack: Stack, caller: Caller) -> None:
    await started_by_an_alert(stack, caller, method="settings", settings={"space": {"model": [NEXT, NAMED]}})


async def scheduled_to_try_it(stack: Stack, caller: Caller) -> None:
    await scheduled(stack, caller, settings={"space": {"model": [NEXT, NAMED]}})


async def searched_in_a_chain(_: Stack, caller: Caller) -> None:
    """Its second version, which is newest, calls the model no more."""
    await prompt(caller, "other")
    first = await done(caller, "POST", "/v1/chains", {"slug": "steps", "steps": [{"id": "greet", "prompt": "other", "model": NAMED}]})
    assert first["version"] == 1
    later = {"steps": [{"id": "greet", "prompt": "other"}], "base_version": 1}
    await done(caller, "POST", "/v1/chains/steps/versions", later)


PLACE = {"slug": "steps", "step": "greet", "version": 1}


async def started_by_an_alert_in_a_chain(stack: Stack, caller: Caller) -> None:
    await searched_in_a_chain(stack, caller)
    await started_by_an_alert(stack, caller, chain=PLACE)


async def scheduled_in_a_chain(stack: Stack, caller: Caller) -> None:
    await searched_in_a_chain(stack, caller)
    await scheduled(stack, caller, chain=PLACE)


async def started_by_an_alert_to_be_judged(stack: Stack, caller: Caller) -> None:
    settings = {"kind": "llm_judge", "model": NAMED, "rubric": "Is it kind?"}
    judge = await done(caller, "POST", "/v1/evaluators", {"name": "judge", "settings": settings})
    await started_by_an_alert(stack, caller, metrics=[{"metric": "evaluator", "evaluator_id": judge["id"]}])


async def chained(_: Stack, caller: Caller) -> None:
    await prompt(caller, "other")
    inner = [[{"id": "greet", "prompt": "other@1", "model": NAMED}], [{"id": "meet", "prompt": "other@1"}]]
    await done(caller, "POST", "/v1/chains", {"slug": "steps", "steps": [{"id": "both", "parallel": inner}]})


async def judging(_: Stack, caller: Caller) -> None:
    for name, settings in (
        ("one", {"kind": "llm_judge", "model": NAMED, "rubric": "Is it kind?"}),
        ("many", {"kind": "jury", "models": [NEXT, NAMED], "rubric": "Is it kind?"}),
        ("watch", {"kind": "toxicity", "judge": NAMED}),
    ):
        await done(caller, "POST", "/v1/evaluators", {"name": name, "settings": settings})


async def ruling(_: Stack, caller: Caller) -> None:
    await done(caller, "PUT", "/v1/routing", {"rules": [{"name": "all", "when": "app == 'x'", "use": {"model": NAMED}}]})


async def succeeding(_: Stack, caller: Caller) -> None:
    await done(caller, "PATCH", f"/v1/models/{NEXT}", {"successor": NAMED})


async def standing_in(_: Stack, caller: Caller) -> None:
    await done(caller, "PATCH", f"/v1/models/{NEXT}", {"fallback_model": NAMED})


async def as_an_arm(_: Stack, caller: Caller) -> None:
    await prompt(caller, "other")
    await done(caller, "PUT", "/v1/prompts/other/labels/production", {"version": 1})
    arms = [{"name": "control", "label": "production"}, {"name": "candidate", "model": NAMED}]
    await done(caller, "POST", "/v1/experiments", {"name": "Models", "prompt": "other", "metric": "success", "arms": arms})


async def moving(stack: Stack, caller: Caller) -> None:
    await books(
        stack,
        """INSERT INTO model_migrations (migration_id, workspace_id, from_model, to_model, margin, next_look_at, created_by)
           VALUES (gen_random_uuid(), $1, $2, $3, 0, now() + interval '1 hour', 'x')""",  # nobody looks and finds it done
        caller.workspace.workspace_id, NEXT, NAMED,
    )  # fmt: skip


async def moving_to_search_with_it(stack: Stack, caller: Caller) -> None:
    await books(
        stack,
        """INSERT INTO model_migrations (migration_id, workspace_id, from_model, to_model, margin, next_look_at, search, created_by)
           VALUES (gen_random_uuid(), $1, $2, 'lab/other', 0, now() + interval '1 hour',
             jsonb_build_object('models', jsonb_build_object('judge', $3::text)), 'x')""",
        caller.workspace.workspace_id, NEXT, NAMED,
    )  # fmt: skip


async def assisting(stack: Stack, caller: Caller) -> None:
    await books(
        stack,
        "INSERT INTO assistant_settings (workspace_id, write_model, updated_by) VALUES ($1, $2, 'x')",
        caller.workspace.workspace_id,
        NAMED,
    )


async def under_test(_: Stack, caller: Caller) -> None:
    await prompt(caller, "other")
    dataset = await done(caller, "POST", "/v1/datasets", {"name": "d", "items": tickets()})
    run = {"prompt": "other", "version": 1, "dataset_id": dataset["id"], "split": "validation", "models": [NAMED]}
    await done(caller, "POST", "/v1/test-runs", run)


async def searched(_: Stack, caller: Caller) -> None:
    await prompt(caller, "other", messages=[{"role": "user", "content": "Sort it: {{input}}"}])
    dataset = await done(caller, "POST", "/v1/datasets", {"name": "d", "items": tickets()})
    job = {"prompt": "other", "dataset_id": dataset["id"], "budget": {"evaluations": 800}, "models": {"task": NEXT, "reflect": NAMED}}
    await done(caller, "POST", "/v1/optimizations", job)


async def batched(_: Stack, caller: Caller) -> None:
    requests = [{"body": {"messages": ASKED, "model": one}} for one in (NEXT, NAMED)]
    await done(caller, "POST", "/v1/batches", {"requests": requests, "paused": True})


@pytest.mark.parametrize(
    ("setting", "kind", "count"),
    [
        (newest, "prompt", 2), (labelled, "prompt", 1), (branched, "prompt", 1), (fallen_back_to, "prompt", 1), (ruled, "prompt", 1),
        (chained_by_version, "prompt", 1), (tried, "prompt", 1), (scheduled, "prompt", 1), (scheduled_with_it, "schedule", 1),
        (scheduled_to_try_it, "schedule", 1), (started_by_an_alert, "alert_rule", 1), (started_by_an_alert_to_try_it, "alert_rule", 1),
        (started_by_an_alert_to_be_judged, "evaluator", 1), (started_by_an_alert_in_a_chain, "chain", 1),
        (scheduled_in_a_chain, "chain", 1),
        (chained, "chain", 1), (judging, "evaluator", 3), (ruling, "routing_rules", 1),
        (succeeding, "model", 1), (standing_in, "model", 1), (as_an_arm, "experiment", 1), (moving, "model_migration", 1),
        (moving_to_search_with_it, "model_migration", 1),
        (assisting, "assistant", 1), (under_test, "test_run", 1), (searched, "optimization", 1), (batched, "batch", 1),
    ],
)  # fmt: skip
async def test_a_model_that_something_names_stays(
    stack: Stack, caller: Caller, provider: KeyedProvider, setting: Setting, kind: str, count: int
) -> None:
    for name in (NAMED, NEXT):
        await made(caller, described(provider, name))
    await setting(stack, caller)
    refused = await caller("DELETE", PATH)
    assert (refused.status, refused.body["error"].get("param")) == (409, "model"), refused.body
    assert [(one["kind"], one["count"]) for one in refused.body["error"]["details"]["used_by"]] == [(kind, count)]
    assert "/retire" in refused.body["error"]["message"]
    assert (await caller("GET", PATH)).body["active"] is True


async def test_what_is_over_or_put_away_names_nothing(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    """Nor does a text that is the model's name, or an old version that nothing names."""
    for name in (NAMED, NEXT, "lab/old"):
        await made(caller, described(provider, name))
    await pinned(caller)
    await prompt(caller, "other", messages=[{"role": "user", "content": NAMED}])
    await prompt(caller, "put-away", model=NAMED)
    await done(caller, "POST", "/v1/prompts/put-away/archive", {})
    await done(caller, "POST", "/v1/chains", {"slug": "steps", "steps": [{"id": "greet", "prompt": "other@1", "model": NAMED}]})
    await done(caller, "PATCH", "/v1/chains/steps", {"archived": True})
    said = [{"id": "greet", "prompt": "other@1", "values": {"model": NAMED}}]
    await done(caller, "POST", "/v1/chains", {"slug": "values", "steps": said})
    await done(caller, "POST", "/v1/evaluators", {"name": "rubric", "settings": {"kind": "llm_judge", "model": NEXT, "rubric": NAMED}})
    judge = await done(caller, "POST", "/v1/evaluators", {"name": "gone", "settings": {"kind": "llm_judge", "model": NAMED, "rubric": "x"}})
    await done(caller, "DELETE", f"/v1/evaluators/{judge['id']}")
    await done(caller, "PATCH", "/v1/models/lab/old", {"fallback_model": NAMED})
    await done(caller, "POST", "/v1/models/lab/old/retire", {})
    batch = await done(caller, "POST", "/v1/batches", {"requests": [{"body": {"messages": ASKED, "model": NAMED}}], "paused": True})
    await books(stack, "UPDATE batches SET status = 'cancelled' WHERE batch_id = $1::text::uuid", batch["id"])
    assert (await caller("DELETE", PATH)).status == 200
