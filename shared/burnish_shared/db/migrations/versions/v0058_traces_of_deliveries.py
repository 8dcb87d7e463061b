"""The trace of each webhook delivery: see sql/0058_traces_of_deliveries.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0058_traces_of_deliveries.sql")


def downgrade() -> None:
    run_sql("0058_traces_of_deliveries.down.sql")
