"""News of feedback that was taken back: see sql/0085_feedback_retracted.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0085_feedback_retracted.sql")


def downgrade() -> None:
    run_sql("0085_feedback_retracted.down.sql")
