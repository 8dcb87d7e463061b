"""Chains, their versions, labels and runs: see sql/0041_chains.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0041_chains.sql")


def downgrade() -> None:
    run_sql("0041_chains.down.sql")
