"""From a refusal of admission to the error that the caller hears: what happened, the numbers, what to do next. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from burnish_gateway.billing.budget import BudgetFacts
from burnish_gateway.idempotency import mismatch
from burnish_shared.books.admission import Answer, RateState, Verdict
from burnish_shared.books.admission_request import RateLimit, TokenLimit
from burnish_shared.books.user_accounts import EACH
from burnish_shared.errors import (
    BudgetExhausted,
    BurnishError,
    ConcurrencyLimited,
    OutOfCredit,
    RateLimited,
    Suspended,
    TokensLimited,
    Unavailable,
    whole_s,
)
from burnish_shared.money import credits_needed_text, credits_text

SLOT_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: `needed_nusd` at most, so many at once, under these rates; `budgets`: those it counts against, by account."""

    needed_nusd: int
    most_in_flight: int
    rates: Sequence[RateLimit]
    budgets: Mapping[int, BudgetFacts]


def error_of(answer: Answer, asked: Asked, *, left_nusd: int | None = None) -> BurnishError:
    """The error of a verdict that is neither YES nor a repeat. `left_nusd`: what the account that refused has free, if it was looked up."""
    match answer.verdict:
        case Verdict.RATE:
            rate = next((one for one in asked.rates if one.rate_id == answer.limit_id), asked.rates[0])
            return rate_refused(rate, retry_after_s=answer.retry_after_s)
        case Verdict.CONCURRENCY:
            return ConcurrencyLimited(
                f"{asked.most_in_flight} calls of this workspace are waiting for an answer, as many as its plan allows at once; "
                "try again when one has ended, or use mode background.",
                retry_after_s=SLOT_RETRY_S,
                details={"most_in_flight": asked.most_in_flight},
            )
        case Verdict.BUDGET:
            return _budget_refused(answer, asked, left_nusd=left_nusd)
        case Verdict.CREDIT | Verdict.ALLOWANCE:
            return _credit_refused(asked, left_nusd=left_nusd)
        case Verdict.SUSPENDED:
            return suspended()
        case Verdict.KEY_MISMATCH:
            return mismatch()
        case Verdict.UNKNOWN_ACCOUNT | Verdict.CLOSING:  # a budget or credit account that went away in this moment
            return Unavailable("The workspace's accounts are being changed; try again.", retry_after_s=1)
        case _:
            return BurnishError("This execution could not be admitted.")


def suspended() -> Suspended:
    return Suspended("This workspace is suspended; ask its operator.")


def tokens_refused(limit: TokenLimit, *, retry_after_s: float) -> TokensLimited:
    where = "with this API key" if limit.whose == "api_key" else "in this workspace"
    what, more = ("This call", "") if limit.own == limit.together else ("These calls together", ", call fewer at once")
    return TokensLimited(
        f"Too many tokens: {limit.per_minute} a minute may be used {where}. {what} may use {limit.tokens}, and may begin in "
        f"{whole_s(retry_after_s)} s, as Retry-After says, or sooner when calls under way end with less. Lower max_tokens{more}, or wait.",
        retry_after_s=retry_after_s,
        details={"limit_per_minute": limit.per_minute, "limit_of": limit.whose, "unit": "tokens", "needed_tokens": limit.tokens},
        headers=rate_headers(RateState(limit.rate_id, limit.per_minute, remaining=0, reset_s=retry_after_s, unit="tokens")),
    )


def rate_refused(rate: RateLimit, *, retry_after_s: float) -> RateLimited:
    if isinstance(rate, TokenLimit):
        return tokens_refused(rate, retry_after_s=retry_after_s)
    who = "The next" if rate.calls == 1 else f"These {rate.calls} together"
    where = "with this API key" if rate.whose == "api_key" else "in this workspace"
    return RateLimited(
        f"Too many requests: {rate.per_minute} a minute may begin {where}, {rate.most_at_once} of them at once. "
        f"{who} may begin in {whole_s(retry_after_s)} s, as Retry-After says.",
        retry_after_s=retry_after_s,
        details={"limit_per_minute": rate.per_minute, "limit_of": rate.whose},
        headers=rate_headers(RateState(rate_id=rate.rate_id, limit=rate.per_minute, remaining=0, reset_s=retry_after_s)),
    )


def rate_headers(state: RateState | None) -> dict[str, str]:
    """`RateLimit-*` of the tightest limit (IETF draft-ietf-httpapi-ratelimit-headers-06): how many may begin at this very moment, and the
    seconds until all of the burst is there again; after a refusal until the next may begin. Of tokens the policy says so (`qu`)."""
    if state is None:
        return {}
    return {
        "ratelimit-limit": str(state.limit),
        "ratelimit-remaining": str(max(0, state.remaining)),
        "ratelimit-reset": str(max(0, -int(-state.reset_s // 1))),
        "ratelimit-policy": f"{state.limit};w=60;burst={state.burst}" + (';qu="tokens"' if state.unit == "tokens" else ""),
    }


def _credit_refused(asked: Asked, *, left_nusd: int | None) -> OutOfCredit:
    available = "" if left_nusd is None else f" and {credits_text(left_nusd)} are available"
    return OutOfCredit(
        f"This call may cost up to {credits_needed_text(asked.needed_nusd)} credits{available}. Add credit, lower max_tokens, or "
        "wait until calls under way have ended; GET /v1/credits shows the balance.",
        details={"needed_nusd": asked.needed_nusd, "available_nusd": left_nusd},
    )


def _budget_refused(answer: Answer, asked: Asked, *, left_nusd: int | None) -> BudgetExhausted:
    wait_s = answer.retry_after_s if answer.retry_after_s > 0 else None
    budget = asked.budgets.get(answer.limit_id) if answer.limit_id is not None else None
    if budget is None:
        return BudgetExhausted("A budget is spent; raise it, or wait until it begins anew.", retry_after_s=wait_s)
    left = "" if left_nusd is None else f" {credits_text(left_nusd)} of"
    whose = ", which holds for each end user," if budget.target_id == EACH and budget.target_kind == "end_user" else ""
    return BudgetExhausted(
        f"The budget {budget.name!r}{whose} has{left} {credits_text(budget.limit_nusd)} credits a {budget.period} left, and this call "
        f"may cost up to {credits_needed_text(asked.needed_nusd)}. Raise it with PATCH /v1/budgets/{budget.budget_id}, lower max_tokens, "
        "or wait until it begins anew.",
        param="budget",
        retry_after_s=wait_s,
        details={
            "budget_id": str(budget.budget_id),
            "needed_nusd": asked.needed_nusd,
            "available_nusd": left_nusd,
            "limit_nusd": budget.limit_nusd,
            "resets_in_s": None if wait_s is None else int(wait_s),
        },
    )
