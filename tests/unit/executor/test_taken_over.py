"""Which executions an executor may have from another one that is dead."""

import pytest

from burnish_executor.consumers import is_taken_over
from burnish_shared.contracts.executions import Lane
from tests.unit.executor.test_provider_answers import request

pytestmark = pytest.mark.promise("G-11")


@pytest.mark.parametrize(("lane", "first"), [(Lane.INTERACTIVE, 1), (Lane.BACKGROUND, 2), (Lane.BATCH, 1)])
def test_the_first_claim_has_it_from_nobody_and_what_is_left_of_one_is_booked(lane: Lane, first: int) -> None:
    asked = request().model_copy(update={"lane": lane})
    assert [is_taken_over(asked.model_copy(update={"fence": fence})) for fence in (1, 2, 3)] == [fence > first for fence in (1, 2, 3)]
    assert not is_taken_over(asked.model_copy(update={"fence": 3, "interrupted": ""}))
