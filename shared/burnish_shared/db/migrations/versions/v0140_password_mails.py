"""A mail that says that a password was changed: see sql/0140_password_mails.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0140"
down_revision = "0135"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0140_password_mails.sql")


def downgrade() -> None:
    run_sql("0140_password_mails.down.sql")
