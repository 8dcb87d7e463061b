"""Notices of what goes on are kept: see sql/0107_notices_of_what_goes_on.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0107"
down_revision = "0106"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0107_notices_of_what_goes_on.sql")


def downgrade() -> None:
    run_sql("0107_notices_of_what_goes_on.down.sql")
