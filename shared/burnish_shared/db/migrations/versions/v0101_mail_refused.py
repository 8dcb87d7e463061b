"""Whom a mail did not reach: see sql/0101_mail_refused.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0101"
down_revision = "0099"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0101_mail_refused.sql")


def downgrade() -> None:
    run_sql("0101_mail_refused.down.sql")
