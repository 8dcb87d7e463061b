"""Batches, their files and lines: see sql/0027_batches.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0027"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0027_batches.sql")


def downgrade() -> None:
    run_sql("0027_batches.down.sql")
