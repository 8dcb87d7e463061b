"""Usage and the month's statement: exact to the nano-dollar, open or closed (PRODUCT B4)."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from asyncpg import Record

from burnish_gateway.billing import usage_store
from burnish_gateway.billing.usage_store import Dimension
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.billing.money import PLAN, SMALL, books, close_days, drift, ok
from tests.integration.billing.synthetic_month import Life, live

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("B4")]

EXECUTIONS = 1_500
TODAY = datetime.now(UTC).date()
MONTH = ((TODAY.replace(day=1) - timedelta(days=1)).replace(day=1) - timedelta(days=1)).replace(day=1)
"""Two months ago, so that the one after it is over too."""

AFTER = (MONTH + timedelta(days=32)).replace(day=1)
DIMENSIONS = ("api_key", "prompt", "model", "provider", "provider_key", "key_source", "lane", "end_user", "day")
COUNTED = (
    "executions", "successes", "input_tokens", "cached_input_tokens", "output_tokens", "cost_nusd", "markup_nusd", "loss_nusd",
    "simulated_executions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lived:
    caller: Caller
    life: Life


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lived(stack: Stack, operator: Caller) -> AsyncIterator[Lived]:
    """A workspace with three months behind it, on a plan with fee, base credit and allowance."""
    caller = await stack.caller(credit_nusd=0)
    await ok(operator("PUT", "/v1/plans/lived", PLAN | {"base_fee_nusd": 49, "platform_allowance_nusd": 1_200_000}))
    await ok(operator("PUT", f"/v1/organizations/{caller.workspace.organization_id}/plan", {"plan": "lived"}))
    await ok(
        operator("PUT", "/v1/plans/lived", PLAN | {"base_fee_nusd": 49, "base_credit_nusd": 777, "platform_allowance_nusd": 1_200_000})
    )
    await books(
        stack, "UPDATE workspaces SET created_at = $2 WHERE workspace_id = $1", caller.workspace.workspace_id,
        datetime(MONTH.year, MONTH.month, 1, tzinfo=UTC) - timedelta(days=20),
    )  # fmt: skip
    life = await live(stack.urls, caller.workspace, MONTH, executions=EXECUTIONS)
    yield Lived(caller, life)
    await life.connection.close()


async def statement(caller: Caller, month: date) -> Any:
    return await ok(caller("GET", f"/v1/usage/statement?month={month:%Y-%m}"))


async def usage(caller: Caller, *by: str, limit: int = 200) -> list[Any]:
    """All pages of the month."""
    last = AFTER - timedelta(days=1)
    path, rows, cursor = f"/v1/usage?from={MONTH}&to={last}&limit={limit}" + "".join(f"&group_by={one}" for one in by), [], ""
    while True:
        page = await ok(caller("GET", path + cursor))
        rows += page["data"]
        if page["next_cursor"] is None:
            return rows
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.promise("C-01", "C-13")
async def test_a_month_of_use_is_the_same_in_statement_ledger_and_executions(stack: Stack, lived: Lived) -> None:
    """First from the rows, then from closed days: not a nano-dollar moves."""
    caller, key = lived.caller, f"{MONTH:%Y-%m}"
    open_months = [await statement(caller, month) for month in (MONTH, AFTER)]
    open_usage = [await usage(caller, one) for one in DIMENSIONS]
    await _check_against_the_rows(stack, lived, open_months[0])
    await _close_all(stack, caller)
    assert [await statement(caller, month) for month in (MONTH, AFTER)] == open_months
    assert [await usage(caller, one) for one in DIMENSIONS] == open_usage
    (whole,) = await usage(caller)
    assert (whole["cost_nusd"], whole["executions"]) == (lived.life.costs[key], lived.life.executions[key])
    for rows in open_usage:
        assert {name: sum(one[name] for one in rows) for name in COUNTED} == {name: whole[name] for name in COUNTED}
    assert not await drift(stack)


async def _check_against_the_rows(stack: Stack, lived: Lived, month: Any) -> None:
    workspace_id, key = lived.caller.workspace.workspace_id, f"{MONTH:%Y-%m}"
    charges = month["charges"]
    assert charges["total_nusd"] + charges["borne_by_platform_nusd"] == lived.life.costs[key] > 0 < charges["borne_by_platform_nusd"]
    assert sum(one["cost_nusd"] for one in charges["models"]) == lived.life.costs[key]
    rows = await books(
        stack, "SELECT model, count(*)::int AS n FROM executions WHERE workspace_id = $1 AND simulated AND execution_id >= day_bound($2) "
        "AND execution_id < day_bound($3) GROUP BY 1", workspace_id, MONTH, AFTER,
    )  # fmt: skip
    assert {one["model"]: one["simulated_executions"] for one in charges["models"]} == {row["model"]: row["n"] for row in rows}
    assert all(one["simulated"] for one in charges["models"]) and charges["simulated"]
    assert charges["simulated_executions"] == sum(row["n"] for row in rows) > 0
    assert min(charges["from_credit_nusd"], charges["from_jobs_nusd"], charges["from_allowance_nusd"]) > 0
    lines = {one["kind"]: one["amount_nusd"] for one in month["lines"]}
    assert month["opening_balance_nusd"] + sum(lines.values()) == month["closing_balance_nusd"]
    assert lines["fee"] == -3_000_003 and lines["charge"] == -(charges["from_credit_nusd"] + charges["from_jobs_nusd"])
    assert {"refund", "grant", "base_grant", "credit_line"} <= set(lines) and not {"funding", "funding_return"} & set(lines)
    assert (month["base_fee_nusd"], month["base_credit_nusd"], lines["base_grant"]) == (49, 777, 777)
    assert month["due_nusd"] == 49 + month["credit_line_nusd"] == 49 + lines["credit_line"]
    following = await statement(lived.caller, AFTER)
    now = await statement(lived.caller, TODAY)
    assert (month["closing_balance_nusd"], month["allowance"]["closing_nusd"]) == (
        following["opening_balance_nusd"], following["allowance"]["opening_nusd"],
    )  # fmt: skip
    assert month["set_aside_nusd"] > 0 == following["set_aside_nusd"]
    balances = await books(
        stack, "SELECT kind, sum(limit_nusd - spent_nusd)::bigint AS n FROM accounts WHERE workspace_id = $1 GROUP BY 1", workspace_id
    )
    left = {row["kind"]: row["n"] for row in balances}
    assert (now["closing_balance_nusd"], now["allowance"]["closing_nusd"]) == (left[3] + left[4], left[11])


async def test_the_ledger_adds_up_to_the_balance_whoever_paid(lived: Lived) -> None:
    entries, cursor = [], ""
    while True:
        page = await ok(lived.caller("GET", "/v1/credits/transfers?limit=200" + cursor))
        entries += page["data"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sum(one["change_nusd"] for one in entries) == (await ok(lived.caller("GET", "/v1/credits")))["balance_nusd"]
    charged = {(one["change_nusd"] > 0) - (one["change_nusd"] < 0) for one in entries if one["kind"] == "charge"}
    assert charged == {-1, 0}, "allowance and jobs paid for some"
    assert all(one["change_nusd"] in (0, -one["amount_nusd"], one["amount_nusd"]) for one in entries)


async def _close_all(stack: Stack, caller: Caller) -> None:
    await close_days(stack, TODAY - timedelta(days=2))
    page = await ok(caller("GET", "/v1/usage"))
    assert page["closed_through"] == str(TODAY - timedelta(days=2))
    rows = await books(stack, "SELECT sum(executions)::int AS n FROM usage_days WHERE workspace_id = $1", caller.workspace.workspace_id)
    assert rows[0]["n"] > EXECUTIONS


async def test_days_that_were_closed_before_the_count_of_simulated_ones_get_it_by_the_migration(stack: Stack, lived: Lived) -> None:
    await _close_all(stack, lived.caller)
    before = await usage(lived.caller, "end_user")
    assert sum(one["simulated_executions"] for one in before) > 0
    await books(stack, "UPDATE usage_user_days SET simulated = 0 WHERE workspace_id = $1", lived.caller.workspace.workspace_id)
    script = files("burnish_shared").joinpath("db/sql/0126_simulated_usage_of_before.sql").read_text()
    await books(stack, "UPDATE usage_user_days u" + script.partition("UPDATE usage_user_days u")[2].partition(";")[0])
    assert await usage(lived.caller, "end_user") == before


async def test_pages_of_several_dimensions_hold_every_group_once(lived: Lived) -> None:
    whole, pieces = await usage(lived.caller, "model", "day"), await usage(lived.caller, "model", "day", limit=7)
    assert whole == pieces and len(whole) > 50
    groups = [(one["group"]["model"], one["group"]["day"]) for one in whole]
    assert groups == sorted(set(groups))
    names = {one["name"] for one in await usage(lived.caller, "api_key")}
    assert names == {None}
    for wrong in ("group_by=model&group_by=model", "group_by=end_user&group_by=model", "from=2026-02-30", "from=2020-01-01&to=2026-01-01"):
        assert (await lived.caller("GET", f"/v1/usage?{wrong}")).status == 422, wrong


@pytest.mark.parametrize("by", [("end_user",), ("end_user", "day"), ("day", "end_user")])
async def test_pages_of_end_users_hold_each_once_and_sum_no_others(stack: Stack, by: tuple[str, ...]) -> None:
    """Open days and closed ones together; nobody's user is between two pages."""
    caller = await stack.caller()
    workspace_id, first = caller.workspace.workspace_id, TODAY - timedelta(days=6)
    await books(
        stack,
        """INSERT INTO usage_user_days SELECT $1, $2::date + d, CASE WHEN n = 0 THEN '' ELSE 'user ' || n END, n + 1, n, 1, 2, 3, 4, 5, 6, 0
             FROM generate_series(0, 2) d, generate_series(0, 8) n WHERE (n + d) % 4 <> 1""",
        workspace_id, first,
    )  # fmt: skip
    await books(stack, "INSERT INTO usage_closings (workspace_id, through) VALUES ($1, $2)", workspace_id, first + timedelta(days=3))
    for user in (None, "user 3", "user 4x", "zoe", None, "user 3"):
        await ok(caller("POST", "/v1/executions", SMALL | ({"user_id": user} if user else {})))
    path = f"/v1/usage?from={first}&to={TODAY}" + "".join(f"&group_by={one}" for one in by)
    (whole,) = [await ok(caller("GET", path + "&limit=200"))]
    groups = [tuple(one["group"][name] for name in by) for one in whole["data"]]
    assert groups == sorted(set(groups)) and whole["next_cursor"] is None
    users = {one["group"]["end_user"] for one in whole["data"]}
    assert users == {"", *(f"user {n}" for n in range(1, 9)), "user 4x", "zoe"}
    (everything,) = (await ok(caller("GET", f"/v1/usage?from={first}&to={TODAY}&group_by=end_user&limit=1&group_by=day")))["data"]
    for limit in (1, 2, 5):
        rows, cursor = [], ""
        while True:
            page = await ok(caller("GET", f"{path}&limit={limit}{cursor}"))
            rows += page["data"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert rows == whole["data"], limit
    assert sum(one["executions"] for one in whole["data"]) == 6 + sum(n + 1 for n in range(9) for d in range(3) if (n + d) % 4 != 1)
    assert everything["group"] == {"end_user": "", "day": str(first)}


@pytest.mark.parametrize("by", [("end_user",), ("end_user", "day"), ("day", "end_user")])
async def test_a_page_of_end_users_reads_no_rows_of_others(stack: Stack, by: tuple[Dimension, ...]) -> None:
    """By what PostgreSQL says that it read: of 4,000 end users a page of five reads some of theirs."""
    caller = await stack.caller()
    workspace_id, first = caller.workspace.workspace_id, TODAY - timedelta(days=9)
    await books(
        stack,
        "INSERT INTO usage_user_days SELECT $1, $2::date + d, 'user ' || n, 1, 1, 1, 2, 3, 4, 5, 6, 0 "
        "FROM generate_series(0, 5) d, generate_series(1, 4000) n",
        workspace_id, first,
    )  # fmt: skip
    await books(stack, "INSERT INTO usage_closings (workspace_id, through) VALUES ($1, $2)", workspace_id, TODAY - timedelta(days=2))
    await books(stack, "ANALYZE usage_user_days")
    after = {"end_user": "user 2000", "day": str(first + timedelta(days=1))}
    async with as_superuser(stack.urls["superuser"]) as connection, connection.transaction():
        await connection.execute("SET LOCAL ROLE burnish_app")
        await connection.execute("SELECT set_config('app.workspace', $1, true)", str(workspace_id))
        explained = Explained(connection)
        found = await usage_store.usage(explained, workspace_id, start=first, end=TODAY, by=by, after=[after[one] for one in by], limit=5)
    assert len(found) == 6
    # By day the one whole day is summed, and no other.
    assert sum(_rows_read(plan, "usage_user_days") for plan in explained.plans) <= (4_200 if by[0] == "day" else 200)


@dataclass(frozen=True)
class Explained(Tx):
    """Asks as it is told to, and keeps what PostgreSQL says that it read."""

    plans: list[Any] = field(default_factory=list)

    async def _explain(self, sql: str, *args: object) -> None:
        (plan,) = json.loads(await Tx.fetchval(self, "EXPLAIN (ANALYZE, FORMAT JSON) " + sql, *args))
        self.plans.append(plan["Plan"])

    async def fetch(self, sql: str, *args: object) -> Sequence[Record]:
        await self._explain(sql, *args)
        return await Tx.fetch(self, sql, *args)

    async def fetchval(self, sql: str, *args: object, patience_s: float | None = None) -> Any:
        await self._explain(sql, *args)
        return await Tx.fetchval(self, sql, *args, patience_s=patience_s)


def _rows_read(node: Any, table: str) -> float:
    own = node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0) if node.get("Relation Name") == table else 0
    return own + sum(_rows_read(one, table) for one in node.get("Plans", ()))


async def test_what_a_job_spends_stands_at_its_prompt_while_days_are_open_and_when_they_are_closed(stack: Stack) -> None:
    """Searches, test runs, and judges of one prompt; judges of several name none."""
    caller = await stack.caller()
    workspace_id = caller.workspace.workspace_id
    search, run, judge, judges = (new_uuid() for _ in range(4))
    async with as_superuser(stack.urls["superuser"]) as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            """INSERT INTO optimization_jobs (job_id, workspace_id, prompt_id, slug, base_version, dataset_id, dataset_version, method,
                 task_model, reflect_model, seed, budget_evaluations, budget_nusd, funding_account_id, created_by)
               VALUES ($1, $2, $1, 'triage', 1, $1, 1, 'racing', 'm', 'm', 1, 1, 1, 1, 'test')""",
            search, workspace_id,
        )  # fmt: skip
        await connection.execute(
            """INSERT INTO test_runs (test_run_id, workspace_id, prompt_id, slug, version, model, dataset_id, dataset_version, split, total,
                 funding_account_id, created_by) VALUES ($1, $2, $1, 'reply', 1, 'm', $1, 1, 'test', 1, 1, 'test')""",
            run, workspace_id,
        )  # fmt: skip
        await connection.executemany(
            "INSERT INTO live_evaluations (live_evaluation_id, workspace_id, evaluator_id, prompts, sample_ratio, created_by) "
            "VALUES ($1, $2, $1, $3, 0.5, 'test')",
            [(judge, workspace_id, ["reply"]), (judges, workspace_id, ["reply", "triage"])],
        )
    for job_id in (search, run, judge, judges, None):
        made = await ok(caller("POST", "/v1/executions", SMALL))
        await books(stack, "UPDATE executions SET job_id = $2, cost_nusd = 7 WHERE execution_id = $1", UUID(made["id"]), job_id)

    async def spent(path: str = "/v1/usage?group_by=prompt") -> dict[str, tuple[int, int]]:
        return {one["group"]["prompt"]: (one["executions"], one["cost_nusd"]) for one in (await ok(caller("GET", path)))["data"]}

    expected = {"": (2, 14), "reply": (2, 14), "triage": (1, 7)}
    assert await spent() == expected
    assert await spent("/v1/usage?group_by=prompt&group_by=lane") == expected
    (other,) = [await stack.caller()]
    assert (await ok(other("GET", "/v1/usage?group_by=prompt")))["data"] == []
    await books(stack, "DELETE FROM holds WHERE workspace_id = $1", workspace_id)
    await books(stack, "SELECT close_usage_days($1, $2, 31)", workspace_id, TODAY)
    assert (await ok(caller("GET", "/v1/usage")))["closed_through"] == str(TODAY)
    assert await spent() == expected


async def test_provider_keys_and_api_keys_are_told_by_name_beside_their_ids(stack: Stack, lived: Lived) -> None:
    named = sorted({one["group"]["provider_key"] for one in await usage(lived.caller, "provider_key")} - {""})
    assert len(named) > 1
    await books(
        stack,
        """INSERT INTO provider_keys (provider_key_id, workspace_id, provider, name, last4, created_by, sealed)
           VALUES ($1::uuid, $2, 'openai', 'The big one', '', 'test', 'x')""",
        named[0], lived.caller.workspace.workspace_id,
    )  # fmt: skip
    for by in (("provider_key",), ("day", "provider_key")):
        for one in await usage(lived.caller, *by):
            known = one["group"]["provider_key"] == named[0]
            assert (one["name"], one["names"]) == (("The big one", {"provider_key": "The big one"}) if known else (None, {})), one
    assert (await lived.caller("DELETE", f"/v1/provider-keys/{named[0]}")).status == 204
    names = {one["group"]["provider_key"]: one["name"] for one in await usage(lived.caller, "provider_key")}
    assert names[named[0]] == "The big one", "a key that was revoked keeps its name"


async def test_the_table_says_what_the_json_says_and_no_name_is_a_formula(lived: Lived) -> None:
    whole = await statement(lived.caller, MONTH)
    answer = await lived.caller("GET", f"/v1/usage/statement?month={MONTH:%Y-%m}&format=csv")
    assert answer.headers["content-type"].startswith("text/csv") and f"{MONTH:%Y-%m}.csv" in answer.headers["content-disposition"]
    table = list(csv.DictReader(io.StringIO(answer.raw.decode())))
    amounts = {(row["section"], row["item"]): int(row["amount_nusd"]) for row in table}
    assert amounts["balance", "opening"] == whole["opening_balance_nusd"]
    assert sum(amount for (section, _), amount in amounts.items() if section == "models") == sum(
        one["cost_nusd"] for one in whole["charges"]["models"]
    )
    assert ("models", "'=sum(A1)") in amounts
    simulated = sum(int(row["count"]) for row in table if row["section"] == "simulated")
    assert simulated == whole["charges"]["simulated_executions"]
    for wrong in ("2026-13", "x", "0001-01"):
        assert (await lived.caller("GET", f"/v1/usage/statement?month={wrong}")).status == 422


@pytest.mark.capability("T8")
async def test_end_users_leave_closed_days_with_the_workspaces_texts_and_the_sums_stay(stack: Stack, lived: Lived) -> None:
    await _close_all(stack, lived.caller)
    before = await usage(lived.caller, "end_user")
    assert {one["group"]["end_user"] for one in before} == {"", "ada", "bob"}
    await books(stack, "SELECT fold_usage_users($1, $2)", lived.caller.workspace.workspace_id, TODAY)
    (after,) = await usage(lived.caller, "end_user")
    assert {name: after[name] for name in COUNTED} == {name: sum(one[name] for one in before) for name in COUNTED}


async def test_a_day_with_an_open_call_or_job_stays_open(stack: Stack) -> None:
    caller = await stack.caller()
    workspace_id = caller.workspace.workspace_id
    await ok(caller("POST", "/v1/executions", SMALL))
    await books(
        stack, "INSERT INTO holds (execution_id, workspace_id, amount_nusd, account_ids, lane, deadline) "
        "VALUES (day_bound($2::date), $1, 0, '{1}', 'batch', now() + interval '1 hour')", workspace_id, TODAY - timedelta(days=5),
    )  # fmt: skip
    await books(stack, "UPDATE workspaces SET created_at = now() - interval '9 days' WHERE workspace_id = $1", workspace_id)
    through = "SELECT through FROM usage_closings WHERE workspace_id = $1"
    await close_days(stack, TODAY - timedelta(days=2))
    assert (await books(stack, through, workspace_id))[0]["through"] == TODAY - timedelta(days=6)
    await books(stack, "DELETE FROM holds WHERE workspace_id = $1", workspace_id)
    await close_days(stack, TODAY - timedelta(days=2))
    assert (await books(stack, through, workspace_id))[0]["through"] == TODAY - timedelta(days=2)
    (today,) = (await ok(caller("GET", "/v1/usage?group_by=model")))["data"]
    assert (today["group"], today["executions"], today["simulated"], today["simulated_executions"]) == (
        {"model": "simulated/chat"},
        1,
        True,
        1,
    )
