"""Items of datasets that are corrected or taken out: see sql/0062_items_corrected.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0062_items_corrected.sql")


def downgrade() -> None:
    run_sql("0062_items_corrected.down.sql")
