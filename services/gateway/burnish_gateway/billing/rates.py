"""How much of the limits of requests is used now. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from burnish_gateway.billing.usage_answers import KeyRateUse, RatesAnswer, RateUse
from burnish_shared.books.admission import rate_state
from burnish_shared.books.admission_request import RateLimit


def rates_in_use(workspace: RateLimit, rows: Iterable[Mapping[str, Any]]) -> RatesAnswer:
    """`rows`: of the workspace, whose limit is its plan's where that is less, and of its keys, with how far each is ahead of now."""
    own, keys = _use(workspace, 0), []
    for row in rows:
        if row["api_key_id"] is None:
            own = _use(workspace, row["ahead_us"])
        else:
            use = _use(RateLimit(row["rate_id"], row["rate_limit_per_minute"]), row["ahead_us"])
            keys.append(KeyRateUse(api_key_id=row["api_key_id"], name=row["name"], **use.model_dump()))
    return RatesAnswer(workspace=own, api_keys=keys)


def _use(rate: RateLimit, ahead_us: int) -> RateUse:
    state = rate_state(rate, rate.burst_us - ahead_us)
    return RateUse(per_minute=rate.per_minute, at_once=rate.most_at_once, remaining=state.remaining, reset_s=state.reset_s)
