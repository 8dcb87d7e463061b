"""Budgets for each end user: see sql/0134_budgets_of_each_user.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0134"
down_revision = "0133"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0134_budgets_of_each_user.sql")


def downgrade() -> None:
    run_sql("0134_budgets_of_each_user.down.sql")
