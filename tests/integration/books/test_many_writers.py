"""Sixty-four writers over the same few accounts, each naming them in an order of its own: nobody waits for ever, and the sums hold."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from burnish_shared.books import admission as admissions
from burnish_shared.books.admission import Admission, Verdict
from burnish_shared.books.admission_request import AdmissionRequest, RateLimit
from burnish_shared.books.finished import SETTLE
from burnish_shared.db.session import DurableConnection
from burnish_shared.ids import new_uuid
from tests.integration.test_books import assert_books_are_right, record, superuser

WRITERS = 64
WORKSPACES = 4
STEPS = 12


@dataclass(slots=True)
class Shop:
    """What the writers share. Budgets are older than the credit accounts in half of the workspaces, so that orders differ."""

    urls: Any
    workspaces: list[UUID] = field(default_factory=list)
    credit: list[int] = field(default_factory=list)
    budgets: list[list[int]] = field(default_factory=list)
    held: list[AdmissionRequest] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)

    async def furnish(self, books: asyncpg.Connection) -> None:
        organization = new_uuid()
        for number in range(WORKSPACES):
            one = new_uuid()
            self.credit.append(await books.fetchval("SELECT create_workspace($1, $2, $3, 'w')", one, organization, number == 0))
            self.workspaces.append(one)
            await books.execute("SELECT grant_credit($1, 40000, 'start')", one)
            make = "SELECT make_budget_account($1, $2, 60000, 500, 'day', true)"
            self.budgets.append([await books.fetchval(make, one, new_uuid()) for _ in range(3)])


class Writer:
    """One of many; all it does is seeded, and only the order in which PostgreSQL lets them in is not."""

    def __init__(self, shop: Shop, connection: asyncpg.Connection, gateway: Admission, *, seed: int) -> None:
        self.shop, self.connection, self.gateway, self.dice = shop, connection, gateway, random.Random(seed)
        self.steps: list[Callable[[], Awaitable[Any]]] = [
            self.reserve, self.reserve, self.reserve, self.widen, self.settle, self.settle, self.settle, self.give_up, self.expire,
            self.fund_and_close, self.move, self.fee, self.refund, self.suspend, self.draw, self.sweep, self.border,
        ]  # fmt: skip

    async def write(self) -> None:
        for _ in range(STEPS):
            await self.dice.choice(self.steps)()

    def _some(self, most: int) -> list[AdmissionRequest]:
        return self.dice.sample(self.shop.held, min(most, len(self.shop.held)))

    async def reserve(self) -> None:
        wishes = []
        for _ in range(self.dice.randint(1, 8)):
            w = self.dice.randrange(WORKSPACES)
            budgets = self.dice.sample(self.shop.budgets[w], self.dice.randint(0, 3))
            rates = [RateLimit(rate_id=100 + one, per_minute=60_000) for one in self.dice.sample(range(6), 3)]
            wishes.append(
                AdmissionRequest(
                    execution_id=new_uuid(), workspace_id=self.shop.workspaces[w], amount_nusd=self.dice.randint(0, 300), ttl_ms=60_000,
                    lane="interactive", account_ids=[self.shop.credit[w], *budgets], rates=rates,
                    slot_account_id=self.shop.credit[w], most_in_flight=60,
                )
            )  # fmt: skip
        answers = await asyncio.gather(*(self.gateway.ask(one) for one in wishes))
        self.shop.verdicts.update(one.verdict.name for one in answers)
        self.shop.held += [wish for wish, answer in zip(wishes, answers, strict=True) if answer.verdict is Verdict.YES]

    async def widen(self) -> None:
        for one in self._some(2):
            await self.gateway.widen(one.execution_id, one.workspace_id, fence=1, total_nusd=400, account_ids=one.account_ids)

    async def settle(self) -> None:
        rows = [record(one, cost_nusd=self.dice.choice([0, one.amount_nusd, 500])).as_row() for one in self._some(10)]
        if rows:
            await self.connection.fetchval(SETTLE, rows, "executor", str(new_uuid()))

    async def give_up(self) -> None:
        for one in self._some(1):
            await self.connection.fetchval("SELECT abandon($1, $2, NULL, NULL)", one.execution_id, one.workspace_id)

    async def expire(self) -> None:
        await self.connection.fetchval("SELECT expire(-60000 + $1, 5)", self.dice.randint(0, 3_000))

    async def fund_and_close(self) -> None:
        w = self.dice.randrange(WORKSPACES)
        account = await self.connection.fetchval("SELECT fund($1, $2, 500, $3)", self.shop.workspaces[w], self.shop.credit[w], new_uuid())
        if account is not None:
            wish = AdmissionRequest(
                execution_id=new_uuid(), workspace_id=self.shop.workspaces[w], amount_nusd=200, ttl_ms=60_000, lane="batch", claim=True,
                account_ids=[account, *self.shop.budgets[w]],
            )  # fmt: skip
            if (await self.gateway.ask(wish)).verdict is Verdict.YES:
                self.shop.held.append(wish)
            await self.connection.execute("SELECT close_funding($1)", account)

    async def sweep(self) -> None:
        await self.connection.fetchval("SELECT return_funding(NULL)")

    async def move(self) -> None:
        a, b = self.dice.sample(range(WORKSPACES), 2)
        sql = "SELECT move_credit($1, $2, $3, $4, 100, NULL)"
        await self.connection.fetchval(sql, self.shop.workspaces[a], self.shop.credit[a], self.shop.workspaces[b], self.shop.credit[b])

    async def fee(self) -> None:
        w = self.dice.randrange(WORKSPACES)
        reference = str(self.dice.randrange(20))
        await self.connection.fetchval("SELECT charge_fee($1, $2, 50, $3, NULL)", self.shop.workspaces[w], self.shop.credit[w], reference)

    async def draw(self) -> None:
        w = self.dice.randrange(WORKSPACES)
        await self.connection.fetchval("SELECT draw_credit_line($1, $2, 700, 3000)", self.shop.workspaces[w], self.shop.credit[w])

    async def refund(self) -> None:
        one = self.dice.choice(self.shop.workspaces)
        charge = "SELECT max(transfer_id) FROM transfers WHERE workspace_id = $1 AND kind = 'charge'"
        await self.connection.fetch(f"SELECT * FROM refund($1, ({charge}), 10, NULL)", one)

    async def suspend(self) -> None:
        one = self.dice.choice(self.shop.workspaces)
        for suspended in (True, False):
            await self.connection.fetchval("SELECT suspend_workspace($1, $2)", one, suspended)

    async def border(self) -> None:
        """A budget whose period is over, so that several find it so at once."""
        budget = self.dice.choice(self.dice.choice(self.shop.budgets))
        await self.connection.execute("UPDATE accounts SET resets_at = clock_timestamp() WHERE account_id = $1", budget)


@asynccontextmanager
async def patient(url: str) -> AsyncIterator[Admission]:
    """As a gateway's, without a limit on the wait for a row: only a deadlock may end a statement here.

    A wider hold goes over the connection that waits for the disk, so that one is without a limit as well.
    """
    hold = DurableConnection(url, application_name="hold", asynchronous=True, lock_timeout_ms=0, statement_timeout_ms=200_000)
    disk = DurableConnection(url, application_name="disk", lock_timeout_ms=0, statement_timeout_ms=200_000)
    admission = Admission(hold, disk)
    task = asyncio.create_task(admission.run())
    try:
        yield admission
    finally:
        task.cancel()
        await admission.close()


@pytest.mark.promise("C-01", "C-03", "C-04")
async def test_sixty_four_writers_in_shuffled_orders_never_block_each_other_for_good(
    database_urls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadlock would end one of them with an error, after PostgreSQL's deadlock_timeout. Nobody gives up before: a wait is no deadlock,
    and all of them together are slow where a machine is."""
    monkeypatch.setattr(admissions, "ANSWER_S", 200)
    monkeypatch.setattr(admissions, "GIVE_UP_S", 200)
    shop = Shop(database_urls)
    async with superuser(database_urls) as books:
        await shop.furnish(books)
    async with AsyncExitStack() as stack:
        gateways = [await stack.enter_async_context(patient(database_urls["gateway"])) for _ in range(8)]
        connections = [await stack.enter_async_context(superuser(database_urls)) for _ in range(WRITERS)]
        writers = [Writer(shop, one, gateways[seed % 8], seed=seed) for seed, one in enumerate(connections)]
        async with asyncio.timeout(240):
            await asyncio.gather(*(one.write() for one in writers))
    async with superuser(database_urls) as books:
        # Told when the writers' connections were closed; an admission that met a deadlock would have been tried again in halves.
        assert await books.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
        assert shop.verdicts["YES"] > 100
        assert await books.fetch("SELECT * FROM drift()") == []
        rows = [record(one, cost_nusd=1).as_row() for one in shop.held]
        await books.fetchval(SETTLE, rows, "executor", str(new_uuid()))
        await assert_books_are_right(books)
        assert await books.fetchval("SELECT ledger_drift(2)") == 0
        assert await books.fetchval("SELECT sum(in_flight) FROM accounts") == 0
        assert await books.fetchval("SELECT count(*) FROM accounts WHERE kind <> 2 AND limit_nusd - spent_nusd - held_nusd < 0") == 0
