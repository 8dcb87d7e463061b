"""Purging a prompt erases its answers in chains under test: see sql/0158_purged_in_chains.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0158"
down_revision = "0155"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0158_purged_in_chains.sql")


def downgrade() -> None:
    run_sql("0158_purged_in_chains.down.sql")
