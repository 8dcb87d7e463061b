"""Batches ask more endpoints: see sql/0109_batches_of_more_endpoints.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0109"
down_revision = "0108"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0109_batches_of_more_endpoints.sql")


def downgrade() -> None:
    run_sql("0109_batches_of_more_endpoints.down.sql")
