"""Admission and record do less for each batch: see sql/0195_fewer_turns.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0195"
down_revision = "0190"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0195_fewer_turns.sql")


def downgrade() -> None:
    run_sql("0195_fewer_turns.down.sql")
