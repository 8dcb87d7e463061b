"""Absolute targets of alert rules: see sql/0135_alert_targets.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0135"
down_revision = "0134"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0135_alert_targets.sql")


def downgrade() -> None:
    run_sql("0135_alert_targets.down.sql")
