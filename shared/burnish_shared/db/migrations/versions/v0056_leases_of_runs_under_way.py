"""A gateway renews the leases of runs of chains that it works on: see sql/0056_leases_of_runs_under_way.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0056_leases_of_runs_under_way.sql")


def downgrade() -> None:
    run_sql("0056_leases_of_runs_under_way.down.sql")
