"""What limits an execution by number: requests a minute, and tokens where somebody set a limit of them. Pure."""

from dataclasses import dataclass, replace

from burnish_gateway.access.principal import Principal
from burnish_shared.books.admission import Answer, Verdict
from burnish_shared.books.admission_request import RateLimit
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.evaluation_hold import most_tokens


@dataclass(frozen=True, slots=True)
class Together:
    """Calls that begin together, all or none. `calls`: as so many limits of requests count this one, 0: another one was counted for it;
    `tokens`: what all of them may use, which the first one takes, None: this call alone, 0: nobody took anything for this one, which
    takes on what it used when it ends."""

    calls: int = 1
    tokens: int | None = None


ALONE = Together()


def limits_of(principal: Principal, request: ExecutionRequest, together: Together = ALONE) -> list[RateLimit]:
    """In the order in which they are looked at. Tokens are worked out only where there is a limit of them."""
    calls = together.calls
    rates = principal.rates
    if calls != 1:
        rates = [replace(one, calls=calls) for one in rates] if calls else []
    if not principal.token_limits:
        return rates
    own = tokens_of(request)
    of_all = own if together.tokens is None else together.tokens
    return rates + [replace(one, tokens=of_all if calls else 0, own=own, together=of_all) for one in principal.token_limits]


def verdict_name(answer: Answer) -> str:
    """As metrics tell it: a limit of tokens is no limit of requests."""
    is_of_tokens = answer.verdict is Verdict.RATE and answer.limit_id is not None and answer.limit_id < 0
    return "tokens" if is_of_tokens else answer.verdict.name.lower()


def tokens_of(request: ExecutionRequest) -> int:
    """What it may use at most: as much as is held for in money."""
    return most_tokens(request.messages, request.settings, request.route, extra=request.extra, kind=request.kind)
