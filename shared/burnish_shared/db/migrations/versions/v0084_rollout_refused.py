"""Why a policy did not begin a rollout: see sql/0084_rollout_refused.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0084_rollout_refused.sql")


def downgrade() -> None:
    run_sql("0084_rollout_refused.down.sql")
