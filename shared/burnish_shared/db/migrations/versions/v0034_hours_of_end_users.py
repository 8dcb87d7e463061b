"""Which hours of end users are to be looked at: see sql/0034_hours_of_end_users.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0034_hours_of_end_users.sql")


def downgrade() -> None:
    run_sql("0034_hours_of_end_users.down.sql")
