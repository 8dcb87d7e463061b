"""Test runs of chains: see sql/0146_chains_tested.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0146"
down_revision = "0145"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0146_chains_tested.sql")


def downgrade() -> None:
    run_sql("0146_chains_tested.down.sql")
