"""Tables of budgets, months and statements: see sql/0007_money.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0007_money.sql")


def downgrade() -> None:
    run_sql("0007_money.down.sql")
