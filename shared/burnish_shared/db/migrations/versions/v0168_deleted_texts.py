"""Texts of one execution that are deleted at once: see sql/0168_deleted_texts.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0168"
down_revision = "0167"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0168_deleted_texts.sql")


def downgrade() -> None:
    run_sql("0168_deleted_texts.down.sql")
