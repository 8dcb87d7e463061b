"""Whatever is asked of the books, in whatever order and how often, they answer what a model in plain Python answers."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from burnish_shared.books.admission import Admission
from burnish_shared.books.admission_request import AdmissionRequest
from burnish_shared.books.finished import SETTLE
from burnish_shared.db.session import DurableConnection
from burnish_shared.ids import new_uuid
from tests.integration.books.model import GRANTS, PAYMENTS, REVENUE, Account, Model
from tests.integration.test_books import record

T = TypeVar("T")

MOST_WAITING = 3
LINE_NUSD = 700

amounts = st.sampled_from([0, 1, 50, 100, 250, 400])
pick = st.integers(0, 1_000)

WISHES: dict[str, Any] = {
    "each": st.lists(amounts, min_size=1, max_size=5),
    "payer": pick,
    "counts": st.sampled_from([True, True, False]),
    "waits": st.booleans(),
    "second": st.sampled_from([False, False, True]),
}

STATE = """
  SELECT account_id, limit_nusd, CASE WHEN resets_at <= clock_timestamp() THEN 0 ELSE spent_nusd END AS spent, held_nusd, in_flight,
         NULL::uuid AS held
    FROM accounts WHERE workspace_id = ANY ($1)
  UNION ALL SELECT 0, 0, 0, 0, 0, execution_id FROM holds WHERE workspace_id = ANY ($1)"""

CHARGES = """
  SELECT transfer_id, debit_account_id,
         amount_nusd - (SELECT coalesce(sum(c.amount_nusd), 0) FROM transfers c WHERE c.corrects = t.transfer_id) AS rest
    FROM transfers t WHERE workspace_id = $1 AND kind IN ('charge', 'fee') ORDER BY 1"""

LEDGER = """
  SELECT debit_account_id, credit_account_id, sum(amount_nusd)::bigint FROM transfers WHERE workspace_id = ANY ($1) GROUP BY 1, 2"""


class Interleavings(RuleBasedStateMachine):
    """Two workspaces of one organization; the first has a budget, a free allowance and jobs with money of their own."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    sql: ClassVar[asyncpg.Connection]
    gateway: ClassVar[Admission]

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        self.workspaces = [new_uuid(), new_uuid()]
        organization = new_uuid()
        self.credit = [
            self._account(self._value("SELECT create_workspace($1, $2, $3, 'w')", one, organization, number == 0), one, 3)
            for number, one in enumerate(self.workspaces)
        ]
        here = self.workspaces[0]
        self.budget = self._account(self._value("SELECT make_budget_account($1, $2, 700, 600, 'day', true)", here, new_uuid()), here, 2)
        self.budget.limit = 700
        self.allowance = self._account(self._value("SELECT make_allowance_account($1)", here), here, 11)
        self.months = 0
        self.asked: dict[UUID, AdmissionRequest] = {}
        self.top_up(0, 3000, "first")
        self.renew(500)

    def _await(self, what: Awaitable[T]) -> T:
        return self.loop.run_until_complete(what)

    def _value(self, sql: str, *args: object) -> Any:
        return self._await(self.sql.fetchval(sql, *args))

    def _account(self, account_id: int, workspace_id: UUID, kind: int) -> Account:
        made = self.model.accounts[account_id] = Account(account_id, workspace_id, kind)
        return made

    def _ask(self, *requests: AdmissionRequest) -> None:
        """All of them in one batch; the books must answer as the model does one after the other."""

        async def ask() -> list[Any]:
            return await asyncio.gather(*(self.gateway.ask(one) for one in requests))

        answers = self._await(ask())
        expected = [self.model.admit(one) for one in requests]
        assert [(one.verdict, one.fence) for one in answers] == expected

    @rule(**WISHES)
    def reserve(self, each: list[int], payer: int, counts: bool, waits: bool, second: bool) -> None:
        here = self.workspaces[second]
        jobs = [one for one in self.model.accounts.values() if one.kind == 4]
        payers = [self.credit[1]] if second else [self.credit[0], self.allowance, *jobs]
        accounts = [payers[payer % len(payers)].account_id, *([self.budget.account_id] if counts and not second else [])]
        requests = [
            AdmissionRequest(
                execution_id=new_uuid(), workspace_id=here, amount_nusd=amount, ttl_ms=60_000, account_ids=accounts,
                lane="interactive" if waits else "background", slot_account_id=self.credit[second].account_id, most_in_flight=MOST_WAITING,
            )
            for amount in each
        ]  # fmt: skip
        self.asked |= {one.execution_id: one for one in requests}
        self._ask(*requests)

    @rule(**WISHES)
    def reserve_more(self, **wishes: Any) -> None:
        """Once more, so that there is more to settle."""
        self.reserve(**wishes)

    @precondition(lambda self: self.asked)
    @rule(which=pick)
    def claim_again(self, which: int) -> None:
        """The same id once more: what is held stays, what ended has ended, and who was refused is asked anew."""
        first = self._known(which)
        fields = {name: getattr(first, name) for name in ("execution_id", "workspace_id", "amount_nusd", "account_ids", "slot_account_id")}
        self._ask(AdmissionRequest(**fields, ttl_ms=60_000, lane=first.lane, most_in_flight=MOST_WAITING, claim=True))

    @precondition(lambda self: self.asked)
    @rule(which=pick, totals=st.lists(amounts, min_size=1, max_size=3), off=st.sampled_from([0, 0, 0, 1]))
    def widen(self, which: int, totals: list[int], off: int) -> None:
        first = self._known(which)
        hold = self.model.holds.get(first.execution_id)
        fence = (hold.fence if hold else 1) + off
        fields = {name: getattr(first, name) for name in ("execution_id", "workspace_id", "account_ids")}
        self._ask(*(AdmissionRequest(**fields, amount_nusd=one, ttl_ms=0, lane="", widen_fence=fence) for one in totals))

    @precondition(lambda self: self.asked)
    @rule(items=st.lists(st.tuples(pick, st.sampled_from([0, 1, 50, 100, 500]), st.integers(-1, 1)), min_size=1, max_size=4))
    def settle(self, items: list[tuple[int, int, int]]) -> None:
        """Any of those ever asked for, some twice, some under another claim's fence, some that were never admitted."""
        rows, said = [], []
        for which, cost, off in items:
            request = self._known(which)
            hold = self.model.holds.get(request.execution_id)
            fence = max(1, (hold.fence if hold else 1) + off)
            if (request.execution_id, fence) in {(one[0], one[2]) for one in said}:
                continue  # Which of two rows with one fence counts is nobody's promise: a fence names one claim.
            said.append((request.execution_id, cost, fence))
            rows.append(record(request, cost_nusd=cost, fence=fence).as_row())
        made = self._value(SETTLE, rows, "executor", str(new_uuid()))
        assert set(made) == self.model.settle(said)
        assert self._value(SETTLE, rows, "executor", str(new_uuid())) == []  # the second time nothing happens

    @precondition(lambda self: self.asked)
    @rule(which=pick)
    def give_up(self, which: int) -> None:
        request = self._known(which)
        ended = request.execution_id in self.model.ended
        assert self._value("SELECT abandon($1, $2, NULL, NULL)", request.execution_id, request.workspace_id) is not ended
        if not ended:
            self.model.give_up([request.execution_id])

    @rule(which=st.lists(pick, max_size=3))
    def expire(self, which: list[int]) -> None:
        late = {self._held(one) for one in which if self.model.holds}
        self._value(  # On a machine that is busy the deadlines of others pass while it works.
            "UPDATE holds SET deadline = clock_timestamp() "
            "+ CASE WHEN execution_id = ANY ($1) THEN interval '-1 s' ELSE interval '1 h' END",
            list(late),
        )
        assert self._value("SELECT expire(0, 100)") == len(late)
        self.model.give_up(late)

    @precondition(lambda self: self.model.holds)
    @rule(which=pick)
    def take_away(self, which: int) -> None:
        execution = self._held(which)
        hold = self.model.holds[execution]
        hold.fence += 1
        assert self._value("SELECT raise_fence($1, $2)", execution, hold.workspace_id) == hold.fence

    @rule(second=st.integers(0, 1), amount=st.sampled_from([1, 500, 3000]), reference=st.sampled_from(["first", "a", "b"]))
    def top_up(self, second: int, amount: int, reference: str) -> None:
        account = self.credit[second]
        payment = f"{reference} of {self.workspaces[0]}"  # once in the installation, whichever of the two it is sent for
        before = self._value("SELECT transfer_id FROM transfers WHERE reference = $1 AND kind = 'top_up'", payment)
        made = self._value("SELECT add_credit($1, $2, 'top_up', $3, $4, NULL)", account.workspace_id, account.account_id, amount, payment)
        assert before in (None, made)
        if before is None:
            self.model.post(PAYMENTS, account.account_id, amount)

    @rule(amount=st.sampled_from([0, 200]))
    def renew(self, amount: int) -> None:
        self.months += 1
        rest = self.allowance.free
        self._value("SELECT renew_allowance($1, $2, $3, $4)", self.workspaces[0], self.allowance.account_id, amount, str(self.months))
        if rest:
            self.model.post(self.allowance.account_id, GRANTS, rest)
        if amount:
            self.model.post(GRANTS, self.allowance.account_id, amount)

    @rule(which=pick, amount=st.sampled_from([1, 40, 400]))
    def refund(self, which: int, amount: int) -> None:
        charges = self._await(self.sql.fetch(CHARGES, self.workspaces[0]))
        if not charges:
            return
        charge = charges[which % len(charges)]
        done = self._await(self.sql.fetchrow("SELECT * FROM refund($1, $2, $3, 'r')", self.workspaces[0], charge["transfer_id"], amount))
        assert (done["refund_id"] is not None) == (amount <= charge["rest"])
        if amount <= charge["rest"]:
            payer = self.model.accounts[charge["debit_account_id"]]
            self.model.post(REVENUE, payer.parent or payer.account_id, amount)

    @rule(second=st.integers(0, 1), amount=amounts, reference=st.sampled_from(["x", "y", "z"]))
    def fee(self, second: int, amount: int, reference: str) -> None:
        account = self.credit[second]
        taken = self._value("SELECT charge_fee($1, $2, $3, $4, NULL)", account.workspace_id, account.account_id, amount, reference)
        assert taken == self.model.fee(account, amount, reference)

    @rule(second=st.integers(0, 1), need=amounts)
    def draw(self, second: int, need: int) -> None:
        account = self.credit[second]
        drawn = self._value("SELECT draw_credit_line($1, $2, $3, $4)", account.workspace_id, account.account_id, need, LINE_NUSD)
        assert drawn == self.model.draw(account, need, LINE_NUSD)

    @rule(back=st.booleans(), amount=st.sampled_from([1, 100, 600]))
    def move(self, back: bool, amount: int) -> None:
        start, end = self.credit[back], self.credit[not back]
        sql = "SELECT move_credit($1, $2, $3, $4, $5, NULL)"
        moved = self._value(sql, start.workspace_id, start.account_id, end.workspace_id, end.account_id, amount)
        assert moved is self.model.move(start, end, amount)

    @rule(amount=st.sampled_from([100, 300]))
    def fund(self, amount: int) -> None:
        account = self.credit[0]
        enough = not account.suspended and account.free >= amount
        made = self._value("SELECT fund($1, $2, $3, $4)", account.workspace_id, account.account_id, amount, new_uuid())
        assert (made is not None) is enough
        if made is not None:
            self.model.fund(account, amount, made)

    @rule(which=pick)
    def close_job(self, which: int) -> None:
        jobs = [one for one in self.model.accounts.values() if one.kind == 4]
        if jobs:
            job = jobs[which % len(jobs)]
            self._value("SELECT close_funding($1)", job.account_id)
            job.closing = True
        self._value("SELECT return_funding(NULL)")
        self.model.give_rests_back()

    @rule()
    def budget_border(self) -> None:
        self._value("UPDATE accounts SET resets_at = clock_timestamp() WHERE account_id = $1", self.budget.account_id)
        self.budget.spent = 0

    @rule(limit=st.sampled_from([300, 700]))
    def change_budget(self, limit: int) -> None:
        sql = "SELECT change_budget_account($1, reference, $2, 600, 'day', true) FROM accounts WHERE account_id = $3"
        assert self._value(sql, self.workspaces[0], limit, self.budget.account_id)
        self.budget.limit = limit

    @rule(suspended=st.sampled_from([False, False, False, False, True]))
    def suspend(self, suspended: bool) -> None:
        self._value("SELECT suspend_workspace($1, $2)", self.workspaces[0], suspended)
        for one in self.model.accounts.values():
            if one.workspace_id == self.workspaces[0]:
                one.suspended = suspended

    @invariant()
    def nothing_is_below_zero_and_all_is_as_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        rows = self._await(self.sql.fetch(STATE, self.workspaces))
        assert {tuple(row)[:5] for row in rows if row["held"] is None} == {
            (one.account_id, one.limit, one.spent, one.held, one.in_flight) for one in self.model.accounts.values()
        }
        assert all(one.free >= 0 for one in self.model.accounts.values() if one.kind != 2)
        assert {row["held"] for row in rows if row["held"] is not None} == set(self.model.holds)

    def teardown(self) -> None:
        if hasattr(self, "model"):
            rows = self._await(self.sql.fetch(LEDGER, self.workspaces))
            assert {(row[0], row[1]): row[2] for row in rows} == {legs: amount for legs, amount in self.model.ledger.items() if amount}
            costs = self._value("SELECT coalesce(sum(cost_nusd), 0)::bigint FROM executions WHERE workspace_id = ANY ($1)", self.workspaces)
            assert costs == sum(self.model.ended.values())
            assert self._await(self.sql.fetch("SELECT * FROM drift()")) == []
            assert self._value("SELECT ledger_drift(2)") == 0

    def _known(self, which: int) -> AdmissionRequest:
        return list(self.asked.values())[which % len(self.asked)]

    def _held(self, which: int) -> UUID:
        return sorted(self.model.holds)[which % len(self.model.holds)]


@contextmanager
def running(urls: Any) -> Iterator[None]:
    """The connections that all examples share, on a loop of their own."""
    loop = Interleavings.loop = asyncio.new_event_loop()
    Interleavings.sql = loop.run_until_complete(asyncpg.connect(urls["superuser"], server_settings={"search_path": "burnish"}))
    hold, disk = (DurableConnection(urls["gateway"], application_name=name, asynchronous=name == "hold") for name in ("hold", "disk"))
    Interleavings.gateway = Admission(hold, disk)
    task = loop.create_task(Interleavings.gateway.run())
    try:
        yield
    finally:
        task.cancel()
        loop.run_until_complete(asyncio.wait([task]))
        loop.run_until_complete(Interleavings.gateway.close())
        loop.run_until_complete(Interleavings.sql.close())
        loop.close()


@pytest.mark.promise("C-01", "C-03", "C-04", "C-10")
def test_the_books_answer_as_the_model_does_in_any_interleaving(postgres: Any, database_urls: Any) -> None:
    with running(database_urls):
        run_state_machine_as_test(
            Interleavings,
            settings=settings(
                max_examples=90,
                stateful_step_count=50,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],  # a failure is told at once; add Phase.shrink to make it small
                suppress_health_check=list(HealthCheck),
            ),
        )
