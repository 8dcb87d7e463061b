"""Figures by app, key and provider, named metrics, end users, recounts: see sql/0016_rollups_more.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0016_rollups_more.sql")


def downgrade() -> None:
    run_sql("0016_rollups_more.down.sql")
