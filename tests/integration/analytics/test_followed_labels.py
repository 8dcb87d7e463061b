"""However many labels imports bring in: detectors follow so many, forget the others, and each workspace has its turn (A4, A-08)."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics import housework, metrics, watch_labels
from burnish_analytics.core import followed
from burnish_analytics.core.followed import Remembered, chosen
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A4")]


async def come(analytics: Analytics, workspace_id: UUID, *labels: str) -> None:
    await analytics.count(*(execution(workspace_id, label=one) for one in labels))
    await asyncio.sleep(0.06)
    await analytics.housework.watch_labels()


async def remembered(analytics: Analytics, workspace_id: UUID) -> set[str]:
    rows = await analytics.rows("SELECT label FROM detector_states WHERE workspace_id = $1", workspace_id)
    return {row["label"] for row in rows}


def skipped() -> float:
    return float(metrics.detectors_skipped_total.labels("labels_full")._value.get())


async def test_labels_of_prompts_go_first_then_those_in_use_then_the_busiest_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "UNNAMED_MOST", 3)
    monkeypatch.setattr(followed, "FOLLOWED_MOST", 4)
    held = {"old": Remembered(4, False, False), "day": Remembered(3, True, False), "now": Remembered(2, True, False)}
    assert chosen(held, {"now": 1, "new": 5, "busy": 9}, named=()) == {"now", "day", "busy"}
    assert chosen(held, {"ours": 1, "also": 1, "busy": 9}, named={"ours", "also"}) == {"ours", "also", "now", "day"}
    assert chosen({}, {"few": 1, "busy": 9}, named=()) == {"few", "busy"}


@pytest.mark.promise("A-08")
async def test_what_is_beyond_the_most_labels_is_counted_and_makes_nobody_deaf(
    analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = workspace.workspace_id
    monkeypatch.setattr(followed, "UNNAMED_MOST", 2)
    heard: list[int] = []
    inner = watch_labels._follow

    def follow(*args: Any, monitors: int, **named: Any) -> None:
        heard.append(monitors)
        inner(*args, monitors=monitors, **named)

    monkeypatch.setattr(watch_labels, "_follow", follow)
    await come(analytics, where, "a", "b")
    before = skipped()
    await come(analytics, where, *[f"build-{n}" for n in range(5)])
    assert await remembered(analytics, where) == {"a", "b"} and skipped() == before + 5
    await analytics.rows(
        "UPDATE detector_states SET seen_through = now() - interval '2 days' WHERE workspace_id = $1 AND label = 'a'", where
    )
    await come(analytics, where, "b")
    assert heard[-1] == len(watch_labels.PLANS), "a label that nobody used for a day lets the others speak"
    await come(analytics, where, "c")
    assert await remembered(analytics, where) == {"b", "c"}
    assert await analytics.rows("SELECT 1 FROM detector_observations WHERE workspace_id = $1", where) == []


async def test_labels_unused_for_four_weeks_are_forgotten_with_their_alerts(analytics: Analytics, workspace: Workspace) -> None:
    where = workspace.workspace_id
    done = execution(where, label="gone")
    await analytics.count(thumb(done, 1), done)
    await come(analytics, where, "gone", "kept")
    await analytics.rows(
        """INSERT INTO alerts (alert_id, workspace_id, incident_key, kind, metric, slug, label, version, summary, before, after, changed,
                               simulated, muted, raised_at, severity)
           VALUES ($1, $2, 'degradation:latency:route:gone', 'degradation', 'latency', 'route', 'gone', 1, '', '{}', '{}', '{}', true,
                   false, now(), 'warning')""",
        done.execution_id, where,
    )  # fmt: skip
    await analytics.rows(
        "UPDATE detector_states SET seen_through = now() - interval '29 days' WHERE workspace_id = $1 AND label = 'gone'", where
    )
    assert await analytics.housework.forget_labels() >= 1
    assert await remembered(analytics, where) == {"kept"}
    hours = await analytics.rows("SELECT label FROM detector_hours WHERE workspace_id = $1", where)
    assert {row["label"] for row in hours} == {"kept"}
    assert [one["resolution"] for one in await analytics.alerts(where)] == ["unused"]
    assert len(await analytics.rows("SELECT 1 FROM label_feedback WHERE workspace_id = $1", where)) == 1
    await analytics.rows("UPDATE label_feedback SET evaluated_at = now() - interval '91 days' WHERE workspace_id = $1", where)
    await analytics.housework.forget_labels()
    assert await analytics.rows("SELECT 1 FROM label_feedback WHERE workspace_id = $1", where) == []


async def test_what_came_in_is_read_in_pages_the_oldest_first_and_a_workspace_has_its_time(
    analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = workspace.workspace_id
    monkeypatch.setattr(watch_labels, "PAGE", 2)
    monkeypatch.setattr(housework, "WATCH_MOST_S", 0.0)
    await analytics.count(*(execution(where, label=one) for one in "abcde"))
    await asyncio.sleep(0.06)
    await analytics.count(execution(where, label="a", version=2))
    await asyncio.sleep(0.06)
    seen = []
    for _ in range(3):
        await analytics.housework.watch_labels()
        seen.append(await remembered(analytics, where))
    assert [len(one) for one in seen] == [2, 4, 5]
    [state] = await analytics.rows("SELECT version FROM detector_states WHERE workspace_id = $1 AND label = 'a'", where)
    assert state["version"] == 2
    await analytics.count(*(execution(where, label=one) for one in "abcde"))
    await asyncio.sleep(0.06)
    monkeypatch.setattr(housework, "WATCH_MOST_S", 3600.0)
    await analytics.housework.watch_labels()
    assert await analytics.rows("SELECT 1 FROM detector_observations WHERE workspace_id = $1", where) == []
