"""10,000 thumbs from one API key change no decision (O-08)."""

from typing import Any

import pytest

from burnish_shared.contracts.executions import CompletedItem
from burnish_shared.contracts.feedback import FeedbackItem
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.test_threshold_alerts import rule
from tests.integration.analytics.traffic import Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("O-08"), pytest.mark.capability("A4")]

APP, OTHER = "app", "other"


async def standing(analytics: Analytics, workspace: Workspace) -> dict[str, Any]:
    [row] = await analytics.rows(
        "SELECT samples, samples_told, is_below FROM label_feedback WHERE workspace_id = $1", workspace.workspace_id
    )
    return row


async def test_ten_thousand_thumbs_of_one_key_raise_no_alert_and_move_no_detector(analytics: Analytics, workspace: Workspace) -> None:
    await rule(analytics, workspace.workspace_id, min_samples=100)
    done = [execution(workspace.workspace_id, api_key_id=APP, end_user=f"customer-{n}") for n in range(400)]
    said = [thumb(one, int(n % 20 != 0), api_key_id=APP, user_id=one.end_user) for n, one in enumerate(done)]
    await analytics.count(*done, *said)
    for start in range(0, 10_000, 2_500):
        forged = [
            thumb(done[n % 400], 0, api_key_id=OTHER, user_id=f"nobody-{n}") for n in range(start, start + 2_500)
        ]  # each of another end user whom nobody knows
        await analytics.count(*forged)
    assert await standing(analytics, workspace) == {"samples": 10_400, "samples_told": True, "is_below": False}
    assert await analytics.alerts(workspace.workspace_id) == []
    [seen] = await analytics.rows(
        "SELECT sum(samples)::integer AS samples FROM detector_observations WHERE workspace_id = $1", workspace.workspace_id
    )
    assert 400 < seen["samples"] <= 400 / 0.95 + 1
    # Many people who are dissatisfied are heard, and the alert says what weighed how much.
    unhappy = [execution(workspace.workspace_id, api_key_id=APP, end_user=f"late-{n}") for n in range(200)]
    await analytics.count(*unhappy, *[thumb(one, 0, api_key_id=APP, user_id=one.end_user) for one in unhappy])
    [alert] = await analytics.alerts(workspace.workspace_id)
    shown = {name: alert["after"][name] for name in ("samples", "reactions", "voices_held_back", "most_of_one_voice")}
    assert shown == {"samples": 631, "reactions": 10_600, "voices_held_back": 1, "most_of_one_voice": 31}


async def test_a_changed_mind_leaves_its_old_voice(analytics: Analytics, workspace: Workspace) -> None:
    one: CompletedItem = execution(workspace.workspace_id, api_key_id=APP)
    first: FeedbackItem = thumb(one, 1, api_key_id=OTHER, user_id="ann")
    again = first.model_copy(update={"api_key_id": APP, "value": 0.0, "accepted_at": first.accepted_at.replace(minute=59)})
    await analytics.count(one, first, again)
    await analytics.count(first, again)
    voices = await analytics.rows(
        "SELECT voice, samples, satisfied_micro FROM label_voices WHERE workspace_id = $1", workspace.workspace_id
    )
    assert [dict(row) for row in voices] == [{"voice": "user:ann", "samples": 1, "satisfied_micro": 0}]
