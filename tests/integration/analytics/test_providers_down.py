"""A provider that answers none of a workspace's calls is told of, also where no prompt is called (A4)."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from burnish_executor.core.failure import FailureKind
from burnish_shared.contracts.executions import Lane, Status
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import Analytics, execution

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A4")]

MODEL = """
INSERT INTO workspace_models (workspace_id, model, provider, upstream_model, base_url, display_name, context_tokens, output_tokens,
                              price_version)
VALUES ($1, $2, $3, 'm', 'http://127.0.0.1:9/v1', 'M', 1000, 100, 'v')"""

ROW = """
INSERT INTO executions (execution_id, workspace_id, fence, lane, status, slug, version, label, model, provider, input_tokens, output_tokens,
                        cached_input_tokens, usage_source, cost_nusd, latency_ms, cached, error, finished_at, attempts)
VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, 1, 1, 0, 'provider', 0, 5, $10, $11::text::jsonb, $12, $13::text::jsonb)"""

UNREACHABLE = {"type": "provider_error", "code": "provider_unreachable", "message": "Nobody is there."}


class Traffic:
    """Calls of one workspace, as the executor books and tells them, at seconds before now."""

    def __init__(self, analytics: Analytics, workspace_id: UUID, now: datetime) -> None:
        self.analytics, self.workspace_id, self.now = analytics, workspace_id, now

    async def models(self, *models: str) -> None:
        for model in models:
            await self.analytics.rows(MODEL, self.workspace_id, model, model.partition("/")[0])

    async def call(
        self, *before_s: float, model: str = "lab/one", error: dict[str, Any] | None = UNREACHABLE, attempts: Any = (),
        is_counted: bool = True, **changed: Any,
    ) -> None:  # fmt: skip
        """`is_counted` False: what the executor tells of it has not come yet."""
        status = Status.SUCCESS if error is None else Status.ERROR
        given = {"slug": None, "version": None, "label": None, "lane": Lane.INTERACTIVE, "cached": False, "simulated": False} | changed
        for one_s in before_s:
            item = execution(
                self.workspace_id, model=model, provider=model.partition("/")[0], status=status,
                finished_at=self.now - timedelta(seconds=one_s), **given,
            )  # fmt: skip
            await self.analytics.rows(
                ROW, item.execution_id, self.workspace_id, item.lane.value, status.value, item.slug, item.version, item.label, item.model,
                item.provider, item.cached, json.dumps(error) if error else None, item.finished_at,
                json.dumps([*attempts]),
            )  # fmt: skip
            if is_counted:
                await self.analytics.count(item)

    async def told(self) -> list[dict[str, Any]]:
        await self.analytics.housework.watch_providers()
        return [one for one in await self.analytics.alerts(self.workspace_id) if one["kind"] == "provider"]


@pytest_asyncio.fixture(loop_scope="session")
async def traffic(analytics: Analytics, workspace: Workspace) -> Traffic:
    now = (await analytics.rows("SELECT clock_timestamp() AS now"))[0]["now"]
    analytics.clock.at = now
    made = Traffic(analytics, workspace.workspace_id, now)
    await made.models("lab/one", "lab/two", "other/one")
    return made


IN_A_ROW = tuple(range(30, 330, 30))


async def test_calls_without_a_prompt_that_all_fail_are_told_of_once_until_one_is_answered(traffic: Traffic) -> None:
    await traffic.call(400.0, error=None)
    await traffic.call(*IN_A_ROW[1:])
    assert await traffic.told() == [], "nine are too few"
    await traffic.call(IN_A_ROW[0], model="lab/two")
    [alert] = await traffic.told()
    assert (alert["severity"], alert["subject"], alert["metric"], alert["slug"]) == ("error", "lab", "down", None)
    assert alert["after"]["failed_calls"] == 10 and alert["after"]["code"] == "provider_unreachable"
    assert alert["changed"] == {"provider": "lab", "models": "lab/one, lab/two"}
    assert "lab has answered none of the last 10 calls" in alert["summary"] and not alert["simulated"]
    assert len(await traffic.told()) == 1, "it is said once"
    told = [one["data"] for one in await traffic.analytics.events(traffic.workspace_id) if one["type"] == "alert.raised"]
    assert [one["kind"] for one in told] == ["provider"]

    await traffic.analytics.housework.end_incidents()
    [alert] = await traffic.told()
    assert alert["resolved_at"] is None, "nothing was answered"
    await traffic.call(-120.0, model="lab/two", error=None)
    await traffic.analytics.housework.end_incidents()
    [alert] = await traffic.told()
    assert alert["resolution"] == "recovered"


REFUSED = {"type": "provider_error", "code": "provider_refused", "message": "No.", "provider_status": 400}


@pytest.mark.parametrize(
    "else_",
    [
        {"before_s": 45.0, "error": None},
        {"before_s": 45.0, "error": None, "model": "lab/two", "slug": "route", "version": 1, "label": "production"},
        {"before_s": 45.0, "error": REFUSED},
        {"before_s": 45.0, "error": {**REFUSED, "code": "output_invalid"}},
    ],
    ids=["an answer", "an answer to a prompt", "a refusal", "an answer of the wrong shape"],
)
async def test_a_provider_that_answers_something_is_not_down(traffic: Traffic, else_: dict[str, Any]) -> None:
    await traffic.call(*IN_A_ROW)
    await traffic.call(else_.pop("before_s"), **else_)
    assert await traffic.told() == []


@pytest.mark.parametrize(
    "else_",
    [
        {"before_s": 45.0, "error": None, "cached": True},
        {"before_s": 45.0, "error": None, "model": "other/one"},
        {"before_s": 45.0, "error": {**UNREACHABLE, "code": "not_admitted"}},
    ],
    ids=["our cache", "another provider", "no credit"],
)
async def test_what_says_nothing_of_a_provider_does_not_make_it_well(traffic: Traffic, else_: dict[str, Any]) -> None:
    await traffic.call(*IN_A_ROW)
    await traffic.call(else_.pop("before_s"), **else_)
    [alert] = await traffic.told()
    assert alert["after"]["failed_calls"] == 10


@pytest.mark.parametrize(
    "calls",
    [{"before_s": tuple(range(30, 60, 3))}, {"before_s": tuple(range(700, 1000, 30))}, {"before_s": IN_A_ROW, "lane": Lane.BATCH}],
    ids=["too short", "long over", "batch work"],
)
async def test_a_moment_the_past_and_batch_work_raise_nothing(traffic: Traffic, calls: dict[str, Any]) -> None:
    await traffic.call(*calls.pop("before_s"), **calls)
    assert await traffic.told() == []


async def test_a_refused_key_counts_and_a_rule_that_is_off_says_nothing(traffic: Traffic) -> None:
    await traffic.analytics.rows("INSERT INTO alert_rules (workspace_id, slug, enabled) VALUES ($1, '', false)", traffic.workspace_id)
    await traffic.call(*IN_A_ROW, error={**REFUSED, "provider_status": 401})
    assert await traffic.told() == []
    await traffic.analytics.rows("UPDATE alert_rules SET enabled = true WHERE workspace_id = $1", traffic.workspace_id)
    [alert] = await traffic.told()
    assert alert["after"]["http_status"] == 401 and "provider_refused with status 401" in alert["summary"]


async def test_an_alert_of_which_nobody_makes_a_call_any_more_ends_after_a_day(traffic: Traffic) -> None:
    await traffic.call(*IN_A_ROW)
    [alert] = await traffic.told()
    await traffic.analytics.rows("UPDATE alerts SET raised_at = raised_at - interval '25 hours' WHERE alert_id = $1", alert["alert_id"])
    await traffic.analytics.housework.end_incidents()
    [alert] = [one for one in await traffic.analytics.alerts(traffic.workspace_id) if one["kind"] == "provider"]
    assert alert["resolved_at"] is None, "calls failed within the day"
    await traffic.analytics.rows(
        "UPDATE rollups SET bucket = bucket - interval '2 days' WHERE workspace_id = $1 AND grain = 'hour'", traffic.workspace_id
    )
    await traffic.analytics.housework.end_incidents()
    [alert] = [one for one in await traffic.analytics.alerts(traffic.workspace_id) if one["kind"] == "provider"]
    assert alert["resolved_at"] is not None


def tried(model: str = "lab/one", code: str | None = "provider_unreachable", **more: Any) -> dict[str, Any]:
    """As the executor keeps an attempt: what is not said is left out."""
    status = "success" if code is None else "error"
    said = {} if code is None else {"code": code}
    return {"model": model, "provider": model.partition("/")[0], "status": status, "latency_ms": 5} | said | more


SAVED = [tried(), tried(), tried("other/one", None)]


async def test_a_provider_whose_calls_a_fallback_answers_is_told_of(traffic: Traffic) -> None:
    """Such a call is booked on the fallback's model; two attempts at one provider are one call."""
    answered: dict[str, Any] = {"model": "other/one", "error": None, "attempts": SAVED}
    await traffic.call(*IN_A_ROW[1:], **answered)
    assert await traffic.told() == [], "nine are too few"
    await traffic.call(IN_A_ROW[0], **answered)
    [alert] = await traffic.told()
    assert (alert["subject"], alert["after"]["failed_calls"], alert["after"]["saved_calls"]) == ("lab", 10, 10), alert
    assert (alert["after"]["code"], alert["changed"]["models"]) == ("provider_unreachable", "lab/one")
    assert "Fallbacks answered all of them" in alert["summary"]

    await traffic.analytics.rows("UPDATE alerts SET raised_at = raised_at - interval '25 hours' WHERE alert_id = $1", alert["alert_id"])
    await traffic.analytics.housework.end_incidents()
    [alert] = await traffic.told()
    assert alert["resolved_at"] is None, "it is asked, though no call is booked on it"
    await traffic.call(-120.0, error=None)
    await traffic.analytics.housework.end_incidents()
    [alert] = await traffic.told()
    assert alert["resolution"] == "recovered"


async def test_a_provider_whose_answers_are_not_counted_yet_is_not_down(traffic: Traffic) -> None:
    """As after a standstill of NATS or of analytics: what was tried is read in the books, and what was answered at once in figures."""
    await traffic.call(*IN_A_ROW, model="other/one", error=None, attempts=SAVED, is_counted=False)
    await traffic.call(45.0, error=None, is_counted=False)
    assert await traffic.told() == []


async def test_calls_that_nobody_saved_and_those_of_which_the_fallback_failed_count_too(traffic: Traffic) -> None:
    await traffic.call(*IN_A_ROW[:4], attempts=[tried()])
    await traffic.call(*IN_A_ROW[4:7], model="other/one", attempts=[tried(), tried("other/one")])
    await traffic.call(*IN_A_ROW[7:], model="other/one", error=None, attempts=SAVED)
    [alert] = await traffic.told()
    assert (alert["subject"], alert["after"]["failed_calls"], alert["after"]["saved_calls"]) == ("lab", 10, 3), alert
    assert "Fallbacks answered 3 of them" in alert["summary"]


@pytest.mark.parametrize(
    "attempt",
    [
        tried(code="provider_refused", http_status=400),
        tried(code="output_invalid", status="output_invalid", http_status=200),
        tried(code=None, http_status=200),
    ],
    ids=["a refusal", "an answer of the wrong shape", "an answer"],
)
async def test_an_attempt_that_was_answered_says_that_a_provider_is_there(traffic: Traffic, attempt: dict[str, Any]) -> None:
    await traffic.call(*IN_A_ROW, model="other/one", error=None, attempts=SAVED)
    await traffic.call(45.0, model="other/one", error=None, attempts=[attempt, tried("other/one", None)])
    assert await traffic.told() == []


@pytest.mark.parametrize("attempt", [tried(code="no_provider_key"), tried(code=None, status="error")], ids=["no key", "an older record"])
async def test_an_attempt_that_says_nothing_of_a_provider_raises_nothing(traffic: Traffic, attempt: dict[str, Any]) -> None:
    await traffic.call(*IN_A_ROW, model="other/one", error=None, attempts=[attempt, tried("other/one", None)])
    assert await traffic.told() == []


MADE = 5000
OLD = """
INSERT INTO executions (execution_id, workspace_id, fence, lane, status, model, provider, input_tokens, output_tokens, cached_input_tokens,
                        usage_source, cost_nusd, latency_ms, cached, error, finished_at, attempts)
SELECT overlay(moment_bound(at)::text PLACING lpad(to_hex(n), 12, '0') FROM 25)::uuid, $1, 1, 'interactive', 'error', 'lab/one', 'lab', 1,
       1, 0, 'provider', 0, 5, false, $2::text::jsonb, at, $3::text::jsonb
  FROM generate_series(1, $4::integer) n CROSS JOIN LATERAL (SELECT now() - interval '2 days' - n * interval '1 minute' AS at) t"""

READ = "SELECT sum(seq_tup_read + idx_tup_fetch)::integer AS read FROM pg_stat_xact_user_tables WHERE relname LIKE 'executions%'"


async def test_what_failed_long_ago_is_not_read_again_each_time(traffic: Traffic) -> None:
    await traffic.analytics.rows(OLD, traffic.workspace_id, json.dumps(UNREACHABLE), json.dumps([tried()]), MADE)
    await traffic.call(*IN_A_ROW, model="other/one", error=None, attempts=SAVED)
    [alert] = await traffic.told()
    await traffic.analytics.rows("UPDATE alerts SET raised_at = raised_at - interval '25 hours' WHERE alert_id = $1", alert["alert_id"])
    await traffic.analytics.rows("ANALYZE executions")
    for asked in ("providers_not_answering(10, '2 minutes', 100)", "alerts_over(100)"):
        async with as_superuser(traffic.analytics.superuser_url) as connection, connection.transaction():
            await connection.fetch(f"SELECT * FROM {asked}")
            assert await connection.fetchval(READ) < MADE / 2, f"{asked}: others leave failures of now, but of the old ones none is read"


FEW = 3
SCANS = "SELECT coalesce(sum(seq_scan + idx_scan), 0)::integer FROM pg_stat_xact_user_tables WHERE relname = $1"


@pytest.mark.parametrize(
    ("asked", "table"),
    [("providers_not_answering(10, '2 minutes', 100)", "rollups_minute"), ("allowances_due(this_month(), 100)", "accounts")],
)
async def test_what_fails_or_is_due_is_looked_for_without_going_to_each_workspace(
    traffic: Traffic, new_workspace: Callable[..., Awaitable[Workspace]], asked: str, table: str
) -> None:
    async def scans() -> int:
        await traffic.analytics.rows("ANALYZE")
        async with as_superuser(traffic.analytics.superuser_url) as connection, connection.transaction():
            had = await connection.fetchval(SCANS, table)  # What this connection did before, and has not told the server yet.
            await connection.fetch(f"SELECT * FROM {asked}")
            return int(await connection.fetchval(SCANS, table) - had)

    before = await scans()  # Of workspaces in which calls failed, as tests before have left them.
    for _ in range(20):
        await new_workspace()
    assert await scans() <= before + FEW


NO_WORD_OF_IT = {
    FailureKind.CANCELLED, FailureKind.INTERRUPTED, FailureKind.CUT_SHORT, FailureKind.EGRESS, FailureKind.NOT_ADMITTED, FailureKind.NO_KEY,
    FailureKind.KEYS_UNKNOWN,
}  # fmt: skip


async def test_every_way_in_which_a_call_fails_is_weighed(analytics: Analytics) -> None:
    for kind in FailureKind:
        said = json.dumps({"code": kind.value[1]})
        [row] = await analytics.rows("SELECT says_down($1::text::jsonb) AS down", said)
        assert row["down"] is (None if kind in NO_WORD_OF_IT else True), kind
