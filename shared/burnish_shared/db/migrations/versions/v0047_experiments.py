"""Experiments on live traffic and guarded rollouts: see sql/0047_experiments.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0047_experiments.sql")


def downgrade() -> None:
    run_sql("0047_experiments.down.sql")
