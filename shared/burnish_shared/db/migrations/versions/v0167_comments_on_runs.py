"""Comments on executions, sessions and runs of chains: see sql/0167_comments_on_runs.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0167"
down_revision = "0166"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0167_comments_on_runs.sql")


def downgrade() -> None:
    run_sql("0167_comments_on_runs.down.sql")
