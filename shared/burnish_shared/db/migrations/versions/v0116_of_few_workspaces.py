"""Looks for what is due or fails that do not go to each workspace: see sql/0116_of_few_workspaces.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0116"
down_revision = "0115"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0116_of_few_workspaces.sql")


def downgrade() -> None:
    run_sql("0116_of_few_workspaces.down.sql")
