"""From a refusal of admission to the error that the caller hears. Pure."""

from burnish_shared.books.admission import Answer, Verdict
from burnish_shared.errors import (
    BudgetExhausted,
    BurnishError,
    IdempotencyMismatch,
    OutOfCredit,
    RateLimited,
    Suspended,
)


def error_of(answer: Answer) -> BurnishError:
    """The error of a verdict that is neither YES nor a repeat."""
    match answer.verdict:
        case Verdict.RATE:
            return RateLimited("Too many requests; wait as long as Retry-After says.", retry_after_s=answer.retry_after_s)
        case Verdict.BUDGET:
            wait_s = answer.retry_after_s if answer.retry_after_s > 0 else None
            return BudgetExhausted("A budget is spent; raise it, or wait until it begins anew.", retry_after_s=wait_s)
        case Verdict.CREDIT:
            return OutOfCredit("The credit does not cover what this call may cost; add credit, or lower max_tokens.")
        case Verdict.SUSPENDED:
            return Suspended("This workspace is suspended; ask its operator.")
        case Verdict.KEY_MISMATCH:
            return IdempotencyMismatch("This Idempotency-Key was used with another body; use a new key.", param="Idempotency-Key")
        case _:
            return BurnishError("This execution could not be admitted.")
