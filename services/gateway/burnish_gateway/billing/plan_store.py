"""Plans in SQL. They are one list for the installation, not a tenant's."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from asyncpg import Record

from burnish_gateway.billing.plan import PlanBody
from burnish_shared.db.session import Tx

COLUMNS = (
    "plan, name, rate_limit_per_minute, token_limit_per_minute, concurrency, workspaces_most, base_fee_nusd, base_credit_nusd, "
    "overage_nusd, "
    "optimization_fee_nusd, retention_days_most, platform_keys, platform_allowance_nusd, platform_markup_percent, updated_at"
)


async def list_plans(tx: Tx) -> Sequence[Record]:
    """All of them, by name; an installation has a handful."""
    return await tx.fetch(f"SELECT {COLUMNS} FROM plans ORDER BY plan LIMIT 1000")


async def find_plan(tx: Tx, plan: str) -> Record | None:
    return await tx.fetchrow(f"SELECT {COLUMNS} FROM plans WHERE plan = $1", plan)


async def save_plan(tx: Tx, plan: str, body: PlanBody) -> Record:
    """Makes or replaces it."""
    fields = body.model_dump()
    names = ", ".join(fields)
    places = ", ".join(f"${number}" for number in range(2, len(fields) + 2))
    sets = ", ".join(f"{name} = excluded.{name}" for name in fields)
    row = await tx.fetchrow(
        f"INSERT INTO plans (plan, {names}) VALUES ($1, {places}) "
        f"ON CONFLICT (plan) DO UPDATE SET {sets}, updated_at = clock_timestamp() RETURNING {COLUMNS}",
        plan,
        *fields.values(),
    )
    assert row is not None  # noqa: S101 – INSERT … RETURNING without DO NOTHING
    return row


async def set_plan(tx: Tx, organization_id: UUID, plan: str) -> Record | None:
    """The organization's plan before, its home workspace, and base credit granted by the change. None: no such organization."""
    return await tx.fetchrow(
        "SELECT before, home_workspace_id, granted_nusd FROM set_plan($1, $2) WHERE before IS NOT NULL", organization_id, plan
    )


async def find_month(tx: Tx, month: date) -> Record | None:
    """What this workspace, as the home of an organization, was given in a month."""
    return await tx.fetchrow("SELECT plan, base_fee_nusd, base_credit_nusd FROM plan_months WHERE month = $1", month)
