"""Free use carries no markup, whichever model answers in the end."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from burnish_gateway.execution.order import hold_nusd
from burnish_gateway.execution.payers import as_held, payers_of
from burnish_shared.contracts.executions import ExecutionRequest, Fallback, Lane, Price, Route

PRICE = Price(version="t", input_nusd_per_million=10**9, cached_input_nusd_per_million=10**9, output_nusd_per_million=10**9)
ROUTE = Route(
    model="m",
    provider="p",
    upstream_model="m",
    base_url="http://x",
    price=PRICE,
    keys="platform",
    markup_percent=20,
    platform_fallback=False,
)


@pytest.mark.capability("E7", "E9")
def test_the_free_allowance_pays_no_markup_of_a_model_that_is_fallen_back_to() -> None:
    now, settings = datetime.now(UTC), {"max_tokens": 500}
    other = ROUTE.model_copy(update={"model": "other"})
    request = ExecutionRequest(
        execution_id=uuid4(), workspace_id=uuid4(), lane=Lane.INTERACTIVE, fence=1, deadline_at=now, sent_at=now, account_ids=[1],
        hold_nusd=hold_nusd([], settings, ROUTE, extra={}), route=ROUTE, messages=[], settings=settings,
        fallbacks=[Fallback(route=other, hold_nusd=hold_nusd([], {"max_tokens": 200}, other, extra={}), output_tokens=200)],
    )  # fmt: skip
    workspace = SimpleNamespace(allowance_account_id=7, platform_allowance_nusd=10**9)
    refusals = SimpleNamespace(refused=lambda *_, **__: None)
    free, paid = payers_of(request, cast(Any, workspace), cast(Any, refusals))
    plain = ROUTE.model_copy(update={"markup_percent": 0})
    assert free.account_ids == [7] and free.fallbacks[0].route.markup_percent == 0
    assert free.fallbacks[0].hold_nusd == hold_nusd([], {"max_tokens": 200}, plain, extra={}) < request.fallbacks[0].hold_nusd
    assert paid == request
    assert as_held(request, cast(Any, workspace), account_ids=[7]) == free, "whoever held for it pays, on that one's terms"
    held = as_held(request, cast(Any, workspace), account_ids=[1, 5])
    assert held == request.model_copy(update={"account_ids": [1, 5]}), "a budget that was made meanwhile holds nothing for it"
