"""Dead letters for the operator, headers of attempts, dismissed deliveries: see sql/0103_bus_and_deliveries.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0103"
down_revision = "0102"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0103_bus_and_deliveries.sql")


def downgrade() -> None:
    run_sql("0103_bus_and_deliveries.down.sql")
