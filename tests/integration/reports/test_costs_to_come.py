"""Figures as files, and costs to the month's end, read from rollups that analytics made."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.integration.analytics.traffic import Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A3")]

WEEK = (1.2, 1.2, 1.1, 1.0, 1.1, 0.4, 0.3)


async def weeks_of_use(analytics: Analytics, caller: Caller, *, days: int) -> dict[str, int]:
    """Two prompts, one of them three times as dear, on each of the last `days` days and today. Returns what each cost this month."""
    now, dice = datetime.now(UTC), Random(3)
    done = [
        execution(
            caller.workspace.workspace_id,
            slug=slug,
            app="shop" if slug == "route" else None,
            cost_nusd=int(weight * WEEK[day.weekday()] * dice.lognormvariate(0, 0.1) * 1_000_000),
            finished_at=day,
        )
        for back in range(days + 1)
        for slug, weight in (("route", 3), ("answer", 1))
        if (day := now - timedelta(days=back))
    ]
    await analytics.count(*done, thumb(done[0], 1))
    month = [one for one in done if (one.finished_at.year, one.finished_at.month) == (now.year, now.month)]
    return {slug: sum(one.cost_nusd for one in month if one.slug == slug) for slug in ("route", "answer")}


async def test_a_month_is_projected_to_its_end_and_the_projection_says_how_well_it_did_before(analytics: Analytics, caller: Caller) -> None:
    spent = await weeks_of_use(analytics, caller, days=70)
    answer = (await caller("GET", "/v1/analytics/costs?projection=true")).body
    ahead = answer["projection"]
    assert ahead["spent_nusd"] == sum(spent.values())
    assert ahead["spent_nusd"] <= ahead["low_nusd"] <= ahead["expected_nusd"] <= ahead["high_nusd"]
    assert ahead["expected_nusd"] == pytest.approx(ahead["spent_nusd"] + ahead["days_left"] * 3.6e6, rel=0.25)
    assert (ahead["history_days"], ahead["confidence"], ahead["why_not"]) == (70, 0.8, None)
    tested = ahead["backtest"]
    assert tested["projections"] >= 5 and tested["median_error"] < 0.2 and 0 <= tested["coverage"] <= 1
    by_prompt = {one["group"]: one["projected"]["expected_nusd"] for one in answer["data"]}
    assert by_prompt["route"] > 2 * by_prompt["answer"]
    of_app = (await caller("GET", "/v1/analytics/costs?projection=true&app=shop&group_by=day")).body
    assert of_app["projection"]["spent_nusd"] == spent["route"] and of_app["data"][0]["projected"] is None
    again = (await caller("GET", "/v1/analytics/costs?projection=true")).body
    assert again["projection"]["backtest"] == tested


async def test_what_is_not_known_is_not_guessed(analytics: Analytics, stack: Stack, caller: Caller) -> None:
    await weeks_of_use(analytics, caller, days=4)
    ahead = (await caller("GET", "/v1/analytics/costs?projection=true")).body["projection"]
    assert (ahead["expected_nusd"], ahead["backtest"], ahead["history_days"]) == (None, None, 4)
    assert "needs 7" in ahead["why_not"]
    stranger = (await (await stack.caller())("GET", "/v1/analytics/costs?projection=true")).body
    assert (stranger["projection"]["spent_nusd"], stranger["projection"]["history_days"]) == (0, 0)
    assert (await caller("GET", "/v1/analytics/costs")).body["projection"] is None


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def flat(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, one in value.items():
        found |= {f"{name}_{rest}": inner for rest, inner in flat(one).items()} if isinstance(one, dict) else {name: one}
    return found


@pytest.mark.parametrize("path", ["summary", "timeseries?group_by=prompt&grain=day", "costs?group_by=prompt"])
async def test_a_file_holds_the_figures_of_the_json_answer(analytics: Analytics, caller: Caller, path: str) -> None:
    await weeks_of_use(analytics, caller, days=1)
    start = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT00:00:00Z")
    url = f"/v1/analytics/{path}{'&' if '?' in path else '?'}from={start}"
    shown = (await caller("GET", url)).body
    file = await caller("GET", f"{url}&format=csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"].startswith('attachment; filename="burnish-')
    rows, expected = rows_of(file.body), shown.get("data", [shown])
    assert len(rows) == len(expected) > 0
    for row, one in zip(rows, expected, strict=True):
        for name, value in flat(one).items():
            if name in row:
                assert row[name] == ("" if value is None else value if isinstance(value, str) else json.dumps(value))
        assert {"cost_nusd", "executions"} <= set(row)


async def test_a_name_that_a_spreadsheet_would_run_is_only_text(analytics: Analytics, caller: Caller) -> None:
    await analytics.count(execution(caller.workspace.workspace_id, app='=HYPERLINK("http://x")', finished_at=datetime.now(UTC)))
    [row] = rows_of((await caller("GET", "/v1/analytics/costs?group_by=app&format=csv")).body)
    assert row["group"] == '\'=HYPERLINK("http://x")'


@pytest.mark.parametrize(
    "path",
    [f"timeseries?grain=day&group_by={by}" for by in ("prompt", "version", "label")]
    + [f"groups?unnamed=true&group_by={by}" for by in ("prompt", "version", "label")]
    + [f"costs?group_by={by}" for by in ("prompt", "version")],
)
async def test_a_file_says_in_words_what_named_no_prompt(analytics: Analytics, caller: Caller, path: str) -> None:
    mine, now = caller.workspace.workspace_id, datetime.now(UTC)
    await analytics.count(execution(mine, slug="", version=0, label="", finished_at=now), execution(mine, slug="greet", finished_at=now))
    groups = [row["group"] for row in rows_of((await caller("GET", f"/v1/analytics/{path}&format=csv")).body)]
    assert len(groups) == 2 and groups.count("(no prompt)") == 1 and any(one.startswith("greet") for one in groups)
