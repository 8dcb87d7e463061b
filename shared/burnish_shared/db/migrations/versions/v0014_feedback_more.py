"""More ways for feedback to come in: see sql/0014_feedback_more.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0014_feedback_more.sql")


def downgrade() -> None:
    run_sql("0014_feedback_more.down.sql")
