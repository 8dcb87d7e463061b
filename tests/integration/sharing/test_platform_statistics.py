"""Statistics of the platform: many contribute or nothing is said, and nobody can be subtracted."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from burnish_analytics.publish_daily import publish_statistics
from burnish_shared.clock import SetClock
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.databases import DatabaseUrls
from tests.integration.sharing.conftest import Admins

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T6")]

ZERO = ("errors", "timeouts", "rate_limited", "cancelled", "blocked", "cached", "simulated", "input_tokens", "output_tokens",
        "cached_input_tokens", "reactions", "thumbs_up", "thumbs_down", "scores", "score_sum_micro")  # fmt: skip
DAY = date(2026, 11, 10)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def analytics(module_database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = await Database.open(module_database_urls["analytics"], application_name="test-analytics", max_size=2)
    yield database
    await database.close()


async def member(
    superuser: asyncpg.Connection, *, since: datetime | None = None, until: datetime | None = None, organization: UUID | None = None
) -> UUID:
    """A workspace that shares its statistics, since long ago where nothing is said; in an organization of its own where none is named."""
    workspace_id = new_uuid()
    await superuser.execute("SELECT create_workspace($1, $2, $3, 'w')", workspace_id, organization or new_uuid(), organization is None)
    await superuser.execute("UPDATE workspaces SET share_statistics = true WHERE workspace_id = $1", workspace_id)
    await superuser.execute(
        "UPDATE statistics_members SET since = $2, until = $3 WHERE workspace_id = $1",
        workspace_id, since or datetime(2026, 1, 1, tzinfo=UTC), until,
    )  # fmt: skip
    return workspace_id


async def called(
    superuser: asyncpg.Connection, workspace_id: UUID, *, day: date = DAY, executions: int = 100, latency_ms: int = 100
) -> None:
    """A day of live traffic."""
    await superuser.execute(
        f"""INSERT INTO rollups (workspace_id, grain, bucket, slug, version, label, model, traffic, executions, successes, cost_nusd,
               latency_sum_ms, latency, first_token, {', '.join(ZERO)})
            VALUES ($1, 'day', $2, 's', 1, '', 'm', 'live', $3::bigint, $3::bigint, $3::bigint * 1000, $3::bigint * $4::bigint,
               '{{}}', '{{}}',
               {', '.join('0' for _ in ZERO)})""",
        workspace_id, datetime(day.year, day.month, day.day, tzinfo=UTC), executions, latency_ms,
    )  # fmt: skip


async def told(superuser: asyncpg.Connection, day: date, measure: str = "mean_latency_ms") -> tuple[float | None, int]:
    row = await superuser.fetchrow("SELECT value, contributors FROM platform_statistics WHERE day = $1 AND measure = $2", day, measure)
    return (row["value"], row["contributors"]) if row else (None, -1)


async def publish(superuser: asyncpg.Connection, day: date) -> int:
    return await superuser.fetchval("SELECT publish_statistics($1)", day)  # type: ignore[no-any-return]


async def clean(superuser: asyncpg.Connection) -> None:
    await superuser.execute("DELETE FROM platform_statistics")
    await superuser.execute("DELETE FROM rollups")
    await superuser.execute("DELETE FROM statistics_members")


async def test_four_say_nothing_five_say_a_median_of_two_digits(superuser: asyncpg.Connection, admin_of: Admins) -> None:
    await clean(superuser)
    for n in range(4):
        await called(superuser, await member(superuser), latency_ms=111 * (n + 1))
    await called(superuser, await member(superuser), day=DAY + timedelta(days=1), latency_ms=1)
    outsider = await admin_of("outsider")
    await called(superuser, outsider.workspace.workspace_id, latency_ms=9_999)
    assert await publish(superuser, DAY) == 7
    assert await told(superuser, DAY) == (None, 0)
    for n in range(5):
        await called(superuser, await member(superuser), day=DAY + timedelta(days=2), latency_ms=111 * (n + 1))
    await publish(superuser, DAY + timedelta(days=2))
    assert await told(superuser, DAY + timedelta(days=2)) == (330.0, 5), "333 in two digits"
    answer = await outsider("GET", "/v1/platform-statistics?days=400")
    shown = {(one["day"], one["measure"]): one for one in answer.body["data"]}
    assert shown[(str(DAY), "mean_latency_ms")] == {
        "day": str(DAY),
        "measure": "mean_latency_ms",
        "value": None,
        "contributors": "fewer than 5",
    }
    assert shown[(str(DAY + timedelta(days=2)), "mean_latency_ms")]["contributors"] == "5+"


async def test_an_organization_has_one_vote_however_many_workspaces_it_makes(superuser: asyncpg.Connection) -> None:
    await clean(superuser)
    first = await member(superuser)
    organization = await superuser.fetchval("SELECT organization_id FROM workspaces WHERE workspace_id = $1", first)
    flood = [first, *[await member(superuser, organization=organization) for _ in range(9)]]
    others = [await member(superuser) for _ in range(4)]
    for day, votes in ((DAY, others[:3]), (DAY + timedelta(days=1), others)):
        for one in flood:
            await called(superuser, one, day=day, executions=2, latency_ms=9_000)
        for n, one in enumerate(votes):
            await called(superuser, one, day=day, latency_ms=100 * (n + 1))
        await publish(superuser, day)
    assert await told(superuser, DAY) == (None, 0), "four organizations say nothing"
    assert await told(superuser, DAY + timedelta(days=1)) == (300.0, 5), "2 calls of each of ten workspaces are the 20 of one vote"


async def test_a_day_counts_for_who_shared_all_of_it(superuser: asyncpg.Connection) -> None:
    await clean(superuser)
    midday = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    members = [await member(superuser) for _ in range(4)]
    members.append(await member(superuser, since=midday))
    members.append(await member(superuser, until=midday))
    for one in members:
        await called(superuser, one)
    await publish(superuser, DAY)
    assert await told(superuser, DAY) == (None, 0)


async def test_joining_and_leaving_is_noted_when_it_happens(superuser: asyncpg.Connection) -> None:
    workspace_id = await member(superuser)
    await superuser.execute("UPDATE workspaces SET share_statistics = false WHERE workspace_id = $1", workspace_id)
    await superuser.execute("UPDATE workspaces SET share_statistics = true WHERE workspace_id = $1", workspace_id)
    row = await superuser.fetchrow("SELECT since, until FROM statistics_members WHERE workspace_id = $1", workspace_id)
    assert row["until"] is None and datetime.now(UTC) - row["since"] < timedelta(minutes=1), "a break begins anew"


async def test_a_published_day_never_changes_whatever_a_workspace_does_later(superuser: asyncpg.Connection) -> None:
    await clean(superuser)
    members = [await member(superuser) for _ in range(6)]
    for n, one in enumerate(members):
        await called(superuser, one, latency_ms=100 * (n + 1))
    await publish(superuser, DAY)
    before = [dict(row) for row in await superuser.fetch("SELECT * FROM platform_statistics ORDER BY measure")]
    for one in members:
        await superuser.execute("UPDATE workspaces SET share_statistics = false WHERE workspace_id = $1", one)
        await superuser.execute("DELETE FROM rollups WHERE workspace_id = $1", one)
        assert await publish(superuser, DAY) == 0
        assert [dict(row) for row in await superuser.fetch("SELECT * FROM platform_statistics ORDER BY measure")] == before


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.integers(1, 1_000_000), min_size=5, max_size=9), heavy=st.integers(0, 8), newcomer=st.integers(1, 1_000_000))
async def test_nobody_can_be_subtracted(superuser: asyncpg.Connection, values: list[int], heavy: int, newcomer: int) -> None:
    """The attack: know everybody but one, or compare the day before somebody joined with the day after.

    What comes out lies between the two middle values of the others, whatever the one did and however much it called.
    """
    await clean(superuser)
    members = [await member(superuser) for _ in values]
    joined = await member(superuser, since=datetime(DAY.year, DAY.month, DAY.day, 0, 0, 1, tzinfo=UTC))
    for n, (one, value) in enumerate(zip(members, values, strict=True)):
        for day in (DAY, DAY + timedelta(days=1)):
            await called(superuser, one, day=day, executions=10**6 if n == heavy else 20, latency_ms=value)
    for day in (DAY, DAY + timedelta(days=1)):
        await called(superuser, joined, day=day, latency_ms=newcomer)
        await publish(superuser, day)
    first, second = await told(superuser, DAY), await told(superuser, DAY + timedelta(days=1))
    assert first == (two_digits(median(values)), 5)
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    lower, upper = ordered[max(0, (len(ordered) - 1) // 2 - 1)], ordered[min(len(ordered) - 1, len(ordered) // 2 + 1)]
    assert second[0] is not None and two_digits(min(low, lower)) <= second[0] <= two_digits(max(high, upper))
    assert second[1] in (5, 10) and first[1] == 5


def two_digits(value: float) -> float:
    exact = Decimal(value)
    return float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), ROUND_HALF_UP))


async def test_only_days_that_are_over_are_published_and_each_once(analytics: Database, superuser: asyncpg.Connection) -> None:
    await clean(superuser)
    clock = SetClock(datetime(2026, 11, 15, 3, tzinfo=UTC))
    assert await publish_statistics(analytics, clock) == 3 * 7, "three days back, the newest of them settled since six hours"
    assert await publish_statistics(analytics, clock) == 0
    days = [row["day"] for row in await superuser.fetch("SELECT DISTINCT day FROM platform_statistics ORDER BY 1")]
    assert days == [date(2026, 11, 11), date(2026, 11, 12), date(2026, 11, 13)]
    with pytest.raises(asyncpg.PostgresError, match="when it is over"):
        await publish(superuser, datetime.now(UTC).date())
