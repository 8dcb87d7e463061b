"""Batches ask messages: see sql/0110_batches_of_messages.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0110"
down_revision = "0109"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0110_batches_of_messages.sql")


def downgrade() -> None:
    run_sql("0110_batches_of_messages.down.sql")
