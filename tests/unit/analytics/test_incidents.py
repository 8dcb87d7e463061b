"""What an alert about somebody else's refusal says (PRODUCT A4)."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from burnish_analytics.core.incidents import incident_of
from burnish_shared.contracts.events import Event
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("A4")
GOLDEN = Path(__file__).parents[2] / "contracts" / "golden" / "v1" / "event.provider_key.unhealthy.json"


@pytest.mark.parametrize(("last4", "key"), [("9f2c", "main (…9f2c)"), ("", "main")])
def test_a_refused_key_is_told_in_words_and_a_short_one_without_an_end(last4: str, key: str) -> None:
    event: dict[str, Any] = json.loads(GOLDEN.read_text())
    event["data"]["last4"] = last4
    found = incident_of(Event.model_validate(event))
    assert found is not None
    assert found.summary.startswith(f"openai refused the key {key} with status 401. It is not used any more;")


@pytest.mark.parametrize(
    ("available_nusd", "words"),
    [
        (0, "No credit is left; calls are refused until credit comes in."),
        (
            1_000_000_000,
            "A call was refused, since it may cost more than the 100.0000 credits that are left; so are others until credit comes in.",
        ),
    ],
)
def test_who_has_some_credit_is_not_told_that_none_is_left(available_nusd: int, words: str) -> None:
    event = Event(
        id=new_uuid(), type="credits.exhausted", workspace_id=new_uuid(), occurred_at=datetime(2026, 11, 20, tzinfo=UTC), object_id="w",
        data={"account_id": 7, "available_nusd": available_nusd, "spent_nusd": 5, "limit_nusd": 5, "period": None, "resets_at": None},
    )  # fmt: skip
    found = incident_of(event)
    assert found is not None and (found.summary, found.severity) == (words, "critical")
