"""How long what is known of keys and roles counts when changes are heard of no more."""

import pytest

from burnish_gateway.access.trust import check_fresh
from burnish_shared.errors import Unavailable


@pytest.mark.parametrize("scope", ["prompts:read", "billing:read", "feedback:write", None])
@pytest.mark.parametrize("stale_for_s", [0.0, 5.0, 5.1, 100_000.0])
def test_reading_and_reactions_go_on(scope: str | None, stale_for_s: float) -> None:
    check_fresh(stale_for_s, scope, trust_s=5.0)


@pytest.mark.parametrize("scope", ["prompts:write", "executions:write", "access:write", "billing:write"])
def test_whatever_changes_or_spends_stops_after_the_bound(scope: str) -> None:
    check_fresh(5.0, scope, trust_s=5.0)
    with pytest.raises(Unavailable) as refused:
        check_fresh(5.01, scope, trust_s=5.0)
    assert refused.value.retryable and refused.value.retry_after_s == 1
