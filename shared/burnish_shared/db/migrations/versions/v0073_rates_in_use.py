"""How much of their limits of requests a workspace and its API keys use now: see sql/0073_rates_in_use.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0073_rates_in_use.sql")


def downgrade() -> None:
    run_sql("0073_rates_in_use.down.sql")
