"""Feedback thresholds: each crossing told once, whatever restarts and repeats there are (A4)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import burnish_shared.db
from burnish_analytics.io import alerts_store
from burnish_shared.contracts.executions import CompletedItem
from burnish_shared.contracts.feedback import FeedbackItem
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import Analytics, analytics_on, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A4")]

SQL = Path(burnish_shared.db.__file__).parent / "sql"


def votes(workspace_id: UUID, *, up: int, down: int, **changed: Any) -> list[CompletedItem | FeedbackItem]:
    """Executions of one label and version, each with one thumb."""
    done = [execution(workspace_id, **changed) for _ in range(up + down)]
    return [*done, *[thumb(one, int(n < up)) for n, one in enumerate(done)]]


async def rule(analytics: Analytics, workspace_id: UUID, *, slug: str = "route", min_samples: int = 10, target: float = 0.8) -> None:
    await analytics.rows(
        """INSERT INTO alert_rules (workspace_id, slug, min_samples, target_ratio) VALUES ($1, $2, $3, $4)
           ON CONFLICT (workspace_id, slug) DO UPDATE SET min_samples = excluded.min_samples, updated_at = clock_timestamp()""",
        workspace_id,
        slug,
        min_samples,
        target,
    )


@pytest.mark.promise("A-05")
async def test_one_alert_for_one_crossing_and_none_again_for_repeats_or_a_restart(analytics: Analytics, workspace: Workspace) -> None:
    await rule(analytics, workspace.workspace_id)
    bad = votes(workspace.workspace_id, up=3, down=9)
    await analytics.count(*bad)
    await analytics.count(*bad)
    restarted = analytics_on(analytics.db, analytics.superuser_url)
    await restarted.count(*votes(workspace.workspace_id, up=0, down=5))
    [alert] = await analytics.alerts(workspace.workspace_id)
    assert (alert["kind"], alert["slug"], alert["label"], alert["version"]) == ("feedback_threshold", "route", "production", 1)
    assert (alert["after"]["samples"], alert["simulated"]) == (12, True)
    events = [(one["type"], one["data"].get("reason")) for one in await analytics.events(workspace.workspace_id)]
    assert events == [
        ("feedback.threshold_reached", "min_samples"),
        ("alert.raised", None),
        ("feedback.threshold_reached", "below_target"),
    ]


@pytest.mark.promise("A-05")
async def test_below_min_samples_nothing_is_said(analytics: Analytics, workspace: Workspace) -> None:
    await analytics.count(*votes(workspace.workspace_id, up=0, down=99))
    assert await analytics.alerts(workspace.workspace_id) == []
    assert await analytics.events(workspace.workspace_id) == []
    await analytics.count(*votes(workspace.workspace_id, up=0, down=1))
    assert len(await analytics.alerts(workspace.workspace_id)) == 1


@pytest.mark.promise("A-06")
async def test_a_crossing_while_analytics_was_away_is_told_when_it_is_back(analytics: Analytics, workspace: Workspace) -> None:
    missed = votes(workspace.workspace_id, up=20, down=80) + votes(workspace.workspace_id, up=30, down=70)
    await analytics.count(*missed)
    assert len(await analytics.alerts(workspace.workspace_id)) == 1


async def test_good_feedback_reaches_min_samples_and_raises_nothing(analytics: Analytics, workspace: Workspace) -> None:
    await rule(analytics, workspace.workspace_id)
    await analytics.count(*votes(workspace.workspace_id, up=60, down=0))
    assert [one["data"]["reason"] for one in await analytics.events(workspace.workspace_id)] == ["min_samples"]
    assert await analytics.alerts(workspace.workspace_id) == []


async def test_each_version_of_a_label_is_counted_on_its_own(analytics: Analytics, workspace: Workspace) -> None:
    await rule(analytics, workspace.workspace_id)
    await analytics.count(*votes(workspace.workspace_id, up=2, down=8))
    await analytics.count(*votes(workspace.workspace_id, up=0, down=9, version=2))
    assert [one["version"] for one in await analytics.alerts(workspace.workspace_id)] == [1]
    await analytics.count(*votes(workspace.workspace_id, up=0, down=1, version=2))
    assert [one["version"] for one in await analytics.alerts(workspace.workspace_id)] == [1, 2]


async def test_test_runs_and_calls_without_a_label_raise_nothing(analytics: Analytics, workspace: Workspace) -> None:
    await rule(analytics, workspace.workspace_id)
    await analytics.count(*votes(workspace.workspace_id, up=0, down=20, lane="batch"))
    await analytics.count(*votes(workspace.workspace_id, up=0, down=20, label=None))
    assert await analytics.events(workspace.workspace_id) == []


@pytest.mark.promise("A-05")
async def test_an_alert_ends_with_recovery_and_the_next_waits_for_the_cooldown(analytics: Analytics, workspace: Workspace) -> None:
    await rule(analytics, workspace.workspace_id, target=0.5)
    await analytics.count(*votes(workspace.workspace_id, up=4, down=8))
    await analytics.count(*votes(workspace.workspace_id, up=60, down=0))
    [alert] = await analytics.alerts(workspace.workspace_id)
    assert alert["resolution"] == "recovered"
    await analytics.count(*votes(workspace.workspace_id, up=0, down=100))
    assert len(await analytics.alerts(workspace.workspace_id)) == 1
    analytics.clock.advance(seconds=3601)
    await analytics.rows(
        "UPDATE label_feedback SET recheck_at = now() WHERE recheck_at IS NOT NULL AND workspace_id = $1", workspace.workspace_id
    )
    assert await analytics.housework.judge_due() == 1
    assert await analytics.housework.judge_due() == 0
    assert len(await analytics.alerts(workspace.workspace_id)) == 2


async def test_a_lowered_min_samples_is_judged_without_new_feedback(analytics: Analytics, workspace: Workspace) -> None:
    await analytics.count(*votes(workspace.workspace_id, up=10, down=20))
    assert await analytics.housework.judge_due() == 0
    await rule(analytics, workspace.workspace_id, min_samples=20)
    await analytics.rows("UPDATE alert_rules SET updated_at = 'infinity' WHERE workspace_id = $1", workspace.workspace_id)
    assert await analytics.housework.judge_due() == 1
    await analytics.rows("UPDATE alert_rules SET updated_at = '-infinity' WHERE workspace_id = $1", workspace.workspace_id)


async def test_a_muted_prompt_keeps_its_alert_and_tells_nobody(analytics: Analytics, workspace: Workspace) -> None:
    await rule(analytics, workspace.workspace_id)
    until = analytics.clock.now() + timedelta(hours=1)
    await analytics.rows("UPDATE alert_rules SET muted_until = $2 WHERE workspace_id = $1", workspace.workspace_id, until)
    await analytics.count(*votes(workspace.workspace_id, up=0, down=12))
    [alert] = await analytics.alerts(workspace.workspace_id)
    assert alert["muted"]
    assert await analytics.events(workspace.workspace_id) == []


BY_RULE = "UPDATE alert_rules SET muted_until = $2 WHERE workspace_id = $1"
OF_PROMPT = "INSERT INTO alert_mutes (workspace_id, kind, slug, muted_until, muted_by) VALUES ($1, '', 'route', $2, 'user:1')"
OF_KIND = "INSERT INTO alert_mutes (workspace_id, kind, slug, muted_until, muted_by) VALUES ($1, 'feedback_threshold', '', $2, 'user:1')"


@pytest.mark.parametrize("mute", [BY_RULE, OF_PROMPT, OF_KIND], ids=["rule", "prompt", "kind"])
async def test_enough_feedback_that_came_while_a_prompt_was_muted_is_told_once_after_the_mute(
    analytics: Analytics, workspace: Workspace, mute: str
) -> None:
    await rule(analytics, workspace.workspace_id)
    await analytics.rows(mute, workspace.workspace_id, analytics.clock.now() + timedelta(hours=1))
    await analytics.count(*votes(workspace.workspace_id, up=60, down=0))
    assert await analytics.events(workspace.workspace_id) == []
    [kept] = await analytics.rows("SELECT recheck_at FROM label_feedback WHERE workspace_id = $1", workspace.workspace_id)
    assert kept["recheck_at"] == analytics.clock.now() + timedelta(hours=1), "it is looked at again without new feedback"
    analytics.clock.advance(seconds=3601)
    await analytics.rows("UPDATE label_feedback SET recheck_at = now() WHERE workspace_id = $1", workspace.workspace_id)
    for _ in range(2):
        await analytics.housework.judge_due()
    [told] = await analytics.events(workspace.workspace_id)
    assert (told["type"], told["data"]["reason"], told["data"]["samples"]) == ("feedback.threshold_reached", "min_samples", 60)


async def _raised(analytics: Analytics, workspace: Workspace) -> list[str]:
    return [one["data"]["alert_id"] for one in await analytics.events(workspace.workspace_id) if one["type"] == "alert.raised"]


@pytest.mark.parametrize("by", ["rule", "mute"])
async def test_an_alert_that_outlives_its_mute_is_told_once_then(analytics: Analytics, workspace: Workspace, by: str) -> None:
    await rule(analytics, workspace.workspace_id)
    until = analytics.clock.now() + timedelta(hours=1)
    await analytics.rows(
        BY_RULE if by == "rule" else OF_PROMPT,
        workspace.workspace_id,
        until,
    )
    await analytics.count(*votes(workspace.workspace_id, up=0, down=12))
    await analytics.housework.end_incidents()
    assert await _raised(analytics, workspace) == []
    analytics.clock.advance(seconds=3601)
    for _ in range(2):
        await analytics.housework.end_incidents()
    [alert] = await analytics.alerts(workspace.workspace_id)
    assert (alert["muted"], alert["unmuted_at"]) == (False, analytics.clock.now())
    assert await _raised(analytics, workspace) == [str(alert["alert_id"])]


async def test_an_alert_that_somebody_saw_while_it_was_muted_is_told_to_nobody(analytics: Analytics, workspace: Workspace) -> None:
    await rule(analytics, workspace.workspace_id)
    until = analytics.clock.now() + timedelta(hours=1)
    await analytics.rows("UPDATE alert_rules SET muted_until = $2 WHERE workspace_id = $1", workspace.workspace_id, until)
    await analytics.count(*votes(workspace.workspace_id, up=0, down=12))
    [alert] = await analytics.alerts(workspace.workspace_id)
    await analytics.rows(
        "INSERT INTO alert_acknowledgements (workspace_id, alert_id, acknowledged_by) VALUES ($1, $2, 'user:1')",
        workspace.workspace_id,
        alert["alert_id"],
    )
    analytics.clock.advance(seconds=3601)
    await analytics.housework.end_incidents()
    assert await _raised(analytics, workspace) == []


async def _kept(analytics: Analytics, workspace: Workspace, *, count: int, severity: str = "warning", days: float = 0) -> None:
    """Open alerts that were muted when they were raised."""
    await analytics.rows(
        """INSERT INTO alerts (alert_id, workspace_id, incident_key, kind, metric, summary, before, after, changed, simulated, muted,
                               raised_at, severity)
           SELECT gen_random_uuid(), $1, gen_random_uuid()::text, 'usage', 'calls', n::text, '{}', '{}', '{}', false, true, $4, $3
             FROM generate_series(1, $2) n""",
        workspace.workspace_id,
        count,
        severity,
        analytics.clock.now() - timedelta(days=days),
    )


async def test_of_many_alerts_that_outlive_their_mute_the_worst_are_told_first_and_ten_in_an_hour(
    analytics: Analytics, workspace: Workspace
) -> None:
    await _kept(analytics, workspace, count=8)
    await _kept(analytics, workspace, count=4, severity="critical", days=3)
    for _ in range(3):
        await analytics.housework.end_incidents()
    raised = [one["data"]["severity"] for one in await analytics.events(workspace.workspace_id) if one["type"] == "alert.raised"]
    assert sorted(raised) == ["critical"] * 4 + ["warning"] * 6
    analytics.clock.advance(seconds=3600)
    await analytics.housework.end_incidents()
    assert len(await _raised(analytics, workspace)) == 12


@pytest.mark.parametrize("meanwhile", ["muted", "rule", "seen"])
async def test_an_alert_that_is_muted_again_or_seen_just_before_it_is_told_is_not(
    analytics: Analytics, workspace: Workspace, meanwhile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rule(analytics, workspace.workspace_id)
    await _kept(analytics, workspace, count=1)
    [alert] = await analytics.alerts(workspace.workspace_id)
    statements = {
        "muted": "INSERT INTO alert_mutes (workspace_id, kind, slug, muted_until, muted_by) VALUES ($1, 'usage', '', 'infinity', 'user:1')",
        "rule": "INSERT INTO alert_rules (workspace_id, slug, muted_until) VALUES ($1, '', 'infinity')",
        "seen": f"""INSERT INTO alert_acknowledgements (workspace_id, alert_id, acknowledged_by)
                    VALUES ($1, '{alert["alert_id"]}', 'user:1')""",
    }
    look = alerts_store.unmuted

    async def look_and_be_late(*given: Any, **named: Any) -> list[tuple[UUID, UUID]]:
        found = await look(*given, **named)
        await analytics.rows(statements[meanwhile], workspace.workspace_id)
        return found

    monkeypatch.setattr(alerts_store, "unmuted", look_and_be_late)
    await analytics.housework.end_incidents()
    assert await _raised(analytics, workspace) == []


async def test_what_was_open_and_untold_for_long_before_the_release_that_tells_of_it_stays_as_it_is(
    analytics: Analytics, workspace: Workspace
) -> None:
    days_ago = (datetime.now(UTC) - analytics.clock.now()) / timedelta(days=-1)
    await _kept(analytics, workspace, count=1, severity="info", days=days_ago + 6)
    await _kept(analytics, workspace, count=20, severity="critical", days=days_ago + 8)
    script = (SQL / "0102_told_after_mutes.sql").read_text()
    step = script[script.index("UPDATE alerts a") :].partition(";")[0]
    await analytics.rows(step)
    await analytics.housework.end_incidents()
    told = [one["data"]["severity"] for one in await analytics.events(workspace.workspace_id) if one["type"] == "alert.raised"]
    assert told == ["info"]
    assert sum(one["muted"] for one in await analytics.alerts(workspace.workspace_id)) == 20


@pytest.mark.parametrize(("until", "is_muted"), [("infinity", True), ("-infinity", False)])
async def test_a_rule_that_an_earlier_release_muted_for_ever_keeps_nobody_from_being_counted(
    analytics: Analytics, workspace: Workspace, until: str, *, is_muted: bool
) -> None:
    """9999-12-31T23:59:59.9999999Z was stored as infinity, which comes back without a zone: every batch with it in became a dead letter."""
    await rule(analytics, workspace.workspace_id)
    await analytics.rows(
        "UPDATE alert_rules SET muted_until = $2::text::timestamptz WHERE workspace_id = $1", workspace.workspace_id, until
    )
    await analytics.count(*votes(workspace.workspace_id, up=0, down=12))
    [alert] = await analytics.alerts(workspace.workspace_id)
    assert alert["muted"] is is_muted


@pytest.mark.parametrize(("kind", "slug", "is_muted"), [("", "route", True), ("feedback_threshold", "", True), ("budget", "", False)])
async def test_a_mute_of_a_kind_or_a_prompt_keeps_the_alert_and_tells_nobody(
    analytics: Analytics, workspace: Workspace, kind: str, *, slug: str, is_muted: bool
) -> None:
    await rule(analytics, workspace.workspace_id)
    until = analytics.clock.now() + timedelta(hours=1)
    await analytics.rows(
        "INSERT INTO alert_mutes (workspace_id, kind, slug, muted_until, muted_by) VALUES ($1, $2, $3, $4, 'user:1')",
        workspace.workspace_id, kind, slug, until,
    )  # fmt: skip
    await analytics.count(*votes(workspace.workspace_id, up=0, down=12))
    [alert] = await analytics.alerts(workspace.workspace_id)
    assert alert["muted"] is is_muted
    told = {one["type"] for one in await analytics.events(workspace.workspace_id)}
    assert told == (set() if is_muted else {"alert.raised", "feedback.threshold_reached"})


async def test_a_mute_that_is_over_mutes_nothing(analytics: Analytics, workspace: Workspace) -> None:
    await rule(analytics, workspace.workspace_id)
    await analytics.rows(
        "INSERT INTO alert_mutes (workspace_id, kind, slug, muted_until, muted_by) VALUES ($1, '', '', $2, 'user:1')",
        workspace.workspace_id, analytics.clock.now() - timedelta(seconds=1),
    )  # fmt: skip
    await analytics.count(*votes(workspace.workspace_id, up=0, down=12))
    [alert] = await analytics.alerts(workspace.workspace_id)
    assert alert["muted"] is False
    assert any(one["type"] == "alert.raised" for one in await analytics.events(workspace.workspace_id))


@pytest.mark.parametrize(
    ("change", "alerts"), [("enabled = false", []), ("muted_until = '2999-01-01'", [True]), ("enabled = true", [False])]
)
async def test_what_the_workspaces_rule_switches_off_or_mutes_holds_for_prompts_with_a_rule_of_their_own(
    analytics: Analytics, workspace: Workspace, change: str, alerts: list[bool]
) -> None:
    await rule(analytics, workspace.workspace_id)
    await analytics.rows("INSERT INTO alert_rules (workspace_id, slug) VALUES ($1, '') ON CONFLICT DO NOTHING", workspace.workspace_id)
    await analytics.rows(
        "INSERT INTO alert_rules (workspace_id, slug, min_samples) VALUES ($1, 'route', 10) "
        "ON CONFLICT (workspace_id, slug) DO UPDATE SET enabled = true, muted_until = NULL",
        workspace.workspace_id,
    )
    await analytics.rows(f"UPDATE alert_rules SET {change} WHERE workspace_id = $1 AND slug = ''", workspace.workspace_id)
    await analytics.count(*votes(workspace.workspace_id, up=0, down=12))
    assert [one["muted"] for one in await analytics.alerts(workspace.workspace_id)] == alerts
