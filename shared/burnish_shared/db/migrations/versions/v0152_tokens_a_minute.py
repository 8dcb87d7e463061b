"""Tokens a minute as a limit: see sql/0152_tokens_a_minute.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0152"
down_revision = "0149"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0152_tokens_a_minute.sql")


def downgrade() -> None:
    run_sql("0152_tokens_a_minute.down.sql")
