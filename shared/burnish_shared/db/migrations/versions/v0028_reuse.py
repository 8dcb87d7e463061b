"""Answers that are given again, response shapes, groups of messages without a prompt: see sql/0028_reuse.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0028_reuse.sql")


def downgrade() -> None:
    run_sql("0028_reuse.down.sql")
