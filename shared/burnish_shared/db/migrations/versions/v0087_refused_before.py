"""Reasons of before why a policy did not begin a rollout: see sql/0087_refused_before.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0087_refused_before.sql")


def downgrade() -> None:
    run_sql("0087_refused_before.down.sql")
