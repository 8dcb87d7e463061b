"""Events of budgets say which budget it is: see sql/0022_budget_names.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0022_budget_names.sql")


def downgrade() -> None:
    run_sql("0022_budget_names.down.sql")
