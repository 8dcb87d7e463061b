"""How much of a day's usage simulated models made: see sql/0125_simulated_usage.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0125"
down_revision = "0124"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0125_simulated_usage.sql")


def downgrade() -> None:
    run_sql("0125_simulated_usage.down.sql")
