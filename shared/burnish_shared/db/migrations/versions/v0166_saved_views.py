"""Saved views: see sql/0166_saved_views.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0166"
down_revision = "0162"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0166_saved_views.sql")


def downgrade() -> None:
    run_sql("0166_saved_views.down.sql")
