"""Absolute targets of alert rules over a window of live calls (A4)."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from burnish_analytics.watch_targets import TargetWatch
from burnish_shared.contracts.executions import Lane, Status
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A4")]


class Watching:
    """One workspace with rules, whose calls finish at seconds before now."""

    def __init__(self, analytics: Analytics, workspace: Workspace, now: datetime) -> None:
        self.analytics, self.where, self.now = analytics, workspace.workspace_id, now

    async def rule(self, *targets: dict[str, Any] | None, slug: str = "", enabled: bool = True) -> None:
        stored = json.dumps([{"window_minutes": 60, "min_samples": 10} | one for one in targets if one is not None])
        await self.analytics.rows(
            """INSERT INTO alert_rules (workspace_id, slug, targets, enabled) VALUES ($1, $2, $3::text::jsonb, $4)
               ON CONFLICT (workspace_id, slug) DO UPDATE SET targets = excluded.targets, enabled = excluded.enabled""",
            self.where, slug, stored, enabled,
        )  # fmt: skip

    async def calls(self, count: int, *, before_s: float = 60.0, up: int | None = None, **changed: Any) -> None:
        made = [execution(self.where, **({"finished_at": self.now - timedelta(seconds=before_s)} | changed)) for _ in range(count)]
        thumbs = [] if up is None else [thumb(one, 1 if index < up else 0) for index, one in enumerate(made)]
        await self.analytics.count(*made, *thumbs)

    async def scores(self, evaluator: UUID, version: int, micro: int, *, slug: str = "route", hours: int = 30) -> None:
        """Ten equal scores of so many millionths, some hours before now."""
        await self.analytics.rows(
            """INSERT INTO rollup_scores (workspace_id, grain, bucket, evaluator_id, evaluator_version, slug, version, label, model,
                                          scores, passed, uncertain, no_scores, simulated, score_sum_micro, score_squares_micro,
                                          cost_nusd)
               SELECT $1, grain, date_trunc('hour', $2::timestamptz) - make_interval(hours => $7), $3, $4, $6, 1, 'production', 'm',
                      10, 0, 0, 0, 0, $5, 0, 0 FROM unnest(ARRAY['minute', 'hour']) grain""",
            self.where, self.now, evaluator, version, 10 * micro, slug, hours,
        )  # fmt: skip

    async def later(self, **by: float) -> None:
        self.now += timedelta(**by)
        self.analytics.clock.at = self.now

    async def told(self) -> list[dict[str, Any]]:
        work = self.analytics.housework
        await TargetWatch(work.db, work.clock, work.wake_relay).watch()
        return [one for one in await self.analytics.alerts(self.where) if one["kind"] == "target"]


@pytest_asyncio.fixture(loop_scope="session")
async def watching(analytics: Analytics, workspace: Workspace) -> Watching:
    now = (await analytics.rows("SELECT date_trunc('hour', clock_timestamp()) + interval '10 minutes' AS now"))[0]["now"]
    analytics.clock.at = now
    return Watching(analytics, workspace, now)


async def test_a_slow_prompt_is_told_of_once_and_ends_well_within_its_target(watching: Watching) -> None:
    await watching.rule({"metric": "latency", "limit": 1_000})
    await watching.calls(9, latency_ms=5_000)
    assert await watching.told() == [], "nine are too few"
    await watching.calls(5, latency_ms=5_000, lane=Lane.BATCH)
    assert await watching.told() == [], "tests are no live calls"
    await watching.calls(1, latency_ms=5_000)
    [alert] = await watching.told()
    assert (alert["slug"], alert["label"], alert["version"], alert["metric"], alert["severity"]) == (
        "route",
        None,
        None,
        "latency",
        "warning",
    )
    assert alert["before"] == {"limit_ms": 1_000} and alert["after"]["observations"] == 10 and 4_900 < alert["after"]["p95_ms"] < 5_100
    assert "above the target of 1,000 ms" in alert["summary"] and alert["simulated"]
    assert len(await watching.told()) == 1, "it is said once"
    await watching.later(minutes=70)
    await watching.calls(20, latency_ms=970)
    assert (await watching.told())[0]["resolved_at"] is None, "within, but not by a tenth"
    await watching.later(minutes=70)
    await watching.calls(20, latency_ms=500)
    [ended] = await watching.told()
    assert ended["resolution"] == "recovered"
    told = [one for one in await watching.analytics.events(watching.where) if one["type"].startswith("alert.")]
    assert [(one["type"], one["data"]["kind"]) for one in told] == [("alert.raised", "target"), ("alert.resolved", "target")]


async def test_cost_errors_satisfaction_and_reactions_are_measured_by_prompt_and_label(watching: Watching) -> None:
    await watching.rule(
        {"metric": "cost", "limit": 1_000}, {"metric": "error_rate", "limit": 0.2, "label": "production"},
        {"metric": "satisfaction", "limit": 0.9}, {"metric": "reaction_rate", "limit": 0.6},
    )  # fmt: skip
    await watching.calls(10, cost_nusd=1_500, up=5)
    await watching.calls(10, cost_nusd=900, label="staging", status=Status.ERROR)
    await watching.calls(10, slug="cheap", cost_nusd=900, up=10)
    found = {(one["slug"], one["label"], one["metric"]): one["after"] for one in await watching.told()}
    assert {key: {name: value for name, value in after.items() if name != "window_minutes"} for key, after in found.items()} == {
        ("route", None, "cost"): {"mean_cost_nusd": 1_200.0, "observations": 20},
        ("route", None, "satisfaction"): {"satisfaction": 0.5, "observations": 10},
        ("route", None, "reaction_rate"): {"reaction_rate": 0.5, "observations": 20},
    }, "errors of another label are none of production, and the other prompt is within all"
    await watching.calls(10, status=Status.ERROR)
    [errors] = [one for one in await watching.told() if one["metric"] == "error_rate"]
    assert (errors["label"], errors["severity"], errors["after"]["error_rate"]) == ("production", "error", 0.5)


async def test_a_prompts_own_targets_take_the_place_of_those_for_all(watching: Watching) -> None:
    await watching.rule({"metric": "cost", "limit": 1_000})
    await watching.rule(slug="free")
    await watching.rule({"metric": "cost", "limit": 2_000}, slug="dear")
    for slug in ("free", "dear", "usual"):
        await watching.calls(10, slug=slug, cost_nusd=1_500)
    assert [one["slug"] for one in await watching.told()] == ["usual"]
    await watching.rule({"metric": "cost", "limit": 1_400}, slug="dear")
    assert {one["slug"] for one in await watching.told()} == {"usual", "dear"}
    await watching.rule({"metric": "cost", "limit": 1_400}, slug="dear", enabled=False)
    await watching.rule()
    assert {(one["slug"], one["resolution"]) for one in await watching.told()} == {("usual", "rule_disabled"), ("dear", "rule_disabled")}


async def test_a_night_without_calls_is_no_recovery_and_a_day_without_them_ends_it(watching: Watching) -> None:
    await watching.rule({"metric": "error_rate", "limit": 0.2})
    await watching.calls(10, status=Status.ERROR)
    assert len(await watching.told()) == 1
    await watching.later(hours=20)
    assert (await watching.told())[0]["resolved_at"] is None
    await watching.later(hours=6)
    assert (await watching.told())[0]["resolution"] == "unused"


async def test_scores_of_the_newest_version_of_an_evaluator_are_watched_over_days(watching: Watching) -> None:
    evaluator = new_uuid()
    await watching.rule({"metric": "quality", "limit": 0.8, "evaluator_id": str(evaluator), "window_minutes": 2_880}, slug="route")
    for version, score in ((1, 950_000), (2, 600_000)):
        await watching.scores(evaluator, version, score)
    [alert] = await watching.told()
    assert (alert["metric"], alert["before"], alert["after"]["quality"]) == ("quality", {"target": 0.8}, 0.6)
    assert alert["changed"]["evaluator"] == {"id": str(evaluator), "name": "", "version": 2} and "in the last 2 days" in alert["summary"]


async def test_a_prompt_that_an_older_version_of_the_evaluator_scores_is_watched_by_that_one(watching: Watching) -> None:
    evaluator = new_uuid()
    await watching.rule({"metric": "quality", "limit": 0.8, "evaluator_id": str(evaluator), "window_minutes": 2_880})
    await watching.scores(evaluator, 1, 600_000, slug="older")
    await watching.scores(evaluator, 2, 950_000, slug="newer")
    [alert] = await watching.told()
    assert (alert["slug"], alert["changed"]["evaluator"]["version"]) == ("older", 1)


async def test_an_alert_of_scores_ends_when_nobody_scores_any_more_though_calls_go_on(watching: Watching) -> None:
    evaluator = new_uuid()
    await watching.rule({"metric": "quality", "limit": 0.8, "evaluator_id": str(evaluator), "window_minutes": 120})
    await watching.scores(evaluator, 1, 600_000, hours=1)
    assert (await watching.told())[0]["resolved_at"] is None
    await watching.later(hours=20)
    await watching.calls(5, slug="route")
    assert (await watching.told())[0]["resolved_at"] is None, "a night without scores is no recovery"
    await watching.later(hours=6)
    await watching.calls(5, slug="route")
    assert (await watching.told())[0]["resolution"] == "unused"
