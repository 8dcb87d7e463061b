"""Clarifying sessions and content jobs: see sql/0050_clarifications.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0050_clarifications.sql")


def downgrade() -> None:
    run_sql("0050_clarifications.down.sql")
