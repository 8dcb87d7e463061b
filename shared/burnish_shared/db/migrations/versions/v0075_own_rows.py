"""An executor knows the rows that it made: see sql/0075_own_rows.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0075_own_rows.sql")


def downgrade() -> None:
    run_sql("0075_own_rows.down.sql")
