"""The trace of an execution: see sql/0049_traces.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0049_traces.sql")


def downgrade() -> None:
    run_sql("0049_traces.down.sql")
