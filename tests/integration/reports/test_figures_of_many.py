"""Time series of more groups than anybody looks at, and how old figures are, over HTTP."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burnish_gateway.insights import routes, store
from burnish_gateway.reports import make_report
from tests.embedded.stack import Caller
from tests.integration.analytics.traffic import Analytics, execution, thumb
from tests.integration.reports.test_reports import day, yesterday

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A2")]

PROMPTS = 60


async def many_prompts(analytics: Analytics, caller: Caller) -> None:
    """Prompt n ran n + 1 times yesterday, half an hour apart."""
    done = [
        execution(caller.workspace.workspace_id, slug=f"p{n}", finished_at=yesterday() + timedelta(minutes=30 * (one % 4)))
        for n in range(PROMPTS)
        for one in range(n + 1)
    ]
    await analytics.count(*done, *(thumb(one, 1) for one in done[:3]))


async def series(caller: Caller, **query: Any) -> dict[str, Any]:
    asked = "&".join(f"{name}={value}" for name, value in ({"group_by": "prompt", "grain": "hour"} | day() | query).items())
    answer = await caller("GET", f"/v1/analytics/timeseries?{asked}")
    assert answer.status == 200, answer.body
    return dict(answer.body)


def runs(points: list[dict[str, Any]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in points:
        found[one["group"]] += one["executions"]
    return found


async def test_the_busiest_groups_are_told_apart_and_the_others_together(analytics: Analytics, caller: Caller) -> None:
    await many_prompts(analytics, caller)
    told = await series(caller)
    busiest = {f"p{n}": n + 1 for n in range(PROMPTS - routes.GROUPS_WANTED, PROMPTS)}
    assert runs(told["data"]) == busiest and told["is_whole"] is False
    others = sum(range(1, 11))
    assert sum(one["executions"] for one in told["others"]) == others and {one["group"] for one in told["others"]} == {None}
    assert len(told["others"]) == 2, "an hour each"
    assert sum(one["reactions"] for one in told["others"]) == 3 and all(one["latency"]["p95_ms"] for one in told["data"])
    assert {one["effectiveness"] for one in told["others"]} == {None}
    assert {one[name]["p95_ms"] for one in told["others"] for name in ("latency", "first_token")} == {None}, "of sums only"
    whole = await series(caller, groups=PROMPTS)
    assert whole["is_whole"] is True and whole["others"] == [] and sum(runs(whole["data"]).values()) == sum(range(1, PROMPTS + 1))
    few = await series(caller, groups=2)
    assert runs(few["data"]) == {"p59": 60, "p58": 59}
    assert sum(one["executions"] for one in few["others"]) == sum(range(1, 59))
    minutes = await series(caller, grain="minute", **{"from": yesterday().strftime("%Y-%m-%dT%H:%M:%SZ")})
    assert len(runs(minutes["data"])) == routes.GROUPS_LEAST, "fewer groups the more steps"
    ungrouped = await caller("GET", f"/v1/analytics/timeseries?from={day()['from']}&to={day()['to']}")
    assert ungrouped.body["is_whole"] is True and {one["group"] for one in ungrouped.body["data"]} == {None}
    of_apps = await series(caller, group_by="app", groups=1)
    assert runs(of_apps["data"]) == {"": sum(range(1, PROMPTS + 1))} and of_apps["is_whole"] is True


async def test_histograms_of_groups_that_are_not_told_apart_are_not_read(analytics: Analytics, caller: Caller) -> None:
    """A histogram that cannot be read stands for one that is not read."""
    await many_prompts(analytics, caller)
    read = store._what_holds

    def fails_of_others(name: str) -> str:
        told = f"CASE WHEN r.slug IN ('p58', 'p59') THEN r.{name} ELSE ARRAY[1 / (r.executions - r.executions)] END"
        return read(name).replace(f"unnest(r.{name})", f"unnest({told})")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_what_holds", fails_of_others)
        few = await series(caller, groups=2)
    assert runs(few["data"]) == {"p59": 60, "p58": 59} and len(few["others"]) == 2


async def test_a_named_metric_is_told_of_each_group_and_of_the_others_however_many_there_are(
    analytics: Analytics, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 60 prompts in two hours each has its metric, of which no more rows are read than there are points."""
    done = [
        execution(caller.workspace.workspace_id, slug=f"p{n:02}", finished_at=yesterday() + timedelta(hours=one))
        for n in range(PROMPTS)
        for one in range(2)
        for _ in range(2 if n >= PROMPTS - 3 else 1)
    ]
    await analytics.count(*done, *(thumb(one, 1, kind="metric:sold", value=2.0) for one in done))
    monkeypatch.setattr(routes, "POINTS_MOST", 8)
    monkeypatch.setattr(store, "METRIC_ROWS_MOST", 8)
    told = await series(caller, groups=3, metric="sold")
    assert sorted(runs(told["data"])) == ["p57", "p58", "p59"] and len(told["data"]) == 6
    assert [one["metric"]["reactions"] for one in told["data"]] == [2] * 6
    assert [(one["metric"]["reactions"], one["metric"]["mean"], one["metric"]["conversion"]["value"]) for one in told["others"]] == [
        (PROMPTS - 3, 2.0, 1.0)
    ] * 2
    last = await series(caller, groups=3, metric="other")
    assert {one["metric"] for one in (*last["data"], *last["others"])} == {None}


async def test_of_more_named_metrics_than_an_answer_holds_those_with_the_most_reactions_are_told_and_how_many_others_there_are(
    analytics: Analytics, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are whatever callers send; the first by name were told, and nobody learned of the others."""
    done = [execution(caller.workspace.workspace_id, finished_at=yesterday()) for _ in range(3)]
    said = [thumb(done[0], 1, kind=f"metric:a{n}", value=1.0) for n in range(6)]
    said += [thumb(one, 1, kind=f"metric:{name}", value=2.0) for one in done for name in ("sold", "kept")]
    await analytics.count(*done, *said)
    asked = f"/v1/analytics/summary?from={day()['from']}&to={day()['to']}"
    whole = (await caller("GET", asked)).body
    assert len(whole["metrics"]) == 8 and whole["metrics_left_out"] == 0
    monkeypatch.setattr(store, "NAMED_MOST", 3)
    monkeypatch.setattr(make_report, "METRICS_MOST", 2)
    told = (await caller("GET", asked)).body
    assert [(one["metric"], one["reactions"]) for one in told["metrics"]] == [("a0", 1), ("kept", 3), ("sold", 3)]
    assert told["metrics_left_out"] == 5
    body = {"kind": "workspace", "from": day()["from"], "to": day()["to"]}
    report = (await caller("POST", "/v1/reports", body)).body
    assert [one["metric"] for one in report["content"]["metrics"]] == ["kept", "sold"] and report["content"]["metrics_left_out"] == 6
    file = await caller("GET", f"/v1/reports/{report['id']}?format=csv")
    text = file.body if isinstance(file.body, str) else file.body.decode()
    assert "metric,,left_out,6" in text


async def test_a_file_has_the_others_as_a_group_of_their_own(analytics: Analytics, caller: Caller) -> None:
    await many_prompts(analytics, caller)
    answer = await caller(
        "GET", f"/v1/analytics/timeseries?group_by=prompt&grain=day&groups=1&format=csv&from={day()['from']}&to={day()['to']}"
    )
    text = answer.body if isinstance(answer.body, str) else answer.body.decode()
    assert answer.status == 200 and "p59" in text and text.count(routes.OTHERS) == 1 and "p58" not in text


@pytest.mark.parametrize("wrong", ["0", "201", "many"])
async def test_how_many_groups_has_bounds(caller: Caller, wrong: str) -> None:
    answer = await caller("GET", f"/v1/analytics/timeseries?group_by=prompt&groups={wrong}")
    assert (answer.status, answer.body["error"]["param"]) == (422, "groups")


async def test_more_points_than_an_answer_holds_name_the_parameter(
    analytics: Analytics, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many_prompts(analytics, caller)
    monkeypatch.setattr(routes, "POINTS_MOST", 20)
    answer = await caller("GET", f"/v1/analytics/timeseries?group_by=prompt&groups=30&from={day()['from']}&to={day()['to']}")
    assert (answer.status, answer.body["error"]["param"]) == (422, "groups")


async def test_figures_say_until_when_all_that_came_is_counted(analytics: Analytics, caller: Caller) -> None:
    """No analytics runs here, which is what the figures have to say."""
    paths = (
        "/v1/analytics/summary",
        "/v1/analytics/timeseries",
        "/v1/analytics/costs",
        "/v1/analytics/groups",
        "/v1/analytics/groups?group_by=end_user",
    )
    await analytics.rows("DELETE FROM counted_through")
    for path in paths:
        found = (await caller("GET", path)).body
        assert (found["counted_through"], found["behind_s"]) == (None, None)
    at = datetime.now(UTC) - timedelta(minutes=10)  # The database's clock is this machine's.
    await analytics.rows(
        """INSERT INTO counted_through (consumer, through, said_at)
           VALUES ('analytics_records', $1, now()), ('analytics_feedback', $1::timestamptz + interval '5 minutes', now())""",
        at,
    )
    for path in paths:
        found = (await caller("GET", path)).body
        assert datetime.fromisoformat(found["counted_through"]) == at and 600 <= found["behind_s"] < 660
