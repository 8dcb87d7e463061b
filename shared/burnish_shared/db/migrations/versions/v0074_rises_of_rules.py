"""Rules say what rise of errors, latency and cost is an alert: see sql/0074_rises_of_rules.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0074_rises_of_rules.sql")


def downgrade() -> None:
    run_sql("0074_rises_of_rules.down.sql")
