"""What was asked with items that are deleted: see sql/0059_items_asked.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0059_items_asked.sql")


def downgrade() -> None:
    run_sql("0059_items_asked.down.sql")
