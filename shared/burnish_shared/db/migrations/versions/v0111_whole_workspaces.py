"""Figures of whole workspaces, and until when everything is counted: see sql/0111_whole_workspaces.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0111"
down_revision = "0110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0111_whole_workspaces.sql")


def downgrade() -> None:
    run_sql("0111_whole_workspaces.down.sql")
