"""Items without a right answer: see sql/0127_open_items.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0127"
down_revision = "0126"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0127_open_items.sql")


def downgrade() -> None:
    run_sql("0127_open_items.down.sql")
