"""Test runs that pause and belong together, and items that were made up: see sql/0046_datasets.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0046_datasets.sql")


def downgrade() -> None:
    run_sql("0046_datasets.down.sql")
