"""Which days of end users are to be counted: see sql/0036_days_of_end_users.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0036_days_of_end_users.sql")


def downgrade() -> None:
    run_sql("0036_days_of_end_users.down.sql")
