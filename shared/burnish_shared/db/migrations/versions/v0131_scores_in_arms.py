"""Scores as a metric of experiments: see sql/0131_scores_in_arms.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0131"
down_revision = "0130"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0131_scores_in_arms.sql")


def downgrade() -> None:
    run_sql("0131_scores_in_arms.down.sql")
