"""Tenants for tests, made by SQL as superuser."""

from dataclasses import dataclass
from uuid import UUID

from burnish_shared.ids import new_uuid
from tests.embedded.superuser import as_superuser

TEST_CREDIT_NUSD = 100_000_000_000
"""100 dollars."""


@dataclass(frozen=True, slots=True)
class Workspace:
    workspace_id: UUID
    organization_id: UUID
    credit_account_id: int


async def make_workspace(superuser_url: str, *, credit_nusd: int = TEST_CREDIT_NUSD, name: str = "test") -> Workspace:
    """A workspace in an organization of its own with one credit account holding `credit_nusd`."""
    async with as_superuser(superuser_url) as connection:
        organization_id, workspace_id = new_uuid(), new_uuid()
        async with connection.transaction():
            account_id = await connection.fetchval("SELECT create_workspace($1, $2, true, $3)", workspace_id, organization_id, name)
            if credit_nusd:
                await connection.fetchval("SELECT grant_credit($1, $2, 'test')", workspace_id, credit_nusd)
        return Workspace(workspace_id=workspace_id, organization_id=organization_id, credit_account_id=account_id)
