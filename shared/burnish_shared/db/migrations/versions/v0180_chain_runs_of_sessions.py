"""An erasure takes runs of chains in the person's sessions too: see sql/0180_chain_runs_of_sessions.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0180"
down_revision = "0179"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0180_chain_runs_of_sessions.sql")


def downgrade() -> None:
    run_sql("0180_chain_runs_of_sessions.down.sql")
