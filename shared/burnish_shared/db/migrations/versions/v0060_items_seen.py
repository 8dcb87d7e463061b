"""Who saw an item that is deleted: see sql/0060_items_seen.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0060_items_seen.sql")


def downgrade() -> None:
    run_sql("0060_items_seen.down.sql")
