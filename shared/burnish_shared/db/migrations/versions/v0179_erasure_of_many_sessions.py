"""An erasure finds executions in many sessions by looking them up: see sql/0179_erasure_of_many_sessions.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0179"
down_revision = "0173"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0179_erasure_of_many_sessions.sql")


def downgrade() -> None:
    run_sql("0179_erasure_of_many_sessions.down.sql")
