"""What the books know beside holds: slots, budgets and their marks, wider holds, and money that moves without an execution."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from prometheus_client import REGISTRY

from burnish_executor import metrics
from burnish_executor.settings import ExecutorSettings
from burnish_executor.sweep import watch_ledger
from burnish_shared.books.admission import Verdict
from burnish_shared.books.admission_request import RateLimit
from burnish_shared.books.user_accounts import user_account
from burnish_shared.contracts.events import Event
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import KEK
from tests.embedded.workspaces import Workspace
from tests.integration.test_books import HOLD_NUSD, admissions, assert_books_are_right, record, settle, superuser, until_waiting, wish

CONNECTS: dict[str, Any] = {"database_url": "postgresql://unused", "nats_url": "nats://unused", "kek": KEK}

BUDGET = "SELECT make_budget_account($1, $2, $3, $4, $5, $6)"


async def budget(
    books: asyncpg.Connection, workspace: Workspace, *, limit: int, warn: int | None = None, hard: bool = True
) -> tuple[UUID, int]:
    budget_id = new_uuid()
    return budget_id, await books.fetchval(BUDGET, workspace.workspace_id, budget_id, limit, warn, "day", hard)


async def events(books: asyncpg.Connection) -> list[Event]:
    rows = await books.fetch("SELECT body FROM outbox WHERE subject ~ '(budget|credits)' ORDER BY outbox_id")
    return [Event.model_validate_json(row["body"]) for row in rows]


async def marks(books: asyncpg.Connection) -> list[str]:
    return [one.type for one in await events(books)]


async def spend(gateway: Any, books: asyncpg.Connection, workspace: Workspace, nusd: int, *budgets: int) -> Verdict:
    """One execution that costs all of its hold."""
    asked = wish(workspace, amount_nusd=nusd, account_ids=[workspace.credit_account_id, *budgets])
    answer = await gateway.ask(asked)
    if answer.verdict is Verdict.YES:
        await settle(books, record(asked, cost_nusd=nusd))
    return answer.verdict  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("period", "now", "then"),
    [
        ("day", "2026-11-20 00:00+00", "2026-11-21 00:00+00"),
        ("day", "2026-12-31 23:59:59.999+00", "2027-01-01 00:00+00"),
        ("month", "2027-01-31 12:00+00", "2027-02-01 00:00+00"),
        ("month", "2028-02-29 23:00+00", "2028-03-01 00:00+00"),
        ("month", "2026-12-01 00:00+00", "2027-01-01 00:00+00"),
        ("month", "2026-12-01 01:30+02", "2026-12-01 00:00+00"),
    ],
)
@pytest.mark.capability("B2")
async def test_a_period_ends_with_the_day_or_month_of_the_calendar_in_utc(
    module_database_urls: Any, period: str, now: str, then: str
) -> None:
    async with superuser(module_database_urls) as books:
        await books.execute("SET timezone = 'America/New_York'")
        assert await books.fetchval("SELECT next_reset($1, $2::text::timestamptz)::text", period, now) == await books.fetchval(
            "SELECT ($1::text::timestamptz)::text", then
        )
        assert await books.fetchval("SELECT next_reset(NULL, clock_timestamp())") is None


@pytest.mark.promise("C-12")
@pytest.mark.capability("B2")
async def test_a_budget_begins_anew_at_the_next_border_however_long_nobody_called(database_urls: Any, workspace: Workspace) -> None:
    """A month of 31 days after one of 28 is where arithmetic with intervals goes wrong."""
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        _, account = await budget(books, workspace, limit=HOLD_NUSD)
        assert await spend(gateway, books, workspace, HOLD_NUSD, account) is Verdict.YES
        assert await spend(gateway, books, workspace, 1, account) is Verdict.BUDGET
        await books.execute("UPDATE accounts SET period = 'month', resets_at = '2026-02-28 00:00+00' WHERE account_id = $1", account)
        assert await spend(gateway, books, workspace, HOLD_NUSD, account) is Verdict.YES
        row = await books.fetchrow("SELECT spent_nusd, resets_at, crossed FROM accounts WHERE account_id = $1", account)
        first = (datetime.now(UTC).replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        assert row is not None and tuple(row) == (HOLD_NUSD, first, 2)
        await assert_books_are_right(books)


@pytest.mark.capability("B2")
async def test_a_hold_taken_over_the_border_is_spent_in_the_period_in_which_it_is_booked(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        _, account = await budget(books, workspace, limit=10 * HOLD_NUSD)
        asked = wish(workspace, account_ids=[workspace.credit_account_id, account])
        await spend(gateway, books, workspace, 5 * HOLD_NUSD, account)
        await gateway.ask(asked)
        await books.execute("UPDATE accounts SET resets_at = clock_timestamp() WHERE account_id = $1", account)
        await settle(books, record(asked, cost_nusd=400))
        assert await books.fetchval("SELECT spent_nusd FROM accounts WHERE account_id = $1", account) == 400
        await assert_books_are_right(books)


@pytest.mark.capability("B2", "W2")
async def test_a_budget_warns_once_and_is_exhausted_once_in_a_period(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        budget_id, account = await budget(books, workspace, limit=1000, warn=800)
        for nusd, expected in ((700, []), (100, ["threshold_crossed"]), (100, ["threshold_crossed"])):
            assert await spend(gateway, books, workspace, nusd, account) is Verdict.YES
            assert await marks(books) == [f"budget.{one}" for one in expected]
        assert await spend(gateway, books, workspace, 101, account) is Verdict.BUDGET  # a refusal passes the mark
        assert await spend(gateway, books, workspace, 101, account) is Verdict.BUDGET
        assert await spend(gateway, books, workspace, 100, account) is Verdict.YES
        warned, exhausted = await events(books)
        assert (warned.type, exhausted.type) == ("budget.threshold_crossed", "budget.exhausted")
        assert warned.workspace_id == workspace.workspace_id and warned.object_id == str(budget_id)
        assert exhausted.data | {"resets_at": None} == {
            "account_id": account, "budget_id": str(budget_id), "limit_nusd": 1000, "spent_nusd": 900, "available_nusd": 100,
            "period": "day", "resets_at": None, "hard": True, "prompt": None,
        }  # fmt: skip
        assert datetime.fromisoformat(exhausted.data["resets_at"]) > datetime.now(UTC)
        await books.execute("UPDATE accounts SET resets_at = clock_timestamp() WHERE account_id = $1", account)
        assert await spend(gateway, books, workspace, 1000, account) is Verdict.YES
        assert (await marks(books))[2:] == ["budget.threshold_crossed", "budget.exhausted"]


@pytest.mark.capability("B2")
async def test_who_is_let_in_while_a_budget_for_each_end_user_changes_counts_by_the_new_limit(
    database_urls: Any, workspace: Workspace
) -> None:
    """Their account is made by an admission that the change cannot see yet: it waits for it."""
    async with superuser(database_urls) as books, superuser(database_urls) as admits, superuser(database_urls) as changes:
        budget_id, account = await budget(books, workspace, limit=1000)
        user = user_account(account, "ada")
        async with admits.transaction():
            await admits.execute("SELECT ready_accounts('{}', $1, $2)", [user], [account])
            change = "SELECT change_budget_account($1, $2, 10, NULL, 'day', true)"
            changing = asyncio.create_task(changes.fetchval(change, workspace.workspace_id, budget_id))
            waiting = asyncio.create_task(until_waiting(books))
            await asyncio.wait({changing, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        assert await changing
        assert await books.fetchval("SELECT limit_nusd FROM accounts WHERE account_id = $1", user) == 10


@pytest.mark.promise("C-02")
@pytest.mark.capability("B2")
async def test_of_many_at_once_a_hard_budget_lets_in_those_that_fit(database_urls: Any, workspace: Workspace) -> None:
    """What one statement lets in counts for those after it in the same statement: no rule of the table stands behind budgets."""
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        _, account = await budget(books, workspace, limit=3 * HOLD_NUSD)
        asked = [wish(workspace, account_ids=[workspace.credit_account_id, account]) for _ in range(10)]
        answers = await asyncio.gather(*(gateway.ask(one) for one in asked))
        assert sorted(one.verdict for one in answers) == [Verdict.YES] * 3 + [Verdict.BUDGET] * 7
        assert await books.fetchval("SELECT held_nusd FROM accounts WHERE account_id = $1", account) == 3 * HOLD_NUSD


@pytest.mark.promise("C-11")
@pytest.mark.capability("B2")
async def test_what_costs_nothing_passes_a_budget_that_was_lowered_below_what_is_spent(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        budget_id, account = await budget(books, workspace, limit=1000)
        assert await spend(gateway, books, workspace, 900, account) is Verdict.YES
        assert await books.fetchval("SELECT change_budget_account($1, $2, 500, NULL, 'day', true)", workspace.workspace_id, budget_id)
        assert await spend(gateway, books, workspace, 1, account) is Verdict.BUDGET
        assert await spend(gateway, books, workspace, 0, account) is Verdict.YES


@pytest.mark.capability("B2")
async def test_a_soft_budget_lets_everything_through_and_says_so(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        _, account = await budget(books, workspace, limit=1000, hard=False)
        for _ in range(3):
            assert await spend(gateway, books, workspace, 900, account) is Verdict.YES
        assert await marks(books) == ["budget.exhausted"]


@pytest.mark.capability("B2")
async def test_a_budget_is_changed_while_it_runs_and_a_closed_one_stops_nobody(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        budget_id, account = await budget(books, workspace, limit=1000)
        assert await books.fetchval(BUDGET, workspace.workspace_id, budget_id, 5, None, "day", True) == account
        change = "SELECT change_budget_account($1, $2, $3, $4, $5, $6)"
        await spend(gateway, books, workspace, 1000, account)
        assert await spend(gateway, books, workspace, 1, account) is Verdict.BUDGET
        assert await books.fetchval(change, workspace.workspace_id, budget_id, 1500, None, "month", True)
        assert await spend(gateway, books, workspace, 500, account) is Verdict.YES
        assert await spend(gateway, books, workspace, 1, account) is Verdict.BUDGET
        assert await marks(books) == ["budget.exhausted"] * 2
        assert not await books.fetchval(change, new_uuid(), budget_id, 9000, None, "day", True)
        held = wish(workspace, amount_nusd=0, account_ids=[workspace.credit_account_id, account])
        assert await books.fetchval("SELECT close_budget_account($1, $2)", workspace.workspace_id, budget_id)
        assert await spend(gateway, books, workspace, 9000, account) is Verdict.YES
        assert (await gateway.ask(held)).verdict is Verdict.YES
        assert len(await marks(books)) == 2


@pytest.mark.capability("B1", "W2")
async def test_credit_says_once_that_it_is_low_and_once_that_it_is_gone_and_again_after_a_top_up(
    database_urls: Any, new_workspace: Any
) -> None:
    workspace = await new_workspace(credit_nusd=1000)
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        await books.execute("SELECT set_credit_warning($1, $2, 300)", workspace.workspace_id, workspace.credit_account_id)
        for nusd in (700, 100, 100):
            await spend(gateway, books, workspace, nusd)
        assert await marks(books) == ["credits.low"]
        assert await spend(gateway, books, workspace, 101) is Verdict.CREDIT
        assert await spend(gateway, books, workspace, 101) is Verdict.CREDIT
        await spend(gateway, books, workspace, 100)
        assert await marks(books) == ["credits.low", "credits.exhausted"]
        await books.execute(
            "SELECT grant_credit($1, 100, 'little')", workspace.workspace_id
        )  # still low, so only 'exhausted' may come again
        await spend(gateway, books, workspace, 100)
        assert (await marks(books))[2:] == ["credits.exhausted"]
        await books.execute("SELECT grant_credit($1, 1000, 'much')", workspace.workspace_id)
        await spend(gateway, books, workspace, 1000)
        assert (await marks(books))[3:] == ["credits.low", "credits.exhausted"]
        await assert_books_are_right(books)


async def test_a_call_that_waits_for_others_holds_exhausts_nothing(database_urls: Any, new_workspace: Any) -> None:
    """What is held may come back; only what the balance itself does not cover is exhausted."""
    workspace = await new_workspace(credit_nusd=1000)
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        await gateway.ask(wish(workspace, amount_nusd=900))
        assert (await gateway.ask(wish(workspace, amount_nusd=900))).verdict is Verdict.CREDIT
        assert await marks(books) == []


@pytest.mark.capability("B3")
async def test_so_many_wait_at_once_and_no_more_and_each_end_gives_its_slot_back(database_urls: Any, workspace: Workspace) -> None:
    slot = {"slot_account_id": workspace.credit_account_id, "most_in_flight": 3}
    async with admissions(database_urls["gateway"], 2) as gateways, superuser(database_urls) as books:
        asked = [wish(workspace, **slot) for _ in range(20)]
        answers = await asyncio.gather(*(gateways[i % 2].ask(one) for i, one in enumerate(asked)))
        let_in = [one for one, answer in zip(asked, answers, strict=True) if answer.verdict is Verdict.YES]
        assert len(let_in) == 3
        refused = {(answer.verdict, answer.limit_id) for answer in answers if answer.verdict is not Verdict.YES}
        assert refused == {(Verdict.CONCURRENCY, workspace.credit_account_id)}
        assert (await gateways[0].ask(wish(workspace, lane="background", **slot))).verdict is Verdict.YES  # nobody waits for it
        assert (await gateways[0].ask(wish(workspace, lane="batch", **slot))).verdict is Verdict.YES
        assert await books.fetchval("SELECT in_flight FROM accounts WHERE account_id = $1", workspace.credit_account_id) == 3
        await assert_books_are_right(books, holds=5)

        await settle(books, record(let_in[0]))
        assert await books.fetchval("SELECT abandon($1, $2, NULL, NULL)", let_in[1].execution_id, workspace.workspace_id)
        await books.execute("UPDATE holds SET deadline = clock_timestamp() - interval '1 minute'")
        assert await books.fetchval("SELECT expire(0, 10)") == 3
        assert await books.fetchval("SELECT in_flight FROM accounts WHERE account_id = $1", workspace.credit_account_id) == 0
        await assert_books_are_right(books)


@pytest.mark.capability("B3")
async def test_a_slot_of_another_workspace_is_no_slot_of_ones_own(database_urls: Any, workspace: Workspace, new_workspace: Any) -> None:
    other = (await new_workspace()).credit_account_id
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        answer = await gateway.ask(wish(workspace, slot_account_id=other, most_in_flight=3))
        assert (answer.verdict, answer.limit_id) == (Verdict.UNKNOWN_ACCOUNT, other)
        assert await books.fetchval("SELECT in_flight FROM accounts WHERE account_id = $1", other) == 0
        await assert_books_are_right(books)


@pytest.mark.capability("B3")
async def test_a_slot_may_be_another_account_than_the_payer_and_a_free_call_takes_one_too(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        allowance = await books.fetchval("SELECT make_allowance_account($1)", workspace.workspace_id)
        await books.fetchval("SELECT renew_allowance($1, $2, $3, '2026-11')", workspace.workspace_id, allowance, HOLD_NUSD)
        slot = {"slot_account_id": workspace.credit_account_id, "most_in_flight": 2}
        paid = wish(workspace, account_ids=[allowance], **slot)
        free = wish(workspace, account_ids=[workspace.credit_account_id], amount_nusd=0, **slot)
        assert [(await gateway.ask(one)).verdict for one in (paid, free, wish(workspace, amount_nusd=0, **slot))] == [
            Verdict.YES, Verdict.YES, Verdict.CONCURRENCY,
        ]  # fmt: skip
        spent = await gateway.ask(wish(workspace, account_ids=[allowance]))
        assert (spent.verdict, spent.limit_id) == (Verdict.ALLOWANCE, allowance)
        await settle(books, record(paid), record(free, cost_nusd=0))
        await assert_books_are_right(books)
        assert await books.fetchval("SELECT in_flight FROM accounts WHERE account_id = $1", workspace.credit_account_id) == 0


@pytest.mark.capability("B3")
async def test_an_answer_tells_how_much_of_the_tightest_rate_is_left(database_urls: Any, workspace: Workspace) -> None:
    wide, tight = RateLimit(rate_id=11, per_minute=600), RateLimit(rate_id=12, per_minute=5)
    async with admissions(database_urls["gateway"]) as (gateway,):
        answers = [await gateway.ask(wish(workspace, rates=[wide, tight])) for _ in range(3)]
        silent = await gateway.ask(wish(workspace))
    states = [one.rate for one in answers if one.rate]
    assert [(one.rate_id, one.limit, one.remaining) for one in states] == [(12, 5, 1), (12, 5, 0), (12, 5, 0)]
    assert [one.verdict for one in answers] == [Verdict.YES] * 2 + [Verdict.RATE]
    assert 11 < states[0].reset_s <= 12 and states[-1].reset_s >= answers[-1].retry_after_s > 0
    assert silent.rate is None


@pytest.mark.promise("C-03")
async def test_a_wider_hold_takes_the_difference_once_and_never_more_than_there_is(database_urls: Any, new_workspace: Any) -> None:
    workspace = await new_workspace(credit_nusd=10 * HOLD_NUSD)
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        _, account = await budget(books, workspace, limit=6 * HOLD_NUSD)
        pays = [workspace.credit_account_id, account]
        one = wish(workspace, account_ids=pays)
        await gateway.ask(one)

        async def widen(total: int, *, fence: int = 1, accounts: list[int] = pays) -> Verdict:
            answer = await gateway.widen(one.execution_id, one.workspace_id, fence=fence, total_nusd=total, account_ids=accounts)
            return answer.verdict

        assert await asyncio.gather(*(widen(3 * HOLD_NUSD) for _ in range(20))) == [Verdict.YES] * 20
        held = "SELECT array_agg(held_nusd ORDER BY account_id) FROM accounts WHERE workspace_id = $1"
        assert await books.fetchval(held, workspace.workspace_id) == [3 * HOLD_NUSD] * 2
        assert await widen(2 * HOLD_NUSD) is Verdict.YES  # less than it has: nothing changes
        assert await widen(7 * HOLD_NUSD) is Verdict.BUDGET
        assert await widen(4 * HOLD_NUSD, fence=2) is Verdict.SUPERSEDED
        assert await widen(4 * HOLD_NUSD, accounts=[workspace.credit_account_id]) is Verdict.UNKNOWN_ACCOUNT
        assert await books.fetchval(held, workspace.workspace_id) == [3 * HOLD_NUSD] * 2
        await settle(books, record(one, cost_nusd=3 * HOLD_NUSD))
        assert await widen(4 * HOLD_NUSD) is Verdict.ENDED
        assert (await gateway.widen(new_uuid(), one.workspace_id, fence=1, total_nusd=1, account_ids=pays)).verdict is Verdict.SUPERSEDED
        await assert_books_are_right(books)


@pytest.mark.promise("C-08")
async def test_a_charge_is_given_back_by_transfers_that_name_it_and_never_twice(database_urls: Any, new_workspace: Any) -> None:
    workspace, other = await new_workspace(credit_nusd=1000), await new_workspace()
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        await spend(gateway, books, workspace, 1000)
        charge = await books.fetchval("SELECT transfer_id FROM transfers WHERE kind = 'charge'")
        refund = "SELECT * FROM refund($1, $2, $3, 'sorry')"
        results = await asyncio.gather(*(_fresh(database_urls, refund, workspace.workspace_id, charge, 300) for _ in range(5)))
        assert sorted(row["left_nusd"] for row in results) == [100, 100, 100, 400, 700]
        assert sum(row["refund_id"] is not None for row in results) == 3
        assert await books.fetchval("SELECT count(*) FROM transfers WHERE corrects = $1 AND kind = 'refund'", charge) == 3
        assert await books.fetchrow(refund, other.workspace_id, charge, 1) is None
        grant = await books.fetchval("SELECT transfer_id FROM transfers WHERE kind = 'grant' AND workspace_id = $1", workspace.workspace_id)
        assert await books.fetchrow(refund, workspace.workspace_id, grant, 1) is None
        assert await books.fetchval("SELECT cost_nusd FROM executions") == 1000
        adjusted = await books.fetchrow("SELECT * FROM adjust($1, $2, 901, 'too much')", workspace.workspace_id, grant)
        assert adjusted is not None and tuple(adjusted) == (None, 900)  # what is spent cannot be taken back
        adjusted = await books.fetchrow("SELECT * FROM adjust($1, $2, 900, 'too much')", workspace.workspace_id, grant)
        assert adjusted is not None and adjusted["left_nusd"] == 0 and adjusted["adjustment_id"] is not None
        await assert_books_are_right(books)


async def _fresh(urls: Any, sql: str, *args: object) -> Any:
    async with superuser(urls) as connection:
        return await connection.fetchrow(sql, *args)


@pytest.mark.promise("C-03", "C-08")
@pytest.mark.capability("B1")
async def test_credit_is_taken_back_and_set_aside_as_far_as_nobody_holds_it(database_urls: Any, new_workspace: Any) -> None:
    workspace, other = await new_workspace(credit_nusd=0), await new_workspace()
    adjust = "SELECT adjustment_id IS NOT NULL, left_nusd FROM adjust($1, $2, $3, 'a mistake')"
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        granted = await books.fetchval(
            "SELECT add_credit($1, $2, 'grant', 1000, 'once', 'a gift')", workspace.workspace_id, workspace.credit_account_id
        )
        assert (await gateway.ask(wish(workspace, amount_nusd=600))).verdict is Verdict.YES
        fund = "SELECT fund($1, $2, 401, $3)"
        assert await books.fetchval(fund, workspace.workspace_id, workspace.credit_account_id, new_uuid()) is None
        assert await books.fetchrow(adjust, other.workspace_id, granted, 1) is None
        assert tuple(await books.fetchrow(adjust, workspace.workspace_id, granted, 401)) == (False, 400)
        assert tuple(await books.fetchrow(adjust, workspace.workspace_id, granted, 400)) == (True, 0)
        await assert_books_are_right(books, holds=1)


@pytest.mark.capability("B1")
async def test_a_fee_is_taken_once_and_not_at_all_where_credit_does_not_suffice(database_urls: Any, new_workspace: Any) -> None:
    workspace = await new_workspace(credit_nusd=1000)
    async with superuser(database_urls) as books:
        fee = "SELECT charge_fee($1, $2, $3, $4, 'a run')"
        ask = (workspace.workspace_id, workspace.credit_account_id)
        results = await asyncio.gather(*(_fresh(database_urls, fee, *ask, 700, "job-1") for _ in range(4)))
        assert [row[0] for row in results] == [True] * 4
        assert await books.fetchval(fee, *ask, 301, "job-2") is False
        assert await books.fetchval(fee, *ask, 0, "job-3") is True
        assert await books.fetchval("SELECT array_agg(amount_nusd) FROM transfers WHERE kind = 'fee'") == [700]
        assert await books.fetchval(fee, new_uuid(), workspace.credit_account_id, 1, "job-4") is False
        await assert_books_are_right(books)


@pytest.mark.capability("B1")
async def test_a_credit_line_is_drawn_up_to_its_cap_in_a_month(database_urls: Any, new_workspace: Any) -> None:
    workspace = await new_workspace(credit_nusd=50)
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        draw = "SELECT draw_credit_line($1, $2, $3, 1000)"
        ask = (workspace.workspace_id, workspace.credit_account_id)
        assert await spend(gateway, books, workspace, 600) is Verdict.CREDIT
        drawn = await asyncio.gather(*(_fresh(database_urls, draw, *ask, 600) for _ in range(4)))
        assert sorted(row[0] for row in drawn) == [0, 0, 400, 600]  # the rest of the line suffices with what is free
        assert await spend(gateway, books, workspace, 1050) is Verdict.YES
        assert await books.fetchval(draw, *ask, 1) == 0
        assert await marks(books) == ["credits.exhausted"]
        await assert_books_are_right(books)
        await books.execute("ALTER TABLE transfers DISABLE TRIGGER USER")
        await books.execute("UPDATE transfers SET at = date_trunc('month', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '1 s'")
        assert await books.fetchval(draw, *ask, 1000) == 1000, "the next month has a line of its own"


@pytest.mark.promise("C-03")
@pytest.mark.capability("B1", "T1")
async def test_two_workspaces_that_draw_at_once_share_one_credit_line(database_urls: Any, new_workspace: Any) -> None:
    """Neither has the other's account, so the organization's own lock lets the second see what the first has drawn."""
    one, second = await new_workspace(credit_nusd=0), new_uuid()
    draw = "SELECT draw_credit_line($1, $2, 600, 1000)"
    async with superuser(database_urls) as books, superuser(database_urls) as first, superuser(database_urls) as other:
        account = await books.fetchval("SELECT create_workspace($1, $2, false, 'second')", second, one.organization_id)
        async with first.transaction():
            assert await first.fetchval(draw, one.workspace_id, one.credit_account_id) == 600
            drawing = asyncio.create_task(other.fetchval(draw, second, account))
            waiting = asyncio.create_task(until_waiting(books))
            await asyncio.wait({drawing, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        assert await drawing == 0
        assert await books.fetchval("SELECT credit_line_used($1)", second) == 600


@pytest.mark.capability("B1", "T1")
async def test_credit_moves_within_an_organization_only(database_urls: Any, new_workspace: Any) -> None:
    one, stranger, second = await new_workspace(credit_nusd=1000), await new_workspace(), new_uuid()
    async with superuser(database_urls) as books:
        to = await books.fetchval("SELECT create_workspace($1, $2, false, 'second')", second, one.organization_id)
        move = "SELECT move_credit($1, $2, $3, $4, $5, 'plan')"
        assert await books.fetchval(move, one.workspace_id, one.credit_account_id, second, to, 600) is True
        assert await books.fetchval(move, one.workspace_id, one.credit_account_id, second, to, 600) is False
        assert (
            await books.fetchval(move, one.workspace_id, one.credit_account_id, stranger.workspace_id, stranger.credit_account_id, 1)
            is None
        )
        assert await books.fetchval(move, second, one.credit_account_id, one.workspace_id, to, 1) is None
        assert await books.fetchval("SELECT limit_nusd FROM accounts WHERE account_id = $1", to) == 600
        await assert_books_are_right(books)


@pytest.mark.capability("B1")
async def test_a_free_allowance_is_renewed_once_a_month_and_the_rest_expires(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        account = await books.fetchval("SELECT make_allowance_account($1)", workspace.workspace_id)
        assert await books.fetchval("SELECT make_allowance_account($1)", workspace.workspace_id) == account
        renew = "SELECT renew_allowance($1, $2, $3, $4)"
        assert await books.fetchval(renew, workspace.workspace_id, account, 1000, "2026-10") is True
        assert await books.fetchval(renew, workspace.workspace_id, account, 1000, "2026-10") is False
        held = wish(workspace, amount_nusd=300, account_ids=[account])
        await gateway.ask(held)
        assert await books.fetchval(renew, workspace.workspace_id, account, 500, "2026-11") is True
        await settle(books, record(held, cost_nusd=300))
        assert await books.fetchval("SELECT limit_nusd - spent_nusd FROM accounts WHERE account_id = $1", account) == 500
        assert await books.fetchval("SELECT sum(amount_nusd) FROM transfers WHERE kind = 'allowance_expired'") == 700
        await assert_books_are_right(books)


@pytest.mark.promise("C-10")
async def test_a_suspended_workspace_is_refused_at_once_on_every_account_of_its(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        _, account = await budget(books, workspace, limit=1000)
        under_way = wish(workspace)
        await gateway.ask(under_way)
        assert await books.fetchval("SELECT suspend_workspace($1, true)", workspace.workspace_id) is True
        assert await books.fetchval("SELECT suspend_workspace($1, true)", workspace.workspace_id) is False
        for changes in (
            {"amount_nusd": 0},
            {"account_ids": [account]},
            {"slot_account_id": workspace.credit_account_id, "most_in_flight": 5},
        ):
            assert (await gateway.ask(wish(workspace, **changes))).verdict is Verdict.SUSPENDED
        assert await settle(books, record(under_way)) == [under_way.execution_id]
        assert await books.fetchval("SELECT suspended_at IS NOT NULL FROM find_workspace($1)", workspace.workspace_id)
        await books.execute("SELECT suspend_workspace($1, false)", workspace.workspace_id)
        assert (await gateway.ask(wish(workspace))).verdict is Verdict.YES


@pytest.mark.promise("C-07")
async def test_money_beyond_63_bits_is_refused(database_urls: Any, workspace: Workspace) -> None:
    async with superuser(database_urls) as books:
        account = workspace.credit_account_id
        await books.execute("UPDATE accounts SET limit_nusd = 9223372036854775807 WHERE account_id = $1", account)
        with pytest.raises(asyncpg.NumericValueOutOfRangeError):
            await books.execute("SELECT grant_credit($1, 1, 'one more')", workspace.workspace_id)
        with pytest.raises(asyncpg.CheckViolationError):
            await books.execute("SELECT charge_fee($1, $2, 1000000000000001, 'f', 'too much at once')", workspace.workspace_id, account)
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.NumericValueOutOfRangeError)):
            await books.execute("SELECT charge_fee($1, $2, -1, 'f', 'the wrong way')", workspace.workspace_id, account)
    async with admissions(database_urls["gateway"]) as (gateway,):
        answers = await asyncio.gather(*(gateway.ask(wish(workspace, amount_nusd=2**62)) for _ in range(3)), return_exceptions=True)
    assert [getattr(one, "verdict", None) for one in answers].count(Verdict.YES) <= 1


async def test_events_made_in_sql_are_those_that_the_contract_writes(database_urls: Any, workspace: Workspace) -> None:
    async with superuser(database_urls) as books:
        data = {"account_id": 7, "budget_id": str(new_uuid()), "limit_nusd": 5, "spent_nusd": 5, "available_nusd": 0, "period": None}
        put = "SELECT put_event('gateway', 'budget.exhausted', $1, 'b', $2)"
        made = await books.fetchval(put, workspace.workspace_id, json.dumps(data | {"resets_at": None}))
        row = await books.fetchrow("SELECT subject, message_id, body FROM outbox")
    assert row is not None
    event = Event.model_validate_json(row["body"])
    assert json.loads(row["body"]).keys() == json.loads(event.to_bytes()).keys()
    assert (event.subject(), str(event.id), event.id) == (row["subject"], row["message_id"], made)
    assert event.id.version == 7


@pytest.mark.promise("C-13")
async def test_the_executor_shows_how_far_costs_and_bookings_are_apart(database_urls: Any, workspace: Workspace, db_for: Any) -> None:
    async def shown() -> float | None:
        """What the metric says after one look."""
        stop = asyncio.Event()
        metrics.LEDGER_DRIFT_NUSD.set(-1)
        watching = asyncio.create_task(watch_ledger(db, settings=ExecutorSettings(sweep_interval_s=0.01, **CONNECTS), stop=stop))
        async with asyncio.timeout(60):
            while (value := REGISTRY.get_sample_value("burnish_ledger_drift")) == -1:
                await asyncio.sleep(0.01)
        stop.set()
        await watching
        return value

    db = await db_for("executor")
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        asked = wish(workspace)
        await gateway.ask(asked)
        await settle(books, record(asked, cost_nusd=HOLD_NUSD + 500))  # the platform's loss is booked too
        assert await shown() == 0
        await books.execute("UPDATE executions SET cost_nusd = cost_nusd - 7")
        assert await shown() == 7


@pytest.mark.promise("C-13")
async def test_what_a_provider_counted_beyond_a_hold_is_no_drift(database_urls: Any, workspace: Workspace) -> None:
    """The cost is what was charged; the rest is booked beside it, at the platform's loss."""
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        asked = wish(workspace)
        await gateway.ask(asked)
        await settle(books, record(asked, cost_nusd=HOLD_NUSD, overage_nusd=50))
        assert {row["kind"]: row["amount_nusd"] for row in await books.fetch("SELECT kind, amount_nusd FROM transfers")}.items() >= {
            ("charge", HOLD_NUSD),
            ("overage", 50),
        }
        assert await books.fetchval("SELECT ledger_drift(2)") == 0
        await books.execute("UPDATE executions SET details = jsonb_set(details, '{overage_nusd}', '49')")
        assert await books.fetchval("SELECT ledger_drift(2)") == 1


@pytest.mark.promise("C-13")
async def test_books_are_compared_by_one_executor_at_a_time_and_for_as_long_as_it_takes(database_urls: Any) -> None:
    settings = ExecutorSettings(sweep_interval_s=0.01, ledger_check_s=0.01, **CONNECTS)
    db = await Database.open(database_urls["executor"], application_name="test-executor", statement_timeout_ms=100)
    stop = asyncio.Event()
    metrics.LEDGER_CHECKED.set(0)
    async with superuser(database_urls) as books:
        await books.execute(  # longer than the pool's statements and its patience with a silent server
            "CREATE OR REPLACE FUNCTION ledger_drift(p_days integer) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER"
            " SET search_path = burnish, pg_temp AS $$ SELECT 0::bigint FROM pg_sleep(1.5) $$"
        )
        async with books.transaction():
            await books.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.ledger_drift'))")
            watching = asyncio.create_task(watch_ledger(db, settings=settings, stop=stop))
            await asyncio.sleep(2)
            assert REGISTRY.get_sample_value("burnish_ledger_checked_timestamp_seconds") == 0, "another one is at it"
        async with asyncio.timeout(60):
            while not REGISTRY.get_sample_value("burnish_ledger_checked_timestamp_seconds"):
                await asyncio.sleep(0.01)
    stop.set()
    await watching
    await db.close()


@pytest.mark.capability("B2")
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("make", ["make_budget_account($1, gen_random_uuid(), 1, NULL, 'day', true)", "make_allowance_account($1)"])
async def test_an_account_made_while_its_workspace_is_resumed_is_not_suspended(
    database_urls: Any, workspace: Workspace, make: str, is_first: bool
) -> None:
    """Whichever of the two begins first."""
    ask, resume = f"SELECT {make}", "SELECT suspend_workspace($1, false)"
    async with superuser(database_urls) as books, superuser(database_urls) as other:
        await books.execute("SELECT suspend_workspace($1, true)", workspace.workspace_id)
        async with books.transaction():
            await books.execute(ask if is_first else resume, workspace.workspace_id)
            second = asyncio.create_task(other.execute(resume if is_first else ask, workspace.workspace_id))
            await asyncio.wait({second}, timeout=0.5)
        await second
        assert await books.fetchval("SELECT count(*) FROM accounts WHERE workspace_id = $1", workspace.workspace_id) == 2
        assert not await books.fetchval("SELECT bool_or(suspended) FROM accounts WHERE workspace_id = $1", workspace.workspace_id)
