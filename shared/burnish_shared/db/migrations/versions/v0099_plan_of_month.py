"""A statement names the plan whose fee it shows: see sql/0099_plan_of_month.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0099"
down_revision = "0096"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0099_plan_of_month.sql")


def downgrade() -> None:
    run_sql("0099_plan_of_month.down.sql")
