"""Reports, digests, failure groups: see sql/0019_reports.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0019_reports.sql")


def downgrade() -> None:
    run_sql("0019_reports.down.sql")
