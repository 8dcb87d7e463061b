"""Table of evaluators: see sql/0012_evaluators.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0012_evaluators.sql")


def downgrade() -> None:
    run_sql("0012_evaluators.down.sql")
