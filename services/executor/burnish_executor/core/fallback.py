"""When another model is asked, and what it is asked. Pure (PROMISES E-04, E-05)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from burnish_executor.core.failure import Failure, FailureKind, is_of_key, is_too_long
from burnish_shared.contracts.executions import ExecutionRequest, Fallback
from burnish_shared.prompt_settings import cap_of
from burnish_shared.unpriced import may_be_given

OTHERS_MAY: Final = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.TIMEOUT,
        FailureKind.UNREACHABLE,
        FailureKind.PROVIDER,
        FailureKind.ACCOUNT_EMPTY,
        FailureKind.CUT_OFF,
        FailureKind.EGRESS,
        FailureKind.RESTING,
        FailureKind.NO_KEY,
    }
)
"""Failures of this provider, not of the request."""

OF_THIS_PROVIDER: Final = frozenset({404})
"""What a provider refuses, beside a key, for a model that it does not know; a request that is wrong would be refused by others too."""


def another_may_help(failure: Failure, *, had_started: bool) -> bool:
    """Not once an answer began: what was told cannot be taken back, and what was begun is paid for."""
    if had_started:
        return False
    if is_too_long(failure) or is_of_key(failure):
        return True
    return failure.kind in OTHERS_MAY or (failure.kind is FailureKind.REFUSED and failure.http_status in OF_THIS_PROVIDER)


def is_worth_asking(failure: Failure, fallback: Fallback, *, request: ExecutionRequest) -> bool:
    """An input that was too long for one model is sent to those that take more; tools and fields only to whom they may be given."""
    return (fallback.is_larger or not is_too_long(failure)) and may_be_given(request.settings, request.extra, route=fallback.route)


def not_asked_for_money(failure: Failure, models: Sequence[str]) -> Failure:
    """The same failure, which also says who was passed over because what he may cost could not be held."""
    names = ", ".join(dict.fromkeys(models))
    more = f"Not asked, because credit and budgets did not let what it may cost be held: {names}."
    return replace(failure, message=f"{failure.message} {more}")


def falling_back(request: ExecutionRequest, fallback: Fallback) -> ExecutionRequest:
    """The same request for the other model, with a cap that it allows. Settings that it does not know are its provider's to refuse."""
    settings = {**request.settings, cap_of(request.settings): fallback.output_tokens}
    own = {} if fallback.messages is None else {"messages": fallback.messages}
    return request.model_copy(update={"route": fallback.route, "settings": settings, "hold_nusd": fallback.hold_nusd} | own)
