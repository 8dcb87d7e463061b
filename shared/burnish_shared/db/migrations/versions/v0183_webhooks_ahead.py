"""Webhooks outlive no clock that went back: see sql/0183_webhooks_ahead.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0183"
down_revision = "0180"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0183_webhooks_ahead.sql")


def downgrade() -> None:
    run_sql("0183_webhooks_ahead.down.sql")
