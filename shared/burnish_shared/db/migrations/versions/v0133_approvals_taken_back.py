"""Approvals that were taken back stay told: see sql/0133_approvals_taken_back.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0133"
down_revision = "0131"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0133_approvals_taken_back.sql")


def downgrade() -> None:
    run_sql("0133_approvals_taken_back.down.sql")
