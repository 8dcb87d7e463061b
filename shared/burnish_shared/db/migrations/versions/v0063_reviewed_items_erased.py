"""Items of reviewed answers that an erasure takes: see sql/0063_reviewed_items_erased.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0063_reviewed_items_erased.sql")


def downgrade() -> None:
    run_sql("0063_reviewed_items_erased.down.sql")
