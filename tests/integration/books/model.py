"""What the books must answer, said once more in plain Python: no batch, no lock, one thing after the other."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from burnish_shared.books.admission import Verdict
from burnish_shared.books.admission_request import AdmissionRequest

REVENUE, LOSSES, GRANTS, ON_ITS_WAY, PAYMENTS, LINES = 1, 2, 3, 4, 5, 6


@dataclass(slots=True)
class Account:
    """`kind` as in the table. Of a budget only `limit`, `spent` and `held` mean something."""

    account_id: int
    workspace_id: UUID
    kind: int
    limit: int = 0
    spent: int = 0
    held: int = 0
    in_flight: int = 0
    suspended: bool = False
    closing: bool = False
    parent: int | None = None

    @property
    def free(self) -> int:
        return self.limit - self.spent - self.held

    def refusal(self, amount: int) -> Verdict | None:
        if self.suspended:
            return Verdict.SUSPENDED
        if self.closing:
            return Verdict.CLOSING
        return Verdict(self.kind) if 0 < amount and self.free < amount else None


@dataclass(slots=True)
class Hold:
    workspace_id: UUID
    amount: int
    account_ids: list[int]
    slot: int | None
    fence: int = 1


@dataclass(slots=True)
class Model:
    accounts: dict[int, Account] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)
    ended: dict[UUID, int] = field(default_factory=dict)
    ledger: Counter[tuple[int, int]] = field(default_factory=Counter)
    lent: int = 0  # to both workspaces, which are of one organization
    fees: set[tuple[UUID, str]] = field(default_factory=set)

    def post(self, debit: int, credit: int, amount: int) -> None:
        self.ledger[debit, credit] += amount
        if debit in self.accounts:
            self.accounts[debit].spent += amount
        if credit in self.accounts:
            self.accounts[credit].limit += amount

    def admit(self, request: AdmissionRequest) -> tuple[Verdict, int]:
        """The verdict and the fence."""
        if request.execution_id in self.ended:
            return Verdict.ENDED, 1
        if request.widen_fence is not None:
            return self._widen(request, request.widen_fence)
        hold = self.holds.get(request.execution_id)
        if hold is not None:
            hold.fence += request.claim
            return Verdict.YES, hold.fence
        no = self._money(request.account_ids, request.workspace_id, request.amount_nusd)
        slot = request.slot_account_id if request.lane == "interactive" else None
        if no is None and slot is not None and self.accounts[slot].in_flight >= request.most_in_flight:
            no = Verdict.CONCURRENCY
        if no is not None:
            return no, 1
        self.holds[request.execution_id] = Hold(request.workspace_id, request.amount_nusd, list(request.account_ids), slot)
        self._hold(request.account_ids, request.amount_nusd)
        if slot is not None:
            self.accounts[slot].in_flight += 1
        return Verdict.YES, 1

    def _widen(self, request: AdmissionRequest, fence: int) -> tuple[Verdict, int]:
        hold = self.holds.get(request.execution_id)
        if hold is None or hold.fence != fence:
            return Verdict.SUPERSEDED, hold.fence if hold else 0
        more = request.amount_nusd - hold.amount
        if more > 0:
            no = self._money(hold.account_ids, hold.workspace_id, more)
            if no is not None:
                return no, fence
            hold.amount += more
            self._hold(hold.account_ids, more)
        return Verdict.YES, fence

    def _money(self, account_ids: Iterable[int], workspace_id: UUID, amount: int) -> Verdict | None:
        for account in (self.accounts[one] for one in account_ids):
            no = Verdict.UNKNOWN_ACCOUNT if account.workspace_id != workspace_id else account.refusal(amount)
            if no is not None:
                return no
        return None

    def _hold(self, account_ids: Iterable[int], amount: int) -> None:
        for one in account_ids:
            self.accounts[one].held += amount

    def settle(self, items: Sequence[tuple[UUID, int, int]]) -> set[UUID]:
        """Items are (execution, cost, fence). Returns those that this call booked."""
        made = set()
        for execution, cost, fence in sorted(items, key=lambda item: -item[2]):
            hold = self.holds.get(execution)
            if execution in self.ended or (hold is not None and hold.fence > fence):
                continue
            self._end(execution, cost)
            made.add(execution)
        return made

    def _end(self, execution: UUID, cost: int) -> None:
        self.ended[execution] = cost
        hold = self.holds.pop(execution, None)
        paid = min(cost, hold.amount) if hold else 0
        if hold is not None:
            self._hold(hold.account_ids, -hold.amount)
            if hold.slot is not None:
                self.accounts[hold.slot].in_flight -= 1
            for one in hold.account_ids[1:]:
                self.accounts[one].spent += paid
            if paid:
                self.post(hold.account_ids[0], REVENUE, paid)
        if cost > paid:
            self.post(LOSSES, REVENUE, cost - paid)

    def give_up(self, executions: Iterable[UUID]) -> None:
        for one in executions:
            self._end(one, 0)

    def fee(self, account: Account, amount: int, reference: str) -> bool:
        if amount == 0 or (account.workspace_id, reference) in self.fees:
            return True
        if account.suspended or account.free < amount:
            return False
        self.fees.add((account.workspace_id, reference))
        self.post(account.account_id, REVENUE, amount)
        return True

    def draw(self, account: Account, need: int, cap: int) -> int:
        drawn = min(need, cap - self.lent)
        if account.suspended or drawn <= 0 or account.free + drawn < need:
            return 0
        self.lent += drawn
        self.post(LINES, account.account_id, drawn)
        return drawn

    def move(self, start: Account, end: Account, amount: int) -> bool:
        if start.suspended or start.free < amount:
            return False
        self.post(start.account_id, ON_ITS_WAY, amount)
        self.post(ON_ITS_WAY, end.account_id, amount)
        return True

    def fund(self, account: Account, amount: int, account_id: int) -> None:
        self.accounts[account_id] = Account(account_id, account.workspace_id, 4, parent=account.account_id)
        self.post(account.account_id, account_id, amount)

    def give_rests_back(self) -> None:
        for one in list(self.accounts.values()):
            if one.closing and one.parent is not None and one.held == 0 and one.free > 0:
                self.post(one.account_id, one.parent, one.free)
