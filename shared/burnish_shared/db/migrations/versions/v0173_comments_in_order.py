"""Comments on what was run are deleted in one order, and erased in bounded time: see sql/0173_comments_in_order.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0173"
down_revision = "0170"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0173_comments_in_order.sql")


def downgrade() -> None:
    run_sql("0173_comments_in_order.down.sql")
