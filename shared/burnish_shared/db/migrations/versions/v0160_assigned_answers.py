"""An answer of the review queue may be asked of one member: see sql/0160_assigned_answers.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0160"
down_revision = "0159"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0160_assigned_answers.sql")


def downgrade() -> None:
    run_sql("0160_assigned_answers.down.sql")
