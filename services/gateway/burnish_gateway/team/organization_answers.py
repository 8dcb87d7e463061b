"""What callers are told about organizations and about the settings of a workspace."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel

from burnish_gateway.access.people_answers import OwnWorkspace, RoleName


class WorkspacePage(BaseModel):
    data: list[OwnWorkspace]
    next_cursor: str | None


class NewWorkspaceAnswer(BaseModel):
    """`api_key`: an admin key of the new workspace, shown this once."""

    id: UUID
    organization_id: UUID
    name: str
    api_key: str


class NewOrganizationAnswer(BaseModel):
    """`api_key`: an admin key of the home workspace, shown this once."""

    id: UUID
    name: str
    plan: str
    home_workspace_id: UUID
    api_key: str


class PlanLimits(BaseModel):
    """What the organization's plan allows each workspace."""

    plan: str
    rate_limit_per_minute: int
    token_limit_per_minute: int | None
    concurrency: int
    retention_days: int
    platform_keys: bool


class WorkspaceAnswer(BaseModel):
    """`rate_limit_per_minute`, `token_limit_per_minute` null: the plan's. `limits`: what no setting can exceed."""

    id: UUID
    organization_id: UUID
    name: str
    rate_limit_per_minute: int | None
    token_limit_per_minute: int | None
    store_content: bool
    retention_days: int
    legal_hold: bool
    platform_keys: bool
    only_admins_change_prompts: bool
    share_statistics: bool
    cache_mode: str
    cache_ttl_s: int
    response_shape: str
    protected_labels: list[str]
    own_approval: bool
    test_run_gate: bool
    gate_evaluator_id: UUID | None
    gate_min_score: float
    min_samples: int
    confidence: float
    examples_in_prompts: bool
    suspended_at: datetime | None
    created_at: datetime
    limits: PlanLimits


class OrganizationSummary(BaseModel):
    """`governs`: whether the caller is an admin of its home workspace, and so of the organization."""

    id: UUID
    name: str
    plan: str
    home_workspace_id: UUID
    governs: bool


class OrganizationPage(BaseModel):
    data: list[OrganizationSummary]
    next_cursor: str | None


class OrganizationWorkspace(BaseModel):
    id: UUID
    name: str
    created_at: datetime
    suspended_at: datetime | None
    members: int


class OrganizationMembership(BaseModel):
    user_id: UUID
    email: str | None
    name: str
    workspace_id: UUID
    role: RoleName


class OrganizationAnswer(OrganizationSummary):
    """`workspaces` and `members` are told to those who govern it; null for others."""

    created_at: datetime
    workspaces: list[OrganizationWorkspace] | None
    members: list[OrganizationMembership] | None


def workspace_answer(row: Record, plan: Record) -> WorkspaceAnswer:
    limits = PlanLimits(
        plan=plan["plan"], rate_limit_per_minute=plan["rate_limit_per_minute"],
        token_limit_per_minute=plan["token_limit_per_minute"], concurrency=plan["concurrency"],
        retention_days=plan["retention_days_most"], platform_keys=plan["platform_keys"],
    )  # fmt: skip
    return WorkspaceAnswer(
        id=row["workspace_id"], limits=limits, **{name: row[name] for name in WorkspaceAnswer.model_fields if name in row}
    )


def organization_workspace(row: Record) -> OrganizationWorkspace:
    return OrganizationWorkspace(
        id=row["workspace_id"], name=row["name"], created_at=row["created_at"], suspended_at=row["suspended_at"], members=row["members"]
    )
