"""Arms of experiments in rollups: see sql/0118_rollups_of_arms.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0118"
down_revision = "0116"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0118_rollups_of_arms.sql")


def downgrade() -> None:
    run_sql("0118_rollups_of_arms.down.sql")
