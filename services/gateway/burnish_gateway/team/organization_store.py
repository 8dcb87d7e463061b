"""Organizations, and the settings of workspaces, in SQL."""

from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

WORKSPACE = (
    "SELECT w.workspace_id, w.organization_id, w.name, w.rate_limit_per_minute, w.token_limit_per_minute, w.store_content, "
    "w.retention_days, w.legal_hold, "
    "w.platform_keys, w.only_admins_change_prompts, w.share_statistics, w.cache_mode, w.cache_ttl_s, w.response_shape, "
    "w.protected_labels, w.own_approval, w.test_run_gate, w.gate_evaluator_id, w.gate_min_score, w.min_samples, w.confidence, "
    "w.examples_in_prompts, w.suspended_at, w.created_at FROM workspaces w "
    "WHERE w.workspace_id = $1"
)

SETTINGS = (
    "name", "rate_limit_per_minute", "token_limit_per_minute", "store_content", "retention_days", "legal_hold", "platform_keys",
    "only_admins_change_prompts",
    "share_statistics", "cache_mode", "cache_ttl_s", "response_shape", "protected_labels", "own_approval", "test_run_gate",
    "gate_evaluator_id", "gate_min_score", "min_samples", "confidence", "examples_in_prompts",
)  # fmt: skip
"""Columns of a workspace that its admins may change."""


async def has_plan(tx: Tx, plan: str) -> bool:
    found: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM plans WHERE plan = $1)", plan)
    return found


async def find_plan(tx: Tx, plan: str) -> Record | None:
    """What the plan allows a workspace: retention_days_most, rate_limit_per_minute, token_limit_per_minute, concurrency, platform_keys."""
    return await tx.fetchrow(
        "SELECT plan, name, retention_days_most, rate_limit_per_minute, token_limit_per_minute, concurrency, platform_keys FROM plans "
        "WHERE plan = $1",
        plan,
    )


async def create_organization(tx: Tx, *, organization_id: UUID, workspace_id: UUID, name: str, plan: str, founder: UUID | None) -> None:
    """With its home workspace and an empty credit account. Needs no tenant.

    `founder`: who founds it on their own; only the first one of a person brings what the plan gives. None: the operator founds it.
    """
    await tx.fetchval("SELECT create_organization($1, $2, $3, $4, $5)", organization_id, workspace_id, name, plan, founder)


async def lock_workspace_count(tx: Tx, organization_id: UUID) -> Record | None:
    """plan, workspaces_most, and how many there are now; nobody makes another one before this transaction ends."""
    return await tx.fetchrow("SELECT plan, workspaces_most, workspaces FROM lock_workspace_count($1)", organization_id)


async def begin_plan(tx: Tx, *, organization_id: UUID, workspace_id: UUID) -> None:
    """What the plan gives in this month: credit, and free use of the operator's keys. Repeating gives nothing twice."""
    await tx.execute("SELECT begin_plan($1, $2)", organization_id, workspace_id)


async def find_organization(tx: Tx, organization_id: UUID) -> Record | None:
    """The transaction must be the organization's."""
    return await tx.fetchrow(
        "SELECT organization_id, name, plan, home_workspace_id, created_at FROM organizations WHERE organization_id = $1", organization_id
    )


async def rename_organization(tx: Tx, organization_id: UUID, name: str) -> None:
    """The transaction must be the organization's."""
    await tx.execute("UPDATE organizations SET name = $2 WHERE organization_id = $1", organization_id, name)


async def workspaces_of(tx: Tx, organization_id: UUID) -> list[Record]:
    """All workspaces of an organization, the oldest first, for those who govern it."""
    return list(await tx.fetch("SELECT * FROM workspaces_of($1)", organization_id))


async def members_of_organization(tx: Tx, organization_id: UUID) -> list[Record]:
    """user_id, email, name, workspace_id and role of each membership, for those who govern the organization."""
    return list(await tx.fetch("SELECT * FROM members_of_organization($1)", organization_id))


async def find_workspace_settings(tx: Tx, workspace_id: UUID) -> Record | None:
    return await tx.fetchrow(WORKSPACE, workspace_id)


async def lock_workspace_settings(tx: Tx, workspace_id: UUID) -> Record | None:
    return await tx.fetchrow(f"{WORKSPACE} FOR NO KEY UPDATE", workspace_id)


async def change_workspace(tx: Tx, workspace_id: UUID, changes: dict[str, Any]) -> None:
    """`changes`: of SETTINGS only."""
    columns = [column for column in SETTINGS if column in changes]
    assignments = ", ".join(f"{column} = ${place}" for place, column in enumerate(columns, 2))
    await tx.execute(f"UPDATE workspaces SET {assignments} WHERE workspace_id = $1", workspace_id, *(changes[one] for one in columns))
