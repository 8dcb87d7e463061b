"""What an alert about somebody else's refusal says (PRODUCT A4)."""

import json
from pathlib import Path
from typing import Any

import pytest

from burnish_analytics.core.incidents import incident_of
from burnish_shared.contracts.events import Event

pytestmark = pytest.mark.capability("A4")
GOLDEN = Path(__file__).parents[2] / "contracts" / "golden" / "v1" / "event.provider_key.unhealthy.json"


@pytest.mark.parametrize(("last4", "key"), [("9f2c", "main (…9f2c)"), ("", "main")])
def test_a_refused_key_is_told_in_words_and_a_short_one_without_an_end(last4: str, key: str) -> None:
    event: dict[str, Any] = json.loads(GOLDEN.read_text())
    event["data"]["last4"] = last4
    found = incident_of(Event.model_validate(event))
    assert found is not None
    assert found.summary.startswith(f"openai refused the key {key} with status 401. It is not used any more;")
