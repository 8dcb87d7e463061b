"""Sums by experiment and unit, figures by the minute, sessions: see sql/0020_rollups.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0020_rollups.sql")


def downgrade() -> None:
    run_sql("0020_rollups.down.sql")
