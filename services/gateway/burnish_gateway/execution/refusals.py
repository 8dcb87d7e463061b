"""What said no a moment ago: a flood of refused calls is answered from memory, and never reaches PostgreSQL."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from burnish_gateway.execution.verdicts import Asked, error_of, rate_refused
from burnish_shared.books.admission import Answer, Verdict
from burnish_shared.books.admission_request import RateLimit, TokenLimit
from burnish_shared.db.config_cache import ChangeFeed

REFUSALS_MOST = 10_000
"""Rates, and accounts, remembered; beyond it the oldest are asked again."""

MONEY_S = 1.0
"""A refusal by an account is believed no longer (DESIGN 4.2): somebody else's call may have ended, and given back what it did not use."""

NOT_YET = 0.0

OF_MONEY = frozenset({Verdict.CREDIT, Verdict.BUDGET, Verdict.ALLOWANCE})

OF_ACCOUNTS = frozenset({"budget", "workspace", "plan"})
"""Kinds of changes after which an account may say yes."""

OF_RATES = frozenset({"workspace", "plan", "api_key"})
"""Kinds of changes after which a rate may: rare, and a rate that still says no says it again."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An account had too little for `amount_nusd`: what it answered, and what it had."""

    workspace_id: UUID
    amount_nusd: int
    until: float
    answer: Answer
    left_nusd: int | None


@dataclass(frozen=True, slots=True)
class TokensRefused:
    """A limit had too little for `tokens`; `until` then it is believed, and `retry_at` it may say yes whatever calls give back."""

    tokens: int
    until: float
    retry_at: float


@dataclass(slots=True)
class Refusals:
    """Rates and accounts that said no, and until when.

    Of rates exact, because a rate only recovers with time. Of accounts it holds for MONEY_S at most, for no smaller amount, and never past
    a change that this gateway knows of: a call of its own that ended, credit or budgets that were changed. Of limits of tokens the same:
    a call that ends gives back what it did not use.
    """

    until: "OrderedDict[tuple[int, int], float]" = field(default_factory=OrderedDict)
    accounts: "OrderedDict[int, Refused]" = field(default_factory=OrderedDict)
    tokens: "OrderedDict[int, TokensRefused]" = field(default_factory=OrderedDict)

    def follow(self, feed: ChangeFeed) -> None:
        """Forgets refusals of a workspace whose credit, budgets or plan changed."""
        feed.subscribe(self._on_change, reset=self.accounts.clear)

    def check(self, asked: Asked, account_ids: Sequence[int]) -> None:
        """Raises RateLimited, OutOfCredit, BudgetExhausted while a rate or account is known to say no.

        What costs nothing is never refused by money.
        """
        self.check_rates(asked.rates)
        if self.accounts and asked.needed_nusd > 0:
            for account_id in account_ids:
                refused = self.refused(account_id, amount_nusd=asked.needed_nusd)
                if refused is not None:
                    raise error_of(refused.answer, asked, left_nusd=refused.left_nusd)

    def check_rates(self, rates: Sequence[RateLimit]) -> None:
        """Raises RateLimited while a rate is known to say no to so many calls."""
        now = time.monotonic()
        for rate in rates:
            if isinstance(rate, TokenLimit):
                self._check_tokens(rate, now)
                continue
            until = self.until.get((rate.rate_id, rate.calls), 0.0)
            if until > now:
                raise rate_refused(rate, retry_after_s=until - now)

    def _check_tokens(self, limit: TokenLimit, now: float) -> None:
        known = self.tokens.get(limit.rate_id) if self.tokens else None
        if known is not None and known.until > now and limit.tokens >= known.tokens:
            raise rate_refused(limit, retry_after_s=known.retry_at - now)

    def refused(self, account_id: int, *, amount_nusd: int) -> Refused | None:
        """What is remembered of an account that would refuse this amount."""
        known = self.accounts.get(account_id)
        return known if known is not None and known.until > time.monotonic() and amount_nusd >= known.amount_nusd else None

    def note(self, answer: Answer, *, workspace_id: UUID, amount_nusd: int, rates: Sequence[RateLimit] = ()) -> None:
        """A rate is believed from now on, for as many calls as it was asked for; an account once it is known what it had (`learn`), or as
        long as it is believed already. `rates`: those that were asked."""
        if answer.limit_id is None:
            return
        now = time.monotonic()
        if answer.verdict is Verdict.RATE:
            rate = next((one for one in rates if one.rate_id == answer.limit_id), None)
            if isinstance(rate, TokenLimit):
                until = now + min(MONEY_S, answer.retry_after_s)
                self.tokens[answer.limit_id] = TokensRefused(rate.tokens, until, retry_at=now + answer.retry_after_s)
                _trim(self.tokens)
            else:
                self.until[answer.limit_id, 1 if rate is None else rate.calls] = now + answer.retry_after_s
                _trim(self.until)
        elif answer.verdict in OF_MONEY:
            known = self.accounts.pop(answer.limit_id, None)
            if known is not None and known.until > now:
                noted = Refused(workspace_id, min(amount_nusd, known.amount_nusd), now + MONEY_S, answer, known.left_nusd)
            else:
                noted = Refused(workspace_id, amount_nusd, NOT_YET, answer, None)
            self.accounts[answer.limit_id] = noted
            _trim(self.accounts)

    def learn(self, account_id: int, *, left_nusd: int | None) -> None:
        """What an account has after it said no. That is believed from now on, unless it was forgotten meanwhile, or has enough by now."""
        known = self.accounts.get(account_id)
        if known is not None and left_nusd is not None and left_nusd >= known.amount_nusd:
            del self.accounts[account_id]
        elif known is not None:
            self.accounts[account_id] = replace(known, until=time.monotonic() + MONEY_S, left_nusd=left_nusd)

    def forget(self, account_ids: Sequence[int]) -> None:
        """A call that held on these accounts has ended: what it did not use is free."""
        self.tokens.clear()  # which limits it counted against nobody knows here, and there are few
        if self.accounts:
            for account_id in account_ids:
                self.accounts.pop(account_id, None)

    def _on_change(self, workspace_id: UUID | None, kind: str, _: str) -> None:
        if kind in OF_RATES:
            self.until.clear()
            self.tokens.clear()
        if kind in OF_ACCOUNTS and self.accounts:
            for account_id in [one for one, refused in self.accounts.items() if workspace_id in (None, refused.workspace_id)]:
                del self.accounts[account_id]


def _trim(known: "OrderedDict[tuple[int, int], float] | OrderedDict[int, Refused] | OrderedDict[int, TokensRefused]") -> None:
    while len(known) > REFUSALS_MOST:
        known.popitem(last=False)
