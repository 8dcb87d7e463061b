"""The same of days that were closed before: see sql/0126_simulated_usage_of_before.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0126"
down_revision = "0125"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0126_simulated_usage_of_before.sql")


def downgrade() -> None:
    run_sql("0126_simulated_usage_of_before.down.sql")
