"""Feedback can be taken back: see sql/0082_taken_back.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0082"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0082_taken_back.sql")


def downgrade() -> None:
    run_sql("0082_taken_back.down.sql")
