"""Of what an execution cost, what was held for it is charged, first tries first (PROMISES C-03)."""

from typing import Any

import pytest

from burnish_executor.core.charged import charged
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.outcome import Trial, outcome_of
from burnish_shared.contracts.executions import KeyUse
from tests.unit.executor.test_provider_answers import request

pytestmark = [pytest.mark.capability("E5"), pytest.mark.promise("C-03")]


def two_tries() -> Any:
    """Both are paid for, as a correction is that was asked for in vain."""
    failure = Failure(FailureKind.CUT_OFF, "It broke off.")
    tried = Trial(failure, 1.0, had_started=True, use=KeyUse(source="platform"), route=request().route)
    whole = outcome_of(request(), failure, text="some words " * 50, trials=[tried, tried], latency_s=1.0, first_token_s=None)
    costs = whole.cost_nusd // 3, whole.cost_nusd - whole.cost_nusd // 3
    attempts = [one.model_copy(update={"cost_nusd": cost}) for one, cost in zip(whole.attempts, costs, strict=True)]
    return whole.model_copy(update={"attempts": attempts})


def test_what_tries_cost_adds_up_to_what_is_charged_also_beyond_the_hold() -> None:
    whole = two_tries()
    costs = [one.cost_nusd for one in whole.attempts]
    assert min(costs) > 0 and sum(costs) == whole.cost_nusd
    for held in (whole.cost_nusd, whole.cost_nusd - 1, costs[0], costs[0] - 1, 1, 0):
        told = charged(whole, held_nusd=held)
        assert (told.cost_nusd, told.overage_nusd) == (held, whole.cost_nusd - held)
        assert [one.cost_nusd for one in told.attempts] == [min(costs[0], held), held - min(costs[0], held)]
        assert sum(told.cost_split.model_dump().values()) == held
    assert charged(whole, held_nusd=whole.cost_nusd + 1) == whole
