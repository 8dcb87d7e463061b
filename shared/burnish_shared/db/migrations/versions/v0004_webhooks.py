"""Tables of webhooks: see sql/0004_webhooks.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0004_webhooks.sql")


def downgrade() -> None:
    run_sql("0004_webhooks.down.sql")
