"""The alert of a budget ends with it: see sql/0184_alerts_of_closed_budgets.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0184"
down_revision = "0183"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0184_alerts_of_closed_budgets.sql")


def downgrade() -> None:
    run_sql("0184_alerts_of_closed_budgets.down.sql")
