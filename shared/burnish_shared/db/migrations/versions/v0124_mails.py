"""Mails with a link for one person: see sql/0124_mails.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0124"
down_revision = "0123"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0124_mails.sql")


def downgrade() -> None:
    run_sql("0124_mails.down.sql")
