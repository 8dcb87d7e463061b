"""Datasets that are renamed, archived, restored and removed; what was measured with one keeps it."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from burnish_gateway.optimization.start import try_plan
from burnish_gateway.schedules import routes as schedules
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Answer, Caller, Stack
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_from_feedback import answered, say, search, told
from tests.integration.optimization.test_test_runs import books

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D1")]

__all__ = ["told"]

ITEMS = [{"input": f"ticket number {n}", "expected": "a", "split": split} for n, split in enumerate(("train", "validation", "test"))]
ROWS = """SELECT (SELECT count(*) FROM datasets WHERE dataset_id = $1) + (SELECT count(*) FROM dataset_items WHERE dataset_id = $1)
               + (SELECT count(*) FROM test_looks WHERE dataset_id = $1) AS n"""


async def made_by(caller: Caller, *, name: str = "labels") -> str:
    made = await caller("POST", "/v1/datasets", {"name": name, "items": ITEMS})
    assert made.status == 201, made.body
    return str(made.body["id"])


async def names(caller: Caller, query: str = "") -> list[str]:
    return [one["name"] for one in (await caller("GET", f"/v1/datasets{query}")).body["data"]]


async def archived(caller: Caller, dataset: str, *, is_so: bool = True) -> Answer:
    return await caller("PATCH", f"/v1/datasets/{dataset}", {"archived": is_so})


def kinds(refused: Answer) -> dict[str, int]:
    assert refused.status == 409, refused.body
    return {one["kind"]: one["count"] for one in refused.body["error"]["details"]["used_by"]}


async def test_a_dataset_that_nothing_rests_on_goes_with_all_its_rows(stack: Stack, caller: Caller) -> None:
    dataset, other = await made_by(caller), await made_by(caller, name="other")
    path = f"/v1/datasets/{dataset}"
    [first, second, _] = (await caller("GET", f"{path}/items")).body["data"]
    await caller("PATCH", f"{path}/items/{first['id']}", {"expected": "b"})
    await caller("DELETE", f"{path}/items/{second['id']}")
    gone = await caller("DELETE", path)
    assert (gone.status, gone.body) == (200, {"id": dataset, "name": "labels", "items": 2})
    for method, where, body in (
        ("GET", path, None), ("GET", f"{path}/items", None), ("GET", f"{path}/file", None), ("DELETE", path, None),
        ("PATCH", path, {"name": "x"}), ("POST", f"{path}/items", {"items": ITEMS}),
    ):  # fmt: skip
        assert (await caller(method, where, body)).status == 404, (method, where)
    assert await names(caller) == ["other"]
    assert (await books(stack, ROWS, UUID(dataset)))[0]["n"] == 0
    assert (await books(stack, ROWS, UUID(other)))[0]["n"] == 1 + len(ITEMS)
    before = {"name": "labels", "version": 3, "items": 2, "test_looks": 0}
    [entry] = (await caller("GET", "/v1/audit?action=dataset.removed")).body["data"]
    assert (entry["object_id"], entry["before"], entry["after"]) == (dataset, before, None)


@pytest.mark.capability("P1")
async def test_a_prompt_that_is_removed_for_good_frees_the_dataset_of_its_runs(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    caller = desk.caller
    dataset = await made_by(caller)
    run = await caller("POST", "/v1/test-runs", {"prompt": "tickets", "dataset_id": dataset, "split": "test"})
    await start_optimizer()
    assert (await desk.until(f"/v1/test-runs/{run.body['id']}"))["status"] == "completed"
    assert (await books(stack, ROWS, UUID(dataset)))[0]["n"] == 1 + len(ITEMS) + 1, "the test split was looked at"
    assert kinds(await caller("DELETE", f"/v1/datasets/{dataset}")) == {"test_run": 1}
    assert (await caller("POST", "/v1/prompts/tickets/archive")).status == 200
    assert (await caller("POST", "/v1/prompts/tickets/purge", {"confirm": "tickets"})).status == 200
    assert (await caller("DELETE", f"/v1/datasets/{dataset}")).status == 200
    assert (await books(stack, ROWS, UUID(dataset)))[0]["n"] == 0
    [entry] = (await caller("GET", "/v1/audit?action=dataset.removed")).body["data"]
    assert entry["before"]["test_looks"] == 1, "that it was looked at is not forgotten with it"


async def test_somebody_elses_dataset_is_not_there_to_be_changed_or_removed(stack: Stack, caller: Caller) -> None:
    dataset, stranger = await made_by(caller), await stack.caller()
    for method, body in (("DELETE", None), ("PATCH", {"archived": True}), ("PATCH", {"name": "mine"})):
        theirs = await stranger(method, f"/v1/datasets/{dataset}", body)
        nobodys = await stranger(method, f"/v1/datasets/{new_uuid()}", body)
        assert theirs.status == nobodys.status == 404
        assert theirs.body["error"]["message"] == nobodys.body["error"]["message"]
    assert await names(caller) == ["labels"]


async def test_removing_again_under_one_key_says_the_same(caller: Caller) -> None:
    dataset, key = await made_by(caller), {"Idempotency-Key": "once"}
    answers = [await caller("DELETE", f"/v1/datasets/{dataset}", headers=key) for _ in range(2)]
    assert [one.status for one in answers] == [200, 200] and answers[0].raw == answers[1].raw


@pytest.mark.capability("D2", "O1")
async def test_what_rests_on_a_dataset_is_named_and_keeps_it(stack: Stack, desk: Desk) -> None:
    caller, dataset = desk.caller, desk.dataset_id
    run = {"prompt": "tickets", "dataset_id": dataset, "split": "validation"}
    runs = sorted([(await caller("POST", "/v1/test-runs", run)).body["id"] for _ in range(6)])
    budget = {"evaluations": 1_000, "credits": 50.0}
    job = (await caller("POST", "/v1/optimizations", {"prompt": "tickets", "dataset_id": dataset, "budget": budget})).body["id"]
    path = f"/v1/datasets/{dataset}"
    refused = await caller("DELETE", path)
    assert kinds(refused) == {"test_run": 6, "optimization": 1}
    assert refused.body["error"]["param"] == "dataset_id"
    assert refused.body["error"]["details"]["used_by"][0]["first"] == runs[:5]
    said = refused.body["error"]["message"]
    assert f"6 test runs ({', '.join(runs[:5])}, …) and 1 optimization ({job}) use it" in said
    assert f'archive it instead, with PATCH {path} and {{"archived": true}}' in said
    assert (await archived(caller, dataset)).status == 200, "what is measured goes on, so nothing stands in its way"
    assert (await caller("DELETE", path)).status == 409
    await books(  # as an optimizer leaves it
        stack, """INSERT INTO suggestions (suggestion_id, workspace_id, prompt_id, slug, base_version, job_id, content, evidence)
                  SELECT $1, workspace_id, prompt_id, slug, base_version, job_id, '{}', '{}' FROM optimization_jobs WHERE job_id = $2""",
        new_uuid(), UUID(job),
    )  # fmt: skip
    assert kinds(await caller("DELETE", path)) == {"test_run": 6, "optimization": 1, "suggestion": 1}


@pytest.mark.capability("O1", "F5")
async def test_what_is_set_up_to_use_a_dataset_is_named_until_it_uses_another(desk: Desk) -> None:
    caller, dataset = desk.caller, desk.dataset_id
    path, other = f"/v1/datasets/{dataset}", await made_by(caller, name="other")
    budget = {"evaluations": 1_000, "credits": 50.0}
    asked = {"prompt": "tickets", "dataset_id": dataset, "budget": budget}
    schedule = {"every": "daily", "optimization": asked, "month_credits": 100.0, "paused": True}
    made = (await caller("POST", "/v1/optimization-schedules", schedule)).body["id"]
    policy = {"dataset_id": dataset, "budget": budget}
    assert (await caller("PUT", "/v1/alert-rules/tickets", {"start_optimization": policy})).status == 200
    assert (await caller("PUT", "/v1/review/settings", {"dataset_id": dataset})).status == 200
    for refused in (await caller("DELETE", path), await archived(caller, dataset)):
        assert kinds(refused) == {"schedule": 1, "alert_rule": 1, "review_settings": 1}
        said = refused.body["error"]["message"]
        assert f"1 schedule ({made}), 1 alert rule (tickets) and 1 setting of the review queue (all prompts)" in said
        assert "another dataset, or remove" in said and "first." in said
    assert refused.body["error"]["param"] == "archived"
    assert (await caller("DELETE", f"/v1/optimization-schedules/{made}")).status == 200
    assert (await caller("PUT", "/v1/alert-rules/tickets", {"min_samples": 20})).status == 200
    assert (await caller("PUT", "/v1/review/settings", {"dataset_id": other})).status == 200
    assert (await caller("DELETE", path)).status == 200


async def test_an_archived_dataset_is_read_and_nothing_begins_on_it(stack: Stack, desk: Desk) -> None:
    caller, dataset = desk.caller, desk.dataset_id
    called = "SELECT count(*) AS n FROM executions WHERE workspace_id = $1"
    path = f"/v1/datasets/{dataset}"
    await made_by(caller, name="other")
    items = (await caller("GET", f"{path}/items")).body["data"]
    run = {"prompt": "tickets", "dataset_id": dataset, "split": "validation"}
    before = (await caller("POST", "/v1/test-runs", run)).body["id"]
    put_away = await archived(caller, dataset)
    assert put_away.status == 200 and put_away.body["archived_at"] and put_away.body["version"] == 1
    assert (await archived(caller, dataset)).body == put_away.body, "repeating changes nothing"
    assert (await names(caller), await names(caller, "?archived=true")) == (["other"], ["tickets"])
    assert (await caller("GET", path)).body == put_away.body
    assert (await caller("GET", f"{path}/items")).body["data"] == items
    assert (await caller("GET", f"{path}/file")).status == 200 and (await caller("GET", f"{path}/leaks")).status == 200
    assert (await caller("GET", f"/v1/test-runs/{before}")).body["status"] == "pending", "what is under way goes on"

    budget = {"evaluations": 1_000, "credits": 50.0}
    asked = {"prompt": "tickets", "dataset_id": dataset, "budget": budget}
    schedule = {"every": "daily", "optimization": asked, "month_credits": 100.0}
    item = f"{path}/items/{items[0]['id']}"
    made_up = {"prompt": "tickets", "count": 1, "model": "simulated/chat"}
    execution = (await caller("POST", "/v1/executions", {"messages": [{"role": "user", "content": "hi"}], "model": "simulated/chat"})).body
    for method, where, body, param in (
        ("POST", "/v1/test-runs", run, "dataset_id"), ("POST", "/v1/test-runs/forecast", run, "dataset_id"),
        ("POST", "/v1/optimizations", asked, "dataset_id"), ("POST", "/v1/optimizations/forecast", asked, "dataset_id"),
        ("POST", "/v1/optimization-schedules", schedule, "dataset_id"),
        ("PUT", "/v1/alert-rules/tickets", {"start_optimization": {"dataset_id": dataset, "budget": budget}},
         "start_optimization.dataset_id"),
        ("PUT", "/v1/review/settings", {"dataset_id": dataset}, "dataset_id"),
        ("POST", f"{path}/items", {"items": ITEMS}, "dataset_id"), ("POST", f"{path}/synthetic", made_up, "dataset_id"),
        ("POST", f"{path}/items/from-executions", {"executions": [{"execution_id": execution["id"], "expected": "a"}]}, "dataset_id"),
        ("PATCH", item, {"expected": "other"}, "dataset_id"), ("DELETE", item, None, "dataset_id"),
    ):  # fmt: skip
        refused = await caller(method, where, body)
        assert refused.status == 409 and refused.body["error"]["param"] == param, (method, where, refused.body)
        assert f'restore it with PATCH {path} and {{"archived": false}}' in refused.body["error"]["message"], refused.body
    assert (await caller("GET", f"{path}/items")).body["data"] == items
    assert (await books(stack, called, caller.workspace.workspace_id))[0]["n"] == 1, "no model was paid for items that are refused"

    back = (await archived(caller, dataset, is_so=False)).body
    assert back["archived_at"] is None and await names(caller) == ["other", "tickets"] and await names(caller, "?archived=true") == []
    assert (await caller("POST", "/v1/test-runs", run)).status == 202
    log = [(one["before"], one["after"]) for one in (await caller("GET", "/v1/audit?action=dataset.changed")).body["data"]]
    on, off = ({"name": "tickets", "archived": one} for one in (True, False))
    assert log == [(on, off), (off, on)], "repeating leaves no entry"


async def test_a_dataset_is_renamed_and_names_may_be_shared(caller: Caller) -> None:
    first, second = await made_by(caller), await made_by(caller, name="other")
    renamed = await caller("PATCH", f"/v1/datasets/{second}", {"name": "labels"})
    assert renamed.status == 200 and (renamed.body["name"], renamed.body["version"]) == ("labels", 1)
    assert await names(caller) == ["labels", "labels"]
    wrong: Any = ({"name": ""}, {"name": "n" * 201}, {"archived": "perhaps"}, {"version": 3})
    for body, param in zip(wrong, ("name", "name", "archived", "version"), strict=True):
        refused = await caller("PATCH", f"/v1/datasets/{first}", body)
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
    assert (await caller("PATCH", f"/v1/datasets/{first}", {})).body["name"] == "labels"


async def test_a_list_of_archived_ones_goes_on_page_by_page(caller: Caller) -> None:
    for n in range(5):
        dataset = await made_by(caller, name=f"set {n}")
        if n != 2:
            await archived(caller, dataset)
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await caller("GET", f"/v1/datasets?archived=true&limit=2{cursor and f'&cursor={cursor}'}")).body
        seen += [one["name"] for one in page["data"]]
        cursor = page["next_cursor"]
    assert seen == ["set 4", "set 3", "set 1", "set 0"]


async def test_a_move_to_another_model_that_is_under_way_keeps_the_dataset_it_measures_with(stack: Stack, desk: Desk) -> None:
    path, workspace_id, migration = f"/v1/datasets/{desk.dataset_id}", desk.caller.workspace.workspace_id, new_uuid()
    await books(
        stack, """INSERT INTO model_migrations (migration_id, workspace_id, from_model, to_model, margin, created_by, next_look_at)
                  VALUES ($1, $2, 'simulated/chat', 'simulated/reader', 0.02, 'test', 'infinity')""", migration, workspace_id,
    )  # fmt: skip
    await books(
        stack, """INSERT INTO model_migration_steps (workspace_id, migration_id, prompt_id, slug, version, dataset_id)
                  SELECT $1, $2, prompt_id, slug, 1, $3 FROM prompts WHERE workspace_id = $1""",
        workspace_id, migration, UUID(desk.dataset_id),
    )  # fmt: skip
    for refused in (await desk.caller("DELETE", path), await archived(desk.caller, desk.dataset_id)):
        assert kinds(refused) == {"model_migration": 1}
        assert f"1 move to another model ({migration})" in refused.body["error"]["message"]
    await books(stack, "UPDATE model_migration_steps SET state = 'skipped' WHERE migration_id = $1", migration)
    assert (await archived(desk.caller, desk.dataset_id)).status == 200, "its step is over"
    await books(stack, "UPDATE model_migration_steps SET state = 'pending' WHERE migration_id = $1", migration)
    assert kinds(await desk.caller("DELETE", path)) == {"model_migration": 1}
    await books(stack, "UPDATE model_migrations SET status = 'cancelled' WHERE migration_id = $1", migration)
    assert (await desk.caller("DELETE", path)).status == 200


@pytest.mark.promise("O-03")
async def test_searches_from_feedback_make_no_second_dataset_beside_an_archived_one(stack: Stack, told: Caller) -> None:
    """Or its looks at the test split would be forgotten by putting it away."""
    of_it = await answered(told, ["parcel one", "parcel two"])
    await say(stack, told, [(one, "", "correction", "shipping", None) for one in of_it])
    started = await told("POST", "/v1/optimizations", search())
    job = (await told("GET", f"/v1/optimizations/{started.body['id']}")).body
    policy = {"source": "feedback", "budget": {"evaluations": 1_000, "credits": 50.0}}
    other = await made_by(told, name="other")
    later = (await told("POST", "/v1/optimizations", {"prompt": "told", "dataset_id": other, "budget": policy["budget"]})).body["id"]
    assert (await told("PUT", "/v1/alert-rules/told", {"start_optimization": policy})).status == 200
    schedule = {"every": "daily", "optimization": search(budget=policy["budget"]), "month_credits": 100.0}
    daily = (await told("POST", "/v1/optimization-schedules", schedule)).body["id"]
    assert kinds(await archived(told, job["dataset_id"])) == {"schedule": 1, "alert_rule": 1}
    assert (await told("DELETE", f"/v1/optimization-schedules/{daily}")).status == 200
    assert kinds(await archived(told, job["dataset_id"])) == {"alert_rule": 1}
    await books(  # as where the prompt had other variables before
        stack, """UPDATE optimization_jobs SET search = search || '{"source": "feedback"}', created_at = created_at - interval '1 day'
                   WHERE job_id = $1""", UUID(later),
    )  # fmt: skip
    assert kinds(await archived(told, job["dataset_id"])) == {"alert_rule": 1}
    assert (await archived(told, other)).status == 200, "what people say goes into the newest"
    assert (await told("DELETE", "/v1/alert-rules/told")).status == 200
    assert (await archived(told, job["dataset_id"])).status == 200
    refused = await told("POST", "/v1/optimizations", search())
    assert (refused.status, refused.body["error"]["param"]) == (409, "source"), refused.body
    refused = await told("PUT", "/v1/alert-rules/told", {"start_optimization": policy})
    assert (refused.status, refused.body["error"]["param"]) == (409, "start_optimization.source"), refused.body
    assert await names(told) == []


async def test_whoever_begins_on_a_dataset_while_it_is_removed_is_told_that_it_is_gone(stack: Stack, desk: Desk) -> None:
    """And never half: either the run keeps the dataset, or there is none to run on."""
    run = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation"}
    path = f"/v1/datasets/{desk.dataset_id}"
    holding = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    try:
        async with holding.transaction():
            await holding.execute("SELECT FROM datasets WHERE dataset_id = $1 FOR UPDATE", UUID(desk.dataset_id))
            removing = asyncio.create_task(desk.caller("DELETE", path))
            await until_waiting(stack, count=1)
            starting = asyncio.create_task(desk.caller("POST", "/v1/test-runs", run))
            await until_waiting(stack, count=2)
        removed, started = await asyncio.gather(removing, starting)
    finally:
        await holding.close()
    assert (removed.status, started.status) in {(200, 404), (409, 202)}, (removed.body, started.body)
    there = (await desk.caller("GET", path)).status
    assert there == (404 if removed.status == 200 else 200)


@pytest.mark.capability("O1", "F5")
@pytest.mark.parametrize("kind", ["schedule", "alert_rule", "review_settings"])
@pytest.mark.parametrize("act", ["archive", "remove"])
async def test_whatever_is_set_up_while_a_dataset_goes_away_keeps_it(stack: Stack, desk: Desk, kind: str, act: str) -> None:
    caller, dataset = desk.caller, desk.dataset_id
    budget = {"evaluations": 1_000, "credits": 50.0}
    asked = {"prompt": "tickets", "dataset_id": dataset, "budget": budget}
    table, method, path, body = {
        "schedule": ("optimization_schedules", "POST", "/v1/optimization-schedules",
                     {"every": "daily", "optimization": asked, "month_credits": 100.0}),
        "alert_rule": ("alert_rules", "PUT", "/v1/alert-rules/tickets",
                       {"start_optimization": {"dataset_id": dataset, "budget": budget}}),
        "review_settings": ("review_settings", "PUT", "/v1/review/settings", {"dataset_id": dataset}),
    }[kind]  # fmt: skip
    holding = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    try:
        async with holding.transaction():
            await holding.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            setting_up = asyncio.create_task(caller(method, path, body))
            await until_waiting(stack, of=table, count=1)
            going = asyncio.create_task(archived(caller, dataset) if act == "archive" else caller("DELETE", f"/v1/datasets/{dataset}"))
            await asyncio.wait([going], timeout=0.3)
        set_up, gone = await asyncio.gather(setting_up, going)
    finally:
        await holding.close()
    assert set_up.status in (200, 201), set_up.body
    assert kinds(gone) == {kind: 1}
    assert (await caller("GET", f"/v1/datasets/{dataset}")).body["archived_at"] is None


@pytest.mark.capability("O1")
@pytest.mark.parametrize(("gone", "status"), [(False, 409), (True, 404)])
async def test_a_schedule_whose_dataset_went_between_its_trial_and_its_writing_is_refused(
    stack: Stack, desk: Desk, monkeypatch: pytest.MonkeyPatch, gone: bool, status: int
) -> None:
    dataset = UUID(desk.dataset_id)

    async def tried(*given: Any) -> Any:
        plan = await try_plan(*given)
        if gone:
            await books(stack, "DELETE FROM dataset_items WHERE dataset_id = $1", dataset)
            await books(stack, "DELETE FROM datasets WHERE dataset_id = $1", dataset)
        else:
            await books(stack, "UPDATE datasets SET archived_at = now() WHERE dataset_id = $1", dataset)
        return plan

    monkeypatch.setattr(schedules, "try_plan", tried)
    asked = {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": {"evaluations": 1_000, "credits": 50.0}}
    refused = await desk.caller("POST", "/v1/optimization-schedules", {"every": "daily", "optimization": asked, "month_credits": 100.0})
    assert (refused.status, refused.body["error"]["param"]) == (status, "dataset_id"), refused.body
    assert (await desk.caller("GET", "/v1/optimization-schedules")).body["data"] == []


async def until_waiting(stack: Stack, *, count: int, of: str = "dataset") -> None:
    """Until so many sessions wait for a lock, in a statement that names this."""
    waiting = """SELECT count(*) AS n FROM pg_stat_activity
                  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'"""
    async with asyncio.timeout(60):
        while (await books(stack, waiting, of))[0]["n"] < count:
            await asyncio.sleep(0.01)


async def test_the_source_systems_test_set_is_the_one_in_use(caller: Caller) -> None:
    added = await caller("POST", "/test-set", {"items": [{"ticket": "late", "expected": "a"}]})
    assert added.status == 200, added.body
    await archived(caller, added.body["dataset_id"])
    assert (await caller("GET", "/test-set")).body == []
    again = await caller("POST", "/test-set", {"items": [{"ticket": "late", "expected": "a"}]})
    assert again.body["dataset_id"] != added.body["dataset_id"] and again.body["total"] == 1


async def test_changes_are_json_whatever_curl_calls_them(caller: Caller) -> None:
    """As everywhere else: `curl -d` says that its body is a form. Uploads go by what they are called."""
    path = f"/v1/datasets/{await made_by(caller)}"
    item = (await caller("GET", f"{path}/items")).body["data"][0]["id"]
    form = {"content-type": "application/x-www-form-urlencoded"}
    for method, where, body, status in (
        ("PATCH", path, b'{"name": "renamed"}', 200),
        ("PATCH", f"{path}/items/{item}", b'{"expected": "b"}', 200),
        ("POST", f"{path}/items/from-executions", b'{"executions": [{"execution_id": "' + str(new_uuid()).encode() + b'"}]}', 404),
        ("PATCH", path, b'{"name": "x", "name": "y"}', 400),
    ):
        answer = await caller(method, where, raw=body, headers=form)
        assert answer.status == status, answer.body
    assert await names(caller) == ["renamed"]
