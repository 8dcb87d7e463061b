"""Targets of speed and cost: see sql/0094_targets.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0094_targets.sql")


def downgrade() -> None:
    run_sql("0094_targets.down.sql")
