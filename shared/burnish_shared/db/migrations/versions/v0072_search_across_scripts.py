"""Searches find words of every script: see sql/0072_search_across_scripts.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0072_search_across_scripts.sql")


def downgrade() -> None:
    run_sql("0072_search_across_scripts.down.sql")
