"""What evidence says beforehand of a guarded rollout (PRODUCT O6, X3)."""

from typing import Any

import pytest

from burnish_gateway.optimization.rollout_warning import rollout_warning
from burnish_shared.contracts.experiments import Guardrail

pytestmark = pytest.mark.capability("O6")
COSTS_A_FIFTH_MORE = {"baseline_nusd": 100, "candidate_nusd": 120}
DEAR = {"cost": {"baseline_nusd": 15_000, "candidate_nusd": 105_000}}


def test_a_text_that_costs_more_than_a_rollout_allows_is_told_beforehand() -> None:
    told = rollout_warning(DEAR)
    assert told is not None and "cost 600% more" in told and "lets a rollout cost 20% more" in told and "rollout.guardrails" in told


@pytest.mark.parametrize("cost", [None, {}, {"baseline_nusd": 0, "candidate_nusd": 5}, {"baseline_nusd": 100}, COSTS_A_FIFTH_MORE])
def test_nothing_is_told_where_nothing_is_known_or_it_is_allowed(cost: dict[str, Any] | None) -> None:
    assert rollout_warning({"cost": cost}) is None and rollout_warning({}) is None


def test_it_goes_by_the_guardrails_of_the_rollout() -> None:
    assert rollout_warning(DEAR, [Guardrail(metric="cost_nusd", margin=7.0, relative=True)]) is None
    assert rollout_warning(DEAR, [Guardrail(metric="error_rate", margin=0.02)]) is None and rollout_warning(DEAR, []) is None
    told = rollout_warning(DEAR, [Guardrail(metric="cost_nusd", margin=50_000)])
    assert told is not None and "0.0050 credits more" in told
