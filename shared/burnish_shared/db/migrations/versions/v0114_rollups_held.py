"""Rollups of workspaces under a legal hold stay: see sql/0114_rollups_held.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0114"
down_revision = "0112"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0114_rollups_held.sql")


def downgrade() -> None:
    run_sql("0114_rollups_held.down.sql")
