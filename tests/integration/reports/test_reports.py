"""Reports over HTTP: the figures of the API, kept; digests by schedule, made once, told to channels."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from burnish_gateway.reports.send_digests import DigestSender
from burnish_gateway.reports.write_report import write_digest
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database, Tx
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.analytics.traffic import Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A3")]


def yesterday() -> datetime:
    """Its noon, of the day on which the test runs and not of that on which the tests were collected."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


def day() -> dict[str, str]:
    """Yesterday, as a range."""
    noon = yesterday()
    return {"from": noon.strftime("%Y-%m-%dT00:00:00Z"), "to": (noon + timedelta(days=1)).strftime("%Y-%m-%dT00:00:00Z")}


def day_before() -> datetime:
    return yesterday() - timedelta(days=1)


async def two_days(analytics: Analytics, caller: Caller) -> dict[str, str]:
    """Six executions yesterday of two prompts, three the day before. Returns ids of what they name."""
    workspace = caller.workspace.workspace_id
    key = str((await caller("POST", "/v1/api-keys", {"name": "shop"})).body["id"])
    for slug in ("route", "answer"):
        body = {"slug": slug, "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
        assert (await caller("POST", "/v1/prompts", body)).status == 201
    second = {"messages": [{"role": "user", "content": "Sort: {{text}}"}], "base_version": 1}
    assert (await caller("POST", "/v1/prompts/route/versions", second)).status == 201
    done = [
        execution(workspace, finished_at=yesterday(), slug="route" if n % 2 else "answer", version=1 + n % 2,
                  api_key_id=key if n < 2 else None, model="simulated/reader" if n else "other/model", end_user="ann" if n < 3 else None,
                  cost_nusd=1000 * (n + 1))
        for n in range(6)
    ]  # fmt: skip
    earlier = [execution(workspace, finished_at=day_before(), slug="route", cost_nusd=1000) for _ in range(3)]
    reactions = [thumb(done[0], 1, user_id="ann"), thumb(done[1], 0), thumb(earlier[0], 1)]
    await analytics.count(*done, *earlier, *reactions)
    return {"api_key": key}


async def made(caller: Caller, kind: str, target: str | None = None, **other: Any) -> dict[str, Any]:
    body = {"kind": kind, **day(), **({"target": target} if target else {}), **other}
    answer = await caller("POST", "/v1/reports", body)
    assert answer.status == 201, answer.body
    return dict(answer.body)


@pytest.mark.promise("P-05")
async def test_a_report_of_a_kind_to_come_is_listed_read_and_deleted(stack: Stack, analytics: Analytics, caller: Caller) -> None:
    await two_days(analytics, caller)
    known = await made(caller, "workspace")
    later = await made(caller, "workspace")
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    await connection.execute("ALTER TABLE reports DROP CONSTRAINT reports_kind_check")  # as its migration does, beside this release
    try:
        await connection.execute("UPDATE reports SET kind = 'organization' WHERE report_id = $1", UUID(later["id"]))
        listed = await caller("GET", "/v1/reports")
        assert listed.status == 200, listed.body
        assert [(one["id"], one["kind"]) for one in listed.body["data"]] == [(later["id"], "organization"), (known["id"], "workspace")]
        path = f"/v1/reports/{later['id']}"
        shown = await caller("GET", path)
        assert (shown.status, shown.body["kind"]) == (200, "organization"), shown.body
        assert (await caller("GET", f"{path}?format=csv")).status == 200
        refused = await caller("POST", "/v1/reports", {"kind": "organization"})
        assert (refused.status, refused.body["error"]["param"]) == (422, "kind"), refused.body
        assert (await caller("DELETE", path)).body["kind"] == "organization"
    finally:
        await connection.execute("DELETE FROM reports WHERE kind = 'organization'")
        await connection.execute(
            """ALTER TABLE reports ADD CONSTRAINT reports_kind_check
                 CHECK (kind IN ('workspace', 'prompt', 'version', 'model', 'api_key', 'end_user', 'experiment')) NOT VALID"""
        )
        await connection.close()


@pytest.mark.capability("A1")
async def test_a_report_of_each_kind_shows_the_figures_of_the_api(analytics: Analytics, caller: Caller) -> None:
    ids = await two_days(analytics, caller)
    query = f"from={day()['from']}&to={day()['to']}&grain=hour"
    for kind, target, filters in (
        ("workspace", None, ""),
        ("prompt", "route", "&prompt=route"),
        ("version", "route@2", "&prompt=route&version=2"),
        ("model", "other/model", "&model=other/model"),
        ("api_key", ids["api_key"], f"&api_key={ids['api_key']}"),
    ):
        report = await made(caller, kind, target)
        shown = (await caller("GET", f"/v1/analytics/summary?{query}{filters}")).body
        figures = report["content"]["figures"]
        assert figures == {name: shown[name] for name in figures} and figures["executions"] > 0
        assert (await caller("GET", f"/v1/reports/{report['id']}")).body == report
    whole = (await made(caller, "workspace"))["content"]
    assert whole["changes"]["executions"] == {"before": 3.0, "after": 6.0, "change": 1.0}
    assert [row["group"] for row in whole["breakdowns"]["prompt"]] == ["answer", "route"]
    assert sum(row["cost_nusd"] for row in whole["breakdowns"]["model"]) == whole["figures"]["cost_nusd"] == 21_000
    assert sum(step["executions"] for step in whole["series"]) == 6 and whole["prompts"]["value"] == 2
    assert all(step["p95_ms"] > 0 for step in whole["series"])


@pytest.mark.capability("A1")
async def test_sums_over_whole_days_are_read_from_days_and_their_edges_from_hours(analytics: Analytics, caller: Caller) -> None:
    workspace, middle = caller.workspace.workspace_id, day_before().replace(hour=0)
    start, end = middle - timedelta(hours=11), middle + timedelta(hours=37)
    hour = timedelta(hours=1)
    inside, outside = (start, middle, day_before(), middle + 23 * hour, end - hour), (start - hour, end)
    await analytics.count(*(execution(workspace, finished_at=at, slug="route", cost_nusd=1000) for at in (*inside, *outside)))
    for table in ("rollups", "rollup_sets"):
        await analytics.rows(
            f"DELETE FROM {table} WHERE workspace_id = $1 AND grain = 'hour' AND bucket >= $2 AND bucket < $3",
            workspace, middle, middle + 24 * hour,
        )  # fmt: skip
    made_of = await made(caller, "workspace", **{"from": start.isoformat(), "to": end.isoformat()})
    figures, [row] = made_of["content"]["figures"], made_of["content"]["breakdowns"]["prompt"]
    assert (figures["executions"], row["executions"], row["cost_nusd"]) == (5, 5, 5000)
    assert len(made_of["content"]["series"]) == 2  # Its steps are hours, and of those the edges are left.


async def test_a_report_of_an_end_user_comes_from_usage_and_their_reactions(analytics: Analytics, stack: Stack, caller: Caller) -> None:
    await two_days(analytics, caller)
    today = datetime.now(UTC).date()
    await analytics.rows(
        """INSERT INTO usage_user_days SELECT $1, $2::date - n, 'ann', 2, 1, 10, 0, 4, 500, 0, 0, 1 FROM generate_series(1, 3) n""",
        caller.workspace.workspace_id, today,
    )  # fmt: skip
    await analytics.rows(
        """INSERT INTO usage_closings (workspace_id, through) VALUES ($1, $2)
           ON CONFLICT (workspace_id) DO UPDATE SET through = excluded.through""",
        caller.workspace.workspace_id, today - timedelta(days=1),
    )  # fmt: skip
    report = await made(caller, "end_user", "ann", **{"from": (yesterday() - timedelta(days=1)).isoformat(), "to": yesterday().isoformat()})
    figures, before = report["content"]["figures"], report["content"]["before"]
    assert (figures["executions"], figures["successes"], figures["cost_nusd"], before["executions"]) == (4, 2, 1000, 2)
    assert report["simulated"] is True, "closed days too say what simulated models made"
    assert len(report["content"]["series"]) == 2 and report["title"] == "End user" and report["target"] == "ann"
    nobody = await made(caller, "end_user", "nobody")
    assert nobody["content"]["figures"]["executions"] == 0 and nobody["summary"] == "No executions in this time."


async def test_a_report_is_a_file_a_list_is_paged_and_deleting_is_noted(analytics: Analytics, stack: Stack, caller: Caller) -> None:
    await two_days(analytics, caller)
    this_month = {"to": datetime.now(UTC).isoformat()}  # On its first day yesterday is of another one, and is projected to no end.
    ids = [(await made(caller, "prompt", "route", **this_month))["id"], (await made(caller, "workspace"))["id"]]
    file = await caller("GET", f"/v1/reports/{ids[0]}?format=csv")
    rows = list(csv.DictReader(io.StringIO(file.body)))
    assert {"section": "figures", "group": "", "figure": "executions", "value": "3"} in rows
    assert {row["section"] for row in rows} >= {"figures", "before", "series", "by_version", "by_model", "projection"}
    page = (await caller("GET", "/v1/reports?limit=1")).body
    rest = (await caller("GET", f"/v1/reports?limit=1&cursor={page['next_cursor']}")).body
    assert [one["id"] for one in page["data"] + rest["data"]] == ids[::-1] and rest["next_cursor"] is None
    assert [one["id"] for one in (await caller("GET", "/v1/reports?kind=prompt&target=route")).body["data"]] == ids[:1]
    stranger, viewer = await stack.caller(), await stack.caller(workspace=caller.workspace, role="viewer")
    assert (await stranger("GET", f"/v1/reports/{ids[0]}")).status == (await stranger("DELETE", f"/v1/reports/{ids[0]}")).status == 404
    assert (await viewer("DELETE", f"/v1/reports/{ids[0]}")).status == 403 and (await viewer("GET", f"/v1/reports/{ids[0]}")).status == 200
    assert (await caller("DELETE", f"/v1/reports/{ids[0]}")).status == 200
    assert (await caller("GET", f"/v1/reports/{ids[0]}")).status == 404
    entries = (await caller("GET", "/v1/audit?object_kind=report")).body["data"]
    assert [(one["action"], one["before"]["kind"]) for one in entries] == [("report.deleted", "prompt")]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"kind": "workspace", "target": "x"}, "target"),
        ({"kind": "prompt"}, "target"),
        ({"kind": "version", "target": "route"}, "target"),
        ({"kind": "version", "target": "route@0"}, "target"),
        ({"kind": "workspace", "from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, "from"),
        ({"kind": "workspace", "from": "2020-11-02T00:00:00Z"}, "from"),
        ({"kind": "workspace", "to": "9999-12-31T23:59:59Z"}, "from"),
        ({"kind": "galaxy"}, "kind"),
    ],
)
async def test_a_report_that_cannot_be_is_refused(caller: Caller, body: dict[str, Any], param: str) -> None:
    answer = await caller("POST", "/v1/reports", body)
    assert (answer.status, answer.body["error"]["param"]) == (422, param), answer.body


@pytest.mark.parametrize(("kind", "target"), [("prompt", "nosuch"), ("version", "route@3"), ("api_key", "nosuch"), ("model", "gpt-4o-mni")])
async def test_a_report_of_what_is_not_there_is_not_found(analytics: Analytics, caller: Caller, kind: str, target: str) -> None:
    await two_days(analytics, caller)
    refused = await caller("POST", "/v1/reports", {"kind": kind, "target": target})
    assert (refused.status, refused.body["error"]["param"]) == (404, "target")
    assert kind != "model" or "'gpt-4o-mni'" in refused.body["error"]["message"]


async def test_a_model_that_is_listed_and_was_never_called_has_a_report_of_zeros(caller: Caller) -> None:
    report = await made(caller, "model", "simulated/writer")
    assert report["content"]["figures"]["executions"] == 0


async def test_a_schedule_is_set_shown_and_removed_by_admins_and_checked(stack: Stack, caller: Caller) -> None:
    assert (await caller("GET", "/v1/reports/schedule")).status == 404
    assert (await caller("GET", "/v1/reports/schedules")).body == {"data": []}
    slack = await channel(caller, {"kind": "slack", "url": "http://127.0.0.1:9/x"})
    pager = await channel(caller, {"kind": "pagerduty", "routing_key": "R" * 32})
    other = await channel(await stack.caller(), {"kind": "slack", "url": "http://127.0.0.1:9/x"})
    body = {"every": "weekly", "weekday": "tuesday", "hour": 7, "time_zone": "Europe/Berlin", "channels": [slack]}
    for wrong, param in (({"time_zone": "Mars/Olympus"}, "time_zone"), ({"channels": [pager]}, "channels"),
                         ({"hour": 24}, "hour"), ({"every": "hourly"}, "every")):  # fmt: skip
        answer = await caller("PUT", "/v1/reports/schedule", body | wrong)
        assert (answer.status, answer.body["error"]["param"].split(".")[0]) == (422, param)
    assert (await caller("PUT", "/v1/reports/schedule", body | {"channels": [other]})).status == 404
    editor = await stack.caller(workspace=caller.workspace, role="editor")
    assert (await editor("PUT", "/v1/reports/schedule", body)).status == 403
    set_up = (await caller("PUT", "/v1/reports/schedule", body)).body
    moment = datetime.fromisoformat(set_up["next_at"])
    assert moment > datetime.now(UTC) and moment.weekday() == 1 and moment.hour in (5, 6) and set_up["channels"] == [slack]
    assert (await caller("DELETE", f"/v1/alert-channels/{slack}")).status == 200
    shown = (await editor("GET", "/v1/reports/schedule")).body
    assert shown["channels"] == []
    assert (await editor("GET", "/v1/reports/schedules")).body == {"data": [shown]}
    assert (await caller("DELETE", "/v1/reports/schedule")).status == 200
    assert (await caller("DELETE", "/v1/reports/schedule")).status == 404
    actions = [one["action"] for one in (await caller("GET", "/v1/audit?object_kind=report_schedule")).body["data"]]
    assert actions == ["report_schedule.deleted", "report_schedule.set"]


async def channel(caller: Caller, body: dict[str, Any]) -> str:
    answer = await caller("POST", "/v1/alert-channels", {"name": body["kind"], **body})
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


async def ready_events(analytics: Analytics, caller: Caller) -> list[dict[str, Any]]:
    rows = await analytics.rows("SELECT convert_from(body, 'UTF8') AS event FROM outbox WHERE service = 'gateway' ORDER BY outbox_id")
    events = [json.loads(row["event"]) for row in rows]
    return [one for one in events if one["type"] == "report.ready" and one["workspace_id"] == str(caller.workspace.workspace_id)]


async def test_a_digest_is_made_once_when_it_is_due_whoever_looks_and_missed_ones_are_not_made_up(
    analytics: Analytics, stack: Stack, caller: Caller
) -> None:
    await two_days(analytics, caller)
    told = await channel(caller, {"kind": "slack", "url": "http://127.0.0.1:9/x"})
    assert (await caller("PUT", "/v1/reports/schedule", {"every": "daily", "hour": 0, "channels": [told]})).status == 200
    due = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            "UPDATE report_schedules SET next_at = $2 WHERE workspace_id = $1", caller.workspace.workspace_id, due - timedelta(days=9)
        )
    db = await Database.open(stack.urls["gateway"], application_name="test-digests", max_size=4)
    senders = [DigestSender(db, SystemClock(), lambda: None) for _ in range(4)]
    counts = await asyncio.gather(*(one.round() for one in senders))
    assert sum(counts) == 1 and await senders[0].round() == 0
    await db.close()

    [digest] = (await caller("GET", "/v1/reports?schedule=daily")).body["data"]
    assert (digest["title"], digest["created_by"], digest["from"][:10]) == ("Daily report", "system:digest", day()["from"][:10])
    assert digest["summary"].startswith("6 executions (+100 %), 100.0 % of them successful, satisfaction 50.0 % (-50.0 points), cost")
    schedule = (await caller("GET", "/v1/reports/schedule")).body
    assert schedule["last_report_id"] == digest["id"] and datetime.fromisoformat(schedule["next_at"]) == due + timedelta(days=1)
    [event] = await ready_events(analytics, caller)
    assert (event["data"]["report_id"], event["data"]["channels"], event["data"]["figures"]["executions"]) == (digest["id"], [told], 6)

    now = await caller("POST", "/v1/reports/schedule/run")
    assert (now.status, now.body["title"]) == (201, "Daily report")
    assert len(await ready_events(analytics, caller)) == 2
    assert (await caller("PUT", "/v1/reports/schedule", {"every": "daily", "hour": 0, "time_zone": "Asia/Tokyo"})).status == 200
    assert (await caller("POST", "/v1/reports/schedule/run")).status == 201
    starts = {one["data"]["period_start"][10:] for one in await ready_events(analytics, caller)}
    assert starts == {"T00:00:00+00:00", "T00:00:00+09:00"}, "in the zone that was asked for"


@pytest.mark.parametrize("trouble", ["SELECT 1 / 0", "SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)"], ids=["broken", "slow"])
async def test_a_digest_that_cannot_be_made_stops_no_other_and_is_tried_again_an_hour_later(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    callers = [await stack.caller() for _ in range(3)]
    ids = [one.workspace.workspace_id for one in callers]
    for one in callers:
        assert (await one("PUT", "/v1/reports/schedule", {"every": "daily", "hour": 0})).status == 200
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    await connection.execute("UPDATE report_schedules SET next_at = $2 WHERE workspace_id = ANY ($1)", ids, midnight)

    async def breaks_for_one(tx: Tx, workspace_id: UUID, *args: Any, **named: Any) -> Any:
        if workspace_id == ids[0]:
            await tx.execute(trouble)
        return await write_digest(tx, workspace_id, *args, **named)

    db = await Database.open(stack.urls["gateway"], application_name="test-digests", max_size=4)
    try:
        with monkeypatch.context() as broken:
            broken.setattr("burnish_gateway.reports.write_report.write_digest", breaks_for_one)
            assert await DigestSender(db, SystemClock(), lambda: None).round() == 2
            assert await DigestSender(db, SystemClock(), lambda: None).round() == 0
        put_off = datetime.fromisoformat((await callers[0]("GET", "/v1/reports/schedule")).body["next_at"]) - datetime.now(UTC)
        assert timedelta(minutes=55) < put_off <= timedelta(hours=1)
        await connection.execute("UPDATE report_schedules SET next_at = $2 WHERE workspace_id = $1", ids[0], datetime.now(UTC))
        assert await DigestSender(db, SystemClock(), lambda: None).round() == 1
    finally:
        await connection.close()
        await db.close()
    digests = [(await one("GET", "/v1/reports?schedule=daily")).body["data"] for one in callers]
    assert len({(digest["from"], digest["to"]) for [digest] in digests}) == 1
    schedule = (await callers[0]("GET", "/v1/reports/schedule")).body
    assert datetime.fromisoformat(schedule["next_at"]) == midnight + timedelta(days=1)


@pytest.mark.capability("A1")
async def test_values_no_number_can_hold_together_are_shown_at_the_bound_and_not_taken_any_more(
    analytics: Analytics, caller: Caller
) -> None:
    """They were once taken, so rows hold them; one workspace's rows must break neither its figures nor a digest."""
    done = execution(caller.workspace.workspace_id, finished_at=yesterday())
    huge = [thumb(done, 1, user_id=f"u{n}", kind="metric:amount", value=1.7e308) for n in range(3)]
    tiny = [thumb(done, 1, user_id="u", kind="metric:speck", value=5e-324)]
    await analytics.count(done, *huge, *tiny)
    query = f"from={day()['from']}&to={day()['to']}&grain=hour"
    answer = await caller("GET", f"/v1/analytics/summary?{query}")
    assert answer.status == 200, answer.body
    assert [report["metrics"] for report in [(await made(caller, "workspace"))["content"]] if report["metrics"]], "a report shows them"
    for value in (1.1e15, -1.1e15):
        sent = await caller("POST", "/v1/feedback", {"execution_id": str(done.execution_id), "metric": {"name": "amount", "value": value}})
        assert (sent.status, sent.body["error"]["param"]) == (422, "metric.value")


async def test_what_is_shown_is_bounded_before_histograms_are_read(
    analytics: Analytics, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models and versions are whatever calls name; percentiles of thousands of them that nobody is shown would be the dearest part."""
    workspace = caller.workspace.workspace_id
    done = [
        execution(workspace, finished_at=yesterday(), model=f"m{number:02}", latency_ms=100 * (number + 1))
        for number in range(12)
        for _ in range(1 + number % 2)
    ]
    await analytics.count(*done)
    rows = (await made(caller, "workspace"))["content"]["breakdowns"]["model"]
    assert [(row["group"], row["executions"]) for row in rows] == [
        (f"m{number:02}", 1 + number % 2) for number in (1, 3, 5, 7, 9, 11, 0, 2, 4, 6)
    ]
    assert all(row["p95_ms"] == pytest.approx(100 * (int(row["group"][1:]) + 1), rel=0.02) for row in rows)

    read: list[str] = []

    async def reads(*args: Any, **named: Any) -> None:
        read.append("histograms")

    monkeypatch.setattr("burnish_gateway.insights.store._add_histograms", reads)
    monkeypatch.setattr("burnish_gateway.insights.routes.POINTS_MOST", 11)
    path = f"/v1/analytics/timeseries?from={day()['from']}&to={day()['to']}&grain=hour&group_by=model&groups=12"
    refused = await caller("GET", path)
    assert (refused.status, refused.body["error"]["param"], read) == (422, "groups", [])
    monkeypatch.setattr("burnish_gateway.insights.routes.POINTS_MOST", 12)
    assert len((await caller("GET", path)).body["data"]) == 12 and read == ["histograms"]
