"""Searches that rank where they find: see sql/0054_best_prompts.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0054_best_prompts.sql")


def downgrade() -> None:
    run_sql("0054_best_prompts.down.sql")
