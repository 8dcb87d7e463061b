"""A search without a dataset: what people said of a prompt's answers is what is right."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_policy import raise_alert, rounds
from tests.integration.optimization.tickets import WEAK, tickets

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O1", "D1")]

FACTS = """INSERT INTO execution_facts (execution_id, workspace_id, prompt_id, slug, version, label, model, provider, traffic, status,
                                        input_tokens, output_tokens, cached_input_tokens, cost_nusd, latency_ms, cached, simulated,
                                        finished_at)
    SELECT $1, p.workspace_id, p.prompt_id, p.slug, 1, '', 'simulated/reader', 'simulated', 'live', 'success', 1, 1, 0, 1, 1, false, true,
           now() FROM prompts p WHERE p.workspace_id = $2 AND p.slug = 'told'"""
SAID = """INSERT INTO feedback (workspace_id, target_kind, target_id, end_user, kind, execution_id, feedback_id, correction, value,
                                accepted_at)
    VALUES ($1, 'execution', $2::text, $3, $4, $2::text::uuid, $5, $6, $7, now())"""


@pytest.fixture
async def told(caller: Caller) -> Caller:
    """A caller with the prompt `told`."""
    made = await caller("POST", "/v1/prompts", {
        "slug": "told", "messages": [{"role": "system", "content": WEAK}, {"role": "user", "content": "{{ticket}}"}],
        "model": "simulated/reader", "temperature": 0.0, "max_tokens": 50, "label": "production",
    })  # fmt: skip
    assert made.status == 201, made.body
    return caller


async def answered(caller: Caller, texts: Sequence[str], *, end_user: str = "") -> list[str]:
    """Calls of the prompt; their ids, in order."""

    async def one(text: str) -> str:
        body = {"prompt": "told", "variables": {"ticket": text}} | ({"user_id": end_user} if end_user else {})
        made = await caller("POST", "/v1/executions", body)
        assert made.status == 200, made.body
        return str(made.body["id"])

    found = []
    for start in range(0, len(texts), 16):
        found += await asyncio.gather(*map(one, texts[start : start + 16]))
    return found


async def say(stack: Stack, caller: Caller, said: Sequence[tuple[str, str, str, str | None, float | None]]) -> None:
    """(execution, who, kind, correction, value), as they lie after they were joined."""
    async with as_superuser(stack.urls["superuser"]) as connection:
        workspace_id = caller.workspace.workspace_id
        for execution_id in dict.fromkeys(one[0] for one in said):
            await connection.execute(f"{FACTS} ON CONFLICT DO NOTHING", execution_id, workspace_id)
        for execution_id, who, kind, correction, value in said:
            await connection.execute(SAID, workspace_id, execution_id, who, kind, new_uuid(), correction, value)


def search(**more: Any) -> dict[str, Any]:
    return {"prompt": "told", "source": "feedback", "budget": {"evaluations": 1_000}, "seed": 7} | more


async def items_of(caller: Caller, dataset_id: str) -> list[Any]:
    found: list[Any] = (await caller("GET", f"/v1/datasets/{dataset_id}/items?limit=200")).body["data"]
    return found


@pytest.mark.capability("F1")
async def test_the_newest_correction_is_the_one_that_was_accepted_last(stack: Stack, told: Caller) -> None:
    """Whoever corrected first and thought better of it after another has the last word: the row is as old as their first one."""
    [execution_id] = await answered(told, ["my parcel never came 17"])
    await say(stack, told, [(execution_id, "ann", "correction", "billing", None), (execution_id, "bob", "correction", "access", None)])
    async with as_superuser(stack.urls["superuser"]) as connection:
        again = "UPDATE feedback SET correction = 'shipping', accepted_at = now() WHERE target_id = $1 AND end_user = 'ann'"
        await connection.execute(again, execution_id)
    items = [{"input": "somewhere to begin", "expected": "billing"}]
    dataset: str = (await told("POST", "/v1/datasets", {"name": "corrected", "items": items})).body["id"]
    body = {"executions": [{"execution_id": execution_id}]}
    taken = await told("POST", f"/v1/datasets/{dataset}/items/from-executions", body)
    assert taken.status == 201, taken.body
    assert [one["expected"] for one in await items_of(told, dataset)] == ["billing", "shipping"]


async def test_what_people_corrected_is_searched_and_proven_on(stack: Stack, told: Caller, start_optimizer: Any) -> None:
    asked = tickets(train=40, validation=20, test=30)
    ids = await answered(told, [one["input"] for one in asked])
    await say(stack, told, [(id_, "", "correction", one["expected"], None) for id_, one in zip(ids, asked, strict=True)])

    datasets = (await told("GET", "/v1/datasets")).body["data"]
    forecast = await told("POST", "/v1/optimizations/forecast", search())
    assert forecast.status == 200 and forecast.body["least_evaluations"] <= 1_000, forecast.body
    assert (await told("GET", "/v1/datasets")).body["data"] == datasets, "a forecast makes nothing"

    await start_optimizer()
    started = await told("POST", "/v1/optimizations", search())
    assert started.status == 202, started.body
    job = await Desk(told, "").until(f"/v1/optimizations/{started.body['id']}")
    assert job["outcome"] == "improved" and job["test"]["ci_low"] > 0, {name: job[name] for name in ("outcome", "finish_reason", "test")}
    assert job["search"]["source"] == "feedback"
    dataset = (await told("GET", f"/v1/datasets/{job['dataset_id']}")).body
    assert dataset["name"] == "What people said of told" and sum(dataset["counts"].values()) == len(asked)

    more = tickets(seed=6, train=1, validation=0, test=0)
    late = await answered(told, [one["input"] for one in more])
    await say(stack, told, [(late[0], "", "correction", more[0]["expected"], None)])
    again = await told("POST", "/v1/optimizations", search())
    assert again.status == 202, again.body
    grown = (await told("GET", f"/v1/datasets/{job['dataset_id']}")).body
    assert sum(grown["counts"].values()) == len(asked) + 1 and grown["version"] == dataset["version"] + 1
    await told("POST", f"/v1/optimizations/{again.body['id']}/cancel", {})


async def test_only_what_was_said_of_this_prompt_of_late_and_is_not_forgotten_counts(stack: Stack, told: Caller) -> None:
    of_it, other, old, gone = await answered(told, ["parcel one", "parcel two", "parcel three", "parcel four"])
    await say(stack, told, [(one, "", "correction", "shipping", None) for one in (of_it, other, old, gone)])
    made = await told("POST", "/v1/prompts", {"slug": "else", "template": "{{ticket}}", "model": "simulated/reader"})
    assert made.status == 201, made.body
    async with as_superuser(stack.urls["superuser"]) as connection:
        prompt = "SELECT prompt_id FROM prompts WHERE slug = 'else' AND workspace_id = e.workspace_id"
        await connection.execute(f"UPDATE execution_facts e SET prompt_id = ({prompt}) WHERE execution_id = $1::text::uuid", other)
        await connection.execute("UPDATE feedback SET accepted_at = now() - interval '91 days' WHERE target_id = $1", old)
        await connection.execute("UPDATE feedback SET forgotten_at = now() WHERE target_id = $1", gone)
    started = await told("POST", "/v1/optimizations", search())
    assert started.status == 202, started.body
    job = (await told("GET", f"/v1/optimizations/{started.body['id']}")).body
    assert [one["input"]["ticket"] for one in await items_of(told, job["dataset_id"])] == ["parcel one"]


@pytest.mark.promise("O-08")
async def test_what_a_person_corrected_bears_their_name_so_that_an_erasure_finds_it(stack: Stack, told: Caller) -> None:
    (one,) = await answered(told, ["a parcel"], end_user="ann")
    await say(stack, told, [(one, "ann", "correction", "shipping", None)])
    started = await told("POST", "/v1/optimizations", search())
    job = (await told("GET", f"/v1/optimizations/{started.body['id']}")).body
    (item,) = await items_of(told, job["dataset_id"])
    assert (item["metadata"]["source"], item["metadata"]["said_by"], item["metadata"]["group"]) == ("correction", "ann", "ann")


async def test_what_somebody_took_out_is_not_brought_back_and_what_they_corrected_stays(stack: Stack, told: Caller) -> None:
    ids = await answered(told, ["a parcel", "a refund", "a login"])
    await say(stack, told, [(one, "", "correction", "shipping", None) for one in ids])
    for _ in range(2):
        started = await told("POST", "/v1/optimizations", search())
        assert started.status == 202, started.body
        job = (await told("GET", f"/v1/optimizations/{started.body['id']}")).body
        await told("POST", f"/v1/optimizations/{started.body['id']}/cancel", {})
        items = {one["input"]["ticket"]: one for one in await items_of(told, job["dataset_id"])}
        if len(items) == 3:
            path = f"/v1/datasets/{job['dataset_id']}/items"
            assert (await told("DELETE", f"{path}/{items['a parcel']['id']}")).status == 200
            assert (await told("PATCH", f"{path}/{items['a login']['id']}", {"expected": "access"})).status == 200
    assert {ticket: one["expected"] for ticket, one in items.items()} == {"a refund": "shipping", "a login": "access"}


async def test_where_the_variables_have_changed_a_new_dataset_begins(stack: Stack, told: Caller) -> None:
    ids = await answered(told, ["a parcel", "a refund"])
    await say(stack, told, [(one, "", "correction", "shipping", None) for one in ids])
    first = await told("POST", "/v1/optimizations", search())
    assert first.status == 202, first.body
    await told("POST", f"/v1/optimizations/{first.body['id']}/cancel", {})
    messages = [{"role": "system", "content": WEAK}, {"role": "user", "content": "{{text}}"}]
    changed = await told("POST", "/v1/prompts/told/versions", {"base_version": 1, "messages": messages})
    assert changed.status == 201, changed.body
    assert (await told("PUT", "/v1/prompts/told/labels/production", {"version": 2})).status == 200
    nothing = await told("POST", "/v1/optimizations", search())
    assert (nothing.status, nothing.body["error"]["param"]) == (422, "source"), nothing.body

    late = (await told("POST", "/v1/executions", {"prompt": "told", "variables": {"text": "a login"}})).body["id"]
    await say(stack, told, [(late, "", "correction", "access", None)])
    jobs = []
    for version in (2, 1):
        started = await told("POST", "/v1/optimizations", search(version=version))
        assert started.status == 202, started.body
        jobs.append((await told("GET", f"/v1/optimizations/{started.body['id']}")).body)
        await told("POST", f"/v1/optimizations/{started.body['id']}/cancel", {})
    of_first = (await told("GET", f"/v1/optimizations/{first.body['id']}")).body["dataset_id"]
    assert jobs[1]["dataset_id"] == of_first != jobs[0]["dataset_id"]
    assert [one["input"] for one in await items_of(told, jobs[0]["dataset_id"])] == [{"text": "a login"}]


async def test_searches_that_begin_at_once_share_a_dataset_and_a_schedule_makes_none_before_its_time(stack: Stack, told: Caller) -> None:
    (one,) = await answered(told, ["a parcel"])
    await say(stack, told, [(one, "", "correction", "shipping", None)])
    body = {"every": "daily", "hour": 3, "month_credits": 500, "optimization": search(budget={"evaluations": 1_000, "credits": 50})}
    planned = await told("POST", "/v1/optimization-schedules", body)
    assert planned.status == 201 and (await told("GET", "/v1/datasets")).body["data"] == [], planned.body
    started = await asyncio.gather(*(told("POST", "/v1/optimizations", search()) for _ in range(4)))
    assert {one.status for one in started} == {202}, [one.body for one in started]
    assert len((await told("GET", "/v1/datasets")).body["data"]) == 1
    for each in started:
        await told("POST", f"/v1/optimizations/{each.body['id']}/cancel", {})


@pytest.mark.promise("O-08")
async def test_a_liked_answer_is_right_a_disliked_one_is_nothing_and_nobody_says_more_than_their_share(stack: Stack, told: Caller) -> None:
    liked, split, scored, low = await answered(told, ["a parcel", "a refund", "a login", "a screen"])
    loud = await answered(told, [f"cable {n}" for n in range(9)], end_user="loud")
    await say(stack, told, [
        (liked, "ann", "thumb", None, 1.0),
        (split, "ann", "thumb", None, 1.0), (split, "bob", "thumb", None, 0.0),
        (scored, "", "score", None, 0.9),
        (low, "", "score", None, 0.2),
        *((one, "loud", "thumb", None, 1.0) for one in loud),
    ])  # fmt: skip
    started = await told("POST", "/v1/optimizations", search())
    assert started.status == 202, started.body
    job = (await told("GET", f"/v1/optimizations/{started.body['id']}")).body
    items = await items_of(told, job["dataset_id"])
    given = sorted(one["input"]["ticket"] for one in items)
    assert [one for one in given if not one.startswith("cable")] == ["a login", "a parcel"] and len(given) == 2 + 3, given
    answers = {one["input"]["ticket"]: one["expected"] for one in items}
    assert answers["a parcel"] == (await told("GET", f"/v1/executions/{liked}")).body["output"]
    ended = (await told("POST", f"/v1/optimizations/{started.body['id']}/cancel", {})).body
    assert (ended["status"], ended["finish_reason"]) == ("cancelled", "cancelled")


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({}, "source"),
        ({"source": None}, "dataset_id"),
        ({"dataset_id": str(new_uuid())}, "source"),
        ({"source": "thumbs"}, "source"),
        ({"prompt": "no-such"}, "prompt"),
        ({"chain": {"slug": "c", "step": "s"}}, "source"),
    ],
    ids=["nobody said anything", "neither", "both", "another source", "no such prompt", "a chain"],
)
async def test_what_cannot_be_searched_is_refused_by_its_field(told: Caller, more: dict[str, Any], param: str) -> None:
    refused = await told("POST", "/v1/optimizations", {name: value for name, value in search(**more).items() if value is not None})
    assert refused.status in (404, 422) and refused.body["error"]["param"] == param, refused.body
    assert (await told("GET", "/v1/datasets")).body["data"] == []


@pytest.mark.capability("A4")
async def test_an_alert_starts_a_search_on_what_people_said(stack: Stack, told: Caller) -> None:
    asked = tickets(train=3, validation=3, test=3)
    ids = await answered(told, [one["input"] for one in asked])
    await say(stack, told, [(id_, "", "correction", one["expected"], None) for id_, one in zip(ids, asked, strict=True)])
    policy = {"source": "feedback", "budget": {"evaluations": 800, "credits": 50.0}}
    rule = await told("PUT", "/v1/alert-rules/told", {"start_optimization": policy})
    assert rule.status == 200 and rule.body["start_optimization"]["source"] == "feedback", rule.body
    alert = await raise_alert(stack, Desk(told, ""), slug="told")
    assert await rounds(stack) == 1
    [job] = (await told("GET", "/v1/optimizations")).body["data"]
    assert len(await items_of(told, job["dataset_id"])) == len(asked)
    steps = (await told("GET", f"/v1/alerts/{alert}")).body["timeline"]
    assert ("optimization_started", f"/v1/optimizations/{job['id']}") in [(one["what"], one["detail"]) for one in steps]
