"""Filters of live evaluations, and scorings of past executions: see sql/0130_live_filters.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0130"
down_revision = "0127"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0130_live_filters.sql")


def downgrade() -> None:
    run_sql("0130_live_filters.down.sql")
