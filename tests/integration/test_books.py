"""The books: exact under concurrency, each execution booked once, whatever the order."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from burnish_shared.books.admission import Admission, Verdict
from burnish_shared.books.admission_request import AdmissionRequest, IdempotencyKey, RateLimit, statement_of
from burnish_shared.books.finished import SETTLE, FinishedExecution, finished, without_content
from burnish_shared.contracts.events import Event
from burnish_shared.contracts.executions import Caller, ExecutionRequest, Lane, Outcome, Price, Route, Status, Usage
from burnish_shared.db.session import DurableConnection
from burnish_shared.ids import derived_uuid7, new_uuid
from tests.embedded.stack import patient_with_postgresql
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace, make_workspace

HOLD_NUSD = 1_000
RAISE_FENCE = "SELECT raise_fence($1, $2)"


@asynccontextmanager
async def admissions(url: str, count: int = 1) -> AsyncIterator[list[Admission]]:
    made = [
        Admission(DurableConnection(url, application_name="hold", asynchronous=True), DurableConnection(url, application_name="disk"))
        for _ in range(count)
    ]
    tasks = [asyncio.create_task(one.run()) for one in made]
    try:
        with patient_with_postgresql():
            yield made
    finally:
        for task in tasks:
            task.cancel()
        for one in made:
            await one.hold.close()
            await one.disk.close()


@asynccontextmanager
async def superuser(urls: Any) -> AsyncIterator[asyncpg.Connection]:
    async with as_superuser(urls["superuser"]) as connection:
        yield connection


def wish(workspace: Workspace, **changes: Any) -> AdmissionRequest:
    values: dict[str, Any] = {
        "execution_id": new_uuid(), "workspace_id": workspace.workspace_id, "amount_nusd": HOLD_NUSD, "ttl_ms": 60_000,
        "lane": "interactive", "account_ids": [workspace.credit_account_id],
    }  # fmt: skip
    return AdmissionRequest(**(values | changes))


def record(
    request: AdmissionRequest, *, cost_nusd: int = 400, overage_nusd: int = 0, fence: int = 1, output: str = "hello"
) -> FinishedExecution:
    price = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
    asked = ExecutionRequest(
        execution_id=request.execution_id,
        workspace_id=request.workspace_id,
        lane=Lane(request.lane),
        fence=fence,
        deadline_at=datetime.now(UTC) + timedelta(minutes=1),
        hold_nusd=request.amount_nusd,
        account_ids=list(request.account_ids),
        route=Route(model="m", provider="p", upstream_model="m", base_url="http://x", price=price),
        messages=[{"role": "user", "content": "hi"}],
        sent_at=datetime.now(UTC),
        caller=Caller(),
    )
    outcome = Outcome(
        id=request.execution_id,
        output=output,
        prompt=None,
        version=None,
        model="m",
        provider="p",
        status=Status.SUCCESS,
        finish_reason="stop",
        usage=Usage(input_tokens=3, output_tokens=4, source="provider"),
        cost_nusd=cost_nusd,
        overage_nusd=overage_nusd,
        latency_ms=5,
        first_token_ms=None,
        simulated=False,
    )
    return finished(asked, outcome, finished_at=datetime.now(UTC))


async def settle(connection: Any, *rows: FinishedExecution) -> list[UUID]:
    made = await connection.fetchval(SETTLE, [row.as_row() for row in rows], "executor", str(new_uuid()))
    return list(made)


async def assert_books_are_right(connection: asyncpg.Connection, *, holds: int = 0) -> None:
    assert await connection.fetch("SELECT * FROM drift()") == []
    assert await connection.fetchval("SELECT count(*) FROM holds") == holds


@pytest.mark.promise("C-02", "C-03")
@pytest.mark.parametrize("affordable", [0, 1, 22, 99, 100, 101])
async def test_of_a_hundred_at_once_through_two_gateways_exactly_the_affordable_ones_begin(
    database_urls: Any, new_workspace: Any, affordable: int
) -> None:
    workspace = await new_workspace(credit_nusd=affordable * HOLD_NUSD)
    async with admissions(database_urls["gateway"], 2) as gateways, superuser(database_urls) as books:
        answers = await asyncio.gather(*(gateways[i % 2].ask(wish(workspace)) for i in range(100)))
        assert sum(one.verdict is Verdict.YES for one in answers) == min(affordable, 100)
        assert {one.verdict for one in answers} <= {Verdict.YES, Verdict.CREDIT}
        await assert_books_are_right(books, holds=min(affordable, 100))


@pytest.mark.promise("G-03", "G-04")
async def test_fifty_at_once_with_one_key_begin_one_execution_and_another_body_is_a_mismatch(
    database_urls: Any, workspace: Workspace
) -> None:
    key = IdempotencyKey("executions", "k", b"body")
    async with admissions(database_urls["gateway"], 2) as gateways:
        answers = await asyncio.gather(*(gateways[i % 2].ask(wish(workspace, key=key)) for i in range(50)))
        first = [one for one in answers if one.verdict is Verdict.YES]
        repeats = [one for one in answers if one.verdict is Verdict.KEY_REPEATED]
        assert (len(first), len(repeats)) == (1, 49)
        assert len({one.original for one in repeats}) == 1
        other = await gateways[0].ask(wish(workspace, key=IdempotencyKey("executions", "k", b"other")))
        assert other.verdict is Verdict.KEY_MISMATCH


@pytest.mark.promise("G-04")
async def test_one_key_of_two_routes_and_of_two_workspaces_is_three_keys(
    database_urls: Any, workspace: Workspace, new_workspace: Any
) -> None:
    key, of_another_route = IdempotencyKey("executions", "k", b"body"), IdempotencyKey("chat", "k", b"body")
    asked = [wish(workspace, key=key), wish(workspace, key=of_another_route), wish(await new_workspace(), key=key)]
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        answers = [await gateway.ask(one) for one in asked]
        assert [one.verdict for one in answers] == [Verdict.YES] * 3
        kept = await books.fetch("SELECT workspace_id, route, execution_id FROM idempotency_keys WHERE key = 'k'")
        assert {tuple(row) for row in kept} == {(one.workspace_id, one.key.route, one.execution_id) for one in asked if one.key}


@pytest.mark.promise("G-06")
async def test_a_refused_request_leaves_its_key_free(database_urls: Any, new_workspace: Any) -> None:
    workspace = await new_workspace(credit_nusd=0)
    key = IdempotencyKey("executions", "k", b"body")
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        assert (await gateway.ask(wish(workspace, key=key))).verdict is Verdict.CREDIT
        assert await books.fetchval("SELECT count(*) FROM idempotency_keys") == 0
        await books.fetchval("SELECT grant_credit($1, $2, 'test')", workspace.workspace_id, HOLD_NUSD)
        assert (await gateway.ask(wish(workspace, key=key))).verdict is Verdict.YES


@pytest.mark.promise("G-16")
async def test_a_rate_limit_holds_over_two_gateways(database_urls: Any, workspace: Workspace) -> None:
    rate = RateLimit(rate_id=7, per_minute=100)
    async with admissions(database_urls["gateway"], 2) as gateways:
        began_s = time.monotonic()
        answers = await asyncio.gather(*(gateways[i % 2].ask(wish(workspace, rates=[rate])) for i in range(200)))
        took_s = time.monotonic() - began_s
    admitted = sum(one.verdict is Verdict.YES for one in answers)
    assert 20 <= admitted <= 22 + took_s * 100 / 60  # the burst of 20%, one step, and what the test's time lets pass
    assert all(one.retry_after_s > 0 for one in answers if one.verdict is Verdict.RATE)


@pytest.mark.promise("G-16")
async def test_rates_are_locked_from_the_first_look_to_the_last_word(database_urls: Any, workspace: Workspace) -> None:
    """Two gateways look at one rate while somebody holds the account: the second sees what the first has let in."""
    rate = RateLimit(rate_id=7, per_minute=100)
    async with superuser(database_urls) as blocker, superuser(database_urls) as one, superuser(database_urls) as two:
        began_s = time.monotonic()
        assert await _let_in(one, [wish(workspace, rates=[rate])]) == 1  # made the row of the rate
        async with blocker.transaction():
            await blocker.fetchval("SELECT 1 FROM accounts WHERE account_id = $1 FOR UPDATE", workspace.credit_account_id)
            asking = [asyncio.create_task(_let_in(books, [wish(workspace, rates=[rate]) for _ in range(30)])) for books in (one, two)]
            await until_waiting(blocker, count=2)
        admitted = 1 + sum(await asyncio.gather(*asking))
        assert 20 <= admitted <= 22 + (time.monotonic() - began_s) * 100 / 60


@pytest.mark.promise("G-16")
async def test_what_a_lower_limit_left_behind_ends_with_it(database_urls: Any, workspace: Workspace) -> None:
    """One a minute, and then ten a second: the next may begin a tenth of a second later, and not when the minute is over."""
    async with admissions(database_urls["gateway"]) as (gateway,):
        low, high = RateLimit(rate_id=7, per_minute=1), RateLimit(rate_id=7, per_minute=600)
        assert (await gateway.ask(wish(workspace, rates=[low]))).verdict is Verdict.YES
        refused = await gateway.ask(wish(workspace, rates=[low]))
        assert (refused.verdict, 30 < refused.retry_after_s <= 48) == (Verdict.RATE, True)
        assert (await gateway.ask(wish(workspace, rates=[high]))).retry_after_s <= 0.1


async def _let_in(books: asyncpg.Connection, asked: list[AdmissionRequest]) -> int:
    """In one statement, as a gateway asks it."""
    statement, arguments = statement_of(asked, [False] * len(asked))
    row = await books.fetchrow(statement, *arguments)
    return sum(Verdict(one) is Verdict.YES for one in row["verdict"])


@pytest.mark.promise("G-16")
async def test_after_a_crash_emptied_the_limits_nobody_gets_a_fresh_burst(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        await books.execute("TRUNCATE rate_state, rate_epoch")
        began_s = time.monotonic()
        answers = await asyncio.gather(*(gateway.ask(wish(workspace, rates=[RateLimit(rate_id=8, per_minute=60)])) for _ in range(20)))
        took_s = time.monotonic() - began_s
    assert sum(one.verdict is Verdict.YES for one in answers) <= 1 + took_s


@pytest.mark.promise("T-06")
async def test_an_account_of_another_workspace_is_refused(database_urls: Any, workspace: Workspace, new_workspace: Any) -> None:
    other = await new_workspace()
    async with admissions(database_urls["gateway"]) as (gateway,):
        answer = await gateway.ask(wish(workspace, account_ids=[other.credit_account_id]))
        unnamed = await gateway.ask(wish(workspace, account_ids=[]))
    assert answer.verdict is Verdict.UNKNOWN_ACCOUNT
    assert unnamed.verdict is Verdict.UNKNOWN_ACCOUNT


@pytest.mark.promise("C-04", "C-13")
async def test_a_settlement_counts_once_however_often_it_comes(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        one, two = wish(workspace), wish(workspace)
        await asyncio.gather(gateway.ask(one), gateway.ask(two))
        worker = DurableConnection(database_urls["executor"], application_name="settle")
        made = await asyncio.gather(
            *(
                (worker.fetchrow(SETTLE, [record(one).as_row(), record(one).as_row(), record(two).as_row()], "executor", f"e{i}"))
                for i in range(3)
            )
        )
        assert sorted(len(row["made"]) for row in made if row) == [0, 0, 2]
        assert await books.fetchval("SELECT sum(amount_nusd) FROM transfers WHERE kind = 'charge'") == 800
        assert await books.fetchval("SELECT count(*) FROM outbox WHERE service = 'executor'") == 1
        assert await books.fetchval("SELECT output FROM execution_contents WHERE execution_id = $1", one.execution_id) == "hello"
        await assert_books_are_right(books)
        await worker.close()


@pytest.mark.promise("C-04", "C-09")
async def test_a_hold_taken_for_what_has_its_row_is_let_go_and_charges_nothing(database_urls: Any, workspace: Workspace) -> None:
    """An admission that came after the row, as nobody said that its id may be known: whoever settles it again frees the hold."""
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        asked = wish(workspace)
        assert await settle(books, record(asked)) == [asked.execution_id]
        assert (await gateway.ask(asked)).verdict is Verdict.YES
        assert await settle(books, record(asked)) == []
        state = await books.fetchrow("SELECT held_nusd, spent_nusd FROM accounts WHERE account_id = $1", workspace.credit_account_id)
        assert tuple(state) == (0, 0)
        assert await books.fetchval("SELECT count(*) FROM transfers WHERE execution_id = $1", asked.execution_id) == 1
        await assert_books_are_right(books)


async def test_the_record_finds_its_holds_by_their_index_however_few_there_are(database_urls: Any, workspace: Workspace) -> None:
    """Its plans are kept from when next to nothing was held; ended holds stay until they are vacuumed, and would all be read each time."""
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        asked = wish(workspace)
        await gateway.ask(asked)
        await books.execute("VACUUM holds")  # so that PostgreSQL knows how few there are
        async with books.transaction():
            assert await settle(books, record(asked)) == [asked.execution_id]
            read = await books.fetchrow("SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables WHERE relid = 'holds'::regclass")
    assert read is not None and (read["seq_scan"], read["idx_scan"] > 0) == (0, True)


@pytest.mark.promise("C-03")
async def test_what_a_provider_bills_beyond_the_hold_is_the_platforms_loss(database_urls: Any, new_workspace: Any) -> None:
    workspace = await new_workspace(credit_nusd=HOLD_NUSD)
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        one = wish(workspace)
        await gateway.ask(one)
        await settle(books, record(one, cost_nusd=HOLD_NUSD, overage_nusd=500))
        kinds = {
            row["kind"]: (row["debit_account_id"], row["amount_nusd"])
            for row in await books.fetch("SELECT * FROM transfers WHERE execution_id IS NOT NULL")
        }
        assert kinds == {"charge": (workspace.credit_account_id, HOLD_NUSD), "overage": (2, 500)}
        await assert_books_are_right(books)


@pytest.mark.promise("E-03")
async def test_a_raised_fence_shuts_out_the_executor_that_had_it(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        one = wish(workspace)
        await gateway.ask(one)
        assert await books.fetchval(RAISE_FENCE, one.execution_id, new_uuid()) is None  # another workspace has no say
        assert await books.fetchval(RAISE_FENCE, one.execution_id, one.workspace_id) == 2
        assert await settle(books, record(one, fence=1)) == []
        await assert_books_are_right(books, holds=1)
        assert await settle(books, record(one, fence=2, output="second")) == [one.execution_id]
        assert await settle(books, record(one, fence=1)) == []
        await assert_books_are_right(books)
        assert await books.fetchval(RAISE_FENCE, one.execution_id, one.workspace_id) is None


@pytest.mark.promise("E-01", "E-03")
async def test_of_two_claims_of_one_execution_in_a_batch_the_later_one_is_booked_charged_and_told_once(
    database_urls: Any, workspace: Workspace
) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        one, other = wish(workspace, lane="background"), wish(workspace)
        for each in (one, other):
            await gateway.ask(each)
        await books.fetchval(RAISE_FENCE, one.execution_id, one.workspace_id)
        late, own = record(one, cost_nusd=900, fence=1, output="first"), record(one, cost_nusd=300, fence=2, output="second")
        made = await settle(books, own, record(other, cost_nusd=400), late)
        assert sorted(made) == sorted([one.execution_id, other.execution_id])
        kept = await books.fetchrow(
            "SELECT fence, cost_nusd, output FROM executions JOIN execution_contents USING (execution_id) WHERE execution_id = $1",
            one.execution_id,
        )
        assert kept is not None and tuple(kept) == (2, 300, "second")
        charged = await books.fetch("SELECT amount_nusd FROM transfers WHERE kind = 'charge' ORDER BY amount_nusd")
        assert [row["amount_nusd"] for row in charged] == [300, 400]
        told = await books.fetch("SELECT message_id, convert_from(body, 'UTF8') AS body FROM outbox ORDER BY outbox_id")
        of_batch = [json.loads(row["body"])["items"] for row in told if not row["message_id"].startswith("completed:")]
        assert [sorted(item["cost_nusd"] for item in items) for items in of_batch] == [[300, 400]]
        alone = [row["body"] for row in told if row["message_id"] == f"completed:{one.execution_id}"]
        assert [json.loads(body)["data"]["cost_nusd"] for body in alone] == [300]
        await assert_books_are_right(books)


@pytest.mark.promise("E-03")
async def test_a_fence_raised_while_a_settlement_waits_for_the_account_comes_too_late(database_urls: Any, workspace: Workspace) -> None:
    """Settle locks the hold first: the fence waits for it, and then finds no hold."""
    async with (
        admissions(database_urls["gateway"]) as (gateway,),
        superuser(database_urls) as blocker,
        superuser(database_urls) as one,
        superuser(database_urls) as two,
    ):
        asked = wish(workspace)
        await gateway.ask(asked)
        block = blocker.transaction()
        await block.start()
        await blocker.fetchval("SELECT 1 FROM accounts WHERE account_id = $1 FOR UPDATE", workspace.credit_account_id)
        settling = asyncio.create_task(settle(one, record(asked)))
        await until_waiting(blocker)
        fencing = asyncio.create_task(two.fetchval(RAISE_FENCE, asked.execution_id, asked.workspace_id))
        await until_waiting(blocker, count=2)
        await block.rollback()
        assert await settling == [asked.execution_id]
        assert await fencing is None
        await assert_books_are_right(blocker)


@pytest.mark.promise("C-01", "G-10")
async def test_an_admission_that_is_the_victim_of_a_deadlock_is_asked_again(database_urls: Any) -> None:
    """Somebody else holds the higher account and wants the lower one, which the batch has by then: PostgreSQL ends the batch.

    It looks for a deadlock once, before a lock is given up; where the machine stood still just then, it is tried again.
    """
    low, high = await make_workspace(database_urls["superuser"]), await make_workspace(database_urls["superuser"])
    lock = "SELECT 1 FROM accounts WHERE account_id = $1 FOR UPDATE"
    rounds = 0
    async with superuser(database_urls) as blocker:
        name = await blocker.fetchval("SELECT current_database()")
        before = await _deadlocks(blocker)
        await blocker.execute(f'ALTER DATABASE "{name}" SET deadlock_timeout = 120')
        await blocker.execute("SET deadlock_timeout = '1h'")
        async with admissions(database_urls["gateway"]) as (gateway,):
            for one in (low, high):
                assert (await gateway.ask(wish(one))).verdict is Verdict.YES  # connected
            while await _deadlocks(blocker) == before:
                rounds += 1
                assert rounds < 20, "no deadlock came about"
                async with blocker.transaction():
                    await blocker.fetchval(lock, high.credit_account_id)
                    asking = [asyncio.create_task(gateway.ask(wish(one))) for one in (low, high)]
                    await until_waiting(blocker)
                    await blocker.fetchval(lock, low.credit_account_id)
                assert [answer.verdict for answer in await asyncio.gather(*asking)] == [Verdict.YES, Verdict.YES]
        await assert_books_are_right(blocker, holds=2 + 2 * rounds)


async def _deadlocks(connection: asyncpg.Connection) -> int:
    """The server tells of them when the session that met them rests for a moment."""
    await asyncio.sleep(0.1)
    return int(await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))


async def until_waiting(connection: asyncpg.Connection, *, count: int = 1) -> None:
    while (
        await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
        < count
    ):
        await asyncio.sleep(0.005)


@pytest.mark.promise("C-09", "E-02")
async def test_settle_then_admit_then_expire_of_one_id_books_it_once(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["executor"]) as (executor,), superuser(database_urls) as books:
        one = wish(workspace, lane="batch", claim=True)
        assert (await executor.ask(one)).fence == 1
        assert (await executor.ask(one)).fence == 2  # delivered again: the fence names one claim
        assert await settle(books, record(one, fence=2)) == [one.execution_id]
        ended = await executor.ask(one)
        assert (ended.verdict, ended.original) == (Verdict.ENDED, one.execution_id)
        assert await books.fetchval("SELECT expire(0, 10)") == 0
        await assert_books_are_right(books)


@pytest.mark.promise("C-05", "C-09", "C-12")
async def test_a_hold_past_its_deadline_becomes_a_timeout_and_a_late_settlement_changes_nothing(
    database_urls: Any, workspace: Workspace
) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books, superuser(database_urls) as again:
        asked = [wish(workspace, ttl_ms=1) for _ in range(5)]
        await asyncio.gather(*(gateway.ask(one) for one in asked))
        assert sum(await asyncio.gather(books.fetchval("SELECT expire(0, 100)"), again.fetchval("SELECT expire(0, 100)"))) == 5
        assert await settle(books, record(asked[0])) == []
        rows = await books.fetch("SELECT status, cost_nusd, error->>'code' AS code FROM executions")
        assert [tuple(row) for row in rows] == [("timeout", 0, "expired")] * 5
        await assert_books_are_right(books)


@pytest.mark.promise("C-02")
async def test_a_row_that_was_ended_for_an_executor_is_not_its_own_though_it_stands_under_its_fence(
    database_urls: Any, workspace: Workspace
) -> None:
    """An executor whose answer was lost asks for the rows that it made: those that the sweeper, or a caller's leaving, made meanwhile are
    none, or it would tell an answer that the books do not have.
    """
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        asked = [wish(workspace, ttl_ms=1 if n == 0 else 60_000) for n in range(3)]
        await asyncio.gather(*(gateway.ask(one) for one in asked))
        rows = expired, left, ours = [record(one) for one in asked]
        assert await books.fetchval("SELECT expire(0, 100)") == 1
        assert await books.fetchval("SELECT abandon($1, $2, NULL, NULL, NULL)", left.execution_id, left.workspace_id)
        assert await settle(books, ours) == [ours.execution_id]
        assert [await settle(books, one) for one in rows] == [[]] * 3
        assert await books.fetchval("SELECT count(*) FROM executions WHERE fence = 1") == 3, "all stand under the executor's fence"
        known = [one.execution_id for one in rows], [one.fence for one in rows], [one.finished_at for one in rows]
        found = await books.fetch("SELECT * FROM own_rows($1, $2, $3)", *known)
        assert [row["execution_id"] for row in found] == [ours.execution_id], f"not {expired.execution_id}"


@pytest.mark.promise("C-09")
async def test_a_background_execution_that_nobody_finishes_sends_the_event_that_an_executor_would(
    database_urls: Any, workspace: Workspace
) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        one, other, batch = (wish(workspace, lane=lane, ttl_ms=1) for lane in ("background", "background", "batch"))
        await asyncio.gather(*(gateway.ask(each) for each in (one, other, batch)))
        await settle(books, record(other))
        assert await books.fetchval("SELECT expire(0, 100)") == 2
        sent = "SELECT subject, convert_from(body, 'UTF8') AS body FROM outbox WHERE message_id = 'completed:' || $1::text"
        mine, like = [await books.fetchrow(sent, str(each.execution_id)) for each in (one, other)]
        assert await books.fetchrow(sent, str(batch.execution_id)) is None
        row = await books.fetchrow("SELECT finished_at, latency_ms FROM executions WHERE execution_id = $1", one.execution_id)
    assert mine is not None and like is not None and row is not None
    assert json.loads(mine["body"]).keys() == json.loads(like["body"]).keys()
    event, usual = Event.model_validate_json(mine["body"]), Event.model_validate_json(like["body"])
    assert (event.id, mine["subject"]) == (derived_uuid7(one.execution_id, "execution.completed"), event.subject())
    assert (event.type, event.workspace_id, event.object_id) == ("execution.completed", workspace.workspace_id, str(one.execution_id))
    assert event.occurred_at == row["finished_at"]
    assert event.data.keys() == usual.data.keys()
    assert event.data["execution_id"] == str(one.execution_id)
    assert (event.data["status"], event.data["cost_nusd"], event.data["latency_ms"]) == ("timeout", 0, row["latency_ms"])


async def test_python_and_postgresql_derive_the_same_ids(database_urls: Any) -> None:
    origins = [new_uuid() for _ in range(200)]
    async with superuser(database_urls) as books:
        each = "unnest($1::uuid[]) WITH ORDINALITY u(origin, n)"
        derived = await books.fetchval(f"SELECT array_agg(derived_uuid7(origin, 'execution.completed ü') ORDER BY n) FROM {each}", origins)
    assert derived == [derived_uuid7(one, "execution.completed ü") for one in origins]


async def test_an_abandoned_execution_is_booked_as_an_error_and_frees_its_key(database_urls: Any, workspace: Workspace) -> None:
    key = IdempotencyKey("executions", "k", b"body")
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        one = wish(workspace, key=key)
        await gateway.ask(one)
        assert await books.fetchval("SELECT abandon($1, $2, 'executions', 'k')", one.execution_id, workspace.workspace_id) is True
        assert await settle(books, record(one)) == []
        assert (await gateway.ask(wish(workspace, key=key))).verdict is Verdict.YES
        await assert_books_are_right(books, holds=1)


@pytest.mark.promise("O-02")
async def test_a_jobs_money_is_set_aside_once_and_what_is_left_comes_back(database_urls: Any, new_workspace: Any) -> None:
    workspace, job = await new_workspace(credit_nusd=10 * HOLD_NUSD), new_uuid()
    async with admissions(database_urls["executor"]) as (executor,), superuser(database_urls) as books:
        fund = "SELECT fund($1, $2, $3, $4)"
        account = await books.fetchval(fund, workspace.workspace_id, workspace.credit_account_id, 4 * HOLD_NUSD, job)
        assert await books.fetchval(fund, workspace.workspace_id, workspace.credit_account_id, 4 * HOLD_NUSD, job) == account
        assert await books.fetchval(fund, workspace.workspace_id, workspace.credit_account_id, 7 * HOLD_NUSD, new_uuid()) is None
        asked = [wish(workspace, account_ids=[account], lane="batch", claim=True) for _ in range(6)]
        answers = [await executor.ask(one) for one in asked]
        assert [one.verdict for one in answers] == [Verdict.YES] * 4 + [Verdict.FUNDING] * 2
        await settle(books, record(asked[0]), record(asked[1]))
        await books.execute("SELECT close_funding($1)", account)
        assert (await executor.ask(wish(workspace, account_ids=[account], claim=True))).verdict is Verdict.CLOSING
        await settle(books, record(asked[2]), record(asked[3]))
        assert await books.fetchval("SELECT return_funding(NULL)") == 1
        credit = await books.fetchrow(
            "SELECT limit_nusd - spent_nusd AS balance, held_nusd FROM accounts WHERE account_id = $1", workspace.credit_account_id
        )
        assert credit is not None and (credit["balance"], credit["held_nusd"]) == (10 * HOLD_NUSD - 4 * 400, 0)
        charge = await books.fetchval("SELECT min(transfer_id) FROM transfers WHERE kind = 'charge'")
        assert (await books.fetchrow("SELECT * FROM refund($1, $2, 300, 'sorry')", workspace.workspace_id, charge))["left_nusd"] == 100
        balance = "SELECT limit_nusd - spent_nusd FROM accounts WHERE account_id = $1"
        given_back = 10 * HOLD_NUSD - 4 * 400 + 300
        assert await books.fetchval(balance, workspace.credit_account_id) == given_back, "a job that is over can spend nothing"
        await assert_books_are_right(books)


async def test_one_request_the_database_refuses_costs_its_neighbours_nothing(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,):
        asked = [wish(workspace) for _ in range(7)] + [wish(workspace, amount_nusd=-1)]
        answers = await asyncio.gather(*(gateway.ask(one) for one in asked), return_exceptions=True)
    assert [getattr(one, "verdict", None) for one in answers[:7]] == [Verdict.YES] * 7
    assert isinstance(answers[7], asyncpg.PostgresError)


async def test_text_that_postgresql_cannot_store_becomes_storable(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        one, two = wish(workspace), wish(workspace)
        await asyncio.gather(gateway.ask(one), gateway.ask(two))
        await settle(books, record(one, output="a\x00b\ud800c"), without_content(record(two)))
        outputs = {row["execution_id"]: row["output"] for row in await books.fetch("SELECT execution_id, output FROM execution_contents")}
        assert outputs[one.execution_id].startswith("a\ufffdb")
        assert two.execution_id not in outputs
        await assert_books_are_right(books)


@pytest.mark.promise("C-08")
async def test_nobody_who_logs_in_may_write_accounts_holds_or_transfers_but_by_the_functions_of_the_books(database_urls: Any) -> None:
    async with superuser(database_urls) as books:
        rows = await books.fetch(
            """SELECT r.rolname, t.name, p.kind FROM pg_roles r, unnest(ARRAY['accounts', 'holds', 'transfers', 'executions']) t(name),
                      unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p(kind)
                WHERE r.rolname LIKE 'burnish\\_%' AND r.rolname NOT IN ('burnish_owner', 'burnish_lookup', 'burnish_migrator')
                  AND has_table_privilege(r.rolname, t.name, p.kind)"""
        )
        assert [tuple(row) for row in rows] == []
        for kind in ("UPDATE", "DELETE", "TRUNCATE"):
            assert not await books.fetchval("SELECT has_table_privilege('burnish_lookup', 'transfers', $1)", kind)


@pytest.mark.promise("C-08")
async def test_a_transfer_can_be_neither_changed_nor_deleted(database_urls: Any, workspace: Workspace) -> None:
    async with superuser(database_urls) as books:
        for statement in ("UPDATE transfers SET amount_nusd = 1", "DELETE FROM transfers"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await books.execute(statement)


async def test_a_background_request_is_published_with_its_hold_or_not_at_all(database_urls: Any, new_workspace: Any) -> None:
    rich, poor = await new_workspace(), await new_workspace(credit_nusd=0)
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        asked = [wish(one, lane="background", message=("burnish.v1.x", b"{}")) for one in (rich, poor)]
        await asyncio.gather(*(gateway.ask(one) for one in asked))
        assert await books.fetchval("SELECT array_agg(message_id) FROM outbox") == [f"{asked[0].execution_id}:1"]
        assert await books.fetchval("SELECT count(*) FROM accepted") == 1
        await settle(books, record(asked[0]))
        assert await books.fetchval("SELECT count(*) FROM accepted") == 0
        assert await books.fetchval("SELECT count(*) FROM outbox WHERE subject LIKE '%execution.completed%'") == 1
