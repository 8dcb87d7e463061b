"""Erasures take what nobody in particular said and replaced: see sql/0190_replaced_words_erased.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0190"
down_revision = "0187"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0190_replaced_words_erased.sql")


def downgrade() -> None:
    run_sql("0190_replaced_words_erased.down.sql")
