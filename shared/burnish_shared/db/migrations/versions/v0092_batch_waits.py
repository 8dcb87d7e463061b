"""Batches say what they wait for: see sql/0092_batch_waits.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0092_batch_waits.sql")


def downgrade() -> None:
    run_sql("0092_batch_waits.down.sql")
