"""Scores on live traffic: see sql/0017_live_scores.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0017_live_scores.sql")


def downgrade() -> None:
    run_sql("0017_live_scores.down.sql")
