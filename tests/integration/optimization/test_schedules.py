"""Optimizations begin by the clock: each time once, whoever looks, within the budgets (PRODUCT O1)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burnish_gateway.schedules import store
from burnish_gateway.schedules.start_due import ScheduleStarter
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk, make_desk
from tests.integration.optimization.test_generations import rows_of, served
from tests.integration.optimization.test_job_money import FEE_NUSD, caller_with_fee

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O1")]

SCHEDULES = "/v1/optimization-schedules"


JOB = "SELECT method, search, seed, task_model, budget_evaluations FROM optimization_jobs WHERE job_id = $1::text::uuid"


class SetClock:
    """Stands where it is set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def asked(desk: Desk, **changed: Any) -> dict[str, Any]:
    search = {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": {"evaluations": 800, "credits": 50.0}}
    return {"every": "hourly", "optimization": search, "month_credits": 120.0, **changed}


async def rounds(stack: Stack, clock: SetClock, *, replicas: int = 1) -> int:
    """Several gateways look at once."""
    db = await Database.open(stack.urls["gateway"], application_name="test-schedules", max_size=6)
    try:
        return sum(await asyncio.gather(*(ScheduleStarter(db, clock, lambda: None).round() for _ in range(replicas))))
    finally:
        await db.close()


async def make_due(stack: Stack, schedule_id: str, *, ago: timedelta = timedelta(minutes=1)) -> SetClock:
    """The next time lies in the past, as it does after an hour, or after an outage."""
    now = datetime.now(UTC)
    await rows_of(stack, "UPDATE optimization_schedules SET next_at = $2 WHERE schedule_id = $1::text::uuid", schedule_id, now - ago)
    return SetClock(now)


async def runs_of(desk: Desk, schedule_id: str) -> list[dict[str, Any]]:
    return list((await served(desk, "GET", f"{SCHEDULES}/{schedule_id}/runs"))["data"])


async def test_a_time_that_came_starts_one_job_whoever_looks(stack: Stack, desk: Desk) -> None:
    made = await served(desk, "POST", SCHEDULES, asked(desk, name="each hour"), status=201)
    assert len(made["next_at"]) == 5 and made["cron"] == "0 * * * *" and not made["paused"]
    assert await rounds(stack, SetClock(datetime.now(UTC))) == 0
    clock = await make_due(stack, made["id"])
    assert await rounds(stack, clock, replicas=4) == 1
    assert await rounds(stack, clock) == 0
    [run] = await runs_of(desk, made["id"])
    job = await served(desk, "GET", f"/v1/optimizations/{run['job_id']}")
    assert job["created_by"] == "system:schedule" and job["budget"]["nusd"] <= 50 * 10_000_000
    entries = (await served(desk, "GET", "/v1/audit?action=optimization.started"))["data"]
    assert entries[0]["actor"] == "system:schedule" and entries[0]["after"]["schedule_id"] == made["id"]
    assert (await served(desk, "GET", f"{SCHEDULES}/{made['id']}"))["spent_this_month_nusd"] >= job["budget"]["nusd"]


async def test_a_schedule_names_any_method_with_what_a_run_by_hand_may_have(stack: Stack, desk: Desk) -> None:
    items = (await served(desk, "GET", f"/v1/datasets/{desk.dataset_id}/items?split=train&limit=2"))["data"]
    search = asked(desk)["optimization"] | {
        "method": "evolutionary",
        "evolutionary": {"population": 6, "generations": 3, "selection": "pareto"},
        "constraints": {"changed_lines_most": 3, "anchors": [one["id"] for one in items]},
        "metrics": [{"metric": "accuracy", "weight": 2}, {"metric": "length", "at_most": 400}],
        "seed": 7,
    }
    made = await served(desk, "POST", SCHEDULES, asked(desk, optimization=search), status=201)
    assert await rounds(stack, await make_due(stack, made["id"])) == 1
    [run] = await runs_of(desk, made["id"])
    by_clock = await rows_of(stack, JOB, run["job_id"])
    await served(desk, "POST", f"/v1/optimizations/{run['job_id']}/cancel")
    by_hand = await served(desk, "POST", "/v1/optimizations", search, status=202)
    assert by_clock[0]["method"] == "evolutionary"
    assert dict(by_clock[0]) == dict((await rows_of(stack, JOB, by_hand["id"]))[0]), "the very same search"
    await served(desk, "POST", f"/v1/optimizations/{by_hand['id']}/cancel")
    await served(desk, "DELETE", f"{SCHEDULES}/{made['id']}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "manual"},
        {"method": "racing", "evolutionary": {}},
        {"metrics": [{"metric": "relevance", "weight": 1}]},
        {"constraints": {"anchors": [str(new_uuid())]}},
        {"models": {"task": "no/such-model"}},
    ],
)
async def test_what_a_run_by_hand_refuses_a_schedule_refuses_with_the_same_words(desk: Desk, wrong: dict[str, Any]) -> None:
    search = asked(desk)["optimization"] | wrong
    by_hand = await desk.caller("POST", "/v1/optimizations", search)
    by_clock = await desk.caller("POST", SCHEDULES, asked(desk, optimization=search))
    assert by_hand.status == by_clock.status and by_hand.status in (404, 422), (by_hand.body, by_clock.body)
    said = by_hand.body["error"]["message"]
    assert said.partition(": ")[2] in by_clock.body["error"]["message"], (said, by_clock.body)


async def test_what_was_missed_while_nobody_looked_is_made_up_for_once(stack: Stack, desk: Desk) -> None:
    made = await served(desk, "POST", SCHEDULES, asked(desk), status=201)
    due_at = datetime.now(UTC).replace(minute=30) - timedelta(hours=8)
    await rows_of(stack, "UPDATE optimization_schedules SET next_at = $2 WHERE schedule_id = $1::text::uuid", made["id"], due_at)
    clock = SetClock(due_at + timedelta(hours=7, minutes=1))  # Half past: as many full hours lie between them, whenever this runs.
    assert await rounds(stack, clock, replicas=2) == 1
    assert await rounds(stack, clock) == 0
    [run] = await runs_of(desk, made["id"])
    assert run["missed"] == 7 and run["refused"] is None
    [first, *_] = (await served(desk, "GET", f"{SCHEDULES}/{made['id']}"))["next_at"]
    assert datetime.fromisoformat(first) > clock.at


async def test_a_prompt_has_one_job_at_a_time_and_the_run_that_is_left_out_says_so(stack: Stack, desk: Desk) -> None:
    made = await served(desk, "POST", SCHEDULES, asked(desk), status=201)
    assert await rounds(stack, await make_due(stack, made["id"])) == 1
    assert await rounds(stack, await make_due(stack, made["id"], ago=timedelta(seconds=30))) == 0
    newest, _ = await runs_of(desk, made["id"])
    assert newest["job_id"] is None and "was not over" in newest["refused"]
    [entry, *_] = (await served(desk, "GET", "/v1/audit?action=schedule.run_left_out"))["data"]
    assert entry["object_id"] == made["id"]


async def test_the_cap_of_the_month_is_what_is_left_for_a_run_and_never_passed(stack: Stack, desk: Desk) -> None:
    made = await served(desk, "POST", SCHEDULES, asked(desk, month_credits=60.0), status=201)
    caps = []
    for ago in (50, 40, 30):
        await rounds(stack, await make_due(stack, made["id"], ago=timedelta(seconds=ago)))
        [run, *_] = await runs_of(desk, made["id"])
        if run["job_id"] is None:
            caps.append(run["refused"])
            continue
        await rows_of(stack, "UPDATE accounts SET spent_nusd = limit_nusd WHERE reference = $1::text::uuid", run["job_id"])  # spends it all
        job = await served(desk, "POST", f"/v1/optimizations/{run['job_id']}/cancel")
        assert job["progress"]["spent_nusd"] == job["budget"]["nusd"]
        caps.append(job["budget"]["nusd"])
    spent = (await served(desk, "GET", f"{SCHEDULES}/{made['id']}"))["spent_this_month_nusd"]
    assert spent <= 60 * 10_000_000 and sum(one for one in caps if isinstance(one, int)) == spent
    refused = await served(desk, "PATCH", f"{SCHEDULES}/{made['id']}", {"month_credits": 0.0001}, status=422)
    assert refused["error"]["param"] == "month_credits", "no run of it could ever begin"
    await rows_of(stack, "UPDATE optimization_schedules SET month_cap_nusd = 1 WHERE schedule_id = $1::text::uuid", made["id"])
    await rounds(stack, await make_due(stack, made["id"], ago=timedelta(seconds=5)))
    assert "cap for this month is reached" in (await runs_of(desk, made["id"]))[0]["refused"]
    before = "UPDATE optimization_schedule_runs SET started_at = started_at - interval '32 days' WHERE schedule_id = $1::text::uuid"
    await rows_of(stack, before, made["id"])
    assert (await served(desk, "GET", f"{SCHEDULES}/{made['id']}"))["spent_this_month_nusd"] == 0, "each month has all of its cap"


async def test_the_fee_of_a_run_is_part_of_the_months_cap_until_it_is_given_back(stack: Stack) -> None:
    desk = await make_desk(await caller_with_fee(stack, credit_nusd=100_000_000_000))
    made = await served(desk, "POST", SCHEDULES, asked(desk, month_credits=33.0), status=201)
    for ago in (50, 40):
        await rounds(stack, await make_due(stack, made["id"], ago=timedelta(seconds=ago)))
        [run, *_] = await runs_of(desk, made["id"])
        job = await served(desk, "GET", f"/v1/optimizations/{run['job_id']}")
        assert job["budget"]["nusd"] == 33 * 10_000_000 - FEE_NUSD
        assert (await served(desk, "GET", f"{SCHEDULES}/{made['id']}"))["spent_this_month_nusd"] == 33 * 10_000_000
        await served(desk, "POST", f"/v1/optimizations/{run['job_id']}/cancel")
        assert (await served(desk, "GET", f"{SCHEDULES}/{made['id']}"))["spent_this_month_nusd"] == 0, "it never began"


async def test_the_cap_of_the_month_is_changed_also_while_nothing_could_begin(stack: Stack, desk: Desk) -> None:
    made = await served(desk, "POST", SCHEDULES, asked(desk), status=201)
    await served(desk, "POST", "/v1/prompts/tickets/archive")
    lowered = await served(desk, "PATCH", f"{SCHEDULES}/{made['id']}", {"month_credits": 60.0})
    assert lowered["month_credits"] == "60.0000"


async def test_a_schedule_is_paused_changed_and_removed(stack: Stack, desk: Desk) -> None:
    made = await served(desk, "POST", SCHEDULES, asked(desk, every="cron", cron="0 6 * * 1", time_zone="Europe/Vienna"), status=201)
    paused = await served(desk, "PATCH", f"{SCHEDULES}/{made['id']}", {"paused": True})
    assert paused["paused"] and paused["next_at"] == []
    assert await rounds(stack, SetClock(datetime.now(UTC) + timedelta(days=30))) == 0
    again = await served(desk, "PATCH", f"{SCHEDULES}/{made['id']}", {"paused": False, "cron": "30 6 * * *", "name": "mornings"})
    assert again["name"] == "mornings" and len(again["next_at"]) == 5
    assert [one["id"] for one in (await served(desk, "GET", f"{SCHEDULES}?prompt=tickets"))["data"]] == [made["id"]]
    await served(desk, "DELETE", f"{SCHEDULES}/{made['id']}")
    await served(desk, "GET", f"{SCHEDULES}/{made['id']}", status=404)
    for wrong, param in (
        ({"cron": "* * * * *", "every": "cron"}, "cron"),
        ({"every": "cron"}, None),
        ({"every": "cron", "cron": ""}, "cron"),
        ({"time_zone": "Nowhere/At_all"}, "time_zone"),
        ({"month_credits": 0}, "month_credits"),
        ({"month_credits": 0.001}, "month_credits"),
    ):
        refused = await served(desk, "POST", SCHEDULES, asked(desk, **wrong), status=422)
        assert param is None or refused["error"]["param"] == param
    small = asked(desk)
    small["optimization"]["budget"]["evaluations"] = 50
    refused = await served(desk, "POST", SCHEDULES, small, status=422)
    assert refused["error"]["param"] == "optimization.budget.evaluations", "no run of it could ever begin"
    without = asked(desk)
    del without["optimization"]["budget"]["credits"]
    await served(desk, "POST", SCHEDULES, without, status=422)
    await served(
        desk, "POST", SCHEDULES, asked(desk) | {"optimization": asked(desk)["optimization"] | {"dataset_id": str(new_uuid())}}, status=404
    )


async def test_a_second_job_of_a_prompt_waits_until_the_first_is_over(stack: Stack, desk: Desk) -> None:
    jobs = [(await served(desk, "POST", "/v1/optimizations", asked(desk)["optimization"], status=202))["id"] for _ in range(2)]

    async def claimed() -> list[str]:
        rows = await rows_of(
            stack, "SELECT id FROM claim_work('somebody', 60, 10) WHERE workspace_id = $1", desk.caller.workspace.workspace_id
        )
        return [str(one["id"]) for one in rows]

    assert await claimed() == jobs[:1] and await claimed() == []
    await rows_of(stack, "UPDATE optimization_jobs SET status = 'cancelled', finished_at = now() WHERE job_id = $1::text::uuid", jobs[0])
    assert await claimed() == jobs[1:]


async def test_schedules_that_are_made_at_once_keep_to_the_most(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "OF_PROMPT_MOST", 3)
    answers = await asyncio.gather(*(desk.caller("POST", SCHEDULES, asked(desk, name=f"schedule {n}")) for n in range(8)))
    assert sorted(one.status for one in answers) == 3 * [201] + 5 * [409], [one.body for one in answers]
    assert len((await served(desk, "GET", SCHEDULES))["data"]) == 3
