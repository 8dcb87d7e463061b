"""All prompts of a model move to its successor in one act: measured, searched where worse, saved as variants (PRODUCT E5, O1)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from burnish_gateway.model_migrations.advance import MigrationRunner
from burnish_gateway.model_migrations.start import search_body
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from burnish_shared.money import NUSD_PER_CREDIT
from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk, make_desk
from tests.integration.optimization.test_datasets_put_away import until_waiting
from tests.integration.optimization.test_generations import rows_of, served
from tests.integration.optimization.tickets import tickets

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O1", "E5")]

MIGRATIONS = "/v1/model-migrations"
OLD, NEW = "simulated/reader", "simulated/chat"
BETTER = [{"role": "system", "content": "Sort the ticket, chat model."}]


async def rounds(stack: Stack, times: int = 1) -> int:
    db = await Database.open(stack.urls["gateway"], application_name="test-migrations", max_size=4)
    try:
        await rows_of(stack, "UPDATE model_migrations SET next_look_at = now() - interval '1 second' WHERE status = 'running'")
        return sum([await MigrationRunner(db, SystemClock(), lambda: None).round() for _ in range(times)])
    finally:
        await db.close()


async def complete(stack: Stack, run_id: str, *, right: float) -> None:
    """As the optimizer leaves a test run of which this share of the answers was right. The first items are."""
    await rows_of(
        stack,
        """INSERT INTO evaluations (workspace_id, owner_id, question, item_id, repeat, execution_id, answered_at, status, score, output)
           SELECT r.workspace_id, r.test_run_id, sha256('q'), i.item_id, 0, gen_random_uuid(), now(), 'success',
                  (row_number() OVER (ORDER BY i.position) <= $2::float8 * count(*) OVER ())::integer, 'x'
             FROM test_runs r JOIN dataset_items i ON i.workspace_id = r.workspace_id AND i.dataset_id = r.dataset_id AND i.split = r.split
            WHERE r.test_run_id = $1::text::uuid""",
        run_id, right,
    )  # fmt: skip
    result = {"metrics": {"overall_accuracy": right}, "cost_nusd": 1_000}
    await rows_of(
        stack,
        """UPDATE test_runs SET status = 'completed', finished_at = now(), result = $2::jsonb, simulated = true
            WHERE test_run_id = $1::text::uuid""",
        run_id, json.dumps(result),
    )  # fmt: skip
    await rows_of(stack, "UPDATE accounts SET spent_nusd = 1000 WHERE reference = $1::text::uuid", run_id)


async def improve(stack: Stack, job_id: str, *, content: dict[str, Any] | None = None) -> None:
    """As the optimizer leaves a job that proved a gain. `content`: what changes over the version; None: BETTER in its messages."""
    suggestion = new_uuid()
    await rows_of(
        stack,
        """INSERT INTO suggestions (suggestion_id, workspace_id, prompt_id, slug, base_version, job_id, content, evidence)
           SELECT $1, workspace_id, prompt_id, slug, base_version, job_id, $2::jsonb, '{}' FROM optimization_jobs
            WHERE job_id = $3::text::uuid""",
        suggestion, json.dumps(content or {"messages": BETTER}), job_id,
    )  # fmt: skip
    await rows_of(
        stack,
        """UPDATE optimization_jobs SET status = 'completed', outcome = 'improved', finished_at = now(), suggestion_id = $2
            WHERE job_id = $1::text::uuid""",
        job_id, suggestion,
    )  # fmt: skip


async def measured(stack: Stack, desk: Desk, *slugs: str) -> None:
    """Each prompt has a completed test run with the old model; 90 % were right."""
    for slug in slugs:
        if slug != "tickets":
            await served(desk, "POST", "/v1/prompts/tickets/versions/1/copy", {"slug": slug}, status=201)
        body = {"prompt": slug, "version": 1, "dataset_id": desk.dataset_id, "split": "validation"}
        await complete(stack, (await served(desk, "POST", "/v1/test-runs", body, status=202))["id"], right=0.9)


def asked(**more: Any) -> dict[str, Any]:
    return {"model": OLD, "successor": NEW, **more}


SEARCH = {"budget": {"evaluations": 800, "credits": 50.0}}


async def test_a_dataset_is_measured_on_rather_than_the_test_cases_of_the_version(stack: Stack, desk: Desk) -> None:
    cases = [{"variables": {"ticket": "Where is my parcel?"}, "expected": "delivery"}]
    await served(desk, "POST", "/v1/prompts/tickets/versions", {"base_version": 1, "test_cases": cases}, status=201)
    for items in ({"dataset_id": desk.dataset_id, "split": "validation"}, {"source": "test_cases"}):
        run = await served(desk, "POST", "/v1/test-runs", {"prompt": "tickets", "version": 2, **items}, status=202)
        await complete(stack, run["id"], right=0.9)
    begun = await served(desk, "POST", MIGRATIONS, asked(), status=202)
    [step] = [one for one in (await served(desk, "GET", f"{MIGRATIONS}/{begun['id']}"))["steps"] if one["version"] == 2]
    assert step["dataset_id"] == desk.dataset_id, "the cases have no train items to search on"
    await served(desk, "POST", f"{MIGRATIONS}/{begun['id']}/cancel")


async def test_what_is_as_good_moves_and_what_is_worse_is_searched_and_gets_a_variant(stack: Stack, desk: Desk) -> None:
    await measured(stack, desk, "tickets", "good")
    await served(desk, "POST", "/v1/prompts/tickets/versions/1/copy", {"slug": "never-measured"}, status=201)
    planned = await served(desk, "POST", f"{MIGRATIONS}/forecast", asked(search=SEARCH))
    assert (planned["steps"], planned["not_measured"], planned["problems"]) == (3, 1, [])
    assert 0 < planned["measure_nusd"] < planned["search_nusd"]
    begun = await served(desk, "POST", MIGRATIONS, asked(search=SEARCH), status=202)
    await served(desk, "POST", MIGRATIONS, asked(), status=409)
    path = f"{MIGRATIONS}/{begun['id']}"
    assert await rounds(stack) == 2 and await rounds(stack) == 0
    steps = {one["prompt"]: one for one in (await served(desk, "GET", path))["steps"]}
    assert {one: steps[one]["state"] for one in steps} == {"tickets": "measuring", "good": "measuring", "never-measured": "skipped"}
    await complete(stack, steps["good"]["after_run_id"], right=0.9)
    await complete(stack, steps["tickets"]["after_run_id"], right=0.4)
    assert await rounds(stack) == 2
    moving = await served(desk, "GET", path)
    steps = {one["prompt"]: one for one in moving["steps"]}
    assert (steps["good"]["state"], steps["good"]["outcome"]) == ("done", "as_good")
    assert (steps["tickets"]["state"], steps["tickets"]["outcome"]) == ("searching", "worse") and "Worse" in steps["tickets"]["because"]
    assert moving["progress"] == {"steps": 3, "over": 2, "done": 1, "searching": 1, "skipped": 1} and moving["cost_nusd"] == 2_000

    job = await served(desk, "GET", f"/v1/optimizations/{steps['tickets']['job_id']}")
    assert job["models"]["task"] == NEW and job["created_by"] == "system:model_migration"
    await improve(stack, job["id"])
    assert await rounds(stack) == 1
    over = await served(desk, "GET", path)
    [tickets] = [one for one in over["steps"] if one["prompt"] == "tickets"]
    assert over["status"] == "completed" and (tickets["state"], tickets["outcome"]) == ("done", "improved") and over["simulated"]
    version = await served(desk, "GET", f"/v1/prompts/tickets/versions/{tickets['new_version']}")
    assert (
        version["model"] == NEW
        and version["variants"] == [{"model": NEW, "messages": BETTER}]
        and version["branch"].startswith("migration-")
    )
    plain = await served(desk, "GET", f"/v1/prompts/good/versions/{steps['good']['new_version']}")
    assert plain["model"] == NEW and not plain.get("variants")
    prompt = await served(desk, "GET", "/v1/prompts/tickets?label=production")
    assert prompt["version"] == 1, "nobody gets it until a label moves"
    assert (await served(desk, "GET", "/v1/audit?action=model_migration.completed"))["data"][0]["object_id"] == begun["id"]


OWN, OTHERS = [{"role": "system", "content": "Sort it, chat."}], [{"role": "system", "content": "Sort it, anybody."}]
EXAMPLES = {"count": 2, "pool": [{"input": "my invoice", "expected": "billing"}, {"input": "my parcel", "expected": "shipping"}]}


@pytest.mark.parametrize(
    ("had", "proven", "kept"),
    [
        pytest.param(
            [{"model": NEW, "messages": OWN}],
            {"variants": [{"model": NEW, "messages": BETTER}]},
            {"variants": [{"model": NEW, "messages": BETTER}]},
            id="a variant",
        ),
        pytest.param(
            [{"model": "simulated/*", "messages": OTHERS}],
            {"variants": [{"model": "simulated/*", "messages": BETTER}]},
            {"variants": [{"model": "simulated/*", "messages": OTHERS}, {"model": NEW, "messages": BETTER}]},
            id="a variant of many models, which keep theirs",
        ),
        pytest.param(
            [{"model": NEW, "messages": OWN}],
            {"examples": EXAMPLES},
            {"variants": [{"model": NEW, "messages": OWN}], "examples": EXAMPLES},
            id="examples",
        ),
    ],
)
async def test_what_a_search_proved_for_the_successor_is_kept_whatever_it_changed(
    stack: Stack, desk: Desk, had: list[Any], proven: dict[str, Any], kept: dict[str, Any]
) -> None:
    changed = {"base_version": 1, "variants": had}
    assert (await served(desk, "POST", "/v1/prompts/tickets/versions", changed, status=201))["version"] == 2
    await served(desk, "PUT", "/v1/prompts/tickets/labels/production", {"version": 2})
    body = {"prompt": "tickets", "version": 2, "dataset_id": desk.dataset_id, "split": "validation"}
    await complete(stack, (await served(desk, "POST", "/v1/test-runs", body, status=202))["id"], right=0.9)
    path = f"{MIGRATIONS}/{(await served(desk, 'POST', MIGRATIONS, asked(search=SEARCH), status=202))['id']}"
    await rounds(stack)
    [step] = (await served(desk, "GET", path))["steps"]
    await complete(stack, step["after_run_id"], right=0.4)
    await rounds(stack)
    [step] = (await served(desk, "GET", path))["steps"]
    await improve(stack, step["job_id"], content=proven)
    await rounds(stack)
    [step] = (await served(desk, "GET", path))["steps"]
    assert (step["state"], step["outcome"]) == ("done", "improved"), step
    version = await served(desk, "GET", f"/v1/prompts/tickets/versions/{step['new_version']}")
    assert version["model"] == NEW and version["source"] == "optimizer"
    assert {name: version[name] for name in kept} == kept


def as_the_release_before_reads(row: dict[str, Any], model: str, search: dict[str, Any]) -> OptimizationBody:
    """`search_body` of the release before, word for word: what is stored goes over what the step says."""
    asked = {"prompt": row["slug"], "version": row["version"], "dataset_id": str(row["dataset_id"]), "models": {"task": model}}
    return OptimizationBody.model_validate(asked | search)


async def test_what_a_search_is_told_arrives_in_the_job_that_the_move_starts(stack: Stack, desk: Desk) -> None:
    await measured(stack, desk, "tickets")
    [anchor, *_] = (await served(desk, "GET", f"/v1/datasets/{desk.dataset_id}/items?split=validation"))["data"]
    told = {
        "method": "evolutionary",
        "evolutionary": {"population": 6, "selection": "pareto"},
        "models": {"reflect": OLD},
        "metrics": [{"metric": "accuracy", "weight": 2.0}, {"metric": "length", "at_most": 400.0}],
        "constraints": {"changed_lines_most": 3, "anchors": [anchor["id"]]},
        "seed": 7,
    }
    begun = await served(desk, "POST", MIGRATIONS, asked(search={**SEARCH, **told}), status=202)
    kept = begun["search"]
    assert {name: kept[name] for name in told} == told and kept["budget"]["evaluations"] == 800
    [row] = await rows_of(stack, "SELECT search FROM model_migrations WHERE migration_id = $1::text::uuid", begun["id"])
    stored, step = json.loads(row["search"]), {"slug": "tickets", "version": 1, "dataset_id": desk.dataset_id}
    assert as_the_release_before_reads(step, NEW, stored) == search_body(step, NEW, stored)  # type: ignore[arg-type]
    assert as_the_release_before_reads(step, NEW, stored).models.task == NEW, "and nothing else that was told is lost"
    of_before = {name: one for name, one in stored.items() if name != "models"} | {"models": {"reflect": OLD}}
    assert search_body(step, NEW, of_before).models.task == NEW  # type: ignore[arg-type]
    await rounds(stack)
    path = f"{MIGRATIONS}/{begun['id']}"
    [step] = (await served(desk, "GET", path))["steps"]
    await complete(stack, step["after_run_id"], right=0.4)
    await rounds(stack)
    [step] = (await served(desk, "GET", path))["steps"]
    assert step["state"] == "searching", step
    [row] = await rows_of(
        stack,
        """SELECT method, task_model, reflect_model, seed, budget_evaluations, search FROM optimization_jobs
            WHERE job_id = $1::text::uuid""",
        step["job_id"],
    )  # fmt: skip
    search = json.loads(row.pop("search"))
    assert tuple(row.values()) == ("evolutionary", NEW, OLD, 7, 800)
    assert (search["evolutionary"]["population"], search["evolutionary"]["selection"]) == (6, "pareto")
    assert [(one["metric"], one["weight"], one["at_most"]) for one in search["metrics"]] == [
        ("accuracy", 2.0, None),
        ("length", None, 400.0),
    ]
    assert (search["constraints"]["changed_lines_most"], search["constraints"]["anchors"]) == (3, [anchor["id"]])


@pytest.mark.parametrize(
    ("search", "param"),
    [
        ({"method": "manual", "manual": {"candidates": ["x"]}}, "search.method"),
        ({"method": "settings", "settings": {"space": {"temperature": [0.0]}}}, "search.method"),
        ({"models": {"task": OLD}}, "search.models"),
        ({"models": {"variants": [OLD]}}, "search.models"),
        ({"chain": {"slug": "c", "step": "s"}}, "search.chain"),
        ({"method": "racing", "few_shot": {"examples": 3}}, "search.few_shot"),
        ({"metrics": [{"metric": "accuracy"}, {"metric": "accuracy"}]}, "search.metrics"),
    ],
)
async def test_what_is_of_one_prompt_or_the_moves_own_is_refused(desk: Desk, search: dict[str, Any], param: str) -> None:
    refused = await served(desk, "POST", MIGRATIONS, asked(search=search), status=422)
    assert refused["error"]["param"] == param, refused


async def test_an_option_that_cannot_be_is_a_problem_of_the_forecast(stack: Stack, desk: Desk) -> None:
    await measured(stack, desk, "tickets")
    search = {**SEARCH, "constraints": {"anchors": [str(new_uuid())]}}
    planned = await served(desk, "POST", f"{MIGRATIONS}/forecast", asked(search=search))
    assert [(one["prompt"], one["version"]) for one in planned["problems"]] == [("tickets", 1)], planned


async def test_without_a_search_it_only_says_what_is_worse(stack: Stack, desk: Desk) -> None:
    await measured(stack, desk, "tickets")
    begun = await served(desk, "POST", MIGRATIONS, asked(prompts=["tickets"], margin=0.0), status=202)
    await rounds(stack)
    [step] = (await served(desk, "GET", f"{MIGRATIONS}/{begun['id']}"))["steps"]
    await complete(stack, step["after_run_id"], right=0.3)
    await rounds(stack)
    over = await served(desk, "GET", f"{MIGRATIONS}/{begun['id']}")
    assert over["status"] == "completed" and (over["steps"][0]["outcome"], over["steps"][0]["new_version"]) == ("worse", None)


async def test_a_migration_that_is_cancelled_stops_what_it_began(stack: Stack, desk: Desk) -> None:
    await measured(stack, desk, "tickets")
    begun = await served(desk, "POST", MIGRATIONS, asked(), status=202)
    await rounds(stack)
    over = await served(desk, "POST", f"{MIGRATIONS}/{begun['id']}/cancel")
    assert over["status"] == "cancelled" and over["steps"][0]["state"] == "cancelled"
    run = await served(desk, "GET", f"/v1/test-runs/{over['steps'][0]['after_run_id']}")
    assert run["status"] == "cancelled" and await rounds(stack) == 0
    assert [one["status"] for one in (await served(desk, "GET", MIGRATIONS))["data"]] == ["cancelled"]


async def test_of_moves_that_begin_at_once_one_begins(stack: Stack, desk: Desk) -> None:
    await measured(stack, desk, "tickets")
    async with held(stack, "LOCK TABLE model_migrations IN EXCLUSIVE MODE"):
        begins = [asyncio.create_task(desk.caller("POST", MIGRATIONS, asked())) for _ in range(2)]
        await until_waiting(stack, of="", count=2)
    begun = await asyncio.gather(*begins)
    assert sorted(one.status for one in begun) == [202, 409], [one.body for one in begun]
    assert len((await served(desk, "GET", MIGRATIONS))["data"]) == 1


async def test_what_begins_while_a_migration_is_cancelled_is_cancelled_too(stack: Stack, desk: Desk) -> None:
    await measured(stack, desk, "tickets", "good")
    other = (await served(desk, "POST", "/v1/datasets", {"name": "other", "items": tickets()}, status=201))["id"]
    body = {"prompt": "tickets", "version": 1, "dataset_id": other, "split": "validation"}
    await complete(stack, (await served(desk, "POST", "/v1/test-runs", body, status=202))["id"], right=0.8)
    begun = await served(desk, "POST", MIGRATIONS, asked(), status=202)
    path = f"{MIGRATIONS}/{begun['id']}"
    async with held(stack, f"SELECT FROM datasets WHERE dataset_id = '{other}' FOR UPDATE"):
        beginning = asyncio.create_task(rounds(stack))
        await until_waiting(stack, of="datasets", count=1)  # the first step has begun, the second is about to
        cancelling = asyncio.create_task(served(desk, "POST", f"{path}/cancel"))
        await until_waiting(stack, of="model_migration", count=1)
    await asyncio.gather(beginning, cancelling)
    over = await served(desk, "GET", path)
    assert (over["status"], [one["state"] for one in over["steps"]]) == ("cancelled", ["cancelled", "cancelled"])
    runs = {one["status"] for one in (await served(desk, "GET", "/v1/test-runs"))["data"]}
    assert runs <= {"completed", "cancelled"}, "nobody is left who would read what goes on"


@asynccontextmanager
async def held(stack: Stack, what: str) -> AsyncIterator[None]:
    """Somebody else holds the lock that this statement takes until the block ends."""
    holding = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    try:
        async with holding.transaction():
            await holding.execute(what)
            yield
    finally:
        await holding.close()


async def test_what_cannot_be_measured_fails_its_step_alone(stack: Stack, desk: Desk) -> None:
    await measured(stack, desk, "tickets", "good")
    begun = await served(desk, "POST", MIGRATIONS, asked(), status=202)
    await served(desk, "POST", "/v1/prompts/good/archive")
    await rows_of(stack, "UPDATE model_migration_steps SET dataset_id = gen_random_uuid() WHERE slug = 'good'")
    await rounds(stack)
    states = {one["prompt"]: (one["state"], one["because"]) for one in (await served(desk, "GET", f"{MIGRATIONS}/{begun['id']}"))["steps"]}
    assert states["good"][0] == "failed" and states["good"][1] and states["tickets"][0] == "measuring"


async def test_a_dataset_that_is_archived_measures_no_move_whenever_it_was_put_away(stack: Stack, desk: Desk) -> None:
    archive = "UPDATE datasets SET archived_at = CASE WHEN $2 THEN now() END WHERE dataset_id = $1::text::uuid"
    await measured(stack, desk, "tickets", "good")
    other = (await served(desk, "POST", "/v1/datasets", {"name": "other", "items": tickets()}, status=201))["id"]
    body = {"prompt": "good", "version": 1, "dataset_id": other, "split": "validation"}
    await complete(stack, (await served(desk, "POST", "/v1/test-runs", body, status=202))["id"], right=0.8)
    await rows_of(stack, archive, desk.dataset_id, True)
    assert (await served(desk, "POST", f"{MIGRATIONS}/forecast", asked()))["not_measured"] == 1
    begun = await served(desk, "POST", MIGRATIONS, asked(), status=202)
    steps = {one["prompt"]: one for one in (await served(desk, "GET", f"{MIGRATIONS}/{begun['id']}"))["steps"]}
    assert (steps["tickets"]["state"], steps["tickets"]["outcome"]) == ("skipped", "not_measured")
    assert "archived datasets" in steps["tickets"]["because"] and steps["good"]["dataset_id"] == other
    await rows_of(stack, archive, other, True)  # as who archived it at the moment at which the move began
    assert await rounds(stack) == 1
    over = await served(desk, "GET", f"{MIGRATIONS}/{begun['id']}")
    [good] = [one for one in over["steps"] if one["prompt"] == "good"]
    assert (over["status"], good["state"], good["outcome"], good["after_run_id"]) == ("completed", "skipped", "not_measured", None)
    assert "was archived on" in good["because"]


@pytest.mark.parametrize("why", ["the dataset was archived", "the fee is not covered"])
async def test_a_search_that_cannot_begin_leaves_what_was_measured_and_sets_no_credit_aside(stack: Stack, why: str) -> None:
    desk = await make_desk(await stack.caller(credit_nusd=100 * NUSD_PER_CREDIT))
    await measured(stack, desk, "tickets")
    begun = await served(desk, "POST", MIGRATIONS, asked(search=SEARCH), status=202)
    await rounds(stack)
    [step] = (await served(desk, "GET", f"{MIGRATIONS}/{begun['id']}"))["steps"]
    await complete(stack, step["after_run_id"], right=0.3)
    before = (await served(desk, "GET", "/v1/credits"))["balance_nusd"]
    if why == "the dataset was archived":
        await rows_of(stack, "UPDATE datasets SET archived_at = now() WHERE dataset_id = $1::text::uuid", desk.dataset_id)
    else:
        await rows_of(
            stack,
            """INSERT INTO plans (plan, name, rate_limit_per_minute, concurrency, base_fee_nusd, base_credit_nusd, retention_days_most,
                                  platform_keys, optimization_fee_nusd)
               VALUES ('dear-runs', 'Dear runs', 100000, 100, 0, 0, 30, true, $1) ON CONFLICT DO NOTHING""",
            200 * NUSD_PER_CREDIT,
        )
        await rows_of(stack, "SELECT set_plan($1, 'dear-runs')", desk.caller.workspace.organization_id)
    assert await rounds(stack) == 1
    over = await served(desk, "GET", f"{MIGRATIONS}/{begun['id']}")
    [step] = over["steps"]
    assert (over["status"], step["state"], step["outcome"], step["job_id"]) == ("completed", "failed", "worse", None)
    assert step["because"].startswith("Worse") and "The search did not begin: " in step["because"], step["because"]
    assert (await served(desk, "GET", "/v1/credits"))["balance_nusd"] == before


async def test_a_forecast_names_a_search_that_could_not_begin(stack: Stack, desk: Desk) -> None:
    await measured(stack, desk, "tickets")
    small = {"budget": {"evaluations": 50}}
    planned = await served(desk, "POST", f"{MIGRATIONS}/forecast", asked(search=small))
    assert [one["prompt"] for one in planned["problems"]] == ["tickets"] and planned["search_nusd"] == 0
    assert "too few to begin" in planned["problems"][0]["because"] and planned["measure_nusd"] > 0


async def test_a_move_to_nowhere_is_refused(desk: Desk) -> None:
    for wrong, param in (
        (asked(successor="simulated/nowhere"), "successor"),
        (asked(successor=OLD), "successor"),
        ({"model": OLD}, "successor"),
        (asked(model="simulated/writer"), "model"),
        (asked(search={"method": "manual"}), "search.method"),
        (asked(search={"method": "settings"}), "search.method"),
    ):
        assert (await served(desk, "POST", MIGRATIONS, wrong, status=422))["error"]["param"] == param
    await served(desk, "POST", MIGRATIONS, asked(model="nobodys/model"), status=404)
    absent = await served(desk, "POST", MIGRATIONS, asked(prompts=["tickets", "nobodys"]), status=404)
    assert absent["error"]["param"] == "prompts[1]"
