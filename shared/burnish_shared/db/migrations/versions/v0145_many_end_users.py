"""Budgets for each of many end users: see sql/0145_many_end_users.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0145"
down_revision = "0141"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0145_many_end_users.sql")


def downgrade() -> None:
    run_sql("0145_many_end_users.down.sql")
