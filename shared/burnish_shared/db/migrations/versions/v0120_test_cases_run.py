"""Test runs over the test cases of a version: see sql/0120_test_cases_run.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0120"
down_revision = "0118"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0120_test_cases_run.sql")


def downgrade() -> None:
    run_sql("0120_test_cases_run.down.sql")
