"""Executions listed by experiment: see sql/0065_executions_by_experiment.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0065_executions_by_experiment.sql")


def downgrade() -> None:
    run_sql("0065_executions_by_experiment.down.sql")
