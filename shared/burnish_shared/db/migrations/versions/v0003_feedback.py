"""Tables of feedback: see sql/0003_feedback.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0003_feedback.sql")


def downgrade() -> None:
    run_sql("0003_feedback.down.sql")
