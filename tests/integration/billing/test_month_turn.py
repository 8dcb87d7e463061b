"""The turn of the month: what plans give comes once, whoever looks, however often, whatever was killed (PRODUCT B1, E7)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from burnish_analytics.turn_month import close_days, turn_month
from burnish_shared.db.session import Database
from tests.embedded.workspaces import Workspace, make_workspace

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("B1", "E7")]

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
BASE, FREE = 5_000, 1_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def db(module_database_urls: Any) -> AsyncIterator[Database]:
    database = await Database.open(module_database_urls["analytics"], application_name="test-analytics", max_size=6)
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rows(module_database_urls: Any) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(module_database_urls["superuser"], server_settings={"search_path": "burnish"})
    await connection.execute(
        "INSERT INTO plans (plan, name, rate_limit_per_minute, concurrency, base_fee_nusd, base_credit_nusd, retention_days_most, "
        "platform_keys, platform_allowance_nusd) VALUES ('giving', 'Giving', 60, 10, 9, $1, 30, true, $2), "
        "('more', 'More', 60, 10, 99, $1 * 3, 30, true, $2 * 3)",
        BASE, FREE,
    )  # fmt: skip
    yield connection
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def workspace(module_database_urls: Any, rows: asyncpg.Connection) -> Workspace:
    made = await make_workspace(module_database_urls["superuser"], credit_nusd=0)
    await rows.execute("UPDATE organizations SET plan = 'giving' WHERE organization_id = $1", made.organization_id)
    return made


async def given(rows: asyncpg.Connection, workspace: Workspace) -> list[tuple[str, int]]:
    found = await rows.fetch("SELECT kind, amount_nusd FROM transfers WHERE workspace_id = $1 ORDER BY transfer_id", workspace.workspace_id)
    return [(row["kind"], row["amount_nusd"]) for row in found]


async def test_a_month_gives_once_however_many_look(db: Database, rows: asyncpg.Connection, workspace: Workspace) -> None:
    await asyncio.gather(*(turn_month(db, month=NOVEMBER) for _ in range(4)))
    assert sorted(await given(rows, workspace)) == [("allowance", FREE), ("base_grant", BASE)]
    assert await turn_month(db, month=NOVEMBER) == 0
    (month,) = await rows.fetch("SELECT * FROM plan_months WHERE organization_id = $1", workspace.organization_id)
    assert (month["plan"], month["base_fee_nusd"], month["base_credit_nusd"]) == ("giving", 9, BASE)
    assert month["workspace_id"] == workspace.workspace_id
    changes = await rows.fetch("SELECT FROM config_changes WHERE workspace_id = $1 AND kind = 'workspace'", workspace.workspace_id)
    assert changes, "gateways hear that there is an allowance to pay from"
    assert await rows.fetch("SELECT * FROM drift()") == []


async def test_what_is_left_of_an_allowance_expires_and_base_credit_stays(
    db: Database, rows: asyncpg.Connection, workspace: Workspace
) -> None:
    await turn_month(db, month=NOVEMBER)
    account = await rows.fetchval("SELECT make_allowance_account($1)", workspace.workspace_id)
    await rows.execute("UPDATE accounts SET held_nusd = 300 WHERE account_id = $1", account)
    await turn_month(db, month=DECEMBER)
    await rows.execute("UPDATE accounts SET held_nusd = 0 WHERE account_id = $1", account)
    assert sorted((await given(rows, workspace))[2:]) == [("allowance", FREE), ("allowance_expired", FREE - 300), ("base_grant", BASE)]
    free = await rows.fetchval("SELECT limit_nusd - spent_nusd FROM accounts WHERE account_id = $1", account)
    assert free == FREE + 300, "what was held goes on, and counts in the month in which it is given back"
    credit = await rows.fetchval("SELECT limit_nusd - spent_nusd FROM accounts WHERE account_id = $1", workspace.credit_account_id)
    assert credit == 2 * BASE


async def test_a_better_plan_brings_the_difference_and_a_lesser_one_takes_nothing_back(
    db: Database, rows: asyncpg.Connection, workspace: Workspace
) -> None:
    for plan in ("giving", "more", "giving", "more"):
        await rows.execute("UPDATE organizations SET plan = $2 WHERE organization_id = $1", workspace.organization_id, plan)
        await turn_month(db, month=NOVEMBER)
    assert sorted(await given(rows, workspace)) == [
        ("allowance", FREE), ("allowance", 2 * FREE), ("base_grant", BASE), ("base_grant", 2 * BASE),
    ]  # fmt: skip
    fee = await rows.fetchval("SELECT base_fee_nusd FROM plan_months WHERE organization_id = $1", workspace.organization_id)
    assert fee == 99, "the highest fee of the month counts"


async def test_a_month_names_the_plan_whose_fee_it_has_and_of_equal_ones_the_last(
    db: Database, rows: asyncpg.Connection, workspace: Workspace
) -> None:
    await rows.execute(
        "INSERT INTO plans (plan, name, rate_limit_per_minute, concurrency, base_fee_nusd, base_credit_nusd, retention_days_most, "
        "platform_keys, platform_allowance_nusd) VALUES ('alike', 'Alike', 60, 10, 9, 0, 30, true, 0), "
        "('cheap', 'Cheap', 60, 10, 1, $1 * 9, 30, true, 0)",
        BASE,
    )
    named = []
    for plan in ("giving", "alike", "cheap", "more", "giving"):
        await rows.execute("UPDATE organizations SET plan = $2 WHERE organization_id = $1", workspace.organization_id, plan)
        await rows.fetchval("SELECT begin_month($1, $2)", workspace.organization_id, NOVEMBER)
        found = await rows.fetchrow("SELECT plan, base_fee_nusd FROM plan_months WHERE organization_id = $1", workspace.organization_id)
        named.append((found["plan"], found["base_fee_nusd"]))
    assert named == [("giving", 9), ("alike", 9), ("alike", 9), ("more", 99), ("more", 99)]
    assert sum(amount for _, amount in await given(rows, workspace)) == 9 * BASE


async def test_a_second_workspace_gets_neither_free_use_nor_base_credit(
    db: Database, rows: asyncpg.Connection, workspace: Workspace
) -> None:
    second = await rows.fetchval("SELECT gen_random_uuid()")
    await rows.fetchval("SELECT create_workspace($1, $2, false, 'second')", second, workspace.organization_id)
    await turn_month(db, month=NOVEMBER)
    assert sorted(await given(rows, workspace)) == [("allowance", FREE), ("base_grant", BASE)]
    assert await rows.fetch("SELECT kind FROM transfers WHERE workspace_id = $1", second) == []
    assert await rows.fetchval("SELECT begin_allowance($1, $2)", second, NOVEMBER) is False


async def test_free_use_of_a_workspace_that_has_none_any_more_expires(db: Database, rows: asyncpg.Connection, workspace: Workspace) -> None:
    await turn_month(db, month=NOVEMBER)
    await rows.execute("UPDATE organizations SET brings_credit = false WHERE organization_id = $1", workspace.organization_id)
    await turn_month(db, month=DECEMBER)
    assert (await given(rows, workspace))[2:] == [("allowance_expired", FREE)]
    assert await turn_month(db, month=DECEMBER) == 0


async def test_an_organization_whose_home_is_erased_is_billed_and_given_nothing(
    db: Database, rows: asyncpg.Connection, workspace: Workspace
) -> None:
    await rows.execute("INSERT INTO workspace_erasures (workspace_id, requested_by) VALUES ($1, 'user:x')", workspace.workspace_id)
    assert await turn_month(db, month=NOVEMBER) == 0
    assert await rows.fetchval("SELECT begin_month($1, $2)", workspace.organization_id, NOVEMBER) == 0
    assert await rows.fetchval("SELECT begin_allowance($1, $2)", workspace.workspace_id, NOVEMBER) is False
    assert await given(rows, workspace) == []
    assert await rows.fetch("SELECT FROM plan_months WHERE organization_id = $1", workspace.organization_id) == []


async def test_what_a_month_gives_waits_while_the_home_is_suspended(db: Database, rows: asyncpg.Connection, workspace: Workspace) -> None:
    await rows.execute("SELECT suspend_workspace($1, true)", workspace.workspace_id)
    assert await turn_month(db, month=NOVEMBER) == 0
    assert await given(rows, workspace) == []
    assert await rows.fetch("SELECT FROM plan_months WHERE organization_id = $1", workspace.organization_id) == []
    await rows.execute("SELECT suspend_workspace($1, false)", workspace.workspace_id)
    await turn_month(db, month=NOVEMBER)
    assert sorted(await given(rows, workspace)) == [("allowance", FREE), ("base_grant", BASE)]


async def test_a_round_that_was_cut_off_is_made_good_by_the_next(db: Database, rows: asyncpg.Connection, workspace: Workspace) -> None:
    """Killed between base credit and its row: both are one transaction, so nothing of it is there."""
    transaction = rows.transaction()
    await transaction.start()
    assert await rows.fetchval("SELECT begin_month($1, $2)", workspace.organization_id, NOVEMBER) == BASE
    await transaction.rollback()
    assert await given(rows, workspace) == []
    await turn_month(db, month=NOVEMBER)
    assert sorted(await given(rows, workspace)) == [("allowance", FREE), ("base_grant", BASE)]


async def test_days_are_closed_by_the_service_itself(db: Database, rows: asyncpg.Connection, workspace: Workspace) -> None:
    await rows.execute("UPDATE workspaces SET created_at = now() - interval '9 days' WHERE workspace_id = $1", workspace.workspace_id)
    await close_days(db)
    through = await rows.fetchval("SELECT through FROM usage_closings WHERE workspace_id = $1", workspace.workspace_id)
    today = await rows.fetchval("SELECT (now() AT TIME ZONE 'UTC')::date")
    assert (today - through).days == 2
