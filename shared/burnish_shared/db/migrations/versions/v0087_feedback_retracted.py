"""News of feedback that was taken back: see sql/0087_feedback_retracted.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0087"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0087_feedback_retracted.sql")


def downgrade() -> None:
    run_sql("0087_feedback_retracted.down.sql")
