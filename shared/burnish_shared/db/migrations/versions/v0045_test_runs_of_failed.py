"""Test runs of what another one answered wrongly: see sql/0045_test_runs_of_failed.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0045"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0045_test_runs_of_failed.sql")


def downgrade() -> None:
    run_sql("0045_test_runs_of_failed.down.sql")
