"""Reports may be of experiments: see sql/0078_reports_of_experiments.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0078_reports_of_experiments.sql")


def downgrade() -> None:
    run_sql("0078_reports_of_experiments.down.sql")
