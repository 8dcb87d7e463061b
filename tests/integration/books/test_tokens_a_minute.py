"""Tokens a minute: what a call may use is taken when it begins, and becomes what it used (decision 110)."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from burnish_shared.books.admission import Answer, Verdict
from burnish_shared.books.admission_request import AdmissionRequest, RateLimit, TokenLimit, statement_of
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace
from tests.integration.test_books import admissions, record, settle, superuser, wish

pytestmark = [pytest.mark.capability("B3"), pytest.mark.promise("G-16")]

USED = 7
"""Tokens of `record`."""


def limit(rate_id: int, per_minute: int, *, most: int, **own: Any) -> TokenLimit:
    return TokenLimit(rate_id, per_minute, **({"tokens": most, "own": most, "together": most} | own))


async def taken(books: asyncpg.Connection, one: TokenLimit) -> float:
    """Tokens that are taken at this moment."""
    ahead_us = await books.fetchval(
        "SELECT tat_us - (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM rate_state WHERE rate_id = $1", one.rate_id
    )
    return max(0.0, ahead_us * one.per_minute / 60_000_000)


async def test_a_limit_holds_over_two_gateways_and_a_refusal_takes_nothing(database_urls: Any, workspace: Workspace) -> None:
    one = limit(-9001, 6_000, most=100)
    async with admissions(database_urls["gateway"], 2) as gateways, superuser(database_urls) as books:
        began_s = time.monotonic()
        answers = await asyncio.gather(*(gateways[i % 2].ask(wish(workspace, rates=[one])) for i in range(90)))
        took_s = time.monotonic() - began_s
        admitted = sum(answer.verdict is Verdict.YES for answer in answers)
        assert 60 <= admitted <= 60 + took_s * 1 + 1
        assert {answer.verdict for answer in answers} == {Verdict.YES, Verdict.RATE}
        assert all(0 < answer.retry_after_s <= 1.1 and answer.limit_id == -9001 for answer in answers if answer.verdict is Verdict.RATE)
        assert await taken(books, one) <= 6_000
        assert await books.fetchval("SELECT count(*) FROM holds WHERE token_rates IS NOT NULL") == admitted


async def test_what_was_taken_becomes_what_was_used_once_however_often_it_is_settled(database_urls: Any, workspace: Workspace) -> None:
    one = limit(-9002, 60, most=50)
    asked = wish(workspace, rates=[one])
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        assert (await gateway.ask(asked)).verdict is Verdict.YES
        refused = await gateway.ask(wish(workspace, rates=[one]))
        assert (refused.verdict, round(refused.retry_after_s)) == (Verdict.RATE, 40)
        executor = await asyncpg.connect(database_urls["executor"])
        await settle(executor, record(asked))
        await settle(executor, record(asked))
        await executor.close()
        assert USED - 5 <= await taken(books, one) <= USED + 0.1, "less what the time of the test gave back"
        assert (await gateway.ask(wish(workspace, rates=[one]))).verdict is Verdict.YES


async def test_what_was_used_beyond_is_taken_on_and_nobody_waits_longer_than_a_minute(database_urls: Any, workspace: Workspace) -> None:
    one = limit(-9003, 6, most=2)
    asked = [wish(workspace, rates=[one]) for _ in range(3)]
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        for request in asked:
            assert (await gateway.ask(request)).verdict is Verdict.YES
        executor = await asyncpg.connect(database_urls["executor"])
        await settle(executor, *(record(request) for request in asked))
        await executor.close()
        assert 18 <= await taken(books, one) <= 3 * USED, "7 each in place of 2 each"
        refused = await gateway.ask(wish(workspace, rates=[replace(one, tokens=6, own=6, together=6)]))
        assert refused.verdict is Verdict.RATE and 55 <= refused.retry_after_s <= 60


async def test_what_a_long_call_used_beyond_counts_from_its_end(database_urls: Any, workspace: Workspace) -> None:
    """What it took when it began was over long ago: that does not pay for what it used beyond."""
    one = limit(-9013, 6, most=2)
    asked = wish(workspace, rates=[one])
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        assert (await gateway.ask(asked)).verdict is Verdict.YES
        await books.execute("UPDATE rate_state SET tat_us = tat_us - 600000000 WHERE rate_id = $1", one.rate_id)
        executor = await asyncpg.connect(database_urls["executor"])
        await settle(executor, record(asked))
        await executor.close()
        assert USED - 2 - 1 <= await taken(books, one) <= USED - 2


async def test_a_call_that_may_use_more_than_the_limit_begins_when_nothing_else_is_taken(database_urls: Any, workspace: Workspace) -> None:
    one, small = limit(-9004, 60, most=5_000), limit(-9004, 60, most=1)
    asked = wish(workspace, rates=[one])
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        assert (await gateway.ask(asked)).verdict is Verdict.YES
        assert (await gateway.ask(wish(workspace, rates=[small]))).verdict is Verdict.RATE
        executor = await asyncpg.connect(database_urls["executor"])
        await settle(executor, record(asked))
        await executor.close()
        assert await taken(books, one) <= USED


async def test_whatever_a_provider_reports_is_settled(database_urls: Any, workspace: Workspace) -> None:
    """As many as a column holds, of input and of output: together more than one holds."""
    one = limit(-9009, 1, most=1)
    asked = [wish(workspace, rates=[replace(one, tokens=0)]) for _ in range(50)]
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        assert {(await gateway.ask(request)).verdict for request in asked} == {Verdict.YES}
        executor = await asyncpg.connect(database_urls["executor"])
        rows = [replace(record(request), input_tokens=2**31 - 1, output_tokens=2**31 - 1) for request in asked]
        assert len(await settle(executor, *rows)) == 50
        await executor.close()
        assert await books.fetchval("SELECT count(*) FROM holds") == 0
        refused = await gateway.ask(wish(workspace, rates=[one]))
        assert refused.verdict is Verdict.RATE and 55 <= refused.retry_after_s <= 60


@pytest.mark.parametrize("how", ["withdraw", "abandon", "expire"])
async def test_what_never_ran_gives_all_of_it_back(database_urls: Any, workspace: Workspace, how: str) -> None:
    one = limit(-9005, 60, most=60)
    asked = wish(workspace, rates=[one])
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        assert (await gateway.ask(asked)).verdict is Verdict.YES
        match how:
            case "withdraw":
                await books.fetchval("SELECT withdraw($1, $2, 'r', '{}')", [asked.execution_id], workspace.workspace_id)
            case "abandon":
                await books.fetchval("SELECT abandon($1, $2, NULL, NULL, NULL::bytea)", asked.execution_id, workspace.workspace_id)
            case _:
                await books.execute("UPDATE holds SET deadline = clock_timestamp() - interval '1 hour'")
                await books.fetchval("SELECT expire(0, 10)")
        assert await books.fetchval("SELECT count(*) FROM holds") == 0
        assert await taken(books, one) == 0


async def test_calls_that_begin_together_are_let_in_as_a_whole_and_each_gives_back_its_own_part(
    database_urls: Any, workspace: Workspace
) -> None:
    first = limit(-9006, 60, most=60, own=20)
    other = limit(-9006, 60, most=60, own=40, tokens=0)
    asked, beside = wish(workspace, rates=[first]), wish(workspace, rates=[other])
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        assert (await gateway.ask(asked)).verdict is Verdict.YES
        assert (await gateway.ask(beside)).verdict is Verdict.YES
        assert 55 <= await taken(books, first) <= 60
        executor = await asyncpg.connect(database_urls["executor"])
        await settle(executor, record(asked))
        assert 40 <= await taken(books, first) <= 40 + USED
        await settle(executor, record(beside))
        await executor.close()
        assert await taken(books, first) <= 2 * USED


async def test_a_call_that_nobody_took_tokens_for_takes_on_what_it_used(database_urls: Any, workspace: Workspace) -> None:
    """Beside one that was let in before: what was not taken now is not given back."""
    one = limit(-9010, 60, most=50, tokens=0, together=0)
    asked = wish(workspace, rates=[one])
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        assert (await gateway.ask(asked)).verdict is Verdict.YES
        assert await taken(books, one) == 0
        executor = await asyncpg.connect(database_urls["executor"])
        await settle(executor, record(asked))
        await executor.close()
        assert USED - 5 <= await taken(books, one) <= USED + 0.1


async def test_a_repeat_and_a_claim_take_nothing_and_note_nothing(database_urls: Any, workspace: Workspace) -> None:
    """Also where the limit was set after the call began: what was never taken is not given back."""
    one = limit(-9007, 60, most=30)
    asked = wish(workspace)
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        assert (await gateway.ask(asked)).verdict is Verdict.YES
        again = replace(asked, rates=[one], claim=True)
        answer = await gateway.ask(again)
        assert (answer.verdict, answer.fence) == (Verdict.YES, 2)
        assert await books.fetchval("SELECT token_rates FROM holds") is None
        assert await taken(books, one) == 0


async def test_admissions_and_settlements_of_one_limit_never_deadlock_and_end_at_what_was_used(
    database_urls: Any, workspace: Workspace
) -> None:
    one = limit(-9008, 1_000_000, most=300)
    async with admissions(database_urls["gateway"], 2) as gateways, superuser(database_urls) as books:
        before = await books.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        executors = [await asyncpg.connect(database_urls["executor"]) for _ in range(2)]

        async def call(number: int, executor: asyncpg.Connection, gate: asyncio.Lock) -> Answer:
            asked = wish(workspace, rates=[one, RateLimit(9008, 100_000)])
            answer = await gateways[number % 2].ask(asked)
            async with gate:
                await settle(executor, record(asked))
            return answer

        gates = [asyncio.Lock(), asyncio.Lock()]
        began_s = time.monotonic()
        answers = await asyncio.gather(*(call(number, executors[number % 2], gates[number % 2]) for number in range(200)))
        took_s = time.monotonic() - began_s
        for executor in executors:
            await executor.close()
        assert {answer.verdict for answer in answers} == {Verdict.YES}
        assert await taken(books, one) <= 200 * USED and took_s > 0
        await books.execute("SELECT pg_stat_clear_snapshot()")
        assert await books.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == before
        assert await books.fetch("SELECT * FROM drift()") == []


def test_a_batch_in_which_nobody_has_a_limit_of_tokens_is_sent_as_before() -> None:
    plain = AdmissionRequest(new_uuid(), new_uuid(), 1, 1, "interactive", [1], rates=[RateLimit(7, 60)])
    statement, arguments = statement_of([plain], [False])
    assert "note_tokens" not in statement and len(arguments) == 25
    limited = replace(plain, rates=[RateLimit(7, 60), limit(-7, 600, most=30)], user_accounts=[(5, 4)])
    statement, arguments = statement_of([plain, limited], [False, False])
    assert "note_tokens(verdict, slack_us, $1, $28, $29, $30, $31, $32)" in statement
    assert arguments[27:] == ([2], [3], [-7], [3_000_000], [600])
