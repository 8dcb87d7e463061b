"""Channels and notices of alerts, mutes, more kinds of alerts: see sql/0015_alerting.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0015_alerting.sql")


def downgrade() -> None:
    run_sql("0015_alerting.down.sql")
