"""What an execution that nobody began was to be: see sql/0061_about_unbegun.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0061_about_unbegun.sql")


def downgrade() -> None:
    run_sql("0061_about_unbegun.down.sql")
