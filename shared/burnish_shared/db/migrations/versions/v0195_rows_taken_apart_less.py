"""The record's statement takes its rows apart less often: see sql/0195_rows_taken_apart_less.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0195"
down_revision = "0190"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0195_rows_taken_apart_less.sql")


def downgrade() -> None:
    run_sql("0195_rows_taken_apart_less.down.sql")
