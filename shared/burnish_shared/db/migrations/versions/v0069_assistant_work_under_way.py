"""A gateway renews the leases of sessions and enrichments that it works on: see sql/0069_assistant_work_under_way.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0069_assistant_work_under_way.sql")


def downgrade() -> None:
    run_sql("0069_assistant_work_under_way.down.sql")
