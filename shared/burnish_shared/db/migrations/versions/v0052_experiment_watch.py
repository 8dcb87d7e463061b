"""What is seen of running experiments, and decided: see sql/0052_experiment_watch.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0052_experiment_watch.sql")


def downgrade() -> None:
    run_sql("0052_experiment_watch.down.sql")
