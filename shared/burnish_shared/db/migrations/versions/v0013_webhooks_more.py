"""Webhooks: conditions, headers, throttle, order, key pairs, statistics, replay of a range: see sql/0013_webhooks_more.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0013_webhooks_more.sql")


def downgrade() -> None:
    run_sql("0013_webhooks_more.down.sql")
