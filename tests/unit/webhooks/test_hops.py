"""How many rounds led to what is done (W-13)."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from burnish_shared.books.finished import finished
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Outcome
from burnish_shared.errors import InvalidField
from burnish_shared.hops import current_hops, hops_after, led_here_by

pytestmark = pytest.mark.promise("W-13")


@pytest.mark.parametrize(("values", "wanted"), [([], 0), (["0"], 1), (["1"], 2), (["2"], 3), (["99"], 3), (["0", "1"], 2)])
def test_a_call_counts_one_round_more_than_what_it_was_caused_by(values: list[str], wanted: int) -> None:
    assert hops_after(values) == wanted


@pytest.mark.parametrize("value", ["", "x", "-1", "1.5", "²", "00000"])
def test_what_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(InvalidField):
        hops_after(["0", value])


def test_rounds_are_known_inside_only() -> None:
    with led_here_by(2):
        assert current_hops() == 2
    assert current_hops() == 0


def test_the_event_of_a_background_execution_carries_the_rounds_of_its_request() -> None:
    golden = Path(__file__).parents[2] / "contracts/golden/v1"
    request = ExecutionRequest.model_validate_json((golden / "execution_request.json").read_bytes())
    outcome = Outcome.model_validate_json((golden / "execution_outcome.json").read_bytes())
    asked = request.model_copy(update={"hops": 2, "lane": Lane.BACKGROUND})
    event = json.loads(finished(asked, outcome, finished_at=datetime.now(UTC)).background_event or "")
    assert event["hops"] == 2 and event["data"]["label"] == (request.prompt.label if request.prompt else None)
