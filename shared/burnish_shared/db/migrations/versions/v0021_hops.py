"""Rounds of webhook and API, and the prompt of a budget: see sql/0021_hops.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0021_hops.sql")


def downgrade() -> None:
    run_sql("0021_hops.down.sql")
