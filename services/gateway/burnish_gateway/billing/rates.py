"""How much of the limits of requests and of tokens is used now. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from burnish_gateway.billing.usage_answers import KeyRateUse, RatesAnswer, RateUse, TokenRates
from burnish_shared.books.admission import rate_state
from burnish_shared.books.admission_request import RateLimit, TokenLimit


def rates_in_use(workspace: RateLimit, rows: Iterable[Mapping[str, Any]], tokens: Iterable[Mapping[str, Any]] = ()) -> RatesAnswer:
    """`rows`: of the workspace, whose limit is its plan's where that is less, and of its keys, with how far each is ahead of now.
    `tokens`: the same of limits of tokens, of those that have one."""
    own, keys = _use(workspace, 0), []
    for row in rows:
        if row["api_key_id"] is None:
            own = _use(workspace, row["ahead_us"])
        else:
            keys.append(_key_use(row, RateLimit(row["rate_id"], row["rate_limit_per_minute"])))
    return RatesAnswer(workspace=own, api_keys=keys, tokens=_token_rates(tokens))


def _token_rates(rows: Iterable[Mapping[str, Any]]) -> TokenRates:
    own, keys = None, []
    for row in rows:
        limit = TokenLimit(row["rate_id"], row["token_limit_per_minute"])
        if row["api_key_id"] is None:
            own = _use(limit, row["ahead_us"])
        else:
            keys.append(_key_use(row, limit))
    return TokenRates(workspace=own, api_keys=keys)


def _key_use(row: Mapping[str, Any], limit: RateLimit) -> KeyRateUse:
    return KeyRateUse(api_key_id=row["api_key_id"], name=row["name"], **_use(limit, row["ahead_us"]).model_dump())


def _use(rate: RateLimit, ahead_us: int) -> RateUse:
    state = rate_state(rate, rate.burst_us - ahead_us)
    return RateUse(per_minute=rate.per_minute, at_once=rate.most_at_once, remaining=state.remaining, reset_s=state.reset_s)
