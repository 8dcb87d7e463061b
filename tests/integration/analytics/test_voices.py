"""10,000 thumbs from one API key change no decision (O-08)."""

import asyncio
from typing import Any

import pytest

from burnish_shared.contracts.executions import CompletedItem
from burnish_shared.contracts.feedback import FeedbackItem
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.test_threshold_alerts import rule
from tests.integration.analytics.traffic import Analytics, analytics_on, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("O-08"), pytest.mark.capability("A4")]

APP, OTHER = "app", "other"


async def standing(analytics: Analytics, workspace: Workspace) -> dict[str, Any]:
    [row] = await analytics.rows(
        "SELECT samples, samples_told, is_below FROM label_feedback WHERE workspace_id = $1", workspace.workspace_id
    )
    return row


async def test_ten_thousand_thumbs_of_one_key_cross_no_threshold(analytics: Analytics, workspace: Workspace) -> None:
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


PERIOD_MS = 50


async def people(analytics: Analytics, workspace: Workspace, *, count: int, down: int, name: str) -> list[CompletedItem]:
    """Executions for so many people, each of whom reacts by the key that ran them."""
    done = [execution(workspace.workspace_id, api_key_id=APP, end_user=f"{name}-{n}") for n in range(count)]
    await analytics.count(*done, *[thumb(one, int(n >= down), api_key_id=APP, user_id=one.end_user) for n, one in enumerate(done)])
    return done


async def flood(analytics: Analytics, at: list[CompletedItem], *, count: int, name: str) -> None:
    """Thumbs down by a stolen key, each for somebody whom nobody knows."""
    for start in range(0, count, 2_500):
        thumbs = [thumb(at[n % len(at)], 0, api_key_id=OTHER, user_id=f"{name}-{n}") for n in range(start, min(count, start + 2_500))]
        await analytics.count(*thumbs)


async def run_detectors(analytics: Analytics) -> int:
    await asyncio.sleep(PERIOD_MS * 1.2 / 1000)
    return await analytics.housework.watch_labels()


@pytest.mark.parametrize(
    ("forged", "beside", "times"),
    [(2_500, 0, 1), (10_000, 60, 1), (12, 100, 1), (12, 0, 1), (200, 60, 6)],
    ids=["alone", "beside few", "a dozen beside a hundred", "a dozen alone", "again and again"],
)
async def test_a_stolen_key_raises_no_alert_of_the_detectors(
    analytics: Analytics, workspace: Workspace, forged: int, beside: int, times: int
) -> None:
    watching = analytics_on(analytics.db, analytics.superuser_url, period_ms=PERIOD_MS)
    known = await people(watching, workspace, count=1_200, down=18, name="known")
    await run_detectors(watching)
    for turn in range(times):
        if beside:
            await people(watching, workspace, count=beside, down=beside // 50, name=f"beside-{turn}")
        await flood(watching, known, count=forged, name=f"forged-{turn}")
        await run_detectors(watching)
    assert await watching.alerts(workspace.workspace_id) == []
    assert [one["type"] for one in await watching.events(workspace.workspace_id)] == ["feedback.threshold_reached"], "nothing to start by"
    # People who are dissatisfied are heard all the same.
    await people(watching, workspace, count=120, down=60, name="unhappy")
    await run_detectors(watching)
    [alert] = await watching.alerts(workspace.workspace_id)
    after = alert["after"]
    assert (alert["kind"], alert["metric"]) == ("degradation", "satisfaction")
    assert after["most_of_one_voice"] <= 0.05 * after["observations"] and after["voices_held_back"] <= 1
    assert after["reactions"] >= after["observations"]


async def test_few_voices_wait_until_there_are_enough_and_none_is_lost(analytics: Analytics, workspace: Workspace) -> None:
    watching = analytics_on(analytics.db, analytics.superuser_url, period_ms=PERIOD_MS)

    async def heard() -> tuple[float, int]:
        [stored] = await watching.rows("SELECT state FROM detector_states WHERE workspace_id = $1", workspace.workspace_id)
        [waiting] = await watching.rows(
            "SELECT coalesce(sum(samples), 0)::integer AS n FROM detector_voices WHERE workspace_id = $1", workspace.workspace_id
        )
        return stored["state"]["satisfaction"]["tally"]["n"], waiting["n"]

    for turn in range(3):
        await people(watching, workspace, count=9, down=0, name=f"few-{turn}")
        await run_detectors(watching)
        assert await heard() == [(0, 9), (0, 18), (27, 0)][turn]
